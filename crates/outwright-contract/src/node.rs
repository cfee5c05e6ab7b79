//! A document as a tree: every key and value with its place and the layer that it came from.

use crate::source::Place;

/// What stands in the place of a value that nobody has decided yet: a contract with it is never run.
pub const UNDECIDED: &str = "UNDECIDED";

/// Where a value came from; later ones win.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The binary.
    Default,
    /// Values per tier in `outwright.yaml`.
    Tier,
    /// What the provider says.
    Facts,
    /// What we decide.
    Contract,
    /// What differs in one environment.
    Environment,
    /// What differs for one operation.
    Operation,
}

impl Layer {
    /// Its word in reports; stable.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Tier => "tier",
            Self::Facts => "facts",
            Self::Contract => "contract",
            Self::Environment => "environment",
            Self::Operation => "operation",
        }
    }
}

/// A value.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) at: Place,
    pub(crate) layer: Layer,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Map(Vec<Entry>),
    List(Vec<Node>),
    /// A scalar; `plain` when it is not quoted.
    Scalar {
        text: String,
        plain: bool,
    },
    /// Nothing stands there.
    Empty,
    /// Something that a finding has been written about.
    Broken,
    /// The word for it stands there, and a finding has been written about it.
    Undecided,
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_at: Place,
    pub(crate) value: Node,
}

impl Node {
    pub(crate) const fn new(kind: Kind, at: Place, layer: Layer) -> Self {
        Self { kind, at, layer }
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            Kind::List(_) | Kind::Scalar { .. } | Kind::Empty | Kind::Broken | Kind::Undecided => {
                &[]
            }
        }
    }

    pub(crate) fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List(items) => items,
            Kind::Map(_) | Kind::Scalar { .. } | Kind::Empty | Kind::Broken | Kind::Undecided => {
                &[]
            }
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            Kind::Map(_) | Kind::List(_) | Kind::Empty | Kind::Broken | Kind::Undecided => None,
        }
    }

    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The value under a path of keys.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.entry(key).map(|entry| &entry.value))
    }

    /// The entry under a path of keys.
    pub(crate) fn entry_at(&self, path: &[&str]) -> Option<&Entry> {
        let (last, parents) = path.split_last()?;
        self.at(parents)?.entry(last)
    }

    /// Whether a key is there, whatever it holds.
    pub(crate) fn has(&self, path: &[&str]) -> bool {
        self.at(path).is_some()
    }

    /// Whether somebody has already been told that this value is wrong.
    pub(crate) const fn broken(&self) -> bool {
        matches!(self.kind, Kind::Broken | Kind::Undecided)
    }

    /// Whether something below a path is broken, so that what misses there is no news.
    pub(crate) fn broken_at(&self, path: &[&str]) -> bool {
        let mut node = self;
        for key in path {
            match node.entry(key) {
                Some(entry) => node = &entry.value,
                None => return node.broken(),
            }
        }
        node.broken()
    }

    /// Whether this list, or one of its items, is broken, so that what misses in it is no news.
    pub(crate) fn holes(&self, path: &[&str]) -> bool {
        self.broken_at(path)
            || self.at(path).is_some_and(|list| list.items().iter().any(Self::broken))
    }

    /// The scalar under a path, read by `unit`; none when it is missing or unreadable.
    pub(crate) fn read<T>(&self, path: &[&str], unit: fn(&str) -> Result<T, String>) -> Option<T> {
        self.at(path)?.text().and_then(|text| unit(text).ok())
    }

    /// The scalar under a path.
    pub(crate) fn word(&self, path: &[&str]) -> Option<&str> {
        self.at(path)?.text()
    }

    /// The count under a path.
    pub(crate) fn count<T: std::str::FromStr>(&self, path: &[&str]) -> Option<T> {
        self.word(path)?.parse().ok()
    }

    /// The scalars of the list under a path.
    pub(crate) fn words(&self, path: &[&str]) -> Vec<&str> {
        self.at(path)
            .map_or_else(Vec::new, |node| node.items().iter().filter_map(Self::text).collect())
    }

    /// The same tree as of another layer.
    pub(crate) fn on(mut self, layer: Layer) -> Self {
        self.layer = layer;
        match &mut self.kind {
            Kind::Map(entries) => {
                for entry in entries {
                    let value =
                        std::mem::replace(&mut entry.value, Self::new(Kind::Empty, self.at, layer));
                    entry.value = value.on(layer);
                }
            }
            Kind::List(items) => {
                for item in items {
                    let value = std::mem::replace(item, Self::new(Kind::Empty, self.at, layer));
                    *item = value.on(layer);
                }
            }
            Kind::Scalar { .. } | Kind::Empty | Kind::Broken | Kind::Undecided => {}
        }
        self
    }

    /// Only these keys.
    pub(crate) fn only(&self, keys: &[&str]) -> Self {
        let kept =
            self.entries().iter().filter(|e| keys.contains(&e.key.as_str())).cloned().collect();
        Self::new(Kind::Map(kept), self.at, self.layer)
    }

    /// Without these keys.
    pub(crate) fn without(&self, keys: &[&str]) -> Self {
        let kept =
            self.entries().iter().filter(|e| !keys.contains(&e.key.as_str())).cloned().collect();
        Self::new(Kind::Map(kept), self.at, self.layer)
    }

    /// This tree with another one over it: maps merge by key, lists of named things by name, all else is replaced.
    pub(crate) fn under(mut self, over: &Self) -> Self {
        if one_of(&self, over) {
            return over.clone();
        }
        match (&mut self.kind, &over.kind) {
            (Kind::Map(ours), Kind::Map(theirs)) => {
                merge_entries(ours, theirs);
                self
            }
            (Kind::List(ours), Kind::List(theirs)) if named(ours) && named(theirs) => {
                merge_named(ours, theirs);
                self
            }
            _ => over.clone(),
        }
    }
}

fn merge_entries(ours: &mut Vec<Entry>, theirs: &[Entry]) {
    for entry in theirs {
        match ours.iter_mut().find(|e| e.key == entry.key) {
            Some(found) => {
                found.value = found.value.clone().under(&entry.value);
                found.key_at = entry.key_at;
            }
            None => ours.push(entry.clone()),
        }
    }
}

fn merge_named(ours: &mut Vec<Node>, theirs: &[Node]) {
    for item in theirs {
        match ours.iter_mut().find(|o| o.word(&["name"]) == item.word(&["name"])) {
            Some(found) => *found = found.clone().under(item),
            None => ours.push(item.clone()),
        }
    }
}

fn named(items: &[Node]) -> bool {
    !items.is_empty() && items.iter().all(|item| item.has(&["name"]))
}

/// Maps that choose one of several forms by their only key: a `source`, an `inject`. Merged key by key they would hold two.
fn one_of(ours: &Node, theirs: &Node) -> bool {
    const FORMS: &[&str] = &[
        "file", "env", "exec", "vault", "store", "bearer", "header", "basic", "query", "oauth2",
        "sigv4", "hmac", "mtls", "stale", "static",
    ];
    let form = |node: &Node| {
        node.entries().iter().find(|e| FORMS.contains(&e.key.as_str())).map(|e| e.key.clone())
    };
    match (form(ours), form(theirs)) {
        (Some(a), Some(b)) => a != b,
        (None, _) | (_, None) => false,
    }
}
