//! `cargo xtask test`: the one test command.
//!
//! A list of parts, each timed against its budget; a part that lacks a tool is skipped loudly and counted.
//! With `CI=true` a skipped part is a failed part.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;

use crate::job;
use counts::Counts;
use parts::{PARTS, Part};

mod counts;
mod parts;

/// Options of `cargo xtask test`.
#[derive(Args)]
pub(crate) struct Options {
    /// Only the parts of the quick round: format, lints, unit and simulation tests, tidy.
    #[arg(long)]
    quick: bool,
    /// Only the parts of these names.
    #[arg(long = "part", value_name = "NAME")]
    parts: Vec<String>,
    /// Show the output of every part as it comes.
    #[arg(long)]
    verbose: bool,
}

/// How a part ended.
enum Verdict {
    Passed,
    Failed(String),
    Skipped(String),
}

/// One part after its run.
struct Report {
    part: &'static Part,
    verdict: Verdict,
    counts: Counts,
    took: Duration,
}

/// Runs the parts and prints the table and the plain last line.
///
/// # Errors
///
/// When a part is asked for that does not exist.
pub(crate) fn run(options: &Options) -> Result<bool, String> {
    let unknown = |name: &&String| !PARTS.iter().any(|p| p.name == name.as_str());
    if let Some(name) = options.parts.iter().find(unknown) {
        let names: Vec<&str> = PARTS.iter().map(|p| p.name).collect();
        return Err(format!("there is no part {name}; there are {}", names.join(", ")));
    }
    let strict = std::env::var("CI").is_ok_and(|v| !v.is_empty() && v != "false" && v != "0");
    let wanted = |part: &&Part| match options.parts.as_slice() {
        [] => part.quick || !options.quick,
        names => names.iter().any(|n| n == part.name),
    };
    if strict && !job::target().starts_with(job::root()) {
        sweep();
    }
    let mut reports = Vec::new();
    for part in PARTS.iter().filter(wanted) {
        eprintln!("--- {}: {}", part.name, part.what);
        let report = run_part(part, options.verbose, strict);
        say(&report);
        reports.push(report);
    }
    Ok(summary(&reports))
}

/// Removes what earlier clones built of our own crates: cargo tells clones apart by their path, so each would
/// leave its own copy in a shared target directory.
fn sweep() {
    let mut args = vec!["clean", "--quiet"];
    let ours = tidy::imports::MAP.iter().map(|(name, _)| *name);
    let there = |name: &&str| job::root().join("crates").join(name).is_dir();
    for name in ours.filter(|name| name.starts_with("outwright")).filter(there) {
        args.extend(["-p", name]);
    }
    if !job::run(&mut job::cargo(&args), false).is_ok_and(|ended| ended.ok) {
        eprintln!("what earlier clones built could not be removed; it only takes space");
    }
}

fn run_part(part: &'static Part, verbose: bool, strict: bool) -> Report {
    let started = Instant::now();
    let ended = |verdict, counts| Report { part, verdict, counts, took: started.elapsed() };
    let needs = match (part.needs)() {
        Ok(needs) => needs,
        Err(missing) if strict => {
            return ended(Verdict::Failed(format!("missing: {missing}")), Counts::failed_part());
        }
        Err(missing) => return ended(Verdict::Skipped(missing), Counts::skipped_part()),
    };
    let mut counts = Counts::default();
    let mut log = String::new();
    let mut failure = None;
    for line in part.commands {
        let mut command = job::cargo(line.args);
        command.envs(needs.iter().map(|(k, v)| (*k, v))).envs(line.env.iter().copied());
        // A snapshot that differs is a failure, never a new file.
        command.env("INSTA_UPDATE", "no").env("OUTWRIGHT_DATA", data());
        match job::run(&mut command, verbose) {
            Ok(ended) => {
                counts.read(&ended.said);
                log.push_str(&ended.said);
                if !ended.ok {
                    failure = failure.or(Some(job::name(&command)));
                }
            }
            Err(why) => failure = failure.or(Some(why.to_string())),
        }
    }
    let kept = keep(part.name, &log);
    let Some(command) = failure else { return ended(Verdict::Passed, counts) };
    if !verbose {
        eprintln!("{}", tail(&log));
    }
    counts.failed = counts.failed.max(1);
    ended(Verdict::Failed(format!("`{command}`, output in {}", kept.display())), counts)
}

/// Where the files of providers are that some tests read; a test that misses one says so.
fn data() -> PathBuf {
    let named = std::env::var_os("OUTWRIGHT_DATA").map(PathBuf::from);
    named.unwrap_or_else(|| job::root().join("../shared/data"))
}

/// Keeps the output of a part where a person can find it.
fn keep(name: &str, log: &str) -> PathBuf {
    let folder = job::target().join("test-output");
    let file = folder.join(format!("{name}.txt"));
    let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&file, log));
    if let Err(why) = written {
        eprintln!("cannot keep the output in {}: {why}", file.display());
    }
    file
}

/// The last lines of a failed part, enough to see why (chosen).
fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    let from = lines.len().saturating_sub(400);
    lines.get(from..).unwrap_or_default().join("\n")
}

fn say(report: &Report) {
    let name = report.part.name;
    let seconds = report.took.as_secs_f64();
    match &report.verdict {
        Verdict::Passed => eprintln!("ok: {name}, {seconds:.1} s"),
        Verdict::Failed(why) => eprintln!("FAILED: {name}, {seconds:.1} s: {why}"),
        Verdict::Skipped(missing) => eprintln!("SKIPPED {name}: {missing}"),
    }
    for line in &report.counts.said {
        eprintln!("{line}");
    }
}

fn summary(reports: &[Report]) -> bool {
    let mut total = Counts::default();
    println!("\n{:<14} {:>9} {:>9}  result", "part", "took", "budget");
    for report in reports {
        let took = report.took.as_secs_f64();
        let budget = report.part.budget_s;
        let over = if took > f64::from(budget) { " (over budget)" } else { "" };
        let counts = &report.counts;
        let result = match &report.verdict {
            Verdict::Passed if counts.passed == 0 => "ok".to_owned(),
            Verdict::Passed => format!("ok, {} tests", counts.passed),
            Verdict::Failed(why) => format!("FAILED: {why}"),
            Verdict::Skipped(missing) => format!("SKIPPED: {missing}"),
        };
        println!("{:<14} {took:>7.1} s {budget:>7} s  {result}{over}", report.part.name);
        total.add(counts);
    }
    let took: f64 = reports.iter().map(|r| r.took.as_secs_f64()).sum();
    let budget: u32 = reports.iter().map(|r| r.part.budget_s).sum();
    println!("{:<14} {took:>7.1} s {budget:>7} s", "all");
    println!("\n{} passed, {} failed, {} skipped", total.passed, total.failed, total.skipped);
    total.failed == 0
}
