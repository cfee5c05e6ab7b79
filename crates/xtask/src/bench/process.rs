//! A program under measurement: started alone on its core, in its own session, stopped for certain.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::cpu;

/// Longest wait for a program to listen, and to end when told (chosen; valgrind starts slowly).
const PATIENCE: Duration = Duration::from_secs(60);
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// A started program.
pub(crate) struct Running {
    child: Child,
    name: String,
}

impl Running {
    /// Starts a program on these cores; what it says goes to `DIR/NAME.out` and `DIR/NAME.err`.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub(crate) fn start(
        name: &str,
        dir: &Path,
        cores: Option<&str>,
        line: &[String],
    ) -> Result<Self, String> {
        let mut command = Command::new("setsid");
        // Nothing outlives a benchmark that is broken off.
        command.args(["setpriv", "--pdeathsig", "TERM"]);
        if let Some(cores) = cores {
            command.args(["taskset", "-c", cores]);
        }
        command.args(line).stdin(Stdio::null());
        command.stdout(file(dir, name, "out")?).stderr(file(dir, name, "err")?);
        let child = command.spawn().map_err(|e| format!("start {name}: {e}"))?;
        Ok(Self { child, name: name.to_owned() })
    }

    /// Its process; setsid, setpriv and taskset have replaced themselves by it.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Weighs its session against others of the machine: -20 above all, 19 below all.
    pub(crate) fn weigh(&self, nice: i8) {
        let started = Instant::now();
        // Before it has a session of its own, the weight would be that of ours.
        while !cpu::leads_a_session(self.pid()) && started.elapsed() < PATIENCE {
            thread::sleep(LOOK);
        }
        // Needs rights that a user may lack; the foreign share of each sample then tells.
        let _unprivileged = fs::write(format!("/proc/{}/autogroup", self.pid()), nice.to_string());
    }

    /// Waits until it listens.
    ///
    /// # Errors
    ///
    /// When it ends or does not listen in time; with the last lines of what it said.
    pub(crate) fn until_listening(&mut self, port: u16, dir: &Path) -> Result<(), String> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return Ok(());
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("{} ended ({status}): {}", self.name, self.last_words(dir)));
            }
            thread::sleep(LOOK);
        }
        Err(format!("{} does not listen on {port}: {}", self.name, self.last_words(dir)))
    }

    fn last_words(&self, dir: &Path) -> String {
        let said = fs::read_to_string(dir.join(format!("{}.err", self.name))).unwrap_or_default();
        let lines: Vec<&str> = said.lines().rev().take(8).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    /// Tells it to end and waits until it has; whether it ended by itself.
    ///
    /// # Errors
    ///
    /// When it had to be killed.
    pub(crate) fn stop(mut self) -> Result<(), String> {
        self.end()
    }

    fn end(&mut self) -> Result<(), String> {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return Ok(());
        }
        signal(self.pid(), "TERM");
        let told = Instant::now();
        while told.elapsed() < PATIENCE {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return Ok(());
            }
            thread::sleep(LOOK);
        }
        for pid in cpu::family(self.pid()) {
            signal(pid, "KILL");
        }
        let _reaped = self.child.wait();
        Err(format!("{} did not end when told", self.name))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _said_elsewhere = self.end();
    }
}

/// Sends a signal to a process that we started.
pub(crate) fn signal(pid: u32, name: &str) {
    let _gone = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).output();
}

/// A port of loopback that is free now.
///
/// # Errors
///
/// When there is none.
pub(crate) fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|e| e.to_string())?;
    listener.local_addr().map(|a| a.port()).map_err(|e| e.to_string())
}

fn file(dir: &Path, name: &str, end: &str) -> Result<File, String> {
    let path = dir.join(format!("{name}.{end}"));
    File::create(&path).map_err(|e| format!("{}: {e}", path.display()))
}
