//! The shape of every file, as data: keys, their units, a sentence about each.
//!
//! One table finds unknown keys and wrong units, and makes the reference page.

mod undecided;

use crate::edit::{Repair, Within};
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
    /// The map, of a value that may be one or something else.
    const fn map(&self) -> &Self {
        if let Self::MapOr(inner, _) | Self::WordOr(_, inner) = self { inner.map() } else { self }
    }

    /// The keys that a map of this shape has, in their order; none where names are free.
    pub(crate) const fn fields(&self) -> &'static [Field] {
        if let Self::Map(fields) | Self::OneOf(fields) = self.map() { fields } else { &[] }
    }

    /// The shape of what stands under a key.
    pub(crate) fn below(&self, key: &str) -> Option<&'static Self> {
        if let Self::Named(inner) = self.map() {
            return Some(inner);
        }
        self.fields().iter().find(|field| field.key == key).map(|field| &field.shape)
    }

    /// The shape of each item of a list.
    pub(crate) const fn each(&self) -> Option<&'static Self> {
        if let Self::List(inner) = self {
            return Some(inner);
        }
        if let Self::ListOr(list, _) = self { list.each() } else { None }
    }

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
        let mut finding = Finding::new(&format::FORM, node.at, message).on(path).help(help);
        finding.repair = form(shape, text).map(|repair| {
            let (title, value) = (format!("write `{}`", repair.1), repair.1);
            if repair.0 { Repair::safe(title) } else { Repair::suggest(title) }.put(node.at, value)
        });
        findings.push(finding);
        node.kind = Kind::Broken;
    }
}

/// What a value of the wrong form may have meant, and whether it can have meant nothing else.
fn form(shape: &Shape, text: &str) -> Option<(bool, String)> {
    let number = !text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit());
    match shape {
        Shape::Word(words) => {
            let same = words.iter().find(|word| word.eq_ignore_ascii_case(text));
            match same {
                Some(word) => Some((true, (*word).to_owned())),
                None => nearest(text, words.iter().copied()).map(|word| (false, word.to_owned())),
            }
        }
        Shape::Duration => number.then(|| (false, format!("{text}s"))),
        Shape::Ratio => {
            let share = format!("{text}%");
            units::ratio(&share).is_ok().then_some((false, share))
        }
        Shape::Bytes => number.then(|| (false, format!("{text}B"))),
        // The text without its quotes.
        Shape::Count(low, high) => {
            let count = text.parse::<u64>().ok().filter(|n| (*low..=*high).contains(n))?;
            Some((count.to_string() == text, count.to_string()))
        }
        Shape::Flag => match text {
            "true" | "false" => Some((true, text.to_owned())),
            "True" | "TRUE" | "yes" | "on" => Some((false, "true".to_owned())),
            "False" | "FALSE" | "no" | "off" => Some((false, "false".to_owned())),
            _ => None,
        },
        Shape::Map(_)
        | Shape::Named(_)
        | Shape::OneOf(_)
        | Shape::List(_)
        | Shape::MapOr(..)
        | Shape::ListOr(..)
        | Shape::WordOr(..)
        | Shape::Date
        | Shape::Network
        | Shape::Text
        | Shape::Name
        | Shape::Any => None,
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
pub(crate) fn free_names(path: &str) -> bool {
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
            let mut finding = Finding::new(&format::MISSING, node.at, message).on(path).help(help);
            finding.repair = example(field.key, path).map(|value| {
                let title = format!("add `{}:`, with your own value", field.key);
                let top = Within::File(node.at.file);
                let within = if path.is_empty() { top } else { Within::Map(node.at) };
                Repair::suggest(title).add(within, &[field.key], value)
            });
            findings.push(finding);
        }
    }
}

/// A value that a key may have which must be there, where one can be named.
fn example(key: &str, path: &str) -> Option<String> {
    let name = path.rsplit('.').next().unwrap_or_default();
    Some(match key {
        "outwright" => "1".to_owned(),
        "request" => format!("GET /{name}"),
        "source" | "token" => format!("{{ file: /run/secrets/{name} }}"),
        "inject" => "{ bearer: {} }".to_owned(),
        "strategy" => "dual".to_owned(),
        "notice" => "90d".to_owned(),
        "max" => "15m".to_owned(),
        "per" => "1s".to_owned(),
        "requests" => "100".to_owned(),
        _ => return None,
    })
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
    let present: Vec<String> = entries.iter().map(|entry| entry.key.clone()).collect();
    entries.retain_mut(|entry| match fields.iter().find(|f| f.key == entry.key) {
        Some(field) => {
            let before = findings.len();
            check(&mut entry.value, &field.shape, &join(path, field.key), findings);
            point_at_key(entry, findings, before);
            undecided::about(field.about, findings, before);
            true
        }
        None => {
            let taken = |key: &str| present.iter().any(|other| other == key);
            findings.push(unknown(entry, fields, path, &taken));
            false
        }
    });
}

fn unknown(
    entry: &Entry,
    fields: &'static [Field],
    path: &str,
    taken: &impl Fn(&str) -> bool,
) -> Finding {
    let place = if path.is_empty() { "here".to_owned() } else { format!("in `{path}`") };
    let message = format!("the key `{}` is not known {place}", short(&entry.key));
    let keys: Vec<_> = fields.iter().map(|f| f.key).collect();
    let near = nearest(&entry.key, keys.iter().copied());
    let (help, repair) = match near {
        Some(near) if !taken(near) => {
            let help = format!("did you mean `{near}`?");
            // A value that fits there, and no other key as near: then only one thing can be meant.
            let field = fields.iter().find(|f| f.key == near && only_one(&entry.key, near, &keys));
            let fits = field.is_some_and(|field| {
                let (mut value, mut wrong) = (entry.value.clone(), Vec::new());
                check(&mut value, &field.shape, near, &mut wrong);
                wrong.is_empty()
            });
            let title = format!("write `{near}`");
            let repair = if fits { Repair::safe(title) } else { Repair::suggest(title) };
            (help, repair.put(entry.key_at, near))
        }
        Some(near) => {
            let help = format!("`{near}` stands here already: keep one of them");
            (help, Repair::suggest("remove the key").remove(entry.key_at))
        }
        None => {
            let help = format!("known keys: {}", keys.join(", "));
            (help, Repair::suggest("remove the key").remove(entry.key_at))
        }
    };
    Finding::new(&format::UNKNOWN, entry.key_at, message)
        .label("unknown")
        .on(path)
        .help(help)
        .repair(repair)
}

/// Whether no other key needs as few edits as the nearest one.
fn only_one(text: &str, near: &str, keys: &[&str]) -> bool {
    let distance = edits(text, near);
    keys.iter().all(|key| *key == near || edits(text, key) > distance)
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
