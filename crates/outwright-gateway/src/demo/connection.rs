//! One connection: requests in, scripts carried out. Every decision is [`Behaviour`](outwright_sim::demo::Behaviour)'s.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use outwright_sim::demo::{Act, Certificate, Early, Head, Welcome};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::Shared;
use super::line::Line;
use super::reader::{Framing, Reader, Unread};

/// Whether TLS is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Speech {
    /// It is not.
    Plain,
    /// It is.
    Tls,
}

/// Serves a connection to its end.
pub(super) async fn serve(shared: Arc<Shared>, stream: TcpStream, speech: Speech) {
    // Scripts decide what goes into one segment.
    let _set = stream.set_nodelay(true);
    let (number, welcome) = shared.tell(|behaviour, _| behaviour.connected());
    let open = Open::new(&shared);
    match welcome {
        Welcome::Instead(acts) => only(Line::Plain(stream), acts).await,
        Welcome::AfterHello(acts) => {
            let mut line = Line::Plain(stream);
            let mut hello = BytesMut::new();
            if line.read(&mut hello).await.is_ok_and(|read| read > 0) {
                only(line, acts).await;
            }
        }
        Welcome::Serve(certificate) => {
            if let Some(line) = speak(&shared, stream, speech, certificate).await {
                requests(&shared, line, number).await;
            }
        }
    }
    drop(open);
}

/// Counts a connection while it lives, also when its task is dropped.
struct Open<'a>(&'a Shared);

impl<'a> Open<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.opened(1);
        Self(shared)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.opened(-1);
    }
}

async fn speak(
    shared: &Shared,
    stream: TcpStream,
    speech: Speech,
    certificate: Certificate,
) -> Option<Line> {
    match speech {
        Speech::Plain => Some(Line::Plain(stream)),
        Speech::Tls => {
            let acceptor = TlsAcceptor::from(shared.authority.config(certificate)?);
            // A client that does not like the certificate leaves here: that is the fault's purpose.
            acceptor.accept(stream).await.ok().map(|stream| Line::Tls(Box::new(stream)))
        }
    }
}

async fn only(line: Line, acts: Vec<Act>) {
    let mut script = Script { line, reader: Reader::default(), body: None };
    match script.run(acts).await {
        Flow::Next => script.line.close().await,
        Flow::Over(act) => script.end(act).await,
    }
}

async fn requests(shared: &Shared, line: Line, connection: u64) {
    let mut script = Script { line, reader: Reader::default(), body: None };
    let unread = loop {
        match one_request(shared, &mut script, connection).await {
            Ok(Flow::Next) => {}
            Ok(Flow::Over(act)) => {
                script.end(act).await;
                break None;
            }
            Err(unread) => break Some((unread, script)),
        }
    };
    let part = match unread {
        Some((Unread::Part { head, body_bytes }, _)) => Some((head, body_bytes)),
        Some((Unread::Nonsense, mut script)) => {
            let acts = shared.tell(|behaviour, now| behaviour.nonsense(connection, now));
            if let Flow::Over(act) = script.run(acts).await {
                script.end(act).await;
            }
            None
        }
        Some((Unread::Gone, _)) | None => None,
    };
    shared.tell(|behaviour, now| behaviour.disconnected(connection, part, now));
}

async fn one_request(
    shared: &Shared,
    script: &mut Script,
    connection: u64,
) -> Result<Flow, Unread> {
    script.reader.stir(&mut script.line).await?;
    let first = shared.tell(|behaviour, _| behaviour.stirred(connection));
    if let over @ Flow::Over(_) = script.run(first).await {
        return Ok(over);
    }
    let (head, framing) = script.reader.head(&mut script.line).await?;
    match shared.tell(|behaviour, now| behaviour.head(connection, &head, now)) {
        Early::Answer(acts) => {
            script.body = Some((head, framing));
            Ok(script.run(acts).await)
        }
        Early::ReadBody(acts) => {
            if let over @ Flow::Over(_) = script.run(acts).await {
                return Ok(over);
            }
            let request = script.reader.body(&mut script.line, head, framing).await?;
            let acts = shared.tell(|behaviour, now| behaviour.request(connection, &request, now));
            Ok(script.run(acts).await)
        }
    }
}

/// Whether a connection goes on after a script.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Flow {
    /// The next request may come.
    Next,
    /// It ends, in this way; nothing when the peer ended it.
    Over(Option<Act>),
}

/// A line and what was read ahead from it.
struct Script {
    line: Line,
    reader: Reader,
    /// The head whose body was not read, while an early answer is on its way.
    body: Option<(Head, Framing)>,
}

impl Script {
    async fn run(&mut self, acts: Vec<Act>) -> Flow {
        for act in acts {
            let step = match act {
                Act::Write(bytes) => self.write(&bytes).await,
                Act::Drip { bytes, every } => self.drip(&bytes, every).await,
                Act::Repeat { bytes, every, times } => self.repeat(&bytes, every, times).await,
                Act::Pause(duration) => self.pause(duration).await,
                Act::Drain => self.drain().await,
                Act::Silence => {
                    self.reader.swallow(&mut self.line).await;
                    Flow::Over(None)
                }
                // The peer's end cannot be seen without reading: only the provider's own end, or time, ends it.
                Act::Freeze => {
                    tokio::time::sleep(FREEZE_MAX).await;
                    Flow::Over(None)
                }
                Act::Close | Act::Cut | Act::Reset => Flow::Over(Some(act)),
            };
            if step != Flow::Next {
                return step;
            }
        }
        Flow::Next
    }

    async fn end(self, act: Option<Act>) {
        match act {
            Some(Act::Close) => self.line.close().await,
            Some(Act::Cut) => self.line.cut(),
            Some(Act::Reset) => self.line.reset(),
            Some(_) | None => {}
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> Flow {
        match self.line.write(bytes).await {
            Ok(()) => Flow::Next,
            Err(_) => Flow::Over(None),
        }
    }

    async fn drip(&mut self, bytes: &[u8], every: Duration) -> Flow {
        for byte in bytes {
            if self.write(&[*byte]).await != Flow::Next || self.pause(every).await != Flow::Next {
                return Flow::Over(None);
            }
        }
        Flow::Next
    }

    async fn repeat(&mut self, bytes: &[u8], every: Duration, times: u64) -> Flow {
        for _ in 0..times {
            if self.write(bytes).await != Flow::Next || self.pause(every).await != Flow::Next {
                return Flow::Over(None);
            }
        }
        Flow::Next
    }

    /// Waits, and notices when the peer leaves meanwhile.
    async fn pause(&mut self, duration: Duration) -> Flow {
        if duration.is_zero() {
            return Flow::Next;
        }
        let gone = self.reader.watch(&mut self.line);
        match tokio::time::timeout(duration, gone).await {
            Ok(()) => Flow::Over(None),
            Err(_elapsed) => Flow::Next,
        }
    }

    async fn drain(&mut self) -> Flow {
        let Some((head, framing)) = self.body.take() else { return Flow::Next };
        match self.reader.body(&mut self.line, head, framing).await {
            Ok(_) => Flow::Next,
            Err(_) => Flow::Over(None),
        }
    }
}

/// How long a dead line is held; chosen, longer than any deadline of a test.
const FREEZE_MAX: Duration = Duration::from_secs(600);
