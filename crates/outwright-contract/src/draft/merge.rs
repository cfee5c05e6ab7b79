//! A draft over a contract that people have worked on: what is new is added, what they decided stays.
//!
//! Three texts meet: the last draft (`base`), the new one (`theirs`), and the contract as it is (`hand`).
//! A value is only written where the description has changed it since, and nobody has touched it meanwhile.
//! Nothing is ever deleted, and comments stay, since only the bytes of a value are replaced.

use std::collections::{BTreeMap, BTreeSet};

use super::{Draft, File, lines, names};
use crate::effective::{request, same_requests};
use crate::node::{Entry, Kind, Node, UNDECIDED};
use crate::parse::{BYTES_MAX, parse};
use crate::source::{Source, Text};

/// What became of a contract under a new draft.
#[derive(Clone, Debug, Default)]
pub struct Merged {
    /// The files whose text changed, and those that are new.
    pub files: Vec<File>,
    /// Each change, and each difference that was left alone.
    pub remarks: Vec<Remark>,
}

/// One change, or one difference that was left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// What was done.
    pub done: Done,
    /// The operation or key.
    pub subject: String,
    /// In a sentence.
    pub what: String,
}

/// What was done about a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Done {
    /// An operation was added.
    Added,
    /// A value that nobody had touched was brought up to date.
    Updated,
    /// The contract says something else than the description now says, and keeps it.
    Kept,
    /// An operation is no longer described, and stays.
    Gone,
}

impl Done {
    /// Its word in reports; stable.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Updated => "updated",
            Self::Kept => "kept",
            Self::Gone => "gone",
        }
    }
}

/// The record of a draft, to be handed to [`merge`] the next time; with the patterns that it was made with.
#[must_use]
pub fn record(draft: &Draft, only: &[String]) -> String {
    let only = serde_json::to_string(only).unwrap_or_else(|_| "[]".to_owned());
    format!("{ONLY}{only}\n{}", draft.text())
}

/// The patterns of a record.
#[must_use]
pub fn recorded(record: &str) -> Vec<String> {
    let first = record.lines().next().and_then(|line| line.strip_prefix(ONLY));
    first.and_then(|only| serde_json::from_str(only).ok()).unwrap_or_default()
}

const ONLY: &str = "# only: ";

/// Brings a contract up to date with a new draft.
///
/// # Errors
///
/// One of the texts cannot be read; in one line.
pub fn merge(hand: &[Source], record: &str, draft: &Draft) -> Result<Merged, String> {
    let base = tree(0, &Source::new("the record of the last draft", record))?;
    let theirs = tree(0, &Source::new("the new draft", draft.text()))?;
    let mut files = Vec::new();
    for (index, source) in (0_u32..).zip(hand) {
        let text = String::from_utf8(source.bytes.clone())
            .map_err(|_| format!("{} is not UTF-8 text", source.path))?;
        files.push(Hand { path: source.path.clone(), text, root: tree(index, source)? });
    }
    let mut work = Work { files, edits: Vec::new(), remarks: Vec::new() };
    for file in 0..work.files.len() {
        let root = work.files.get(file).map(|file| file.root.without(&["operations"]));
        if let Some(root) = root.filter(|root| root.entries().len() > 2) {
            work.values("", (&base, &theirs), (file, &root));
        }
    }
    let known = (operations(&base), operations(&theirs));
    let added = work.operations(&known, draft);
    work.gone(&known, draft);
    work.finish(&added, draft)
}

fn tree(file: u32, source: &Source) -> Result<Node, String> {
    let mut findings = Vec::new();
    let root = parse(file, &Text::new(file, source), &mut findings);
    match (root, findings.first()) {
        (Some(root), None) => Ok(root),
        (_, Some(finding)) => Err(format!("{} cannot be read: {}", source.path, finding.message)),
        (None, None) => Err(format!("{} cannot be read", source.path)),
    }
}

struct Hand {
    path: String,
    text: String,
    root: Node,
}

/// Bytes of a file and what stands in their place.
struct Edit {
    file: usize,
    start: usize,
    end: usize,
    text: String,
}

struct Work {
    files: Vec<Hand>,
    edits: Vec<Edit>,
    remarks: Vec<Remark>,
}

/// Operations by the requests that they mean.
type ByRequest<'a> = BTreeMap<String, &'a Entry>;

fn operations(root: &Node) -> ByRequest<'_> {
    let all = root.at(&["operations"]).map(Node::entries).unwrap_or_default();
    let keyed = |entry| Some((meaning(entry)?, entry));
    all.iter().filter_map(keyed).collect()
}

fn meaning(entry: &Entry) -> Option<String> {
    let (method, template) = request(entry.value.word(&["request"])?).ok()?;
    Some(same_requests(method.as_str(), &template))
}

/// The values of a tree by their keys; a list is one value.
fn leaves(node: &Node, path: &str, out: &mut BTreeMap<String, String>) {
    for entry in node.entries() {
        let path = crate::shape::join(path, &entry.key);
        if entry.value.entries().is_empty() {
            out.insert(path, flat(&entry.value));
        } else {
            leaves(&entry.value, &path, out);
        }
    }
}

fn flat(node: &Node) -> String {
    match &node.kind {
        Kind::Scalar { text, .. } => text.clone(),
        Kind::List(items) => {
            format!("[{}]", items.iter().map(flat).collect::<Vec<_>>().join(", "))
        }
        Kind::Map(entries) => {
            let all = entries.iter().map(|e| format!("{}: {}", e.key, flat(&e.value)));
            format!("{{{}}}", all.collect::<Vec<_>>().join(", "))
        }
        Kind::Empty | Kind::Broken | Kind::Undecided => String::new(),
    }
}

/// What stands under a path of keys, or the value that ends it sooner; and whether it is all of the path.
fn find<'a>(node: &'a Node, path: &str) -> Option<(&'a Node, bool)> {
    let mut node = node;
    let mut rest = path;
    while !rest.is_empty() {
        // Keys may hold dots themselves: the longest key that fits is the one.
        let fits = |e: &&Entry| {
            rest.strip_prefix(e.key.as_str()).is_some_and(|r| r.is_empty() || r.starts_with('.'))
        };
        let entry = node.entries().iter().filter(fits).max_by_key(|e| e.key.len());
        let Some(entry) = entry else { return node.text().map(|_| (node, false)) };
        rest = rest.get(entry.key.len()..)?.trim_start_matches('.');
        node = &entry.value;
    }
    Some((node, true))
}

impl Work {
    fn say(&mut self, done: Done, subject: &str, what: String) {
        self.remarks.push(Remark { done, subject: subject.to_owned(), what });
    }

    /// Compares the values of a part of the contract.
    fn values(
        &mut self,
        subject: &str,
        (base, theirs): (&Node, &Node),
        (file, hand): (usize, &Node),
    ) {
        let (mut was, mut is) = (BTreeMap::new(), BTreeMap::new());
        leaves(&base.without(&["operations"]), "", &mut was);
        leaves(&theirs.without(&["operations"]), "", &mut is);
        for (path, now) in is {
            let before = was.get(&path);
            if before == Some(&now) || now == UNDECIDED {
                continue;
            }
            let key = crate::shape::join(subject, &path);
            let found = find(hand, &path);
            let said = found.map(|(node, _)| flat(node));
            match (found, said) {
                (_, Some(said)) if said == now => {}
                (Some((node, true)), Some(said))
                    if node.text().is_some()
                        && !now.starts_with('[')
                        && (said == UNDECIDED || Some(&said) == before) =>
                {
                    let (start, end) = (node.at.start as usize, node.at.end as usize);
                    self.edits.push(Edit { file, start, end, text: lines::scalar(&now) });
                    self.say(Done::Updated, &key, format!("`{said}` is now `{now}`"));
                }
                (Some(_), Some(said)) => {
                    self.say(
                        Done::Kept,
                        &key,
                        format!("the description now says `{now}`; the contract says `{said}`"),
                    );
                }
                (None, _) | (_, None) if before.is_none() => {
                    let what =
                        format!("the description now says `{now}`, and the contract nothing");
                    self.say(Done::Kept, &key, what);
                }
                (None, _) | (_, None) => {}
            }
        }
    }

    /// Compares the operations that all three know; the text of those that are new.
    fn operations(
        &mut self,
        (base, theirs): &(ByRequest<'_>, ByRequest<'_>),
        draft: &Draft,
    ) -> Vec<String> {
        let mut taken = BTreeSet::new();
        let mut hand: BTreeMap<String, (usize, Entry)> = BTreeMap::new();
        for (index, file) in self.files.iter().enumerate() {
            for entry in file.root.at(&["operations"]).map(Node::entries).unwrap_or_default() {
                taken.insert(entry.key.clone());
                if let Some(meaning) = meaning(entry) {
                    hand.insert(meaning, (index, entry.clone()));
                }
            }
        }
        let mut added = Vec::new();
        for drafted in &draft.survey.drafted {
            let Some((method, template)) = request(&drafted.request).ok() else { continue };
            let key = same_requests(method.as_str(), &template);
            match (base.get(&key), theirs.get(&key), hand.get(&key)) {
                (Some(base), Some(theirs), Some((file, entry))) => {
                    let subject = format!("operations.{}", entry.key);
                    self.values(&subject, (&base.value, &theirs.value), (*file, &entry.value));
                }
                (None, Some(theirs), None) => {
                    let name = names::free(theirs.key.clone(), &mut taken);
                    let text = draft.operations.iter().find(|(known, _)| *known == theirs.key);
                    let text = text.map(|(_, text)| text.as_str()).unwrap_or_default();
                    added.push(text.replacen(&theirs.key, &name, 1));
                    self.say(Done::Added, &format!("operations.{name}"), drafted.request.clone());
                }
                (_, None, _) | (Some(_), _, None) | (None, _, Some(_)) => {}
            }
        }
        added
    }

    /// Operations of the contract that were drafted once and are described no longer.
    fn gone(&mut self, (base, theirs): &(ByRequest<'_>, ByRequest<'_>), draft: &Draft) {
        let unasked: BTreeSet<&str> =
            draft.survey.left.iter().filter(|l| l.unasked).map(|l| l.request.as_str()).collect();
        let mut gone = Vec::new();
        for entry in self
            .files
            .iter()
            .flat_map(|f| f.root.at(&["operations"]).map(Node::entries).unwrap_or_default())
        {
            let Some(meaning) = meaning(entry) else { continue };
            let request = entry.value.word(&["request"]).unwrap_or_default();
            if base.contains_key(&meaning)
                && !theirs.contains_key(&meaning)
                && !unasked.contains(request)
            {
                gone.push((format!("operations.{}", entry.key), request.to_owned()));
            }
        }
        for (subject, request) in gone {
            let what = format!("{request} is described no longer: remove it when nobody calls it");
            self.say(Done::Gone, &subject, what);
        }
    }

    /// Applies the edits, adds the new operations, and reads the result back.
    fn finish(mut self, added: &[String], draft: &Draft) -> Result<Merged, String> {
        let mut extra = None;
        if !added.is_empty() {
            extra = self.append(added, &draft.provider);
        }
        self.edits.sort_by_key(|edit| (edit.file, std::cmp::Reverse(edit.start)));
        let mut merged = Merged { files: Vec::new(), remarks: self.remarks };
        for (index, file) in self.files.into_iter().enumerate() {
            let mut text = file.text;
            let own = self.edits.iter().filter(|edit| edit.file == index);
            let mut changed = false;
            for edit in own {
                if text.get(edit.start..edit.end).is_some() {
                    text.replace_range(edit.start..edit.end, &edit.text);
                    changed = true;
                }
            }
            if changed {
                tree(0, &Source::new(file.path.clone(), text.clone()))?;
                merged.files.push(File { name: file.path, text });
            }
        }
        merged.files.extend(extra);
        merged.remarks.sort_by(|a, b| (a.done, &a.subject).cmp(&(b.done, &b.subject)));
        Ok(merged)
    }

    /// Puts new operations behind the last one; a file of its own where there is no room.
    fn append(&mut self, added: &[String], provider: &str) -> Option<File> {
        let place = self.files.iter().enumerate().rev().find_map(|(index, file)| {
            let last = file.root.at(&["operations"])?.entries().last()?;
            let (at, indent) = behind(&file.text, last.key_at.start as usize)?;
            Some((index, at, indent, file.text.len()))
        });
        let text: String = added.concat();
        match place {
            Some((file, at, indent, size)) if size + text.len() * 2 <= BYTES_MAX => {
                let pad = " ".repeat(indent.saturating_sub(2));
                let indented: String =
                    text.split_inclusive('\n').map(|line| format!("{pad}{line}")).collect();
                let ends = self
                    .files
                    .get(file)
                    .is_some_and(|f| f.text.get(..at).is_some_and(|t| t.ends_with('\n')));
                let start = if ends { "" } else { "\n" };
                self.edits.push(Edit {
                    file,
                    start: at,
                    end: at,
                    text: format!("{start}{indented}"),
                });
                None
            }
            Some(_) | None => {
                let folder = self.files.first().and_then(|file| file.path.rsplit_once('/'));
                let folder = folder.map(|(folder, _)| format!("{folder}/")).unwrap_or_default();
                let taken = |name: &String| self.files.iter().any(|file| file.path == *name);
                let name = (1..).map(|n| format!("{folder}{provider}-operations-{n}.yaml"));
                let name = name.into_iter().find(|name| !taken(name))?;
                let provider = lines::scalar(provider);
                let head = format!("outwright: 1\nprovider: {provider}\noperations:\n");
                Some(File { name, text: head + &text })
            }
        }
    }
}

/// Where the block of a key ends, and how far the key is indented.
fn behind(text: &str, key: usize) -> Option<(usize, usize)> {
    let line = text.get(..key)?.rfind('\n').map_or(0, |at| at + 1);
    let indent = key - line;
    if !text.get(line..key)?.chars().all(|c| c == ' ') {
        return None;
    }
    let mut end = line;
    let mut at = line;
    for (number, line) in text.get(line..)?.split_inclusive('\n').enumerate() {
        let trimmed = line.trim();
        let deeper = line.len() - line.trim_start().len() > indent;
        if number > 0 && !trimmed.is_empty() && !deeper {
            break;
        }
        at += line.len();
        if number == 0 || (!trimmed.is_empty() && deeper) {
            end = at;
        }
    }
    Some((end, indent))
}
