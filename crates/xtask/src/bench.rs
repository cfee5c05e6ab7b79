//! `cargo xtask bench`: what a call through outwright costs, beside its peers.
//!
//! Time is compared only as ratios of samples of one round; what gates the build is counted, not timed.

use std::time::Duration;

use clap::{Args, Subcommand};

use machine::Machine;

use crate::job;

mod capture;
mod case;
mod cpu;
mod gate;
mod hold;
mod latency;
mod machine;
mod memory;
mod offered;
mod peers;
mod process;
mod provider;
mod ratio;
mod rounds;
mod runtimes;
mod streams;
mod talk;
mod template;
mod wire;
mod wrk;

/// The part that measures memory.
const MEMORY: &str = "memory";

/// Options of `cargo xtask bench`.
#[derive(Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The gateway beside nginx, HAProxy and Envoy.
    Gateway(Gateway),
    /// A check of many contracts beside reading the same YAML alone.
    Check,
}

/// Options of `cargo xtask bench gateway`.
#[derive(Args)]
pub(crate) struct Gateway {
    /// Rounds; every round takes one sample of each target in a shuffled order.
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Length of a sample.
    #[arg(long, default_value = "2s", value_parser = seconds)]
    sample: Duration,
    /// Only these targets (comma-separated; as in the table, with `-` for a space).
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Only these parts: plain, tls, h2 (to the provider), post, h2c (from callers), latency, runtimes, memory; with --gate the names of its counts.
    #[arg(long = "case", value_delimiter = ',')]
    cases: Vec<String>,
    /// A few short rounds: shows that everything works, measures nothing.
    #[arg(long)]
    quick: bool,
    /// Measure although the machine is busy; the output says so.
    #[arg(long)]
    force: bool,
    /// Count instructions and system calls per request and compare with `bench/accepted.json`.
    #[arg(long)]
    gate: bool,
    /// With --gate: make what was counted the accepted values.
    #[arg(long, requires = "gate", conflicts_with = "cases")]
    accept: bool,
    /// Take this program instead of building the release profile.
    #[arg(long, value_name = "FILE")]
    binary: Option<std::path::PathBuf>,
}

impl Gateway {
    fn wants(&self, case: &str) -> bool {
        self.cases.is_empty() || self.cases.iter().any(|c| c == case)
    }
}

/// Runs a benchmark.
///
/// # Errors
///
/// When it could not be run at all.
pub(crate) fn run(options: &Options) -> Result<bool, String> {
    let gateway = match &options.what {
        What::Gateway(gateway) => gateway,
        What::Check => return check(),
    };
    if gateway.gate {
        gate::run(gateway)
    } else if gateway.cases.iter().all(|case| case == MEMORY) && !gateway.cases.is_empty() {
        // It counts, so it needs no quiet machine.
        memory::run(gateway)
    } else {
        compare(gateway)
    }
}

/// The contract gate: its benchmark holds its own bars.
fn check() -> Result<bool, String> {
    let what = ["bench", "--quiet", "--locked", "-p", "outwright-contract", "--bench", "check"];
    let ended = job::run(&mut job::cargo(&what), true);
    ended.map(|ended| ended.ok).map_err(|error| format!("cannot run cargo: {error}"))
}

/// The side-by-side benchmark: wire check, then every case that is wanted.
fn compare(options: &Gateway) -> Result<bool, String> {
    let machine = Machine::prepare(options.force)?;
    let bench = rounds::Bench::open(options, &machine)?;
    wire::check(&bench)?;
    let mut fine = true;
    for case in case::CASES {
        if options.wants(case.name) {
            fine &= rounds::run(&bench, case)?;
        }
    }
    if options.wants("latency") {
        latency::run(&bench)?;
    }
    if options.wants("runtimes") {
        fine &= runtimes::run(&bench)?;
    }
    if options.wants(MEMORY) {
        fine &= memory::run(options)?;
    }
    eprintln!("raw samples: {}", bench.raw_path().display());
    Ok(fine)
}

/// Reads `2s` or `500ms`.
fn seconds(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a time such as 2s or 500ms");
    if let Some(ms) = text.strip_suffix("ms") {
        return ms.parse().map(Duration::from_millis).map_err(|_| wrong());
    }
    let number = text.strip_suffix('s').and_then(|s| s.parse().ok());
    number.map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_length_needs_its_unit() {
        assert_eq!(seconds("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(seconds("500ms"), Ok(Duration::from_millis(500)));
        assert!(seconds("2").is_err());
        assert!(seconds("s").is_err());
    }
}
