//! Servers that others wrote and that speak like providers, on free ports of loopback.
//!
//! Those that take long to start are shared by the tests that run at the same time, and end with the last of them.

use std::io::{BufRead as _, BufReader, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::script;
use crate::process::{Running, tool};

/// How long a peer may take to start: chosen, for a machine with one busy core.
const LONG: Duration = Duration::from_secs(120);

/// A peer that runs.
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    /// Ended before its folder goes.
    _running: Running,
    _folder: tempfile::TempDir,
}

/// A peer that is started once for all who hold it at the same time.
pub(super) struct Shared(Mutex<Weak<Peer>>);

impl Shared {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Weak::new()))
    }

    /// The running one, or a new one.
    pub(super) fn peer(&self, start: impl FnOnce() -> Option<Peer>) -> Option<Arc<Peer>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(peer) = known.upgrade() {
            return Some(peer);
        }
        let peer = Arc::new(start()?);
        *known = Arc::downgrade(&peer);
        Some(peer)
    }
}

/// localstripe, unchanged: a server that speaks like Stripe.
pub(super) fn localstripe() -> Option<Peer> {
    let program = tool("localstripe", "OUTWRIGHT_LOCALSTRIPE")?;
    let folder = tempfile::tempdir().unwrap();
    let mut python = Command::new(Path::new(&program).with_file_name("python"));
    python.arg(script("localstripe_on.py")).env("TMPDIR", folder.path());
    Some(says_its_port(&mut python, folder, |line| line.trim().parse().ok()))
}

/// WireMock with the stubs of `clients/stubs`, which speak like Slack and Twilio.
pub(super) fn wiremock() -> Option<Arc<Peer>> {
    static SHARED: Shared = Shared::new();
    SHARED.peer(|| {
        let java = tool("WireMock", "OUTWRIGHT_JAVA")?;
        let jars = modules("WireMock")?.join("wiremock/build");
        let jar = std::fs::read_dir(jars).unwrap().next().expect("the package holds a jar");
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(java);
        command.arg("-jar").arg(jar.unwrap().path());
        command.args(["--bind-address", "127.0.0.1", "--port", "0", "--no-request-journal"]);
        command.args(["--disable-banner", "--root-dir"]).arg(stubs(folder.path()));
        let port = |line: &str| line.strip_prefix("port:")?.trim().parse().ok();
        Some(says_its_port(&mut command, folder, port))
    })
}

/// The stubs where WireMock looks for them.
fn stubs(folder: &Path) -> PathBuf {
    let mappings = folder.join("mappings");
    std::fs::create_dir(&mappings).unwrap();
    for stub in std::fs::read_dir(script("stubs")).unwrap() {
        let stub = stub.unwrap();
        std::fs::copy(stub.path(), mappings.join(stub.file_name())).unwrap();
    }
    folder.to_owned()
}

/// Prism on GitHub's own description, unchanged.
pub(super) fn prism() -> Option<Arc<Peer>> {
    static SHARED: Shared = Shared::new();
    SHARED.peer(|| prism_on(&github_description()?))
}

/// GitHub's own description.
pub(super) fn github_description() -> Option<PathBuf> {
    let modules = modules("GitHub's description")?;
    Some(modules.join("@octokit/openapi/generated/api.github.com.json"))
}

/// Prism on a description.
pub(super) fn prism_on(description: &Path) -> Option<Peer> {
    let node = tool("Prism", "OUTWRIGHT_NODE")?;
    let modules = modules("Prism")?;
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut command = Command::new(node);
    command.arg(modules.join("@stoplight/prism-cli/dist/index.js")).current_dir(folder.path());
    command.args(["mock", "-h", "127.0.0.1", "-p", &port.to_string()]).arg(description);
    Some(listens_on(port, &mut command, folder))
}

/// llmock: a server that speaks like OpenAI; its answers take their time.
pub(super) fn llmock() -> Option<Peer> {
    let program = tool("llmock", "OUTWRIGHT_LLMOCK")?;
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut command = Command::new(program);
    command.args(["serve", "-h", "127.0.0.1", "-p", &port.to_string()]).current_dir(folder.path());
    Some(listens_on(port, &mut command, folder))
}

/// The folder of the Node packages that are peers.
fn modules(part: &str) -> Option<PathBuf> {
    Some(PathBuf::from(tool(part, "OUTWRIGHT_NODE_PEERS")?).join("node_modules"))
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A peer that says its port in a line of its own.
fn says_its_port(
    command: &mut Command,
    folder: tempfile::TempDir,
    port: impl Fn(&str) -> Option<u16>,
) -> Peer {
    let mut child = quiet(command).stdout(Stdio::piped()).spawn().expect("the peer starts");
    let mut talk = BufReader::new(child.stdout.take().expect("stdout is piped"));
    let running = Running(child);
    let mut said = String::new();
    let port = loop {
        let mut line = String::new();
        if talk.read_line(&mut line).expect("the peer speaks text") == 0 {
            panic!("the peer ended before it said its port; it said:\n{said}");
        }
        if let Some(port) = port(&line) {
            break port;
        }
        said.push_str(&line);
    };
    // Read on, so that a talkative peer never waits for us; the thread ends with the peer.
    std::thread::spawn(move || talk.read_to_end(&mut Vec::new()));
    Peer { address: loopback(port), _running: running, _folder: folder }
}

/// A peer that was given its port.
fn listens_on(port: u16, command: &mut Command, folder: tempfile::TempDir) -> Peer {
    let child = quiet(command).stdout(Stdio::null()).spawn().expect("the peer starts");
    let mut running = Running(child);
    let (address, began) = (loopback(port), Instant::now());
    while TcpStream::connect(address).is_err() {
        let ended = running.0.try_wait().expect("it is our own process");
        assert!(ended.is_none(), "the peer ended before it listened: {ended:?}");
        assert!(began.elapsed() < LONG, "the peer did not listen in time");
        std::thread::yield_now();
    }
    Peer { address, _running: running, _folder: folder }
}

fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stderr(Stdio::null())
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}
