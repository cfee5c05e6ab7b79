//! The machine: is it quiet, what is it, and the priority of what is measured.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::cpu::Cores;
use crate::tools;

/// A core that is busier than this is not quiet.
const BUSY_MAX: f64 = 0.05;
/// How long the machine is watched before it counts as quiet.
const WATCH: Duration = Duration::from_secs(3);
/// Core of the proxy.
pub(crate) const PROXY_CORE: &str = "0";
/// Core of generator and provider.
pub(crate) const LOAD_CORE: &str = "1";

/// What was found.
pub(crate) struct Machine {
    /// Whether all cores were quiet; figures of a busy machine are marked.
    pub quiet: bool,
    /// Whether what is measured outweighs other programs: only where it has the machine to itself.
    pub heavy: bool,
    /// What stands beside every set of figures.
    pub facts: Value,
}

impl Machine {
    /// Looks for tools and quiet, and moves this program to the load core.
    ///
    /// # Errors
    ///
    /// When a tool is missing, a core is busy and `force` is not set, or there are fewer than two cores.
    pub(crate) fn prepare(force: bool) -> Result<Self, String> {
        tools::ensure_apt(&["nginx", "haproxy", "wrk", "nghttp2-client", "strace", "openssl"])?;
        let quiet = quiet()?;
        if !quiet && !force {
            let share = BUSY_MAX * 100.0;
            return Err(format!(
                "a core is more than {share} % busy: wait until the machine is quiet, or say --force"
            ));
        }
        bind(LOAD_CORE)?;
        // Timers of the open-loop generator fire when asked, not up to 50 µs later.
        let _slack_stays_otherwise = fs::write("/proc/self/timerslack_ns", "1");
        let machine = Self { quiet, heavy: quiet && !force, facts: facts(quiet) };
        machine.weigh("-20");
        Ok(machine)
    }

    /// Weighs the session of this program, which holds the generator, against others.
    fn weigh(&self, nice: &str) {
        if self.heavy {
            // Needs rights that a user may lack; the foreign share of each sample then tells.
            let _unprivileged = fs::write("/proc/self/autogroup", nice);
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.weigh("0");
    }
}

/// Binds this program, with the threads it starts from now on, to these cores.
///
/// # Errors
///
/// When the machine does not let us.
pub(crate) fn bind(cores: &str) -> Result<(), String> {
    let pid = std::process::id().to_string();
    let moved = Command::new("taskset").args(["-a", "-p", "-c", cores, &pid]).output();
    if moved.is_ok_and(|o| o.status.success()) {
        Ok(())
    } else {
        Err(format!("taskset cannot bind a program to cores {cores} here"))
    }
}

/// Watches the cores for a while.
fn quiet() -> Result<bool, String> {
    let before = Cores::look();
    thread::sleep(WATCH);
    let (busy, wall) = before.since();
    if busy.len() < 2 {
        return Err("the benchmark needs two cores: one for the proxy, one for the load".to_owned());
    }
    Ok(busy.iter().all(|b| b.as_secs_f64() <= BUSY_MAX * wall.as_secs_f64()))
}

fn facts(quiet: bool) -> Value {
    let line = |program: &str, args: &[&str]| {
        let output = Command::new(program).args(args).output().ok();
        let text = output.map(|o| [o.stdout, o.stderr].concat()).unwrap_or_default();
        String::from_utf8_lossy(&text).lines().next().unwrap_or_default().to_owned()
    };
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find(|l| l.starts_with("model name"));
    let model = model.and_then(|l| l.split_once(": ")).map_or("", |(_, m)| m).to_owned();
    json!({
        "quiet": quiet,
        "processor": model,
        "cores": thread::available_parallelism().map_or(0, usize::from),
        "kernel": fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim(),
        "nginx": line("nginx", &["-v"]),
        "haproxy": line("haproxy", &["-v"]),
        "envoy": super::peers::ENVOY.1,
        "commit": line("git", &["rev-parse", "--short", "HEAD"]),
    })
}
