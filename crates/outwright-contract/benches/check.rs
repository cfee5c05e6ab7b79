//! How long a check of many contracts takes on one thread, beside reading the same YAML with a deserializer alone.
//!
//! `cargo bench -p outwright-contract --bench check`. The bars: 1,000 contracts of 60 lines in 1 s, 100 of 30 operations in 300 ms; it exits 1 above them.
//! `-- many 100` makes so many checks of one contract of 60 lines and nothing else: two counts under callgrind give instructions per contract.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock and its arguments"
)]

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use outwright_contract::{Date, Options, Source, load};

const GOOD: &str = include_str!("../tests/it/good.yaml");
const TODAY: Date = Date::from_days(20_780);
/// Samples of each figure, the fastest counts: what another process took is not ours (chosen).
const SAMPLES: usize = 9;
/// Lines of a contract of ordinary size (issue 4).
const LINES: usize = 60;

/// A contract with so many operations.
fn contract(name: &str, operations: usize) -> String {
    let mut text = GOOD.replace("provider: acme", &format!("provider: {name}"));
    let mut more = String::new();
    for n in 2..operations {
        let _ = write!(
            more,
            "  read_{n}:\n    request: GET /v1/things_{n}/{{id}}\n    needs: [orders]\n    fallback: none\n"
        );
    }
    text = text.replace("  create_order:", &format!("{more}  create_order:"));
    text
}

/// A contract of [`LINES`] lines.
fn ordinary(name: &str) -> String {
    let lines = GOOD.lines().count();
    let mut text = contract(name, 2 + (LINES - lines) / 4);
    for _ in text.lines().count()..LINES {
        text.push_str("# what a team writes beside its values\n");
    }
    text
}

fn sources(count: usize, make: impl Fn(&str) -> String) -> Vec<Source> {
    let one = |n: usize| Source::new(format!("contracts/p{n}.yaml"), make(&format!("p{n}")));
    (0..count).map(one).collect()
}

fn fastest(mut run: impl FnMut()) -> Duration {
    let samples = (0..SAMPLES).map(|_| {
        let start = Instant::now();
        run();
        start.elapsed()
    });
    samples.min().unwrap_or_default()
}

/// Checks all of it; says whether it stays within its bar.
fn measure(what: &str, sources: &[Source], bar: Duration) -> bool {
    let check = fastest(|| {
        let loaded = load(sources, &Options::check(TODAY));
        assert_eq!((loaded.report.errors(), loaded.providers.len()), (0, sources.len()), "{what}");
    });
    let read = fastest(|| {
        for source in sources {
            let text = std::str::from_utf8(&source.bytes).unwrap_or_default();
            let value: Result<serde_json::Value, _> = serde_saphyr::from_str(text);
            assert!(value.is_ok(), "{what}");
        }
    });
    let ratio = check.as_secs_f64() / read.as_secs_f64();
    println!(
        "{what}: {check:.1?}, bar {bar:.0?}; reading the YAML alone {read:.1?}; ratio {ratio:.2}"
    );
    check <= bar
}

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    if let (Some("many"), Some(times)) = (args.next().as_deref(), args.next()) {
        let one = sources(1, ordinary);
        for _ in 0..times.parse().unwrap_or(1) {
            assert_eq!(load(&one, &Options::check(TODAY)).providers.len(), 1, "it is good");
        }
        return ExitCode::SUCCESS;
    }
    let many = sources(1_000, ordinary);
    let large = sources(100, |name| contract(name, 30));
    let lines = many.first().map_or(0, |s| s.bytes.iter().filter(|b| **b == b'\n').count());
    println!("fastest of {SAMPLES} samples, one thread");
    let many_fine =
        measure(&format!("1,000 contracts of {lines} lines"), &many, Duration::from_secs(1));
    let large_fine = measure("100 contracts of 30 operations", &large, Duration::from_millis(300));
    if many_fine && large_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
