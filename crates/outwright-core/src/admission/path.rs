//! Whether a path has exactly one reading, and whether two spellings are the same segment.

/// Why a path has more than one reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ambiguity {
    /// `.` or `..` as a segment, plainly or encoded.
    DotSegment,
    /// `//`.
    EmptySegment,
    /// An encoded slash, or a backslash in either form.
    Slash,
    /// A control byte in either form, or a byte outside ASCII.
    Byte,
    /// A percent sign without two hexadecimal digits.
    Percent,
}

impl Ambiguity {
    /// What is wrong, for the caller.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::DotSegment => "dot segment",
            Self::EmptySegment => "empty segment",
            Self::Slash => "encoded slash or backslash",
            Self::Byte => "control or non-ASCII byte",
            Self::Percent => "broken percent-encoding",
        }
    }
}

/// Finds the first reason why a path, without its query, has more than one reading.
pub(super) fn unambiguous(path: &[u8]) -> Result<(), Ambiguity> {
    let mut rest = path;
    // Of the segment so far: its length, and whether it was nothing but dots.
    let (mut length, mut dots, mut first) = (0_usize, true, true);
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            // What most bytes are, and what means nothing but itself.
            (length, dots) = (length + 1, false);
            continue;
        }
        if byte == b'/' {
            if length == 0 && !first {
                return Err(Ambiguity::EmptySegment);
            }
            dot_segment(length, dots)?;
            (length, dots, first) = (0, true, false);
            continue;
        }
        let meant = if byte == b'%' {
            let (high, low, after) = match rest {
                [high, low, after @ ..] => (hex(*high), hex(*low), after),
                _ => return Err(Ambiguity::Percent),
            };
            rest = after;
            let (Some(high), Some(low)) = (high, low) else { return Err(Ambiguity::Percent) };
            high << 4 | low
        } else if byte.is_ascii() {
            byte
        } else {
            return Err(Ambiguity::Byte);
        };
        match meant {
            b'/' | b'\\' => return Err(Ambiguity::Slash),
            0..=31 | 127 => return Err(Ambiguity::Byte),
            // Some servers cut a segment at a semicolon, so `..;x` is `..` to them.
            b';' if dots && length > 0 => return dot_segment(length, dots),
            _ => {}
        }
        dots &= meant == b'.';
        length += 1;
    }
    dot_segment(length, dots)
}

fn dot_segment(length: usize, dots: bool) -> Result<(), Ambiguity> {
    if dots && (1..=2).contains(&length) { Err(Ambiguity::DotSegment) } else { Ok(()) }
}

/// Whether a segment spells a literal, plainly or with needless percent-encoding (RFC 3986 section 6.2.2.2).
pub(super) fn same(segment: &str, literal: &str) -> bool {
    // The literal may be encoded too, so both are read.
    read(segment).eq(read(literal))
}

/// The bytes that a segment stands for; an encoded reserved character stays apart from the plain one.
fn read(segment: &str) -> impl Iterator<Item = (u8, Form)> + '_ {
    let mut bytes = segment.bytes();
    std::iter::from_fn(move || {
        let byte = bytes.next()?;
        if byte != b'%' {
            return Some((byte, Form::Plain));
        }
        let high = bytes.next().and_then(hex)?;
        let low = bytes.next().and_then(hex)?;
        let meant = high << 4 | low;
        let unreserved = meant.is_ascii_alphanumeric() || b"-._~".contains(&meant);
        Some((meant, if unreserved { Form::Plain } else { Form::Encoded }))
    })
}

#[derive(PartialEq, Eq)]
enum Form {
    Plain,
    Encoded,
}

const fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}
