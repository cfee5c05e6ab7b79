//! Where things end in a text, and where its lines begin.

use crate::node::{Entry, Kind, Node};

/// Whether a collection is written as `{ … }` or `[ … ]`.
pub(super) fn flow(node: &Node, text: &str) -> bool {
    matches!(text.as_bytes().get(node.at.start as usize), Some(b'{' | b'['))
}

/// The byte after a value; a collection's own place is only its beginning.
pub(super) fn end(node: &Node, text: &str) -> usize {
    let own = node.at.end as usize;
    let inner = match &node.kind {
        Kind::Map(entries) => entries.iter().map(|entry| entry_end(entry, text)).max(),
        Kind::List(items) => items.iter().map(|item| end(item, text)).max(),
        Kind::Scalar { .. } | Kind::Empty | Kind::Broken | Kind::Undecided => return own,
    };
    if flow(node, text) {
        let from = inner.unwrap_or(node.at.start as usize + 1);
        return closing(text, from).unwrap_or(from);
    }
    inner.unwrap_or(own)
}

/// The byte after an entry; nothing after its colon is an entry too.
pub(super) fn entry_end(entry: &Entry, text: &str) -> usize {
    let key = entry.key_at.end as usize + 1;
    if matches!(entry.value.kind, Kind::Empty) && entry.value.at.start == entry.value.at.end {
        return key.min(text.len());
    }
    end(&entry.value, text).max(key).min(text.len())
}

/// The byte after the bracket that closes a flow collection, from behind its last value.
fn closing(text: &str, from: usize) -> Option<usize> {
    let mut comment = false;
    let mut before = b' ';
    for (at, byte) in text.bytes().enumerate().skip(from) {
        match byte {
            b'\n' => comment = false,
            _ if comment => {}
            b'}' | b']' => return Some(at + 1),
            b'#' if before.is_ascii_whitespace() => comment = true,
            _ => {}
        }
        before = byte;
    }
    None
}

/// Where the line of a byte begins.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1)
}

/// Where the line after a byte begins; none on the last line.
pub(super) fn next_line(text: &str, at: usize) -> Option<usize> {
    text.get(at..).and_then(|rest| rest.find('\n')).map(|offset| at + offset + 1)
}

/// How lines end in this text.
pub(super) fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}
