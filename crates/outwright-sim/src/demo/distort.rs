//! From an answer and the fault that it meets to the script of what goes over the wire.

use std::time::Duration;

use bytes::Bytes;

use super::act::{Act, ENDLESS};
use super::bomb::Bomb;
use super::fault::{AtConnect, Ending, Endless, Expectation, Fault, Part, Upload};
use super::reply::{Reply, status_line};
use super::request::Head;

/// Bytes of one piece of an endless body.
const PIECE: usize = 16 * 1024;

/// The answer as it should be.
pub(super) fn usual(reply: &Reply, head: &Head) -> Vec<Act> {
    let closing = if head.wants_close() { "Connection: close\r\n" } else { "" };
    let mut acts = match reply.pace {
        Some(every) if head.method != "HEAD" => paced(reply, every, closing),
        Some(_) | None => {
            let mut bytes = reply.usual_head(closing).into_bytes();
            if head.method != "HEAD" && !reply.bodiless() {
                bytes.extend_from_slice(&reply.body);
            }
            vec![write(bytes)]
        }
    };
    if head.wants_close() {
        acts.push(Act::Close);
    }
    acts
}

/// Events of a stream: one chunk each, with a pause after it.
fn paced(reply: &Reply, every: Duration, closing: &str) -> Vec<Act> {
    let head = reply.head(&format!("{closing}Transfer-Encoding: chunked"));
    let body = String::from_utf8_lossy(&reply.body);
    let mut acts = vec![write(head)];
    for event in body.split_inclusive("\n\n") {
        acts.push(write(chunk(event)));
        acts.push(Act::Pause(every));
    }
    acts.push(write("0\r\n\r\n"));
    acts
}

/// The answer as this fault makes it.
pub(super) fn under(fault: &Fault, reply: &Reply, head: &Head) -> Vec<Act> {
    match fault {
        Fault::Unanswered { ending, .. } => vec![end(*ending)],
        Fault::Silent { .. } => vec![Act::Silence],
        Fault::BlackHole { .. } => vec![Act::Freeze],
        Fault::EndAfterHead { ending } => {
            // The pause lets the head arrive: RST overtakes and destroys what the peer has not read.
            vec![write(reply.usual_head("")), Act::Pause(Duration::from_millis(100)), end(*ending)]
        }
        Fault::ShortBody { missing_bytes } => {
            let kept = reply.body.len().saturating_sub(*missing_bytes);
            let mut bytes = reply.usual_head("").into_bytes();
            bytes.extend_from_slice(&reply.body.slice(..kept));
            vec![write(bytes), Act::Close]
        }
        Fault::Drip { every, part } => drip(reply, *every, *part),
        Fault::Unsolicited { after } => unsolicited(reply, head, *after),
        Fault::HeaderFlood { fields } => {
            let lines: String = (0..*fields).map(|n| format!("X-Flood-{n}: {n}\r\n")).collect();
            usual_with(reply, &lines)
        }
        Fault::LongLine { bytes } => {
            usual_with(reply, &format!("X-Long: {}\r\n", "l".repeat(*bytes)))
        }
        Fault::EndlessHead { every } => {
            vec![write(reply.lines()), repeat("X-Endless: again\r\n", *every)]
        }
        Fault::EndlessInterim { every } => {
            vec![repeat(format!("{}\r\n", status_line(103)), *every)]
        }
        Fault::Interim { statuses } => {
            let interim = |status: &u16| write(format!("{}\r\n", status_line(*status)));
            statuses.iter().map(interim).chain(usual(reply, head)).collect()
        }
        Fault::GzipBomb { decoded_bytes } => gzip_bomb(reply, *decoded_bytes),
        Fault::EndlessBody { framing, every } => endless_body(reply, *framing, *every),
        Fault::SlowTrailers { every } => trailers(reply, "X-Checksum: 1234\r\n\r\n", *every),
        Fault::ForbiddenTrailers => trailers(
            reply,
            "Content-Length: 1\r\nTransfer-Encoding: chunked\r\nAuthorization: Bearer t\r\n\
             RateLimit: \"demo\";r=0;t=60\r\nSet-Cookie: a=b\r\nX-Checksum: 1234\r\n\r\n",
            Duration::ZERO,
        ),
        Fault::Malformed { case } => case.acts(reply),
        Fault::CloseDelimited { ending } => {
            let mut bytes = reply.head("Connection: close").into_bytes();
            bytes.extend_from_slice(&reply.body);
            vec![write(bytes), end(*ending)]
        }
        Fault::ConnectionClose => {
            let mut acts = usual_with(reply, "Connection: close\r\n");
            acts.push(Act::Close);
            acts
        }
        // Their answer is an ordinary one, later or with another status, or their moment is another one.
        Fault::Slow { .. }
        | Fault::Status { .. }
        | Fault::Redirect { .. }
        | Fault::Echo { .. }
        | Fault::EndOnNext { .. }
        | Fault::Expect { .. }
        | Fault::EarlyFinal { .. }
        | Fault::AtConnect { .. } => usual(reply, head),
    }
}

/// What an `Expect` fault or an early answer does when the head is in: steps, and the status they carry.
pub(super) fn early(fault: &Fault) -> Option<(Vec<Act>, u16)> {
    let answer = |status: u16, closing: &str| {
        let reply = Reply::error(status, "early_answer", "answered before the body was read");
        let mut bytes = reply.usual_head(closing).into_bytes();
        bytes.extend_from_slice(&reply.body);
        write(bytes)
    };
    let closing = "Connection: close\r\n";
    if let Fault::EarlyFinal { status, then } = fault {
        let acts = match then {
            Upload::Drain => vec![answer(*status, ""), Act::Drain],
            Upload::Close => vec![answer(*status, closing), Act::Close],
            Upload::StopReading => vec![answer(*status, ""), Act::Freeze],
        };
        return Some((acts, *status));
    }
    let Fault::Expect { how } = fault else { return None };
    match how {
        Expectation::Ignore => None,
        Expectation::Refuse => Some((vec![answer(417, ""), Act::Drain], 417)),
        Expectation::FinalInstead => Some((vec![answer(401, closing), Act::Close], 401)),
    }
}

/// What happens to a new connection on the level of TCP; certificates are another matter.
pub(super) fn at_connect(how: AtConnect) -> Welcome {
    // A TLS 1.2 record of the fatal alert 40, handshake_failure (RFC 8446 section 6).
    const ALERT: &[u8] = &[21, 3, 3, 0, 2, 2, 40];
    let garbage = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    match how {
        AtConnect::Reset => Welcome::Instead(vec![Act::Reset]),
        AtConnect::Close => Welcome::Instead(vec![Act::Close]),
        AtConnect::Silent => Welcome::Instead(vec![Act::Freeze]),
        AtConnect::TlsStall => Welcome::AfterHello(vec![Act::Silence]),
        AtConnect::TlsClose => Welcome::AfterHello(vec![Act::Close]),
        AtConnect::TlsGarbage => Welcome::AfterHello(vec![write(garbage), Act::Close]),
        AtConnect::TlsAlert => {
            Welcome::AfterHello(vec![Act::Write(Bytes::from_static(ALERT)), Act::Close])
        }
        AtConnect::CertExpired => Welcome::Serve(Certificate::Expired),
        AtConnect::CertNotYetValid => Welcome::Serve(Certificate::NotYetValid),
        AtConnect::CertWrongHost => Welcome::Serve(Certificate::WrongHost),
        AtConnect::CertSelfSigned => Welcome::Serve(Certificate::SelfSigned),
        AtConnect::CertUntrustedRoot => Welcome::Serve(Certificate::UntrustedRoot),
    }
}

/// How a new connection is received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Welcome {
    /// Requests are served; under TLS with this certificate.
    Serve(Certificate),
    /// These steps and nothing else, before a byte is read.
    Instead(Vec<Act>),
    /// These steps and nothing else, after the first bytes (under TLS the `ClientHello`) were read.
    AfterHello(Vec<Act>),
}

/// Which certificate is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certificate {
    /// The good one.
    Good,
    /// Its time is over.
    Expired,
    /// Its time has not begun.
    NotYetValid,
    /// It names another host.
    WrongHost,
    /// It signed itself.
    SelfSigned,
    /// Its authority is unknown.
    UntrustedRoot,
}

pub(super) fn end(ending: Ending) -> Act {
    match ending {
        Ending::Close => Act::Close,
        Ending::Cut => Act::Cut,
        Ending::Reset => Act::Reset,
    }
}

fn write(bytes: impl Into<Bytes>) -> Act {
    Act::Write(bytes.into())
}

fn repeat(bytes: impl Into<Bytes>, every: Duration) -> Act {
    Act::Repeat { bytes: bytes.into(), every, times: ENDLESS }
}

fn chunk(data: &str) -> String {
    format!("{:x}\r\n{data}\r\n", data.len())
}

fn usual_with(reply: &Reply, lines: &str) -> Vec<Act> {
    let mut bytes = reply.usual_head(lines).into_bytes();
    bytes.extend_from_slice(&reply.body);
    vec![write(bytes)]
}

fn drip(reply: &Reply, every: Duration, part: Part) -> Vec<Act> {
    let head = Bytes::from(reply.usual_head(""));
    let body = Act::Drip { bytes: reply.body.clone(), every };
    match part {
        Part::Whole => vec![Act::Drip { bytes: head, every }, body],
        Part::Body => vec![Act::Write(head), body],
    }
}

fn unsolicited(reply: &Reply, head: &Head, after: Duration) -> Vec<Act> {
    let poison = Reply::error(200, "poison", "nobody asked for this answer");
    let mut second = poison.usual_head("").into_bytes();
    second.extend_from_slice(&poison.body);
    let mut acts = usual(reply, head);
    match acts.last_mut() {
        Some(Act::Write(first)) if after.is_zero() => {
            let mut both = first.to_vec();
            both.extend_from_slice(&second);
            *first = Bytes::from(both);
        }
        Some(_) | None => acts.extend([Act::Pause(after), write(second)]),
    }
    acts
}

fn gzip_bomb(reply: &Reply, decoded_bytes: u64) -> Vec<Act> {
    let bomb = Bomb::of(decoded_bytes);
    let head = reply.head(&format!("Content-Encoding: gzip\r\nContent-Length: {}", bomb.len()));
    vec![
        write(head),
        Act::Write(bomb.start),
        Act::Repeat { bytes: bomb.pattern, every: Duration::ZERO, times: bomb.times },
        Act::Write(bomb.end),
    ]
}

fn endless_body(reply: &Reply, framing: Endless, every: Duration) -> Vec<Act> {
    let piece = "x".repeat(PIECE);
    match framing {
        Endless::Chunked => {
            vec![write(reply.head("Transfer-Encoding: chunked")), repeat(chunk(&piece), every)]
        }
        Endless::UntilClose => {
            vec![write(reply.head("Connection: close")), repeat(piece, every)]
        }
    }
}

fn trailers(reply: &Reply, fields: &str, every: Duration) -> Vec<Act> {
    let body = String::from_utf8_lossy(&reply.body);
    let head = reply.head("Trailer: X-Checksum\r\nTransfer-Encoding: chunked");
    let before = write(format!("{head}{}0\r\n", chunk(&body)));
    let fields = Bytes::copy_from_slice(fields.as_bytes());
    if every.is_zero() {
        vec![before, Act::Write(fields)]
    } else {
        vec![before, Act::Drip { bytes: fields, every }]
    }
}
