//! Two runtimes against one at the same offered rate: what sharing the gates between cores costs.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::case::PLAIN;
use super::cpu;
use super::machine;
use super::offered::{Offer, offer};
use super::peers::{Peer, Program, TARGETS};
use super::provider::Provider;
use super::ratio::{Ratios, Shuffle, spread};
use super::rounds::Bench;

/// Offered load: well below what one core can do (chosen).
const PER_SECOND: u32 = 6_000;
const CONNECTIONS: u32 = 32;
/// Seed of the order.
const SEED: u64 = 5;
/// What two runtimes may cost (performance paper, goals).
const BAR: f64 = 1.10;
/// Futex calls per 1,000 requests that two runtimes may make (issue 2).
const FUTEX_MAX: f64 = 5.0;
/// Cores that everything shares here.
const CORES: &str = "0,1";
/// Longest wait for the counts of a tracer that outlives what it traced.
const PATIENCE: Duration = Duration::from_secs(10);

/// Measures the ratio and the futex calls; whether both hold.
///
/// # Errors
///
/// When the product cannot be started or does not do the work.
pub(crate) fn run(bench: &Bench) -> Result<bool, String> {
    if !bench.targets.iter().any(|t| t.program == Program::Outwright) {
        return Ok(true);
    }
    machine::bind(CORES)?;
    let outcome = both(bench);
    machine::bind(machine::LOAD_CORE)?;
    outcome
}

fn both(bench: &Bench) -> Result<bool, String> {
    let provider = Provider::start(&bench.dir, Some(CORES), bench.heavy)?;
    let pairs = ratio(bench, &provider)?;
    let futex = futex_calls(bench, &provider)?;
    bench.heading(&format!("Two runtimes against one at {PER_SECOND} calls/s"));
    println!("| figure | value | must hold | |");
    println!("| --- | --- | --- | --- |");
    println!("| processor time per call | {} | ≤ {BAR:.2} | {} |", pairs.say(), pairs.verdict(BAR));
    let verdict = if futex <= FUTEX_MAX { "holds" } else { "missed" };
    println!("| futex calls per 1,000 calls | {futex:.1} | ≤ {FUTEX_MAX:.0} | {verdict} |");
    Ok(pairs.holds(BAR) && futex <= FUTEX_MAX)
}

fn start(
    bench: &Bench,
    provider: &Provider,
    runtimes: usize,
    under: &[String],
) -> Result<Peer, String> {
    let dir = bench.dir.join(format!("runtimes-{runtimes}"));
    let mut scene = bench.scene(PLAIN, provider.port(PLAIN.wire), &provider.ca);
    scene.dir = &dir;
    scene.runtimes = runtimes;
    scene.cores = Some(CORES);
    scene.under = under;
    let outwright = TARGETS.iter().find(|t| t.program == Program::Outwright);
    outwright.ok_or("outwright is no target")?.start(&scene)
}

fn ratio(bench: &Bench, provider: &Provider) -> Result<Ratios, String> {
    let (rounds, length) = bench.extent();
    let load = Offer { per_second: PER_SECOND, connections: CONNECTIONS, length };
    let mut peers = [(1, start(bench, provider, 1, &[])?), (2, start(bench, provider, 2, &[])?)];
    let mut shuffle = Shuffle::new(SEED);
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        shuffle.shuffle(&mut peers);
        for (runtimes, peer) in &peers {
            let before = cpu::spent(peer.running.pid());
            let requests = offer(peer.port, "/bench", load)?.len();
            let spent = cpu::spent(peer.running.pid()).saturating_sub(before);
            let cpu_us = spent.as_secs_f64() * 1e6 / requests as f64;
            bench.record(&json!({
                "case": "runtimes", "runtimes": runtimes, "round": round,
                "cpu_us_per_request": cpu_us, "requests": requests,
            }));
            if *runtimes == 1 { &mut one } else { &mut two }.push((round, cpu_us));
        }
        eprintln!("runtimes: round {} of {rounds}", round + 1);
    }
    let bare = |pairs: &[(usize, f64)]| pairs.iter().map(|(_, v)| *v).collect::<Vec<_>>();
    eprintln!("µs per call: one {}, two {}", spread(&bare(&one), 1), spread(&bare(&two), 1));
    Ok(Ratios::of(&two, &one))
}

/// Futex calls per 1,000 requests of two runtimes: the slope between two lengths.
fn futex_calls(bench: &Bench, provider: &Provider) -> Result<f64, String> {
    let mut points = Vec::new();
    for seconds in [1, 3] {
        let counts = bench.dir.join(format!("futex-{seconds}.txt"));
        let under = strace(&counts, &["-e", "trace=futex"]);
        let peer = start(bench, provider, 2, &under)?;
        let length = Duration::from_secs(seconds);
        let load = Offer { per_second: PER_SECOND, connections: CONNECTIONS, length };
        let requests = offer(peer.port, "/bench", load)?.len();
        peer.running.stop()?;
        points.push((requests as f64, calls(&counts)?));
    }
    slope(&points).map(|per_request| per_request * 1000.0)
}

/// A tracer that counts and stays out of the way of signals.
pub(crate) fn strace(counts: &Path, more: &[&str]) -> Vec<String> {
    let _none_before = fs::remove_file(counts);
    let counts = counts.display().to_string();
    let words = ["strace", "-D", "-f", "-c", "-U", "calls,name", "-o", &counts];
    words.iter().chain(more).map(|w| (*w).to_owned()).collect()
}

/// All system calls in a summary of strace, which comes a little after the end of what it traced.
///
/// # Errors
///
/// When it does not come.
pub(crate) fn calls(counts: &Path) -> Result<f64, String> {
    let started = Instant::now();
    loop {
        let text = fs::read_to_string(counts).unwrap_or_default();
        let total = text.lines().find(|l| l.trim_end().ends_with(" total"));
        if let Some(n) = total.and_then(|l| l.split_whitespace().next()?.parse().ok()) {
            return Ok(n);
        }
        if started.elapsed() > PATIENCE {
            return Err(format!("strace counted nothing: {text}"));
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// Growth per request between two runs: what start and end cost cancels.
///
/// # Errors
///
/// When there are not two different lengths.
pub(crate) fn slope(points: &[(f64, f64)]) -> Result<f64, String> {
    match points {
        [(n1, c1), (n2, c2)] if n2 > n1 => Ok((c2 - c1) / (n2 - n1)),
        _ => Err("a slope needs a short and a long run".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_start_and_end_cost_cancels() {
        assert_eq!(slope(&[(100.0, 1_450.0), (300.0, 2_350.0)]), Ok(4.5));
        assert!(slope(&[(100.0, 1.0)]).is_err());
        assert!(slope(&[(100.0, 1.0), (100.0, 2.0)]).is_err());
    }
}
