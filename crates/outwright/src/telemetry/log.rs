//! Where log lines go: a buffer per core, a bounded queue, one thread that writes.
//!
//! A call never waits for a write: when the queue is full, lines are dropped, counted, and the next line that passes says so.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A core hands its lines over when it has so many bytes: chosen, about 180 lines.
pub(crate) const BUFFER_BYTES: usize = 64 * 1024;
/// A core hands its lines over after this time at the latest: chosen, short for a person who watches.
pub(crate) const FLUSH_AFTER: Duration = Duration::from_millis(100);
/// The writer takes what has gathered in this time with one look, so that a busy core wakes nobody.
const GATHER: Duration = Duration::from_millis(50);
/// It looks so many times in vain before it waits to be woken: a second, so that only a quiet process wakes it.
const LOOKS_MAX: u32 = 20;
/// Bytes that may wait for the writer, over all cores: chosen, a second of a busy machine.
const QUEUE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Where the access log is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogTarget {
    /// Nowhere.
    #[default]
    Off,
    /// To standard output.
    Stdout,
    /// To the end of this file, made with mode 0600 where it is missing.
    File(PathBuf),
}

/// The writing end of the log: one per process.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

/// What waits for the writer.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    buffers: VecDeque<Vec<u8>>,
    bytes: usize,
    parked: bool,
    closed: bool,
}

impl Writer {
    /// Opens the target and starts the thread that writes to it; none where nothing is to be written.
    pub(crate) fn start(target: &LogTarget) -> io::Result<Option<Self>> {
        let output: Box<dyn Write + Send> = match target {
            LogTarget::Off => return Ok(None),
            LogTarget::Stdout => Box::new(io::stdout()),
            LogTarget::File(path) => Box::new(open(path)?),
        };
        let queue = Arc::new(Queue::default());
        let theirs = Arc::clone(&queue);
        let thread = thread::Builder::new()
            .name("outwright-log".to_owned())
            .spawn(move || theirs.write_all(output))?;
        Ok(Some(Self { queue, thread: Some(thread) }))
    }

    /// The queue, for a core.
    pub(crate) fn queue(&self) -> Arc<Queue> {
        Arc::clone(&self.queue)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            // A writer that panicked has nothing more to write.
            let _ended = thread.join();
        }
    }
}

impl Queue {
    /// Hands `buffer` over; gives it back when the queue is full.
    pub(crate) fn offer(&self, buffer: Vec<u8>) -> Result<(), Vec<u8>> {
        let mut waiting = self.lock();
        if waiting.bytes + buffer.len() > QUEUE_BYTES_MAX {
            return Err(buffer);
        }
        waiting.bytes += buffer.len();
        waiting.buffers.push_back(buffer);
        if waiting.parked {
            waiting.parked = false;
            self.arrived.notify_one();
        }
        Ok(())
    }

    fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_one();
    }

    fn write_all(&self, mut output: Box<dyn Write + Send>) {
        let mut looks = LOOKS_MAX;
        loop {
            let (buffers, closed) = self.take(looks >= LOOKS_MAX);
            looks = if buffers.is_empty() { looks + 1 } else { 0 };
            for buffer in &buffers {
                // Nobody can be told that the log cannot be written; the calls go on.
                let _written = output.write_all(buffer);
            }
            if !buffers.is_empty() {
                let _flushed = output.flush();
            }
            if closed {
                return;
            }
            thread::sleep(GATHER);
        }
    }

    /// Everything that waits; with `patient`, at least one buffer unless the queue is closed.
    fn take(&self, patient: bool) -> (VecDeque<Vec<u8>>, bool) {
        let mut waiting = self.lock();
        while patient && waiting.buffers.is_empty() && !waiting.closed {
            waiting.parked = true;
            waiting = self.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        waiting.parked = false;
        waiting.bytes = 0;
        (std::mem::take(&mut waiting.buffers), waiting.closed)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // No code that can panic runs under this lock; a poisoned one still holds whole buffers.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(path: &PathBuf) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::{LogTarget, QUEUE_BYTES_MAX, Queue, Writer};

    #[test]
    fn what_was_handed_over_is_written_in_order_before_the_writer_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.log");
        let writer = Writer::start(&LogTarget::File(path.clone())).unwrap().unwrap();
        for line in ["one\n", "two\n", "three\n"] {
            writer.queue().offer(line.into()).unwrap();
        }
        drop(writer);
        assert_eq!(std::fs::read_to_string(path).unwrap(), "one\ntwo\nthree\n");
    }

    /// a log that cannot keep up never holds a call.
    #[test]
    fn a_full_queue_gives_the_buffer_back() {
        let queue = Queue::default();
        queue.offer(vec![b'x'; QUEUE_BYTES_MAX]).unwrap();
        assert_eq!(queue.offer(b"late\n".to_vec()), Err(b"late\n".to_vec()));
    }

    #[test]
    fn an_unwritable_file_is_an_error_at_start() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Writer::start(&LogTarget::File(folder.path().join("no/such"))).is_err());
    }
}
