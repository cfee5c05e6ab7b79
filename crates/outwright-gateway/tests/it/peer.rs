//! A provider that knows bytes only: it keeps what it reads and answers what a test wrote.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A provider on a port of its own; every answer of its script is given once, the last one for ever.
pub(crate) struct Peer {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// A request as its bytes were, without its body, and the connection that it came on.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) connection: usize,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// What the provider says, and whether it closes after it.
#[derive(Clone, Debug)]
pub(crate) struct Says {
    pub(crate) bytes: Vec<u8>,
    pub(crate) then: Then,
}

/// What comes after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Stays,
    Closes,
}

impl Says {
    /// These bytes, on a connection that stays.
    pub(crate) fn raw(bytes: impl AsRef<[u8]>) -> Self {
        Self { bytes: bytes.as_ref().to_vec(), then: Then::Stays }
    }

    /// A 200 with a body and these further lines, each with its end.
    pub(crate) fn ok(fields: &str, body: &str) -> Self {
        let length = body.len();
        Self::raw(format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: {length}\r\n\r\n{body}"))
    }

    /// The same, and then the connection ends.
    pub(crate) fn closing(self) -> Self {
        Self { then: Then::Closes, ..self }
    }
}

impl Peer {
    /// Answers like this, whatever is asked.
    pub(crate) fn start(script: Vec<Says>) -> Self {
        Self::knowing(|_| script)
    }

    /// The same, with a script that names the port.
    pub(crate) fn knowing(script: impl FnOnce(u16) -> Vec<Says>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let script = script(address.port());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(Mutex::new(script));
        let all = Arc::clone(&seen);
        thread::spawn(move || {
            for (number, socket) in listener.incoming().enumerate() {
                let (seen, script) = (Arc::clone(&all), Arc::clone(&script));
                let socket = socket.unwrap();
                thread::spawn(move || serve(number + 1, socket, &seen, &script));
            }
        });
        Self { address, seen }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The requests that were read whole, in their order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The only request.
    pub(crate) fn only(&self) -> Seen {
        match self.seen().as_slice() {
            [one] => one.clone(),
            other => panic!("{} requests: {other:?}", other.len()),
        }
    }
}

impl Seen {
    /// The request line.
    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().unwrap()
    }

    /// Every value of a field.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let fields = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        fields.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }
}

fn serve(number: usize, mut socket: TcpStream, seen: &Mutex<Vec<Seen>>, script: &Mutex<Vec<Says>>) {
    let mut bytes = Vec::new();
    while let Some((head, body)) = request(&mut socket, &mut bytes) {
        let says = {
            let mut script = script.lock().unwrap();
            if script.len() > 1 { script.remove(0) } else { script[0].clone() }
        };
        seen.lock().unwrap().push(Seen { connection: number, head, body });
        if socket.write_all(&says.bytes).is_err() || says.then == Then::Closes {
            return;
        }
    }
}

/// The next request of a connection: lengths and chunks as plainly as they can be read.
fn request(socket: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<(String, Vec<u8>)> {
    let end = until(socket, bytes, |bytes| find(bytes, b"\r\n\r\n"))?;
    let rest = bytes.split_off(end + 4);
    let head = String::from_utf8_lossy(bytes).into_owned();
    *bytes = rest;
    let lower = head.to_ascii_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
    let body = if let Some(length) = length {
        let length: usize = length.trim().parse().unwrap();
        until(socket, bytes, |bytes| (bytes.len() >= length).then_some(0))?;
        bytes.drain(..length).collect()
    } else if lower.contains("transfer-encoding: chunked") {
        let end = until(socket, bytes, |bytes| find(bytes, b"0\r\n\r\n"))?;
        bytes.drain(..end + 5).collect()
    } else {
        Vec::new()
    };
    Some((head, body))
}

fn until(
    socket: &mut TcpStream,
    bytes: &mut Vec<u8>,
    found: impl Fn(&[u8]) -> Option<usize>,
) -> Option<usize> {
    let mut part = [0; 4_096];
    loop {
        if let Some(at) = found(bytes) {
            return Some(at);
        }
        match socket.read(&mut part) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&part[..count]),
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
