//! Nanoseconds per decision of the engine, and allocations per call after warm-up, by path.
//!
//! `cargo bench -p outwright-core`. The bar: one microsecond per decision and no allocation; it exits 1 above it.
//! As in the product, the gates stand behind a mutex that is locked once per input.
//! `-- read 60000` makes so many reads and nothing else: two counts under callgrind give instructions per call.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock, and stops where its own story does not hold"
)]

use std::alloc::System;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use http::{HeaderMap, StatusCode};
use outwright_core::call::{Call, Cx};
use outwright_core::dice::Dice;
use outwright_core::event::Event;
use outwright_core::gates::{Gates, Turn, Which};
use outwright_core::outcome::{AttemptNo, BodyEnd, Sent};
use outwright_core::provider::{OpIndex, Priority, Provider};
use outwright_core::refusal::Refusal;
use outwright_core::step::{
    Action, CallId, Claimed, Head, Input, Request, RequestBody, Source, Step,
};
use outwright_core::time::{Mono, Now, Timestamp};
use outwright_core::{bulkhead, ratelimit};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

use contracts::{READ, WRITE, provider, secs};

#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../tests/it/contracts.rs"]
mod contracts;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const SAMPLES: usize = 41;
const CALLS: u64 = 20_000;
/// The bar per decision (`product.md` 7).
const DECISION_NS_MAX: f64 = 1_000.0;

/// One provider, as a driver has it.
struct Bench {
    p: Provider,
    gates: Mutex<Gates>,
    events: Vec<Event>,
    headers: HeaderMap,
    now: Mono,
    calls: u64,
}

impl Bench {
    fn new(p: Provider) -> Self {
        Self {
            gates: Mutex::new(Gates::new(&p)),
            p,
            events: Vec::with_capacity(64),
            headers: HeaderMap::new(),
            now: Mono::from_millis(1),
            calls: 0,
        }
    }

    /// One lock, one use of the engine.
    fn with<T>(&mut self, after: Duration, use_it: impl FnOnce(&mut Cx<'_>, &HeaderMap) -> T) -> T {
        self.now = self.now.plus(after);
        self.events.clear();
        let mut gates = self.gates.lock().expect("nobody panics while holding it");
        let now = Now { mono: self.now, wall: Timestamp::from_millis(1_790_000_000_000) };
        let mut cx = Cx {
            now,
            provider: &self.p,
            standing: &self.p,
            gates: &mut gates,
            dice: Dice::new(1),
            events: &mut self.events,
        };
        let result = use_it(&mut cx, &self.headers);
        cx.gates.woken.clear();
        result
    }

    fn admit(&mut self, operation: OpIndex) -> Result<(Call, Step), Refusal> {
        self.calls += 1;
        let request = Request {
            id: CallId(self.calls),
            operation,
            caller: None,
            timeout: None,
            priority: Priority::Default,
            body: RequestBody { bytes: Some(0), replayable: true },
            keyed: false,
            ledgered: operation == WRITE,
        };
        self.with(Duration::from_micros(10), |cx, _| {
            let mut call = Call::admit(cx, request)?;
            let step = call.poll(cx);
            Ok((call, step))
        })
    }

    fn head(&mut self, call: &mut Call, attempt: AttemptNo, status: u16) -> Step {
        let status = StatusCode::from_u16(status).expect("a status");
        self.with(Duration::from_micros(10), |cx, headers| {
            let head = Head { status, headers };
            call.handle(cx, Input::Head { attempt, head, sent: Sent::All });
            call.poll(cx)
        })
    }

    fn input(&mut self, call: &mut Call, input: Input<'_>) -> Step {
        self.with(Duration::from_micros(1), |cx, _| {
            call.handle(cx, input);
            call.poll(cx)
        })
    }

    fn tick(&mut self, call: &mut Call, after: Duration) -> Step {
        self.with(after, |cx, _| call.poll(cx))
    }

    fn end(&mut self, call: &mut Call, attempt: AttemptNo) {
        let step = self.input(call, Input::BodyEnd { attempt, end: BodyEnd::Whole });
        assert!(matches!(step, Step::Done(_)), "{step:?}");
    }
}

fn sent(step: &Step) -> AttemptNo {
    let Step::Act(Action::Send { attempt, .. }) = step else { panic!("{step:?} is no send") };
    *attempt
}

fn windows(requests: u32) -> Provider {
    let mut p = provider();
    let window = |name, per| ratelimit::Policy::new(name, requests, per).expect("a window");
    p.windows = Box::new([window("account", secs(0.001)), window("search", secs(0.0005))]);
    p.lanes = Box::new([0b11]);
    p
}

/// Admit to send, head to relay, body end to done.
fn read(bench: &mut Bench) {
    let (mut call, step) = bench.admit(READ).expect("the gates are open");
    let attempt = sent(&step);
    let step = bench.head(&mut call, attempt, 200);
    assert_eq!(step, Step::Relay(Source::Attempt(attempt)));
    bench.end(&mut call, attempt);
}

/// The same with intent and outcome in a ledger.
fn write(bench: &mut Bench) {
    let (mut call, step) = bench.admit(WRITE).expect("the gates are open");
    assert_eq!(step, Step::Act(Action::Claim));
    let attempt = sent(&bench.input(&mut call, Input::Claimed(Claimed::Fresh)));
    let step = bench.head(&mut call, attempt, 200);
    assert!(matches!(step, Step::Act(Action::Settle(_))), "{step:?}");
    assert_eq!(bench.input(&mut call, Input::Settled), Step::Relay(Source::Attempt(attempt)));
    bench.end(&mut call, attempt);
}

/// A 500, the wait, then a 200.
fn retried(bench: &mut Bench) {
    let (mut call, step) = bench.admit(READ).expect("the gates are open");
    let attempt = sent(&step);
    assert_eq!(bench.head(&mut call, attempt, 500), Step::Act(Action::Discard(attempt)));
    assert!(matches!(bench.tick(&mut call, Duration::ZERO), Step::Wait(_)));
    let attempt = sent(&bench.tick(&mut call, secs(0.2)));
    assert_eq!(bench.head(&mut call, attempt, 200), Step::Relay(Source::Attempt(attempt)));
    bench.end(&mut call, attempt);
}

/// One holds the only slot, the other waits and is handed its grant.
fn handed_off(bench: &mut Bench) {
    let (mut first, step) = bench.admit(READ).expect("the gates are open");
    let attempt = sent(&step);
    let (mut second, step) = bench.admit(READ).expect("there are places");
    assert!(matches!(step, Step::Wait(_)));
    assert_eq!(bench.head(&mut first, attempt, 200), Step::Relay(Source::Attempt(attempt)));
    bench.end(&mut first, attempt);
    let attempt = sent(&bench.tick(&mut second, Duration::ZERO));
    assert_eq!(bench.head(&mut second, attempt, 200), Step::Relay(Source::Attempt(attempt)));
    bench.end(&mut second, attempt);
}

/// One holds the only slot, the other waits and goes away.
fn vanished(bench: &mut Bench) {
    let (mut first, step) = bench.admit(READ).expect("the gates are open");
    let attempt = sent(&step);
    let (mut second, step) = bench.admit(READ).expect("there are places");
    assert!(matches!(step, Step::Wait(_)));
    assert!(matches!(bench.input(&mut second, Input::CallerGone), Step::Done(_)));
    assert_eq!(bench.head(&mut first, attempt, 200), Step::Relay(Source::Attempt(attempt)));
    bench.end(&mut first, attempt);
}

fn refused(bench: &mut Bench) {
    let (_call, step) = bench.admit(READ).expect("admission does not ask the breaker");
    assert!(matches!(step, Step::Done(_)), "{step:?}");
}

fn one_slot() -> Bench {
    let mut p = windows(1_000);
    p.bulkhead = bulkhead::Policy::new(1, 10, secs(1.0)).expect("a bulkhead");
    Bench::new(p)
}

fn open_breaker() -> Bench {
    let bench = Bench::new(windows(1_000));
    let (now, turn) = (bench.now, Turn::ForceOpen(None));
    let mut gates = bench.gates.lock().expect("nobody else has it");
    gates.turn(&bench.p, now, Which::Authority, turn);
    drop(gates);
    bench
}

/// Prints a line and says whether it is within the bar.
fn measure(name: &str, decisions: f64, mut bench: Bench, path: impl Fn(&mut Bench)) -> bool {
    for _ in 0..CALLS {
        path(&mut bench);
    }
    let mut samples = Vec::with_capacity(SAMPLES);
    let region = Region::new(ALLOCATOR);
    for _ in 0..SAMPLES {
        let started = Instant::now();
        for _ in 0..CALLS {
            path(&mut bench);
        }
        samples.push(started.elapsed().as_nanos() as f64 / CALLS as f64);
    }
    let change = region.change();
    let calls = CALLS as f64 * SAMPLES as f64;
    let allocations = (change.allocations + change.reallocations) as f64 / calls;
    samples.sort_by(f64::total_cmp);
    let per_call = samples.get(SAMPLES / 2).copied().unwrap_or(f64::MAX);
    let per_decision = per_call / decisions;
    println!("{name:<44} {per_call:>8.0} {per_decision:>8.0} {allocations:>12.4}");
    per_decision <= DECISION_NS_MAX && allocations == 0.0
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1).skip_while(|word| word != "read");
    if let (Some(_), Some(calls)) = (words.next(), words.next()) {
        let mut bench = Bench::new(windows(1_000));
        (0..calls.parse().expect("a number of calls")).for_each(|_: u64| read(&mut bench));
        return ExitCode::SUCCESS;
    }
    println!("{:<44} {:>8} {:>8} {:>12}", "path", "ns/call", "ns/dec.", "allocations");
    let fine = [
        measure("read, 2 windows, breaker, slot, budget", 3.0, Bench::new(windows(1_000)), read),
        measure("same, exact logs of 10,000", 3.0, Bench::new(windows(10_000)), read),
        measure("write with claim and settle", 5.0, Bench::new(windows(1_000)), write),
        measure("500, backoff, then 200", 6.0, Bench::new(windows(1_000)), retried),
        measure("queue hand-off (pair of calls)", 7.0, one_slot(), handed_off),
        measure("waiter cancelled (pair of calls)", 5.0, one_slot(), vanished),
        measure("refused by open breaker", 1.0, open_breaker(), refused),
    ];
    println!("the bar: {DECISION_NS_MAX} ns per decision, 0 allocations after warm-up");
    if fine.iter().all(|fine| *fine) { ExitCode::SUCCESS } else { ExitCode::from(1) }
}
