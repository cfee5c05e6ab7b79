//! A small provider inside the benchmark: keeps connections, answers 1,024 bytes of JSON, remembers heads.
//!
//! It shows what a proxy really sent, and it serves the counted gates, so that those need no other server.
//! One that holds keeps its replies back until it is told to give them.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use super::talk;

/// Heads that are kept; later ones are answered and forgotten.
const HEADS_MAX: usize = 64;

/// A running provider; stops taking connections when dropped.
pub(crate) struct Capture {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
    stopped: Arc<AtomicBool>,
    held: Arc<Held>,
}

/// What a provider that holds its replies back has heard, and whether it goes on holding.
#[derive(Default)]
struct Held {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    holds: bool,
    arrived: usize,
}

/// Longest wait for calls to arrive (chosen: far above what a thousand take on a busy machine).
const PATIENCE: Duration = Duration::from_secs(60);

impl Capture {
    /// Starts on a free port of loopback.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub(crate) fn start() -> Result<Self, String> {
        Self::with(Held::default())
    }

    /// Starts one that keeps its replies back.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub(crate) fn holding() -> Result<Self, String> {
        let state = Mutex::new(State { holds: true, arrived: 0 });
        Self::with(Held { state, changed: Condvar::new() })
    }

    fn with(held: Held) -> Result<Self, String> {
        let held = Arc::new(held);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = listener.map_err(|e| format!("listen on loopback: {e}"))?;
        let port = listener.local_addr().map_err(|e| e.to_string())?.port();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let stopped = Arc::new(AtomicBool::new(false));
        let (kept, stop, hold) = (Arc::clone(&heads), Arc::clone(&stopped), Arc::clone(&held));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let (kept, hold) = (Arc::clone(&kept), Arc::clone(&hold));
                thread::spawn(move || serve(stream, &kept, &hold));
            }
        });
        Ok(Self { port, heads, stopped, held })
    }

    /// Waits until so many calls have arrived.
    ///
    /// # Errors
    ///
    /// When they do not.
    pub(crate) fn until_arrived(&self, calls: usize) -> Result<(), String> {
        let state = self.held.state.lock().map_err(|e| e.to_string())?;
        let waits = |state: &mut State| state.arrived < calls;
        let (state, _) = self
            .held
            .changed
            .wait_timeout_while(state, PATIENCE, waits)
            .map_err(|e| e.to_string())?;
        let arrived = state.arrived;
        if arrived < calls { Err(format!("{arrived} of {calls} calls arrived")) } else { Ok(()) }
    }

    /// Gives the replies that were kept back, and keeps none back from now on.
    pub(crate) fn release(&self) {
        if let Ok(mut state) = self.held.state.lock() {
            state.holds = false;
        }
        self.held.changed.notify_all();
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

impl Held {
    /// A call has arrived; comes back when it may be answered.
    fn wait(&self) {
        let Ok(mut state) = self.state.lock() else { return };
        state.arrived += 1;
        if state.holds {
            self.changed.notify_all();
            // A poisoned lock ends the wait as well: there is nobody left to give the word.
            drop(self.changed.wait_while(state, |state| state.holds));
        }
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        let _wake = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

/// Serves one connection until the other side ends it.
fn serve(mut stream: TcpStream, kept: &Mutex<Vec<String>>, held: &Held) {
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
            held.wait();
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

/// A whole reply with that body.
pub(crate) fn reply() -> Vec<u8> {
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
