//! From wishes to edits: finds the place of a key in the text, and the layout that fits there.

use super::text::{end, entry_end, flow, line_start, newline, next_line};
use super::{Edit, Fix, Repair, Wish, Within};
use crate::document;
use crate::node::{Entry, Kind, Node};
use crate::parse::parse;
use crate::shape::Shape;
use crate::source::{Place, Text};

/// The trees of the texts as they are written, each parsed when it is first needed.
pub(crate) struct Trees<'a> {
    texts: &'a [Text],
    roots: Vec<Option<Option<Node>>>,
}

/// Keys that are to be added to one map: a value each, or further keys.
enum Sub {
    Leaf(String),
    Map(Vec<(String, Self)>),
}

/// A map that keys are added to, with its shape, which knows their order.
struct Spot<'n> {
    map: &'n Node,
    shape: Option<&'static Shape>,
}

impl<'a> Trees<'a> {
    pub(crate) fn new(texts: &'a [Text]) -> Self {
        Self { texts, roots: texts.iter().map(|_| None).collect() }
    }

    /// The edits of a repair; none where the text does not bear one of its wishes.
    pub(crate) fn resolve(&mut self, repair: &Repair) -> Option<Fix> {
        let mut edits = Vec::new();
        let mut adds: Vec<(Within, Vec<(String, Sub)>)> = Vec::new();
        for wish in &repair.wishes {
            match wish {
                Wish::Put { at, text } => edits.push(Edit { place: *at, text: text.clone() }),
                Wish::Remove { at } => edits.push(self.remove(*at)?),
                Wish::Add { within, path, value } => {
                    let known = adds.iter_mut().find(|(other, _)| same(*other, *within));
                    match known {
                        Some((_, keys)) => insert(keys, path, value),
                        None => {
                            let mut keys = Vec::new();
                            insert(&mut keys, path, value);
                            adds.push((*within, keys));
                        }
                    }
                }
            }
        }
        for (within, keys) in adds {
            self.add(within, keys, &mut edits)?;
        }
        edits.sort_by_key(|edit| edit.place);
        let overlap = edits.windows(2).any(|pair| match pair {
            [a, b] => a.place.file == b.place.file && a.place.end > b.place.start,
            _ => false,
        });
        (!edits.is_empty() && !overlap).then(|| Fix {
            title: repair.title.clone(),
            grade: repair.grade,
            edits,
        })
    }

    fn tree(&mut self, file: u32) -> Option<(&Node, &'a Text)> {
        let text = self.texts.get(file as usize)?;
        let root = self.roots.get_mut(file as usize)?;
        let root = root.get_or_insert_with(|| parse(file, text, &mut Vec::new()));
        Some((root.as_ref()?, text))
    }

    fn add(
        &mut self,
        within: Within,
        keys: Vec<(String, Sub)>,
        edits: &mut Vec<Edit>,
    ) -> Option<()> {
        let file = match within {
            Within::File(file) => file,
            Within::Key(place) | Within::Map(place) => place.file,
        };
        let (root, text) = self.tree(file)?;
        let top = Spot { map: root, shape: Some(document::of_file(&text.path, root)) };
        let spot = match within {
            Within::File(_) => top,
            Within::Key(place) => {
                find(&top, &|entry, _| entry.is_some_and(|entry| entry.key_at == place))?
            }
            Within::Map(place) => find(&top, &|_, map| map.at == place)?,
        };
        place(&spot, keys, file, &text.text, edits)
    }

    fn remove(&mut self, at: Place) -> Option<Edit> {
        let (root, text) = self.tree(at.file)?;
        let mut chain = Vec::new();
        if !locate(root, at, &mut chain) {
            return lines_of(at, &text.text);
        }
        // A collection that would be left empty goes with its only part.
        while let [.., (parent, _)] = chain.as_slice()
            && siblings(parent) == 1
            && chain.len() > 1
            && !(matches!(parent.kind, Kind::List(_)) && flow(parent, &text.text))
        {
            chain.pop();
        }
        let (parent, index) = chain.pop()?;
        let (from, to) = part(parent, index, &text.text)?;
        let range = if flow(parent, &text.text) {
            let before = index.checked_sub(1).and_then(|n| part(parent, n, &text.text));
            let after = part(parent, index + 1, &text.text);
            match (before, after) {
                (Some((_, before)), _) => before..to,
                (None, Some((after, _))) => from..after,
                (None, None) => from..to,
            }
        } else {
            line_start(&text.text, from)..next_line(&text.text, to).unwrap_or(text.text.len())
        };
        Some(Edit { place: Place::new(at.file, range.start, range.end), text: String::new() })
    }
}

fn same(a: Within, b: Within) -> bool {
    match (a, b) {
        (Within::File(a), Within::File(b)) => a == b,
        (Within::Key(a), Within::Key(b)) | (Within::Map(a), Within::Map(b)) => a == b,
        (Within::File(_) | Within::Key(_) | Within::Map(_), _) => false,
    }
}

fn insert(keys: &mut Vec<(String, Sub)>, path: &[String], value: &str) {
    let Some((first, rest)) = path.split_first() else { return };
    let found = keys.iter_mut().find(|(key, _)| key == first).map(|(_, sub)| sub);
    match (found, rest.is_empty()) {
        (Some(Sub::Map(inner)), false) => insert(inner, rest, value),
        (Some(sub), true) => *sub = Sub::Leaf(value.to_owned()),
        (Some(Sub::Leaf(_)), false) => {}
        (None, true) => keys.push((first.clone(), Sub::Leaf(value.to_owned()))),
        (None, false) => {
            let mut inner = Vec::new();
            insert(&mut inner, rest, value);
            keys.push((first.clone(), Sub::Map(inner)));
        }
    }
}

/// The value of an added key, in one line.
fn written(sub: &Sub) -> String {
    match sub {
        Sub::Leaf(text) => text.clone(),
        Sub::Map(keys) => {
            let all: Vec<_> =
                keys.iter().map(|(key, sub)| format!("{key}: {}", written(sub))).collect();
            format!("{{ {} }}", all.join(", "))
        }
    }
}

/// Puts keys into a map: into what is there of them, and the rest beside it.
fn place(
    spot: &Spot<'_>,
    keys: Vec<(String, Sub)>,
    file: u32,
    text: &str,
    edits: &mut Vec<Edit>,
) -> Option<()> {
    let mut fresh = Vec::new();
    for (key, sub) in keys {
        let Some(entry) = spot.map.entry(&key) else {
            fresh.push((key, sub));
            continue;
        };
        let shape = spot.shape.and_then(|shape| shape.below(&key));
        let inner = Spot { map: &entry.value, shape };
        match (sub, &entry.value.kind) {
            (Sub::Map(keys), Kind::Map(_)) => place(&inner, keys, file, text, edits)?,
            (sub, Kind::Empty) => {
                let at = entry_end(entry, text);
                edits.push(Edit {
                    place: Place::new(file, at, at),
                    text: format!(" {}", written(&sub)),
                });
            }
            (
                sub,
                Kind::Scalar { .. } | Kind::List(_) | Kind::Map(_) | Kind::Broken | Kind::Undecided,
            ) => {
                let start = entry.value.at.start as usize;
                let stands = Place::new(file, start, end(&entry.value, text));
                edits.push(Edit { place: stands, text: written(&sub) });
            }
        }
    }
    if fresh.is_empty() {
        return Some(());
    }
    let entries = spot.map.entries();
    if flow(spot.map, text) || entries.is_empty() {
        beside_in_line(spot, &fresh, file, text, edits);
    } else {
        on_lines(spot, &fresh, file, text, edits)?;
    }
    Some(())
}

/// The entry that a key follows: the last one that the shape knows before it; the last of all where no order is known.
fn predecessor<'n>(spot: &Spot<'n>, key: &str) -> Option<&'n Entry> {
    let entries = spot.map.entries();
    let rank = |key: &str| spot.shape?.fields().iter().position(|field| field.key == key);
    match rank(key) {
        Some(own) => {
            entries.iter().rev().find(|entry| rank(&entry.key).is_some_and(|other| other < own))
        }
        None => entries.last(),
    }
}

fn beside_in_line(
    spot: &Spot<'_>,
    fresh: &[(String, Sub)],
    file: u32,
    text: &str,
    edits: &mut Vec<Edit>,
) {
    let entries = spot.map.entries();
    let Some(first) = entries.first() else {
        let all: Vec<_> =
            fresh.iter().map(|(key, sub)| format!("{key}: {}", written(sub))).collect();
        let stands = Place::new(file, spot.map.at.start as usize, end(spot.map, text));
        edits.push(Edit { place: stands, text: format!("{{ {} }}", all.join(", ")) });
        return;
    };
    for (key, sub) in fresh {
        let (at, put) = match predecessor(spot, key) {
            Some(entry) => (entry_end(entry, text), format!(", {key}: {}", written(sub))),
            None => (first.key_at.start as usize, format!("{key}: {}, ", written(sub))),
        };
        push(edits, file, at, put);
    }
}

fn on_lines(
    spot: &Spot<'_>,
    fresh: &[(String, Sub)],
    file: u32,
    text: &str,
    edits: &mut Vec<Edit>,
) -> Option<()> {
    let entries = spot.map.entries();
    let first = entries.first()?;
    let start = first.key_at.start as usize;
    let indent = " ".repeat(start - line_start(text, start));
    // The first key of a list's item stands behind a dash: nothing can be put above it.
    let alone = text.get(line_start(text, start)..start)?.bytes().all(|b| b == b' ');
    let end_of_line = newline(text);
    for (key, sub) in fresh {
        let line = format!("{indent}{key}: {}", written(sub));
        let after = predecessor(spot, key).or_else(|| entries.first().filter(|_| !alone));
        match after {
            None => push(edits, file, line_start(text, start), format!("{line}{end_of_line}")),
            Some(entry) => match next_line(text, entry_end(entry, text)) {
                Some(at) => push(edits, file, at, format!("{line}{end_of_line}")),
                None => push(edits, file, text.len(), format!("{end_of_line}{line}")),
            },
        }
    }
    Some(())
}

/// An insertion; what is inserted in one place of one repair is one edit.
fn push(edits: &mut Vec<Edit>, file: u32, at: usize, put: String) {
    let place = Place::new(file, at, at);
    match edits.iter_mut().find(|edit| edit.place == place) {
        Some(edit) => edit.text.push_str(&put),
        None => edits.push(Edit { place, text: put }),
    }
}

/// The first map below that is meant; it is shown with the key that holds it.
fn find<'n>(spot: &Spot<'n>, meant: &impl Fn(Option<&Entry>, &Node) -> bool) -> Option<Spot<'n>> {
    let parts: Vec<(Option<&Entry>, &'n Node, Option<&'static Shape>)> = match &spot.map.kind {
        Kind::Map(entries) => entries
            .iter()
            .map(|entry| (Some(entry), &entry.value, spot.shape.and_then(|s| s.below(&entry.key))))
            .collect(),
        Kind::List(items) => {
            items.iter().map(|item| (None, item, spot.shape.and_then(Shape::each))).collect()
        }
        Kind::Scalar { .. } | Kind::Empty | Kind::Broken | Kind::Undecided => return None,
    };
    parts.into_iter().find_map(|(entry, map, shape)| {
        let inner = Spot { map, shape };
        let here = matches!(map.kind, Kind::Map(_)) && meant(entry, map);
        if here { Some(inner) } else { find(&inner, meant) }
    })
}

/// The way to the key, value or item at a place: each collection with the number of its part.
fn locate<'n>(node: &'n Node, at: Place, chain: &mut Vec<(&'n Node, usize)>) -> bool {
    let parts: Vec<(Option<&Entry>, &Node)> = match &node.kind {
        Kind::Map(entries) => entries.iter().map(|entry| (Some(entry), &entry.value)).collect(),
        Kind::List(items) => items.iter().map(|item| (None, item)).collect(),
        Kind::Scalar { .. } | Kind::Empty | Kind::Broken | Kind::Undecided => return false,
    };
    for (index, (entry, value)) in parts.into_iter().enumerate() {
        chain.push((node, index));
        // A block map begins where its first key does: the key is meant, unless a list holds the map.
        let key = entry.is_some_and(|entry| entry.key_at == at);
        let item = entry.is_none() && value.at == at;
        let scalar = value.at == at && !matches!(value.kind, Kind::Map(_));
        if key || item || scalar || locate(value, at, chain) {
            return true;
        }
        chain.pop();
    }
    false
}

/// A key that the tree does not hold, such as one that stands twice: its line, and all below it that is indented deeper.
fn lines_of(at: Place, text: &str) -> Option<Edit> {
    let key = at.start as usize;
    let start = line_start(text, key);
    let indent = key - start;
    let blank = |from: usize, to: usize| text.get(from..to).is_some_and(|t| t.trim().is_empty());
    if !blank(start, key) {
        return None;
    }
    let mut to = next_line(text, key);
    while let Some(next) = to
        && let Some(line) = text.get(next..).and_then(|rest| rest.lines().next())
        && line.len() - line.trim_start().len() > indent
        && !line.trim().is_empty()
    {
        to = next_line(text, next);
    }
    let end = to.unwrap_or(text.len());
    Some(Edit { place: Place::new(at.file, start, end), text: String::new() })
}

fn siblings(node: &Node) -> usize {
    node.entries().len().max(node.items().len())
}

/// First byte and byte after the last of a part of a collection; a block list's item begins at its dash.
fn part(node: &Node, index: usize, text: &str) -> Option<(usize, usize)> {
    match &node.kind {
        Kind::Map(entries) => {
            let entry = entries.get(index)?;
            Some((entry.key_at.start as usize, entry_end(entry, text)))
        }
        Kind::List(items) => {
            let item = items.get(index)?;
            Some((item.at.start as usize, end(item, text)))
        }
        Kind::Scalar { .. } | Kind::Empty | Kind::Broken | Kind::Undecided => None,
    }
}
