//! A small provider inside the benchmark: keeps connections, answers 1,024 bytes of JSON, remembers heads.
//!
//! It shows what a proxy really sent, and it serves the counted gates, so that those need no other server.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use super::talk;

/// Heads that are kept; later ones are answered and forgotten.
const HEADS_MAX: usize = 64;

/// A running provider; stops taking connections when dropped.
pub(crate) struct Capture {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
    stopped: Arc<AtomicBool>,
}

impl Capture {
    /// Starts on a free port of loopback.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub(crate) fn start() -> Result<Self, String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = listener.map_err(|e| format!("listen on loopback: {e}"))?;
        let port = listener.local_addr().map_err(|e| e.to_string())?.port();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let stopped = Arc::new(AtomicBool::new(false));
        let (kept, stop) = (Arc::clone(&heads), Arc::clone(&stopped));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let kept = Arc::clone(&kept);
                thread::spawn(move || serve(stream, &kept));
            }
        });
        Ok(Self { port, heads, stopped })
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Gives the heads that came since the last time.
    pub(crate) fn take(&self) -> Vec<String> {
        self.heads.lock().map(|mut heads| std::mem::take(&mut *heads)).unwrap_or_default()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        let _wake = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

/// Serves one connection until the other side ends it.
fn serve(mut stream: TcpStream, kept: &Mutex<Vec<String>>) {
    let reply = reply();
    let mut buffer = Vec::new();
    let mut chunk = [0; 8192];
    let _best_effort = stream.set_nodelay(true);
    loop {
        while let Some(end) = talk::head_end(&buffer) {
            let head: Vec<u8> = buffer.drain(..end).collect();
            if let Ok(mut heads) = kept.lock()
                && heads.len() < HEADS_MAX
            {
                heads.push(String::from_utf8_lossy(&head).into_owned());
            }
            if stream.write_all(&reply).is_err() {
                return;
            }
        }
        match stream.read(&mut chunk) {
            Ok(n) if n > 0 => buffer.extend_from_slice(chunk.get(..n).unwrap_or_default()),
            Ok(_) | Err(_) => return,
        }
    }
}

/// Exactly 1,024 bytes of JSON.
pub(crate) fn body() -> String {
    let (before, after) = ("{\"id\":42,\"object\":\"thing\",\"note\":\"", "\"}");
    let fill = 1024 - before.len() - after.len();
    format!("{before}{}{after}", "x".repeat(fill))
}

fn reply() -> Vec<u8> {
    let body = body();
    let head = "HTTP/1.1 200 OK\r\nServer: capture\r\nContent-Type: application/json\r\n";
    format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_has_the_promised_length() {
        assert_eq!(body().len(), 1024);
        assert!(serde_json::from_str::<serde_json::Value>(&body()).is_ok());
    }

    #[test]
    fn a_call_is_answered_and_its_head_kept() {
        let capture = Capture::start().expect("a port on loopback");
        let mut line = talk::Line::connect(capture.port()).expect("it listens");
        let reply = line.call(&talk::request(capture.port(), "")).expect("it answers 200");
        assert_eq!(reply.body_bytes, 1024);
        let heads = capture.take();
        assert!(heads.iter().any(|h| h.starts_with("GET /v1/things/42?page=2 HTTP/1.1\r\n")));
    }
}
