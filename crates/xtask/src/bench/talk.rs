//! The benchmark's own HTTP/1.1 caller: one kept connection, one call at a time, every reply checked.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// Longest wait for anything on the wire (chosen: far above every timeout of the peers).
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest reply that is read, in bytes; the provider sends about 1.3 KiB.
const REPLY_BYTES_MAX: usize = 64 * 1024;

/// Path that the provider must read.
pub(crate) const PROVIDER_PATH: &str = "/v1/things/42?page=2";
/// Header fields of every request besides `Host`: what a small service sends.
pub(crate) const FIELDS: [(&str, &str); 4] = [
    ("User-Agent", "bench/1"),
    ("Accept", "application/json"),
    ("Accept-Encoding", "identity"),
    ("X-Tenant", "tenant-0042"),
];

/// The request to a target on this port; `prefix` is `/bench` towards a proxy and empty towards the provider.
pub(crate) fn request(port: u16, prefix: &str) -> Vec<u8> {
    let mut text = format!("GET {prefix}{PROVIDER_PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n");
    for (name, value) in FIELDS {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.into_bytes()
}

/// A request with a body of so many bytes, to a target on this port.
pub(crate) fn post(port: u16, bytes: usize) -> Vec<u8> {
    let mut text = format!(
        "POST /bench/v1/things HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {bytes}\r\n"
    );
    for (name, value) in FIELDS {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.push_str(&"x".repeat(bytes));
    text.into_bytes()
}

/// One kept connection.
pub(crate) struct Line {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// A reply that was read whole.
pub(crate) struct Reply {
    /// Its status code.
    pub status: u16,
    /// Its head as text.
    pub head: String,
    /// Length of its body.
    pub body_bytes: usize,
}

impl Line {
    /// Connects to a port on loopback.
    ///
    /// # Errors
    ///
    /// When nobody listens.
    pub(crate) fn connect(port: u16) -> Result<Self, String> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let stream = TcpStream::connect_timeout(&address, PATIENCE);
        let stream = stream.map_err(|e| format!("connect to {address}: {e}"))?;
        let ready = stream.set_nodelay(true).and_then(|()| stream.set_read_timeout(Some(PATIENCE)));
        ready.map_err(|e| format!("prepare a connection: {e}"))?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// Sends a request.
    ///
    /// # Errors
    ///
    /// When the connection is gone.
    pub(crate) fn send(&mut self, request: &[u8]) -> Result<(), String> {
        self.stream.write_all(request).map_err(|e| format!("send a request: {e}"))
    }

    /// Reads one reply.
    ///
    /// # Errors
    ///
    /// When it is malformed, without length, or does not come.
    pub(crate) fn reply(&mut self) -> Result<Reply, String> {
        self.buffer.clear();
        let head_bytes = loop {
            if let Some(end) = head_end(&self.buffer) {
                break end;
            }
            self.read_more()?;
        };
        let head = self.buffer.get(..head_bytes).unwrap_or_default();
        let head = String::from_utf8_lossy(head).into_owned();
        let length = field(&head, "content-length").and_then(|v| v.parse::<usize>().ok());
        let body_bytes = length.ok_or_else(|| format!("a reply without length: {head}"))?;
        while self.buffer.len() < head_bytes + body_bytes {
            self.read_more()?;
        }
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok());
        let status = status.ok_or_else(|| format!("a reply without status: {head}"))?;
        Ok(Reply { status, head, body_bytes })
    }

    /// One call that must succeed.
    ///
    /// # Errors
    ///
    /// When the status is not 200.
    pub(crate) fn call(&mut self, request: &[u8]) -> Result<Reply, String> {
        self.send(request)?;
        self.good_reply()
    }

    /// Reads a reply that must be 200.
    ///
    /// # Errors
    ///
    /// When it is not.
    pub(crate) fn good_reply(&mut self) -> Result<Reply, String> {
        let reply = self.reply()?;
        if reply.status == 200 { Ok(reply) } else { Err(format!("not 200 but {}", reply.head)) }
    }

    fn read_more(&mut self) -> Result<(), String> {
        let mut chunk = [0; 8192];
        match self.stream.read(&mut chunk) {
            Ok(0) => Err("the connection ended within a reply".to_owned()),
            Ok(n) if self.buffer.len() + n <= REPLY_BYTES_MAX => {
                self.buffer.extend_from_slice(chunk.get(..n).unwrap_or_default());
                Ok(())
            }
            Ok(_) => Err("a reply that is too large".to_owned()),
            Err(e) => Err(format!("read a reply: {e}")),
        }
    }
}

/// Where a head ends, with its empty line.
pub(crate) fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4)
}

/// The value of a header field in a head.
pub(crate) fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let of = |line: &'a str| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    };
    head.lines().skip(1).find_map(of)
}

/// A bounded, repeatable load: waves of one request per connection, each wave read to its end.
///
/// # Errors
///
/// When a reply is not 200.
pub(crate) fn drive(port: u16, connections: usize, waves: usize) -> Result<usize, String> {
    let request = request(port, "/bench");
    let mut lines: Vec<Line> =
        (0..connections).map(|_| Line::connect(port)).collect::<Result<_, _>>()?;
    for _ in 0..waves {
        for line in &mut lines {
            line.send(&request)?;
        }
        for line in &mut lines {
            line.good_reply()?;
        }
    }
    Ok(connections * waves)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_any_case() {
        let head = "HTTP/1.1 200 OK\r\ncontent-LENGTH:  12 \r\n\r\n";
        assert_eq!(field(head, "Content-Length"), Some("12"));
        assert_eq!(field(head, "Host"), None);
        assert_eq!(head_end(head.as_bytes()), Some(head.len()));
    }
}
