//! A proxy between outwright and a peer: it counts what arrives, and fails when a test says so.
//!
//! One request per connection, each answer to the end of its connection: the peers are all asked to close.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::thread;

/// What becomes of a request.
pub(super) enum Does {
    /// It goes to the peer, and the answer comes back as it is.
    Passes,
    /// The same, with these texts of the answer replaced; its length is put right.
    Renames(Vec<(String, String)>),
    /// The same, one server-sent event for each permit.
    Steps(Receiver<()>),
    /// It goes to the peer, which answers; nobody hears of it.
    Loses,
    /// This is the answer, and the peer is not asked.
    Says(String),
}

/// The proxy of one peer.
pub(super) struct Between {
    pub(super) address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Between {
    /// Before a peer; the rule is asked with the request's head.
    pub(super) fn before(
        peer: SocketAddr,
        rule: impl Fn(&str) -> Does + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (seen, rule) = (Arc::clone(&heads), Arc::new(rule));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let (seen, rule) = (Arc::clone(&seen), Arc::clone(&rule));
                thread::spawn(move || serve(stream, peer, &seen, &*rule));
            }
        });
        Self { address, heads }
    }

    /// The heads of the requests with this method, in their order.
    pub(super) fn heads(&self, method: &str) -> Vec<String> {
        let heads = self.heads.lock().unwrap();
        heads.iter().filter(|head| head.starts_with(&format!("{method} "))).cloned().collect()
    }

    /// How many requests with this method arrived.
    pub(super) fn count(&self, method: &str) -> usize {
        self.heads(method).len()
    }
}

/// A failure of the provider, as JSON.
pub(super) fn says(status: &str, body: &str) -> Does {
    Does::Says(format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    ))
}

fn serve(
    mut caller: TcpStream,
    peer: SocketAddr,
    seen: &Mutex<Vec<String>>,
    rule: &(dyn Fn(&str) -> Does + Send + Sync),
) {
    let Some((head, body)) = request(&mut caller) else { return };
    seen.lock().unwrap().push(head.clone());
    let does = rule(&head);
    if let Does::Says(answer) = &does {
        let _gone = caller.write_all(answer.as_bytes());
        return;
    }
    let Ok(mut onward) = TcpStream::connect(peer) else { return };
    let fields = head.split("\r\n").filter(|line| !line.to_lowercase().starts_with("connection:"));
    let head = fields.collect::<Vec<_>>().join("\r\n");
    let asked = head.replacen("\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1).into_bytes();
    if onward.write_all(&[asked, body].concat()).is_err() {
        return;
    }
    let mut answer = Vec::new();
    match does {
        Does::Says(_) => {}
        Does::Steps(permits) => step_by_step(&mut onward, &mut caller, &permits),
        Does::Passes => {
            let _gone = std::io::copy(&mut onward, &mut caller);
        }
        Does::Renames(names) => {
            onward.read_to_end(&mut answer).unwrap();
            let _gone = caller.write_all(&renamed(&answer, &names));
        }
        Does::Loses => {
            // The peer has committed: its answer is complete.
            onward.read_to_end(&mut answer).unwrap();
            let _closed = caller.shutdown(Shutdown::Both);
        }
    }
}

/// A request with a length, in chunks, or without a body.
fn request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let head = until(stream, b"\r\n\r\n")?;
    let head = String::from_utf8(head).ok()?;
    let lower = head.to_lowercase();
    if lower.contains("transfer-encoding: chunked") {
        return Some((head, until(stream, b"0\r\n\r\n")?));
    }
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length = length.and_then(|value| value.trim().parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((head, body))
}

fn until(stream: &mut TcpStream, end: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut byte = [0_u8; 1];
    while !bytes.ends_with(end) {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        bytes.push(byte[0]);
    }
    Some(bytes)
}

/// A whole answer with other names in it: its length is that of the new body, its chunks are one.
fn renamed(answer: &[u8], names: &[(String, String)]) -> Vec<u8> {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return answer.to_vec() };
    let rename =
        |text: &str| names.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    let body = rename(body);
    let framing = |line: &&str| !line.to_lowercase().starts_with("content-length:");
    let head = head.split("\r\n").filter(framing).collect::<Vec<_>>().join("\r\n");
    format!("{}\r\nContent-Length: {}\r\n\r\n{body}", rename(&head), body.len()).into_bytes()
}

/// Hands an event on only when the one before it was seen by who asked for it.
fn step_by_step(from: &mut TcpStream, to: &mut TcpStream, permits: &Receiver<()>) {
    let Some(head) = until(from, b"\r\n\r\n") else { return };
    if to.write_all(&head).is_err() {
        return;
    }
    let mut event = Vec::new();
    let mut byte = [0_u8; 1];
    while from.read(&mut byte).is_ok_and(|count| count > 0) {
        event.push(byte[0]);
        if event.ends_with(b"\n\n") {
            if permits.recv().is_err() || to.write_all(&event).is_err() {
                return;
            }
            event.clear();
        }
    }
    // What ends the body is no event.
    let _gone = to.write_all(&event);
}
