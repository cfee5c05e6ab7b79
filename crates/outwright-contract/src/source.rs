//! Texts that are checked: masked first, so that no finding can quote a secret.

use crate::secrets;

/// A contract file as it was read: a name for people, and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The path as findings print it; `/` between its parts.
    pub path: String,
    /// The content.
    pub bytes: Vec<u8>,
}

impl Source {
    /// A file under the path that findings print.
    pub fn new(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), bytes: bytes.into() }
    }
}

/// A range of bytes in one of the sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Index of the source.
    pub file: u32,
    /// First byte.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
}

impl Place {
    /// The first byte of a file: for what a whole file lacks.
    #[must_use]
    pub const fn top(file: u32) -> Self {
        Self { file, start: 0, end: 0 }
    }

    pub(crate) fn new(file: u32, start: usize, end: usize) -> Self {
        let at = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
        Self { file, start: at(start), end: at(end.max(start)) }
    }
}

/// A source after masking: every literal secret is overwritten with `*`, byte by byte, so that places stay right.
#[derive(Clone, Debug)]
pub struct Text {
    /// The path as findings print it.
    pub path: String,
    /// The text without secrets.
    pub text: String,
    /// Where secrets stood.
    pub secrets: Vec<Place>,
    /// The first byte that is not UTF-8.
    pub broken_at: Option<usize>,
}

impl Text {
    pub(crate) fn new(file: u32, source: &Source) -> Self {
        let (text, broken_at) = match std::str::from_utf8(&source.bytes) {
            Ok(text) => (text.to_owned(), None),
            Err(error) => {
                let good = source.bytes.get(..error.valid_up_to()).unwrap_or_default();
                (String::from_utf8_lossy(good).into_owned(), Some(error.valid_up_to()))
            }
        };
        let (text, ranges) = secrets::mask(text);
        let secrets = ranges.into_iter().map(|r| Place::new(file, r.start, r.end)).collect();
        Self { path: source.path.clone(), text, secrets, broken_at }
    }

    /// Line and column of a byte, both from 1; columns count characters.
    #[must_use]
    pub fn line_column(&self, byte: u32) -> (usize, usize) {
        let byte = (byte as usize).min(self.text.len());
        let before = self.text.as_bytes().get(..byte).unwrap_or_default();
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let column =
            String::from_utf8_lossy(before.get(start..).unwrap_or_default()).chars().count();
        (line, column + 1)
    }
}
