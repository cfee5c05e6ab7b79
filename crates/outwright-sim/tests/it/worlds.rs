//! Callers, seeds and one way to run a world.

use std::time::Duration;

use outwright_core::dice::{Dice, Salt};
use outwright_core::provider::{OpIndex, Priority, Provider};
use outwright_core::time::Mono;
use outwright_sim::peer::Peer;
use outwright_sim::world::report::Report;
use outwright_sim::world::{Caller, Setting, World};

/// `millis` after the start.
pub(crate) fn at(millis: u64) -> Mono {
    Mono::from_millis(millis)
}

/// A provider that answers within 20 to 60 ms.
pub(crate) fn quick() -> Peer {
    Peer::up((Duration::from_millis(20), Duration::from_millis(60)))
}

/// A caller of usual urgency that stays.
pub(crate) fn caller(at: Mono, operation: OpIndex) -> Caller {
    let priority = Priority::Default;
    let who = None;
    Caller { who, at, operation, priority, timeout: None, gone_after: None, ledgered: false }
}

/// Callers that come by chance, `rate` per second for `seconds`, of these operations in turn.
pub(crate) fn poisson(seed: u64, rate: f64, seconds: f64, operations: &[OpIndex]) -> Vec<Caller> {
    let dice = Dice::new(seed ^ 0xA5A5_A5A5);
    let (mut callers, mut time, mut number) = (Vec::new(), 0.0, 0);
    loop {
        number += 1;
        time -= (1.0 - dice.draw(number, Salt::Ramp(1)).unit()).ln() / rate;
        if time >= seconds {
            return callers;
        }
        let operation = operations[number as usize % operations.len()];
        callers.push(caller(Mono::ZERO.plus(Duration::from_secs_f64(time)), operation));
    }
}

/// A setting with a network of 1 to 10 ms and wake-ups of up to 20 ms.
pub(crate) fn setting(seed: u64, callers: Vec<Caller>) -> Setting {
    Setting {
        seed,
        network: (Duration::from_millis(1), Duration::from_millis(10)),
        wake_max: Duration::from_millis(20),
        callers,
        turns: Vec::new(),
    }
}

/// Runs a world; what the engine broke fails the test with the seed.
pub(crate) fn run(provider: &Provider, setting: &Setting, peer: Peer) -> Report {
    match World::new(provider, setting, peer).run() {
        Ok(report) => report,
        Err(broken) => panic!("{broken}"),
    }
}
