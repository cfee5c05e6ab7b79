//! Follows the framing of one connection's requests and finds heads that two readers could understand differently.
//!
//! It sees every byte before hyper does. hyper resolves Content-Length beside Transfer-Encoding without a word,
//! and answers other bad heads with an empty status; here both are told apart and explained (RFC 9112, sections 2, 3, 6, 7, 11).

use crate::problem::{self, Kind};

/// Fields of a head: what hyper reads without an allocation.
pub(crate) const FIELDS_MAX: u32 = 100;
/// Bytes of a head, the request line included: chosen, four times what common servers take.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a request target; RFC 9112, section 3, asks for at least 8,000.
pub(crate) const TARGET_BYTES_MAX: usize = 16 * 1024;
/// Empty lines before a request line (RFC 9112, section 2.2, asks for at least one).
const EMPTY_LINES_MAX: u32 = 2;
/// Bytes of a chunk's size line with its extensions: chosen, far above what senders use.
const CHUNK_LINE_BYTES_MAX: usize = 4 * 1024;

/// Where the bytes of a connection stand.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    place: Place,
    /// The beginning of a line whose end has not come yet.
    partial: Vec<u8>,
    head: Head,
    heads: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// In a head, or before one.
    #[default]
    Head,
    /// So many bytes of a body follow.
    Body(u64),
    /// Before or in the size line of a chunk.
    ChunkSize,
    /// So many bytes of a chunk follow, then its line end.
    Chunk(u64),
    /// Between a chunk's bytes and the next size line.
    ChunkEnd,
    /// In the trailer section.
    Trailer,
}

/// What is known of a head so far.
#[derive(Clone, Copy, Debug, Default)]
struct Head {
    bytes: usize,
    empty_lines: u32,
    begun: bool,
    old_version: bool,
    fields: u32,
    hosts: u32,
    length: Option<u64>,
    chunked: bool,
}

/// How a piece was found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// So many bytes may pass; the rest is the beginning of a head that is not whole yet.
    Fine(usize),
    /// A head in it must not pass; what stands before that head may (so many bytes).
    BadHead(usize, &'static Kind),
    /// A body in it is framed wrongly; what stands before that place may pass (so many bytes).
    BadBody(usize),
}

/// What the connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    /// For a request to begin.
    Request,
    /// For the rest of a head.
    Head,
    /// For the rest of a body.
    Body,
}

impl Scan {
    /// What the next byte would be part of.
    pub(crate) fn waits(&self) -> Waits {
        match self.place {
            Place::Head if self.head.bytes == 0 && self.partial.is_empty() => Waits::Request,
            Place::Head => Waits::Head,
            Place::Body(_)
            | Place::ChunkSize
            | Place::Chunk(_)
            | Place::ChunkEnd
            | Place::Trailer => Waits::Body,
        }
    }

    /// Whole heads that were found fine.
    pub(crate) const fn heads(&self) -> u64 {
        self.heads
    }

    /// Looks at the next piece of the stream.
    pub(crate) fn look(&mut self, piece: &[u8]) -> Found {
        let mut rest = piece;
        // Bytes before the head that is being read; zero where it began in an earlier piece.
        let mut before = 0;
        while !rest.is_empty() {
            match self.place {
                Place::Body(left) => {
                    let taken = skip(&mut rest, left);
                    self.place =
                        if taken == left { Place::Head } else { Place::Body(left - taken) };
                    before = piece.len() - rest.len();
                }
                Place::Chunk(left) => {
                    let taken = skip(&mut rest, left);
                    self.place =
                        if taken == left { Place::ChunkEnd } else { Place::Chunk(left - taken) };
                }
                Place::Head => match self.head_line(&mut rest) {
                    Ok(true) => before = piece.len() - rest.len(),
                    Ok(false) => {}
                    Err(kind) => return Found::BadHead(before, kind),
                },
                Place::ChunkSize | Place::ChunkEnd | Place::Trailer => {
                    let begins = piece.len() - rest.len();
                    if self.chunk_line(&mut rest).is_err() {
                        return Found::BadBody(begins);
                    }
                    before = piece.len() - rest.len();
                }
            }
        }
        Found::Fine(if self.place == Place::Head { before } else { piece.len() })
    }

    /// Takes one line of a head, or what there is of it; true at the head's end.
    fn head_line(&mut self, rest: &mut &[u8]) -> Result<bool, &'static Kind> {
        if self.partial.last() == Some(&b'\r') {
            // The end of this line was cut in two.
            *rest = rest.strip_prefix(b"\n").ok_or(&problem::BAD_REQUEST)?;
            return self.joined_line(1);
        }
        // One search for the line's end and for what may stand in no line: neither half of an end alone, no NUL.
        let found = memchr::memchr3(b'\r', b'\n', 0, rest);
        let Some(at) = found.filter(|at| at + 1 < rest.len()) else {
            return self.part_of_line(rest);
        };
        let (line, after) = rest.split_at(at);
        *rest = after.strip_prefix(b"\r\n").ok_or(&problem::BAD_REQUEST)?;
        if !self.partial.is_empty() {
            self.partial.extend_from_slice(line);
            return self.joined_line(2);
        }
        self.head.bytes += at + 2;
        if self.head.bytes > HEAD_BYTES_MAX {
            return Err(self.too_large());
        }
        self.whole_line(line)
    }

    /// Takes the line whose beginning was kept, after its last part has come; so many bytes of its end are not in it.
    fn joined_line(&mut self, end: usize) -> Result<bool, &'static Kind> {
        let mut joined = std::mem::take(&mut self.partial);
        self.head.bytes += joined.len() + end;
        if self.head.bytes > HEAD_BYTES_MAX {
            return Err(self.too_large());
        }
        let found = self.whole_line(joined.strip_suffix(b"\r").unwrap_or(&joined));
        joined.clear();
        self.partial = joined;
        found
    }

    /// Keeps the beginning of a line whose end has not come yet.
    fn part_of_line(&mut self, rest: &mut &[u8]) -> Result<bool, &'static Kind> {
        let bad_end = matches!(rest.last(), Some(b'\n' | 0));
        self.partial.extend_from_slice(rest);
        *rest = &[];
        if self.head.bytes + self.partial.len() > HEAD_BYTES_MAX {
            Err(self.too_large())
        } else if bad_end {
            bad()
        } else {
            Ok(false)
        }
    }

    fn whole_line(&mut self, line: &[u8]) -> Result<bool, &'static Kind> {
        if !self.head.begun {
            if line.is_empty() {
                self.head.empty_lines += 1;
                return if self.head.empty_lines > EMPTY_LINES_MAX { bad() } else { Ok(false) };
            }
            self.head.begun = true;
            return self.head.request_line(line).map(|()| false);
        }
        if !line.is_empty() {
            return self.head.field(line).map(|()| false);
        }
        let head = std::mem::take(&mut self.head);
        self.place = head.finish()?;
        self.heads += 1;
        Ok(true)
    }

    fn too_large(&self) -> &'static Kind {
        if self.head.begun { &problem::HEAD_TOO_LARGE } else { &problem::TARGET_TOO_LONG }
    }

    /// Takes one line of chunked framing, or what there is of it.
    fn chunk_line(&mut self, rest: &mut &[u8]) -> Result<(), BadFraming> {
        let Some(end) = memchr::memchr(b'\n', rest) else {
            self.partial.extend_from_slice(rest);
            *rest = &[];
            return if self.partial.len() > CHUNK_LINE_BYTES_MAX {
                Err(BadFraming)
            } else {
                Ok(())
            };
        };
        let (line, after) = rest.split_at(end);
        *rest = after.get(1..).unwrap_or_default();
        self.partial.extend_from_slice(line);
        if self.partial.len() > CHUNK_LINE_BYTES_MAX {
            return Err(BadFraming);
        }
        let line = self.partial.strip_suffix(b"\r").ok_or(BadFraming)?;
        self.place = match self.place {
            Place::ChunkSize => match chunk_size(line).ok_or(BadFraming)? {
                0 => Place::Trailer,
                size => Place::Chunk(size),
            },
            Place::ChunkEnd if line.is_empty() => Place::ChunkSize,
            Place::Trailer if line.is_empty() => Place::Head,
            Place::Trailer if is_field(line) => Place::Trailer,
            Place::Head | Place::Body(_) | Place::Chunk(_) | Place::ChunkEnd | Place::Trailer => {
                return Err(BadFraming);
            }
        };
        self.partial.clear();
        Ok(())
    }
}

/// The body's framing is not what RFC 9112, section 7.1, says.
struct BadFraming;

impl Head {
    /// `method SP target SP HTTP/1.x`, with a target in origin form: a gateway forwards no other.
    fn request_line(&mut self, line: &[u8]) -> Result<(), &'static Kind> {
        let (Some(first), Some(last)) = (memchr::memchr(b' ', line), memchr::memrchr(b' ', line))
        else {
            return bad();
        };
        let method = line.get(..first).unwrap_or_default();
        let target = line.get(first + 1..last).unwrap_or_default();
        match line.get(last + 1..).unwrap_or_default() {
            b"HTTP/1.1" => {}
            b"HTTP/1.0" => self.old_version = true,
            _ => return bad(),
        }
        if target.len() > TARGET_BYTES_MAX {
            return Err(&problem::TARGET_TOO_LONG);
        }
        // All bytes are looked at, whatever they are: that goes many at a time.
        let odd = |byte: &u8| !matches!(byte, 0x21..=0x7e) | (*byte == b'#');
        let plain = !target.iter().fold(false, |found, byte| found | odd(byte));
        let fine = is_token(method) && target.first() == Some(&b'/') && plain;
        if fine { Ok(()) } else { bad() }
    }

    /// `name: value`; the name begins at once and the colon follows it at once.
    fn field(&mut self, line: &[u8]) -> Result<(), &'static Kind> {
        self.fields += 1;
        if self.fields > FIELDS_MAX {
            return Err(&problem::HEAD_TOO_LARGE);
        }
        let end = line.iter().position(|byte| !in_token(*byte)).unwrap_or(0);
        let (name, rest) = line.split_at(end);
        let Some((b':', value)) = rest.split_first() else { return bad() };
        if name.is_empty() {
            return bad();
        }
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => self.hosts += 1,
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                let length = content_length(trim(value)).ok_or(&problem::BAD_REQUEST)?;
                if self.length.replace(length).is_some() {
                    return bad();
                }
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                if self.chunked || !trim(value).eq_ignore_ascii_case(b"chunked") {
                    return bad();
                }
                self.chunked = true;
            }
            _ => {}
        }
        Ok(())
    }

    /// What follows this head.
    fn finish(self) -> Result<Place, &'static Kind> {
        let ambiguous = self.chunked && (self.length.is_some() || self.old_version);
        if self.hosts != 1 || ambiguous {
            return Err(&problem::BAD_REQUEST);
        }
        Ok(match (self.chunked, self.length) {
            (true, _) => Place::ChunkSize,
            (false, None | Some(0)) => Place::Head,
            (false, Some(length)) => Place::Body(length),
        })
    }
}

const fn bad<T>() -> Result<T, &'static Kind> {
    Err(&problem::BAD_REQUEST)
}

/// Takes at most `left` bytes off the front; says how many.
fn skip(rest: &mut &[u8], left: u64) -> u64 {
    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
    *rest = rest.get(taken..).unwrap_or_default();
    taken as u64
}

/// A field name or method (RFC 9110, section 5.6.2).
fn is_token(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| in_token(*byte))
}

fn in_token(byte: u8) -> bool {
    TOKEN.get(usize::from(byte)) == Some(&true)
}

fn is_field(line: &[u8]) -> bool {
    memchr::memchr(b':', line).is_some_and(|colon| is_token(line.get(..colon).unwrap_or_default()))
}

fn trim(value: &[u8]) -> &[u8] {
    let mut value = value;
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// Digits only, below 2^64.
fn content_length(value: &[u8]) -> Option<u64> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// Hexadecimal digits below 2^64, then nothing or an extension.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let end = line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(line.len());
    let (digits, extension) = line.split_at(end);
    if digits.is_empty() || !matches!(extension.first(), None | Some(b';')) {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses a bad index")]
static TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0u8;
    while byte < 128 {
        let token = byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'!' | b'#'
                    | b'$'
                    | b'%'
                    | b'&'
                    | b'\''
                    | b'*'
                    | b'+'
                    | b'-'
                    | b'.'
                    | b'^'
                    | b'_'
                    | b'`'
                    | b'|'
                    | b'~'
            );
        table[byte as usize] = token;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests;
