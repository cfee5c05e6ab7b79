//! A slow provider: takes calls by the thousand and answers none of them until it is told to.
//!
//! One thread for all, since a thread for each would be more than the system gives.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use super::{capture, talk};

/// Longest wait for a call to arrive, and for its bytes (chosen: far above what one takes on a busy machine).
const PATIENCE: Duration = Duration::from_secs(60);

/// A running slow provider.
pub(crate) struct Holding {
    port: u16,
    held: Arc<Held>,
}

#[derive(Default)]
struct Held {
    calls: Mutex<Vec<TcpStream>>,
    arrived: Condvar,
}

impl Holding {
    /// Starts on a free port of loopback; it takes calls as long as this program runs.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub(crate) fn start() -> Result<Self, String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = listener.map_err(|e| format!("listen on loopback: {e}"))?;
        let port = listener.local_addr().map_err(|e| e.to_string())?.port();
        let held = Arc::new(Held::default());
        let keep = Arc::downgrade(&held);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let Some(held) = keep.upgrade() else { return };
                // One that says nothing is no call.
                if request(&mut stream).is_some()
                    && let Ok(mut calls) = held.calls.lock()
                {
                    calls.push(stream);
                    held.arrived.notify_all();
                }
            }
        });
        Ok(Self { port, held })
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Waits until so many calls are here.
    ///
    /// # Errors
    ///
    /// When they do not come.
    pub(crate) fn until_arrived(&self, count: usize) -> Result<(), String> {
        let calls = self.held.calls.lock().map_err(|e| e.to_string())?;
        let few = |calls: &mut Vec<TcpStream>| calls.len() < count;
        let waited = self.held.arrived.wait_timeout_while(calls, PATIENCE, few);
        let (calls, _) = waited.map_err(|e| e.to_string())?;
        let here = calls.len();
        if here < count { Err(format!("{here} of {count} calls arrived")) } else { Ok(()) }
    }

    /// Answers all of them and closes their connections.
    ///
    /// # Errors
    ///
    /// When one is gone.
    pub(crate) fn release(&self) -> Result<(), String> {
        let calls = std::mem::take(&mut *self.held.calls.lock().map_err(|e| e.to_string())?);
        let reply = capture::reply();
        for mut call in calls {
            call.write_all(&reply).map_err(|e| format!("answer a call: {e}"))?;
        }
        Ok(())
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        self.held = Arc::default();
        let _wake = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

/// Reads one request with its body; none when it does not come whole.
fn request(stream: &mut TcpStream) -> Option<()> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        if let Some(end) = talk::head_end(&bytes) {
            let head = String::from_utf8_lossy(bytes.get(..end)?).into_owned();
            let length =
                talk::field(&head, "content-length").map_or(Some(0), |n| n.parse().ok())?;
            if bytes.len() >= end + length {
                return Some(());
            }
        }
        match stream.read(&mut part) {
            Ok(count) if count > 0 => bytes.extend_from_slice(part.get(..count)?),
            Ok(_) | Err(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_held_until_they_are_released() {
        let held = Holding::start().expect("a port on loopback");
        let mut lines = Vec::new();
        for request in [talk::request(held.port(), ""), talk::post(held.port(), 1_024)] {
            let mut line = talk::Line::connect(held.port()).expect("it listens");
            line.send(&request).expect("it takes requests");
            lines.push(line);
            held.until_arrived(lines.len()).expect("the call arrives");
        }
        held.release().expect("both are there");
        for line in &mut lines {
            assert_eq!(line.good_reply().expect("it answers").body_bytes, 1024);
        }
    }
}
