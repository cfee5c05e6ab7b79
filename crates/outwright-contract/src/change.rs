//! What is different between two states of the contracts, key by key, after all layers are merged.

use std::collections::BTreeMap;
use std::fmt;

use crate::effective::Op;
use crate::load::{Contract, Loaded};
use crate::node::{Kind, Node, UNDECIDED};

/// A value that two states of a contract do not share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose contract.
    pub provider: String,
    /// The key, such as `retry.attempts` or `limits.windows[account].requests`; empty for the contract as a whole.
    pub key: String,
    /// Its value before; none where there was none.
    pub before: Option<String>,
    /// Its value after; none where there is none.
    pub after: Option<String>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { provider, key, before, after } = self;
        match (key.as_str(), before, after) {
            ("", None, _) => write!(f, "{provider}: added"),
            ("", ..) => write!(f, "{provider}: removed"),
            (_, Some(before), Some(after)) => write!(f, "{provider}: {key}: {before} -> {after}"),
            (_, None, Some(after)) => write!(f, "{provider}: {key}: {after} (added)"),
            (_, Some(before), None) => write!(f, "{provider}: {key}: {before} (removed)"),
            (_, None, None) => Ok(()),
        }
    }
}

/// What is different between two states that are in force, by provider and key; what a secret stood in is masked in both.
#[must_use]
pub fn changes(before: &Loaded, after: &Loaded) -> Vec<Change> {
    between(&by_name(&before.contracts), &by_name(&after.contracts))
}

/// The same, in every environment; what holds without one is told once.
pub(crate) fn everywhere(before: &Loaded, after: &Loaded) -> Vec<Change> {
    let all = |loaded: &Loaded| -> Vec<Contract> {
        loaded.contracts.iter().chain(&loaded.environments).cloned().collect()
    };
    let (before, after) = (all(before), all(after));
    between(&by_name(&before), &by_name(&after))
}

fn between(old: &Contracts<'_>, new: &Contracts<'_>) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        match (old.get(name), new.get(name)) {
            (Some(old), Some(new)) => {
                let mut own = Vec::new();
                compare(old, new, &mut own);
                if new.environment.is_some() {
                    // What holds without an environment too has been told.
                    own.retain(|change: &Change| !told(&changes, &new.name, change));
                }
                changes.append(&mut own);
            }
            (old, new) => {
                let stands = |there: bool| there.then(String::new);
                changes.push(Change {
                    provider: name.clone(),
                    key: String::new(),
                    before: stands(old.is_some()),
                    after: stands(new.is_some()),
                });
            }
        }
    }
    changes
}

fn told(changes: &[Change], provider: &str, change: &Change) -> bool {
    changes.iter().any(|told| {
        told.provider == provider
            && (&told.key, &told.before, &told.after)
                == (&change.key, &change.before, &change.after)
    })
}

/// Contracts by their provider, and by their environment where it is one of several.
type Contracts<'a> = BTreeMap<String, &'a Contract>;

fn by_name(contracts: &[Contract]) -> Contracts<'_> {
    contracts.iter().map(|contract| (contract.label(), contract)).collect()
}

type Values = BTreeMap<String, String>;

fn values(node: &Node) -> Values {
    let mut values = Values::new();
    flatten(node, String::new(), &mut values);
    values
}

fn flatten(node: &Node, key: String, values: &mut Values) {
    match &node.kind {
        Kind::Map(entries) => {
            for entry in entries {
                let dot = if key.is_empty() { "" } else { "." };
                flatten(&entry.value, format!("{key}{dot}{}", entry.key), values);
            }
        }
        Kind::List(items) if items.iter().all(|item| matches!(item.kind, Kind::Scalar { .. })) => {
            let all: Vec<_> = items.iter().filter_map(Node::text).collect();
            values.insert(key, format!("[{}]", all.join(", ")));
        }
        Kind::List(items) => {
            for (number, item) in items.iter().enumerate() {
                let name = item.word(&["name"]).map_or_else(|| number.to_string(), str::to_owned);
                flatten(item, format!("{key}[{name}]"), values);
            }
        }
        Kind::Scalar { text, .. } => {
            values.insert(key, text.clone());
        }
        Kind::Empty | Kind::Broken => {
            values.insert(key, "nothing".to_owned());
        }
        Kind::Undecided => {
            values.insert(key, UNDECIDED.to_owned());
        }
    }
}

/// What all operations inherit is told once; an operation that comes or goes is told as one.
fn compare(old: &Contract, new: &Contract, changes: &mut Vec<Change>) {
    let of_all = different(&values(&old.root), &values(&new.root));
    let operations = |contract: &Contract| -> BTreeMap<String, Values> {
        let of = |op: &Op| (op.name.clone(), values(&op.node));
        contract.operations.iter().map(of).collect()
    };
    let (before, after) = (operations(old), operations(new));
    let mut of_one: Vec<Difference> = Vec::new();
    let request = |operation: Option<&Values>| Some(operation?.get("request")?.clone());
    for name in before.keys().chain(after.keys().filter(|name| !before.contains_key(*name))) {
        let key = format!("operations.{name}");
        let (old, new) = (before.get(name), after.get(name));
        if let (Some(old), Some(new)) = (old, new) {
            let own = different(old, new).into_iter().filter(|change| !of_all.contains(change));
            of_one.extend(own.map(|(part, old, new)| (format!("{key}.{part}"), old, new)));
        } else {
            of_one.push((key, request(old), request(new)));
        }
    }
    changes.extend(of_all.into_iter().chain(of_one).map(|(key, before, after)| Change {
        provider: new.label(),
        key,
        before,
        after,
    }));
}

/// A key with what it was and what it is.
type Difference = (String, Option<String>, Option<String>);

fn different(old: &Values, new: &Values) -> Vec<Difference> {
    let mut keys: Vec<_> = old.keys().chain(new.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let pairs = keys.into_iter().map(|key| (key.clone(), old.get(key), new.get(key)));
    let changed = pairs.filter(|(_, old, new)| old != new);
    changed.map(|(key, old, new)| (key, old.cloned(), new.cloned())).collect()
}
