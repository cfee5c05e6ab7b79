//! Text to tree, with a finding for everything of YAML that contracts do not use.
//!
//! Built on the events of the YAML parser instead of on a deserializer, so that a document with ten mistakes gets ten findings.

use serde_saphyr::granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, Span};

use crate::edit::Repair;
use crate::finding::Finding;
use crate::node::{Entry, Kind, Layer, Node};
use crate::rules::format;
use crate::source::{Place, Text};

/// Largest document: 1 MiB (`observability-ux.md` 4.6); a thousand operations take a third of it.
pub(crate) const BYTES_MAX: usize = 1 << 20;
/// Deepest nesting: the format itself needs ten.
pub(crate) const DEPTH_MAX: usize = 32;
/// Most keys of one map, and items of one list: four times the operations that a provider can have.
const ENTRIES_MAX: usize = 4096;
/// Most findings of one document: beyond it, it is no contract.
const FINDINGS_MAX: usize = 200;

/// Reads one document; what is wrong with its form goes to `findings`.
pub(crate) fn parse(file: u32, text: &Text, findings: &mut Vec<Finding>) -> Option<Node> {
    let before = findings.len();
    if bounds(file, text, findings) {
        return None;
    }
    let mut reader = Reader { file, text: &text.text, findings, chars: None };
    let root = reader.document();
    if root.is_none() && findings.len() == before {
        findings.push(Finding::new(&format::SYNTAX, Place::top(file), "the file is empty"));
    }
    findings.truncate(before + FINDINGS_MAX);
    root
}

/// What no parser should see. Whether there was something.
fn bounds(file: u32, text: &Text, findings: &mut Vec<Finding>) -> bool {
    let place = |at: usize| Place::new(file, at, at + 1);
    if let Some(at) = text.broken_at {
        findings.push(Finding::new(&format::BOUNDS, place(at), "the file is not UTF-8 text"));
        return true;
    }
    if text.text.len() > BYTES_MAX {
        let message = format!("the file has {} bytes; the limit is {BYTES_MAX}", text.text.len());
        findings.push(Finding::new(&format::BOUNDS, Place::top(file), message));
        return true;
    }
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if let Some((at, c)) = text.text.char_indices().find(|(_, c)| control(*c)) {
        let message = format!("the file holds the control character U+{:04X}", u32::from(c));
        findings.push(Finding::new(&format::BOUNDS, place(at), message));
        return true;
    }
    let mut start = 0;
    let mut tabs = false;
    for line in text.text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(tab) = line.get(..indent).and_then(|blank| blank.find('\t'))
            && !line.trim().is_empty()
        {
            let at = place(start + tab);
            let run = line.get(tab..).unwrap_or_default().bytes().take_while(|b| *b == b'\t');
            let run = Place::new(file, start + tab, start + tab + run.count());
            let spaces = "  ".repeat((run.end - run.start) as usize);
            let repair = Repair::suggest("indent with spaces").put(run, spaces);
            let finding = Finding::new(&format::TAB, at, "a tab indents this line").label("tab");
            findings.push(finding.repair(repair));
            tabs = true;
        }
        start += line.len();
    }
    tabs
}

struct Reader<'a> {
    file: u32,
    text: &'a str,
    findings: &'a mut Vec<Finding>,
    /// Byte of each character, made only for text that is not ASCII and lacks byte offsets.
    chars: Option<Vec<usize>>,
}

/// A collection that is being read.
enum Open {
    Map { entries: Vec<Entry>, key: Option<(String, Place)>, at: Place },
    List { items: Vec<Node>, at: Place },
}

impl Reader<'_> {
    fn document(&mut self) -> Option<Node> {
        let mut options = Options::default();
        options.emit_unresolved_aliases = true;
        options.emit_comments = false;
        let mut parser = Parser::new_from_str_with_options(self.text, options);
        let mut open: Vec<Open> = Vec::new();
        let mut root = None;
        let mut documents = 0;
        while let Some(event) = parser.next_event() {
            let (event, span) = match event {
                Ok(event) => event,
                Err(error) => {
                    let deep = matches!(error.kind(), ErrorKind::RecursionLimitExceeded);
                    let (index, byte) = (error.marker().index(), error.marker().byte_offset());
                    self.unreadable(index, byte, deep, &error.info());
                    return None;
                }
            };
            let at = self.place(&span);
            self.properties(&event, at);
            let done = match event {
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        let message = "the file holds more than one document";
                        self.findings.push(Finding::new(&format::BOUNDS, at, message));
                        return root;
                    }
                    None
                }
                Event::MappingStart(..) => {
                    open.push(Open::Map { entries: Vec::new(), key: None, at });
                    None
                }
                Event::SequenceStart(..) => {
                    open.push(Open::List { items: Vec::new(), at });
                    None
                }
                Event::MappingEnd | Event::SequenceEnd => open.pop().map(Open::close),
                Event::Scalar(text, style, ..) => {
                    Some(Node::new(scalar(&text, style), at, Layer::Contract))
                }
                Event::Alias(_) | Event::UnresolvedAlias(_) => {
                    Some(Node::new(Kind::Broken, at, Layer::Contract))
                }
                Event::StreamStart | Event::StreamEnd | Event::DocumentEnd | Event::Anchor(..) => {
                    None
                }
                _ => None,
            };
            if open.len() > DEPTH_MAX {
                let message = format!("nested deeper than {DEPTH_MAX} levels");
                self.findings.push(Finding::new(&format::BOUNDS, at, message));
                return None;
            }
            if open.last().is_some_and(|parent| parent.len() > ENTRIES_MAX) {
                let message = format!("more than {ENTRIES_MAX} keys or items in one place");
                self.findings.push(Finding::new(&format::BOUNDS, at, message));
                return None;
            }
            if let Some(node) = done {
                match open.last_mut() {
                    Some(parent) => parent.take(node, self.findings),
                    None => root = Some(node),
                }
            }
        }
        root
    }

    /// Anchors, aliases and tags: refused where they stand.
    fn properties(&mut self, event: &Event<'_>, at: Place) {
        let mut say =
            |message: &str| self.findings.push(Finding::new(&format::ANCHOR, at, message));
        if event.is_alias() {
            say("an alias stands for something written elsewhere");
        } else if event.anchor_id().is_some() {
            say("an anchor is defined here");
        }
        if event.tag().is_some() {
            say("a tag stands before this value");
        }
    }

    /// Says why the parser gave up.
    fn unreadable(&mut self, index: usize, byte: Option<usize>, deep: bool, message: &str) {
        let at = byte.unwrap_or_else(|| self.byte(index)).min(self.text.len());
        if deep {
            let message = format!("nested deeper than {DEPTH_MAX} levels");
            let place = Place::new(self.file, at, at + 1);
            self.findings.push(Finding::new(&format::BOUNDS, place, message));
            return;
        }
        let flow = self.brace(at);
        let place = Place::new(self.file, flow.unwrap_or(at), flow.unwrap_or(at) + 1);
        self.findings.push(match flow {
            Some(brace) => {
                let message = "a `{` inside a flow mapping ends the text";
                let mut finding = Finding::new(&format::BRACE, place, message)
                    .label("this starts a mapping of its own");
                finding.repair = self.quoted(brace);
                finding
            }
            None => Finding::new(&format::SYNTAX, place, message.to_owned()),
        });
    }

    /// The text around a brace in quotes: from behind its key to the comma or brace that ends it.
    fn quoted(&self, brace: usize) -> Option<Repair> {
        let line = self.text.get(..brace)?.rfind('\n').map_or(0, |at| at + 1);
        let start = line + self.text.get(line..brace)?.rfind(": ")? + 2;
        let rest = self.text.get(brace..)?.lines().next()?;
        let mut depth = 0_i32;
        let length = rest.find(|c: char| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            depth < 0 || (depth == 0 && c == ',')
        })?;
        let value = self.text.get(start..brace + length)?.trim_end();
        let place = Place::new(self.file, start, start + value.len());
        let quoted = serde_json::Value::from(value).to_string();
        Some(Repair::suggest("quote it, or write it in block style").put(place, quoted))
    }

    /// The `{` that makes the line of an error unreadable: one that follows text directly inside of `{ … }`.
    fn brace(&self, at: usize) -> Option<usize> {
        let start = self.text.get(..at)?.rfind('\n').map_or(0, |n| n + 1);
        let line = self.text.get(start..)?.lines().next()?;
        let mut flow = false;
        let mut quote = None;
        let mut before = ' ';
        for (offset, c) in line.char_indices() {
            match (quote, c) {
                (Some(open), _) if open == c => quote = None,
                (Some(_), _) => {}
                (None, '"' | '\'') if matches!(before, ' ' | '{' | '[' | ',') => quote = Some(c),
                (None, '{') if flow && !matches!(before, ' ' | '{' | '[' | ',' | ':') => {
                    return Some(start + offset);
                }
                (None, '{') => flow = true,
                (None, _) => {}
            }
            before = c;
        }
        None
    }

    fn place(&mut self, span: &Span) -> Place {
        if let Some(range) = span.byte_range() {
            let end = self
                .text
                .get(range.clone())
                .map_or(range.end, |t| range.start + t.trim_end().len());
            return Place::new(self.file, range.start, end.max(range.start));
        }
        let (start, end) = (self.byte(span.start.index()), self.byte(span.end.index()));
        Place::new(self.file, start, end)
    }

    /// The byte of a character.
    fn byte(&mut self, index: usize) -> usize {
        if self.text.is_ascii() {
            return index;
        }
        let text = self.text;
        let chars =
            self.chars.get_or_insert_with(|| text.char_indices().map(|(at, _)| at).collect());
        chars.get(index).copied().unwrap_or(text.len())
    }
}

impl Open {
    fn close(self) -> Node {
        match self {
            Self::Map { entries, at, .. } => Node::new(Kind::Map(entries), at, Layer::Contract),
            Self::List { items, at } => Node::new(Kind::List(items), at, Layer::Contract),
        }
    }

    const fn len(&self) -> usize {
        match self {
            Self::Map { entries, .. } => entries.len(),
            Self::List { items, .. } => items.len(),
        }
    }

    /// Puts a finished value where it belongs.
    fn take(&mut self, node: Node, findings: &mut Vec<Finding>) {
        match self {
            Self::List { items, .. } => items.push(node),
            Self::Map { entries, key, .. } => match key.take() {
                None => *key = Some(name(&node, findings)),
                Some((key, key_at)) => {
                    if let Some(first) = entries.iter().find(|e| e.key == key) {
                        let message = format!("the key `{key}` stands here a second time");
                        let same = node.text().is_some() && node.text() == first.value.text();
                        let title = "remove the second";
                        let repair =
                            if same { Repair::safe(title) } else { Repair::suggest(title) };
                        findings.push(
                            Finding::new(&format::DUPLICATE, key_at, message)
                                .label("second")
                                .see(first.key_at, "first")
                                .repair(repair.remove(key_at)),
                        );
                    } else {
                        entries.push(Entry { key, key_at, value: node });
                    }
                }
            },
        }
    }
}

/// The name that a key node gives.
fn name(node: &Node, findings: &mut Vec<Finding>) -> (String, Place) {
    match &node.kind {
        Kind::Scalar { text, .. } => {
            if text == "<<" {
                let message = "a merge key copies keys from elsewhere";
                findings.push(Finding::new(&format::ANCHOR, node.at, message));
            }
            (text.clone(), node.at)
        }
        Kind::Map(_) | Kind::List(_) | Kind::Empty => {
            findings.push(Finding::new(&format::SYNTAX, node.at, "a key is not a plain word"));
            (String::new(), node.at)
        }
        Kind::Broken | Kind::Undecided => (String::new(), node.at),
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Kind {
    let plain = matches!(style, ScalarStyle::Plain);
    if plain && matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        return Kind::Empty;
    }
    Kind::Scalar { text: text.to_owned(), plain }
}
