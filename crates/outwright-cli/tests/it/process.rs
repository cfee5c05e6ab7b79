//! Processes of a test: started, asked for their port, and ended with the test.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

/// Ends its process when the test ends, however it ends.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when the process is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    /// Ends it as a service is ended, and waits for that.
    pub(crate) fn stop(mut self) {
        let pid = self.0.id().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(told.is_ok_and(|status| status.success()), "it runs until it is told to end");
        self.0.wait().expect("it is our own process");
    }

    /// The same, no later than that.
    pub(crate) fn stop_within(mut self, bound: Duration) {
        let pid = self.0.id().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(told.is_ok_and(|status| status.success()), "it runs until it is told to end");
        let begun = Instant::now();
        while self.0.try_wait().expect("it is our own process").is_none() {
            assert!(begun.elapsed() < bound, "it does not end");
            std::thread::yield_now();
        }
    }
}

/// The binary under test.
pub(crate) fn outwright() -> Command {
    Command::new(env!("CARGO_BIN_EXE_outwright"))
}

/// A gateway in a process of its own, on free ports.
pub(crate) struct Gateway {
    pub(crate) data: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) process: Running,
    /// Kept open: a process whose stderr is closed dies of its next word.
    talk: BufReader<ChildStderr>,
}

impl Gateway {
    /// Sends a signal, such as `HUP`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.process.0.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.expect("kill is there").success(), "the gateway runs");
    }

    /// Reads what it says until a line has one of these in it: all lines up to that one.
    pub(crate) fn says(&mut self, marks: &[&str]) -> String {
        let mut said = String::new();
        loop {
            let before = said.len();
            let bytes = self.talk.read_line(&mut said).expect("stderr is text");
            assert!(bytes > 0, "the gateway ended; it said:\n{said}");
            if marks.iter().any(|mark| said[before..].contains(mark)) {
                return said;
            }
        }
    }
}

/// Starts `outwright run --dev` on the contracts of a folder and waits until it says where it serves.
pub(crate) fn gateway(folder: &Path) -> Gateway {
    gateway_with(folder, &[])
}

/// The same, with these variables in its environment.
pub(crate) fn gateway_with(folder: &Path, variables: &[(&str, &str)]) -> Gateway {
    let mut command = outwright();
    command.envs(variables.iter().copied());
    gateway_of(command, folder)
}

/// The same by this command in the place of the binary.
pub(crate) fn gateway_of(mut command: Command, folder: &Path) -> Gateway {
    let mut child = command
        .args(["run", "--dev", "--cores", "1", "--listen", "127.0.0.1:0"])
        .args(["--admin", "127.0.0.1:0", "--contracts"])
        .arg(folder.join("contracts"))
        .arg("--state")
        .arg(folder.join("state"))
        .arg("--log")
        .arg(folder.join("access.log"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary under test starts");
    let mut talk = BufReader::new(child.stderr.take().expect("stderr is piped"));
    let process = Running(child);
    let (mut data, mut admin, mut said) = (None, None, String::new());
    while data.is_none() || admin.is_none() {
        let mut line = String::new();
        if talk.read_line(&mut line).expect("stderr is text") == 0 {
            panic!("the gateway ended before it served; it said:\n{said}");
        }
        data = data.or_else(|| address(&line, "callers on "));
        admin = admin.or_else(|| address(&line, "operators on "));
        said.push_str(&line);
    }
    let (data, admin) = data.zip(admin).expect("the loop ends with both");
    Gateway { data, admin, process, talk }
}

fn address(line: &str, mark: &str) -> Option<SocketAddr> {
    let rest = line.split(mark).nth(1)?.split("://").nth(1)?;
    rest.split(|c: char| c.is_whitespace() || c == ',').next()?.parse().ok()
}

/// A tool that this test needs, from the variable that the test command sets.
///
/// Without it the test is skipped, loudly; in CI it fails.
pub(crate) fn tool(part: &str, variable: &str) -> Option<String> {
    let found = std::env::var(variable).ok().filter(|value| !value.is_empty());
    if found.is_none() {
        eprintln!("SKIPPED {part}: {variable} is not set; `cargo xtask test` sets it");
        assert!(std::env::var_os("CI").is_none(), "{part} may not be skipped in CI");
    }
    found
}

/// Tests that time things run alone; all others share.
static TIMED: RwLock<()> = RwLock::new(());

/// Held by a test that times things: no other test of this binary runs beside it.
pub(crate) fn alone() -> RwLockWriteGuard<'static, ()> {
    TIMED.write().unwrap_or_else(PoisonError::into_inner)
}

/// Held by a test that does not mind others beside it.
pub(crate) fn beside() -> RwLockReadGuard<'static, ()> {
    TIMED.read().unwrap_or_else(PoisonError::into_inner)
}
