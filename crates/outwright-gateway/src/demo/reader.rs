//! Reading requests below any HTTP library: the demo provider must see what really arrived.

use std::io;

use bytes::{Buf, Bytes, BytesMut};
use outwright_sim::demo::{Head, Request};

use super::line::Line;

/// The longest head that is read; chosen, above what any client sends by accident.
const HEAD_BYTES_MAX: usize = 1 << 20;
/// The longest body that is kept; chosen.
const BODY_BYTES_MAX: usize = 64 << 20;
/// The longest chunk-size line, extensions included; chosen.
const CHUNK_LINE_MAX: usize = 4096;
/// The most header fields; chosen.
const FIELDS_MAX: usize = 512;

/// The bytes of a connection that were read and not yet understood.
#[derive(Default)]
pub(super) struct Reader {
    buffer: BytesMut,
}

/// How a body is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length(usize),
    Chunked,
}

/// Why no request came out.
#[derive(Debug)]
pub(super) enum Unread {
    /// The peer left between requests.
    Gone,
    /// The peer left, or the line broke, within a request.
    Part {
        /// The head, where it was whole.
        head: Option<Head>,
        /// How many bytes of the body arrived.
        body_bytes: usize,
    },
    /// The bytes are no request.
    Nonsense,
}

impl Reader {
    /// Waits until there is at least one byte.
    pub(super) async fn stir(&mut self, line: &mut Line) -> Result<(), Unread> {
        while self.buffer.is_empty() {
            if self.fill(line).await.map_or(true, |read| read == 0) {
                return Err(Unread::Gone);
            }
        }
        Ok(())
    }

    /// Reads a request's head.
    pub(super) async fn head(&mut self, line: &mut Line) -> Result<(Head, Framing), Unread> {
        loop {
            match parse(&self.buffer) {
                Ok(Some((length, head))) => {
                    self.buffer.advance(length);
                    let framing = framing(&head).ok_or(Unread::Nonsense)?;
                    return Ok((head, framing));
                }
                Ok(None) if self.buffer.len() < HEAD_BYTES_MAX => {}
                Ok(None) | Err(()) => return Err(Unread::Nonsense),
            }
            if self.fill(line).await.map_or(true, |read| read == 0) {
                return Err(Unread::Part { head: None, body_bytes: 0 });
            }
        }
    }

    /// Reads the body that belongs to this head.
    pub(super) async fn body(
        &mut self,
        line: &mut Line,
        head: Head,
        framing: Framing,
    ) -> Result<Request, Unread> {
        let mut body = BytesMut::new();
        let whole = match framing {
            Framing::Length(length) if length > BODY_BYTES_MAX => return Err(Unread::Nonsense),
            Framing::Length(length) => self.exactly(line, length, &mut body).await,
            Framing::Chunked => self.chunks(line, &mut body).await,
        };
        match whole {
            Ok(()) => Ok(Request { head, body: body.freeze() }),
            Err(Broken::Line) => Err(Unread::Part { head: Some(head), body_bytes: body.len() }),
            Err(Broken::Framing) => Err(Unread::Nonsense),
        }
    }

    /// Reads and throws away whatever comes until the peer leaves.
    pub(super) async fn swallow(&mut self, line: &mut Line) {
        loop {
            self.buffer.clear();
            if self.fill(line).await.map_or(true, |read| read == 0) {
                return;
            }
        }
    }

    /// Reads ahead a little, to notice when the peer leaves; returns only then.
    pub(super) async fn watch(&mut self, line: &mut Line) {
        loop {
            if self.buffer.len() >= HEAD_BYTES_MAX {
                std::future::pending::<()>().await;
            }
            if self.fill(line).await.map_or(true, |read| read == 0) {
                return;
            }
        }
    }

    async fn fill(&mut self, line: &mut Line) -> io::Result<usize> {
        line.read(&mut self.buffer).await
    }

    async fn exactly(
        &mut self,
        line: &mut Line,
        length: usize,
        body: &mut BytesMut,
    ) -> Result<(), Broken> {
        let end = body.len() + length;
        while body.len() < end {
            if self.buffer.is_empty() && self.fill(line).await.map_or(true, |read| read == 0) {
                return Err(Broken::Line);
            }
            let take = self.buffer.len().min(end - body.len());
            body.extend_from_slice(&self.buffer.split_to(take));
        }
        Ok(())
    }

    async fn chunks(&mut self, line: &mut Line, body: &mut BytesMut) -> Result<(), Broken> {
        loop {
            let text = self.text_line(line).await?;
            let size = text.split(|byte| *byte == b';').next().unwrap_or_default();
            let size = std::str::from_utf8(size).map_err(|_| Broken::Framing)?.trim();
            let size = usize::from_str_radix(size, 16).map_err(|_| Broken::Framing)?;
            if body.len().saturating_add(size) > BODY_BYTES_MAX {
                return Err(Broken::Framing);
            }
            if size == 0 {
                break;
            }
            self.exactly(line, size, body).await?;
            if !self.text_line(line).await?.is_empty() {
                return Err(Broken::Framing);
            }
        }
        // Trailers end at an empty line.
        while !self.text_line(line).await?.is_empty() {}
        Ok(())
    }

    /// A line without its CRLF.
    async fn text_line(&mut self, line: &mut Line) -> Result<Bytes, Broken> {
        loop {
            if let Some(end) = memchr::memmem::find(&self.buffer, b"\r\n") {
                let text = self.buffer.split_to(end).freeze();
                self.buffer.advance(2);
                return Ok(text);
            }
            if self.buffer.len() > CHUNK_LINE_MAX {
                return Err(Broken::Framing);
            }
            if self.fill(line).await.map_or(true, |read| read == 0) {
                return Err(Broken::Line);
            }
        }
    }
}

enum Broken {
    Line,
    Framing,
}

/// The head at the start of these bytes and its length, once it is whole.
fn parse(bytes: &[u8]) -> Result<Option<(usize, Head)>, ()> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut request = httparse::Request::new(&mut fields);
    match request.parse(bytes).map_err(|_| ())? {
        httparse::Status::Partial => Ok(None),
        httparse::Status::Complete(length) => {
            let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
            let headers =
                request.headers.iter().map(|h| (h.name.to_owned(), text(h.value))).collect();
            let head = Head {
                method: request.method.unwrap_or_default().to_owned(),
                target: request.path.unwrap_or_default().to_owned(),
                minor: request.version.unwrap_or(1),
                headers,
            };
            Ok(Some((length, head)))
        }
    }
}

/// How the body is framed; nothing when head and body cannot be told apart safely (RFC 9112 section 6.3).
fn framing(head: &Head) -> Option<Framing> {
    match (head.header("transfer-encoding"), head.header("content-length")) {
        (Some(_), Some(_)) => None,
        (Some(coding), None) => {
            coding.trim().eq_ignore_ascii_case("chunked").then_some(Framing::Chunked)
        }
        (None, Some(length)) if length.bytes().all(|byte| byte.is_ascii_digit()) => {
            length.parse().ok().map(Framing::Length)
        }
        (None, Some(_)) => None,
        (None, None) => Some(Framing::Length(0)),
    }
}
