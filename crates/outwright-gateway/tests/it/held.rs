//! A provider that the test itself is: it sees each request, and says when and what is answered.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::peer::{Peer, Says};
use crate::stage::LONG;

/// A port on which requests arrive and wait.
pub(crate) struct Held {
    listener: TcpListener,
    /// The port that a stage is set up before, and that its contract then leaves for this one.
    pub(crate) peer: Peer,
}

/// One end of a conversation of bytes.
pub(crate) struct End(pub(crate) TcpStream);

impl Held {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self { listener, peer: Peer::start(vec![Says::ok("", "not asked")]) }
    }

    /// The contract of a stage before [`Held::peer`], with this provider and times in which nothing on loopback is late.
    pub(crate) fn calm(&self, contract: &str) -> String {
        let here = self.listener.local_addr().unwrap().port();
        contract
            .replace("first_byte: 1s, idle: 1s, attempt: 2s, total: 10s", CALM)
            .replace(&format!("127.0.0.1:{}", self.peer.port()), &format!("127.0.0.1:{here}"))
    }

    /// The next request: its connection, and its head.
    pub(crate) fn arrives(&self) -> (End, String) {
        let mut end = End::of(self.listener.accept().unwrap().0);
        let head = end.until("\r\n\r\n");
        (end, head)
    }

    /// Nothing else has arrived.
    pub(crate) fn is_idle(&self) {
        self.listener.set_nonblocking(true).unwrap();
        let arrived = self.listener.accept();
        self.listener.set_nonblocking(false).unwrap();
        let kind = arrived.expect_err("a request that was not to be sent").kind();
        assert_eq!(kind, ErrorKind::WouldBlock);
    }
}

/// Longer than [`LONG`], so that no timeout ends what a caller that leaves has to end.
const CALM: &str = "first_byte: 40s, idle: 40s, attempt: 45s, total: 200s";

impl End {
    pub(crate) fn of(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.set_write_timeout(Some(LONG)).unwrap();
        Self(stream)
    }

    /// A caller who asks for this and then waits.
    pub(crate) fn asks(to: SocketAddr, line: &str, fields: &[&str]) -> Self {
        let mut caller = Self::of(TcpStream::connect(to).unwrap());
        let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
        caller.says(format!("{line} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n{fields}\r\n"));
        caller
    }

    pub(crate) fn says(&mut self, text: impl AsRef<[u8]>) {
        self.0.write_all(text.as_ref()).unwrap();
    }

    /// Says this, and closes.
    pub(crate) fn ends(mut self, text: impl AsRef<[u8]>) {
        self.says(text);
    }

    /// What comes until this does.
    pub(crate) fn until(&mut self, mark: &str) -> String {
        let mut text = Vec::new();
        while !text.ends_with(mark.as_bytes()) {
            let mut byte = [0];
            let bytes = self.0.read(&mut byte).unwrap();
            assert_eq!(bytes, 1, "{mark:?} does not come: {}", String::from_utf8_lossy(&text));
            text.push(byte[0]);
        }
        String::from_utf8(text).unwrap()
    }

    /// All that comes.
    pub(crate) fn rest(&mut self) -> String {
        let mut text = Vec::new();
        // A reset after the answer loses nothing that a test looks at.
        let _ended = self.0.read_to_end(&mut text);
        String::from_utf8(text).unwrap()
    }

    /// The other side goes away.
    pub(crate) fn is_left(&mut self) {
        let began = Instant::now();
        let mut byte = [0];
        self.0.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        loop {
            match self.0.read(&mut byte) {
                Ok(0) => return,
                Ok(_) => panic!("more than a request came"),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return,
                Err(_) => assert!(began.elapsed() < LONG, "it stays"),
            }
        }
    }
}

/// A 200 with these lines, each with its end, on a connection that ends after it.
pub(crate) fn good(fields: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\n{fields}Content-Length: {length}\r\n\r\n{body}"
    )
}

/// A contract whose reads are coalesced.
pub(crate) fn coalesced(contract: &str) -> String {
    let all = contract.replace("    fallback: none", "    fallback: none\n    coalesce: allowed");
    let options = "request: OPTIONS /v1/charges\n    needs: [all]\n    fallback: none\n";
    all.replace(&format!("{options}    coalesce: allowed"), options.trim_end())
}
