//! The shape of every file, as data: keys, their units, a sentence about each.
//!
//! One table finds unknown keys and wrong units, and makes the reference page.

mod undecided;

use crate::finding::Finding;
use crate::node::{Entry, Kind, Node};
use crate::rules::format;
use crate::units;

/// What a value may be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// These keys.
    Map(&'static [Field]),
    /// Any names, each with this value.
    Named(&'static Shape),
    /// Exactly one of these keys, or of those marked `Also` any number beside it.
    OneOf(&'static [Field]),
    /// A list.
    List(&'static Shape),
    /// A map where one stands, else the second.
    MapOr(&'static Shape, &'static Shape),
    /// A list where one stands, else the second.
    ListOr(&'static Shape, &'static Shape),
    Duration,
    Ratio,
    Bytes,
    /// A whole number within bounds.
    Count(u64, u64),
    Flag,
    Date,
    Network,
    /// One of these words.
    Word(&'static [&'static str]),
    /// One of these words, or a duration, ratio … of the second.
    WordOr(&'static [&'static str], &'static Shape),
    /// Text that is not empty.
    Text,
    /// A name: letters, digits, `_`, `-`, `.`; at most 64.
    Name,
    /// Text that may start with anything, also empty.
    Any,
}

/// A key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) key: &'static str,
    pub(crate) shape: Shape,
    pub(crate) need: Need,
    pub(crate) about: &'static str,
}

/// Whether a key must stand where it may stand; what must be there after the merge is a rule's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    Must,
    May,
    /// In [`Shape::OneOf`]: beside the chosen one.
    Also,
}

pub(crate) const fn must(key: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { key, shape, need: Need::Must, about }
}

pub(crate) const fn may(key: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { key, shape, need: Need::May, about }
}

pub(crate) const fn also(key: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { key, shape, need: Need::Also, about }
}

impl Shape {
    /// The unit, in words.
    pub(crate) fn unit(&self) -> String {
        match self {
            Self::Map(_) => "map".to_owned(),
            Self::Named(inner) => format!("map by name, each {}", inner.unit()),
            Self::OneOf(fields) => {
                let keys: Vec<_> =
                    fields.iter().filter(|f| f.need != Need::Also).map(|f| f.key).collect();
                format!("one of {}", keys.join(", "))
            }
            Self::List(inner) => format!("list of {}", inner.unit()),
            Self::MapOr(a, b) | Self::ListOr(a, b) => format!("{} or {}", a.unit(), b.unit()),
            Self::Duration => "duration (ms, s, m, h, d)".to_owned(),
            Self::Ratio => "percentage".to_owned(),
            Self::Bytes => "size (B, KiB, MiB, GiB)".to_owned(),
            Self::Count(low, high) => format!("whole number {low}–{high}"),
            Self::Flag => "true or false".to_owned(),
            Self::Date => "date YYYY-MM-DD".to_owned(),
            Self::Network => "address block".to_owned(),
            Self::Word(words) => words.join(" or "),
            Self::WordOr(words, inner) => format!("{} or {}", words.join(" or "), inner.unit()),
            Self::Text | Self::Any => "text".to_owned(),
            Self::Name => "name".to_owned(),
        }
    }
}

/// Holds a tree against a shape; what does not fit is reported and marked, so that nobody trips over it again.
pub(crate) fn check(node: &mut Node, shape: &Shape, path: &str, findings: &mut Vec<Finding>) {
    if node.broken() || undecided::mark(node, shape, path, findings) {
        return;
    }
    match shape {
        Shape::Map(fields) => check_map(node, fields, path, findings),
        Shape::OneOf(fields) => check_one(node, fields, path, findings),
        Shape::Named(inner) => check_named(node, inner, path, findings),
        Shape::List(inner) => match &mut node.kind {
            Kind::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    check(item, inner, &format!("{path}[{index}]"), findings);
                }
            }
            Kind::Map(_) | Kind::Scalar { .. } | Kind::Empty | Kind::Broken | Kind::Undecided => {
                wrong(node, shape, path, findings);
            }
        },
        Shape::MapOr(map, other) => {
            let chosen = if matches!(node.kind, Kind::Map(_)) { map } else { other };
            check(node, chosen, path, findings);
        }
        Shape::ListOr(list, other) => {
            let chosen = if matches!(node.kind, Kind::List(_)) { list } else { other };
            check(node, chosen, path, findings);
        }
        Shape::WordOr(words, inner) => {
            if !node.text().is_some_and(|text| words.contains(&text)) {
                check(node, inner, path, findings);
            }
        }
        Shape::Duration
        | Shape::Ratio
        | Shape::Bytes
        | Shape::Count(..)
        | Shape::Flag
        | Shape::Date
        | Shape::Network
        | Shape::Word(_)
        | Shape::Text
        | Shape::Name
        | Shape::Any => check_scalar(node, shape, path, findings),
    }
}

fn check_scalar(node: &mut Node, shape: &Shape, path: &str, findings: &mut Vec<Finding>) {
    let Kind::Scalar { text, plain } = &node.kind else {
        return wrong(node, shape, path, findings);
    };
    let read = match shape {
        Shape::Duration => units::duration(text).map(drop),
        Shape::Ratio => units::ratio(text).map(drop),
        Shape::Bytes => units::bytes(text).map(drop),
        Shape::Date => units::date(text).map(drop),
        Shape::Network => units::network(text).map(drop),
        Shape::Count(low, high) => match text.parse::<u64>() {
            Ok(n) if *plain && (*low..=*high).contains(&n) && n.to_string() == *text => Ok(()),
            Ok(_) | Err(_) => Err(format!("a whole number from {low} to {high} belongs here")),
        },
        Shape::Flag if *plain && matches!(text.as_str(), "true" | "false") => Ok(()),
        Shape::Flag => Err("`true` or `false` belongs here, without quotes".to_owned()),
        Shape::Word(words) if words.contains(&text.as_str()) => Ok(()),
        Shape::Word(words) => Err(one_of(words, text)),
        Shape::Text if text.trim().is_empty() => Err("text belongs here".to_owned()),
        Shape::Name => name(text),
        Shape::Text | Shape::Any => Ok(()),
        Shape::Map(_)
        | Shape::Named(_)
        | Shape::OneOf(_)
        | Shape::List(_)
        | Shape::MapOr(..)
        | Shape::ListOr(..)
        | Shape::WordOr(..) => Ok(()),
    };
    if let Err(help) = read {
        let message = format!("`{path}` has the wrong form: `{}`", short(text));
        findings.push(Finding::new(&format::FORM, node.at, message).on(path).help(help));
        node.kind = Kind::Broken;
    }
}

fn one_of(words: &[&str], text: &str) -> String {
    let near = nearest(text, words.iter().copied());
    let all = format!("one of {} belongs here", words.join(", "));
    near.map_or(all.clone(), |word| format!("did you mean `{word}`? {all}"))
}

fn name(text: &str) -> Result<(), String> {
    let fine = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let starts = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    if starts && text.len() <= 64 && text.bytes().all(fine) {
        Ok(())
    } else {
        Err("a name has 1 to 64 letters, digits, `_`, `-` or `.`, and starts with a letter or digit".to_owned())
    }
}

fn wrong(node: &mut Node, shape: &Shape, path: &str, findings: &mut Vec<Finding>) {
    let found = match &node.kind {
        Kind::Map(_) => "a map",
        Kind::List(_) => "a list",
        Kind::Scalar { .. } => "one value",
        Kind::Empty => "nothing",
        Kind::Broken | Kind::Undecided => return,
    };
    let message = format!("`{path}` holds {found}");
    let help = format!("write: {}", shape.unit());
    findings.push(Finding::new(&format::FORM, node.at, message).on(path).help(help));
    node.kind = Kind::Broken;
}

fn check_named(node: &mut Node, inner: &Shape, path: &str, findings: &mut Vec<Finding>) {
    let Kind::Map(entries) = &mut node.kind else {
        return wrong(node, &Shape::Map(&[]), path, findings);
    };
    for entry in entries {
        let below = join(path, &entry.key);
        if let Err(help) = name(&entry.key)
            && !free_names(path)
        {
            let message = format!("`{}` is no name", short(&entry.key));
            findings.push(Finding::new(&format::FORM, entry.key_at, message).on(path).help(help));
        }
        let before = findings.len();
        check(&mut entry.value, inner, &below, findings);
        point_at_key(entry, findings, before);
    }
}

/// What a map lacks is shown at its key: a block map itself begins at its first entry.
fn point_at_key(entry: &Entry, findings: &mut [Finding], before: usize) {
    let lacking = |f: &&mut Finding| f.place == entry.value.at && f.rule == &format::MISSING;
    for finding in findings.iter_mut().skip(before).filter(lacking) {
        finding.place = entry.key_at;
    }
}

/// Maps whose keys are the provider's own text: header fields, JSON pointers, query names.
fn free_names(path: &str) -> bool {
    ["json", "query", "match", "rows"].iter().any(|end| path.ends_with(&format!(".{end}")))
}

fn check_map(node: &mut Node, fields: &'static [Field], path: &str, findings: &mut Vec<Finding>) {
    let Kind::Map(entries) = &mut node.kind else {
        return wrong(node, &Shape::Map(&[]), path, findings);
    };
    known(entries, fields, path, findings);
    for field in fields.iter().filter(|f| f.need == Need::Must) {
        if !entries.iter().any(|e| e.key == field.key) {
            let message = format!("`{}` is missing", join(path, field.key));
            let help = format!("add `{}:` ({})", field.key, field.shape.unit());
            findings.push(Finding::new(&format::MISSING, node.at, message).on(path).help(help));
        }
    }
}

fn check_one(node: &mut Node, fields: &'static [Field], path: &str, findings: &mut Vec<Finding>) {
    let Kind::Map(entries) = &mut node.kind else {
        return wrong(node, &Shape::OneOf(fields), path, findings);
    };
    known(entries, fields, path, findings);
    let chosen = |e: &&Entry| fields.iter().any(|f| f.key == e.key && f.need != Need::Also);
    let count = entries.iter().filter(chosen).count();
    if count != 1 {
        let message = format!("`{path}` names {count} forms; it needs exactly one");
        let help = format!("keep {}", Shape::OneOf(fields).unit());
        findings.push(Finding::new(&format::FORM, node.at, message).on(path).help(help));
        node.kind = Kind::Broken;
    }
}

/// Checks what is known, reports and drops what is not.
fn known(
    entries: &mut Vec<Entry>,
    fields: &'static [Field],
    path: &str,
    findings: &mut Vec<Finding>,
) {
    entries.retain_mut(|entry| match fields.iter().find(|f| f.key == entry.key) {
        Some(field) => {
            let before = findings.len();
            check(&mut entry.value, &field.shape, &join(path, field.key), findings);
            point_at_key(entry, findings, before);
            undecided::about(field.about, findings, before);
            true
        }
        None => {
            findings.push(unknown(entry, fields, path));
            false
        }
    });
}

fn unknown(entry: &Entry, fields: &'static [Field], path: &str) -> Finding {
    let place = if path.is_empty() { "here".to_owned() } else { format!("in `{path}`") };
    let message = format!("the key `{}` is not known {place}", short(&entry.key));
    let keys: Vec<_> = fields.iter().map(|f| f.key).collect();
    let help = match nearest(&entry.key, keys.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known keys: {}", keys.join(", ")),
    };
    Finding::new(&format::UNKNOWN, entry.key_at, message).label("unknown").on(path).help(help)
}

pub(crate) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The first 40 characters, without control characters.
pub(crate) fn short(text: &str) -> String {
    let mut out: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
    if text.chars().count() > 40 {
        out.push('…');
    }
    out
}

/// The word that needs the fewest edits, when few are needed.
pub(crate) fn nearest<'a>(text: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let text: String = text.chars().take(64).collect();
    words
        .map(|word| (edits(&text, word), word))
        .filter(|(edits, word)| *edits <= 1 + word.len() / 4)
        .min()
        .map(|(_, word)| word)
}

/// Levenshtein's distance.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (y, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let best = (diagonal + usize::from(x != *y)).min(left + 1).min(*cell + 1);
            diagonal = *cell;
            *cell = best;
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}
