//! Added latency at a fixed, low rate: as the machine is, and with cores that never halt.
//!
//! A core that halts between requests costs more to wake than a proxy costs to run; idle-priority spinners
//! keep the cores awake and so show what the proxy itself adds.

use std::time::Duration;

use serde_json::json;

use super::case::PLAIN;
use super::machine::{LOAD_CORE, PROXY_CORE};
use super::offered::{Offer, offer, percentile_us};
use super::peers::{Peer, Target};
use super::process::Running;
use super::provider::Provider;
use super::ratio::{Shuffle, median, spread};
use super::rounds::Bench;

/// The rate and the connections of the measurement (performance paper, section 3).
const PER_SECOND: u32 = 2_000;
const CONNECTIONS: u32 = 16;
/// Rounds and their length (chosen).
const ROUNDS: usize = 9;
const LENGTH: Duration = Duration::from_secs(3);
/// Seed of the order.
const SEED: u64 = 3;
/// What outwright may add to nginx, in microseconds: p50, p99 (performance paper, goals).
const WITHIN_US: (f64, f64) = (20.0, 40.0);
/// The targets that are measured, where wanted.
const MEASURED: [&str; 4] = ["nginx", "nginx configured", "haproxy configured", "outwright"];

/// One line to measure: a target, or the provider itself.
struct Path {
    name: &'static str,
    port: u16,
    prefix: &'static str,
    /// p50 and p99 of each round, in microseconds.
    rounds: Vec<(usize, f64, f64)>,
    _peer: Option<Peer>,
}

/// Measures both ways and prints the tables.
///
/// # Errors
///
/// When a target cannot be started or does not do the work.
pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    let provider = Provider::beside_the_load(&bench.dir, bench.heavy)?;
    let port = provider.port(PLAIN.wire);
    let scene = bench.scene(PLAIN, port, &provider.ca);
    for awake in [false, true] {
        let mut paths =
            vec![Path { name: "direct", port, prefix: "", rounds: Vec::new(), _peer: None }];
        let wanted = |t: &&Target| MEASURED.contains(&t.name);
        for target in bench.targets.iter().filter(wanted) {
            let peer = target.start(&scene)?;
            let port = peer.port;
            let (name, prefix) = (target.name, "/bench");
            paths.push(Path { name, port, prefix, rounds: Vec::new(), _peer: Some(peer) });
        }
        let spinners = if awake { spin(bench)? } else { Vec::new() };
        measure(bench, awake, &mut paths)?;
        drop(spinners);
        table(bench, awake, &paths);
    }
    Ok(())
}

/// Keeps both cores from halting, below every other priority.
fn spin(bench: &Bench) -> Result<Vec<Running>, String> {
    let words = ["chrt", "-i", "0", "sh", "-c", "while :; do :; done"];
    let line: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
    let mut spinners = Vec::new();
    for core in [PROXY_CORE, LOAD_CORE] {
        let spinner = Running::start(&format!("spin-{core}"), &bench.dir, Some(core), &line)?;
        // Its session must not get a fair share of the core as a session.
        spinner.weigh(19);
        spinners.push(spinner);
    }
    Ok(spinners)
}

fn measure(bench: &Bench, awake: bool, paths: &mut [Path]) -> Result<(), String> {
    let quick = bench.options.quick;
    let (rounds, length) = if quick { (1, Duration::from_secs(1)) } else { (ROUNDS, LENGTH) };
    let load = Offer { per_second: PER_SECOND, connections: CONNECTIONS, length };
    let mut shuffle = Shuffle::new(SEED);
    for round in 0..rounds {
        shuffle.shuffle(paths);
        for path in paths.iter_mut() {
            let sorted =
                offer(path.port, path.prefix, load).map_err(|e| format!("{}: {e}", path.name))?;
            let (p50, p99) = (percentile_us(&sorted, 50), percentile_us(&sorted, 99));
            bench.record(&json!({
                "case": "latency", "awake": awake, "target": path.name, "round": round,
                "p50_us": p50, "p99_us": p99, "requests": sorted.len(),
            }));
            path.rounds.push((round, p50, p99));
        }
        eprintln!("latency: round {} of {rounds}", round + 1);
    }
    Ok(())
}

/// What a path adds to the direct one, round by round: p50 and p99.
fn added(paths: &[Path], name: &str) -> (Vec<f64>, Vec<f64>) {
    let rounds = |name: &str| paths.iter().find(|p| p.name == name).map(|p| p.rounds.as_slice());
    let (own, direct) = (rounds(name).unwrap_or_default(), rounds("direct").unwrap_or_default());
    let pair = |(round, p50, p99): &(usize, f64, f64)| {
        let base = direct.iter().find(|(r, ..)| r == round)?;
        Some((p50 - base.1, p99 - base.2))
    };
    own.iter().filter_map(pair).unzip()
}

fn table(bench: &Bench, awake: bool, paths: &[Path]) {
    let how = if awake { "cores kept awake" } else { "cores as they are" };
    bench.heading(&format!("Added latency at {PER_SECOND} calls/s, {how}"));
    println!("| path | µs added, p50 | µs added, p99 |");
    println!("| --- | --- | --- |");
    if let Some(direct) = paths.iter().find(|p| p.name == "direct") {
        let of = |pick: fn(&(usize, f64, f64)) -> f64| {
            spread(&direct.rounds.iter().map(pick).collect::<Vec<_>>(), 0)
        };
        println!("| direct, total | {} | {} |", of(|r| r.1), of(|r| r.2));
    }
    for name in MEASURED.iter().filter(|n| paths.iter().any(|p| p.name == **n)) {
        let (p50, p99) = added(paths, name);
        println!("| {name} | {} | {} |", spread(&p50, 0), spread(&p99, 0));
    }
    let (own, nginx) = (added(paths, "outwright"), added(paths, "nginx"));
    let apart = |own: &[f64], base: &[f64]| Some(median(own)? - median(base)?);
    if let (Some(p50), Some(p99)) = (apart(&own.0, &nginx.0), apart(&own.1, &nginx.1)) {
        let fine = p50 <= WITHIN_US.0 && p99 <= WITHIN_US.1;
        let verdict = if fine { "holds" } else { "missed" };
        println!(
            "\noutwright against nginx: {p50:+.0} µs at p50, {p99:+.0} µs at p99; \
             must be within {:.0} and {:.0} µs: {verdict}.",
            WITHIN_US.0, WITHIN_US.1
        );
    }
}
