//! Callers with shares: one that floods takes nothing from the others.

use outwright_core::bulkhead;
use outwright_core::event::{Event, What};
use outwright_core::provider::{Caller, CallerIndex, Keys, Priority, Provider};
use outwright_core::time::Mono;
use outwright_sim::world::{Setting, World};

use crate::chaos::{chaos, tight};
use crate::contracts::{READ, WRITE, provider, secs, set_timeouts};
use crate::worlds::{poisson, quick, run, setting};

/// Ten slots and twenty places, of which `shop` and `books` may have these parts.
fn shared(shop: f64, books: f64) -> Provider {
    let mut provider = provider();
    set_timeouts(&mut provider, [0.5, 1.0, 0.5, 2.0, 10.0]);
    provider.bulkhead = bulkhead::Policy::new(10, 20, secs(0.5)).unwrap();
    let caller = |name: &str, part| Caller {
        name: name.into(),
        operations: None,
        priority: Priority::Critical,
        share: provider.bulkhead.share(part),
        keys: Keys::Derived,
        retired: false,
    };
    provider.callers = Box::new([caller("shop", shop), caller("books", books)]);
    provider
}

/// `shop` floods with so many calls per second, `books` has ten.
fn flood(seed: u64, rate: f64) -> Setting {
    let mut callers = poisson(seed, rate, 10.0, &[READ, WRITE]);
    callers.iter_mut().for_each(|caller| caller.who = Some(CallerIndex(0)));
    let mut quiet = poisson(seed + 1_000, 10.0, 10.0, &[READ]);
    quiet.iter_mut().for_each(|caller| caller.who = Some(CallerIndex(1)));
    callers.append(&mut quiet);
    for caller in &mut callers {
        caller.priority = Priority::Critical;
    }
    setting(seed, callers)
}

/// The world's truth fails a run in which a caller is above its share; here nobody starves either.
#[test]
fn a_caller_that_floods_takes_nothing_from_one_that_does_not() {
    for seed in 0..5 {
        let setting = flood(seed, 1_000.0);
        let (report, tape) =
            World::new(&shared(0.7, 0.3), &setting, quick()).run_on_tape().unwrap();
        let flooding = setting.callers.iter().filter(|c| c.who == Some(CallerIndex(0))).count();
        let refused = |event: &&(Mono, Event)| matches!(event.1.what, What::Refused(_));
        let (shop, books): (Vec<&(Mono, Event)>, Vec<_>) = tape
            .events
            .iter()
            .filter(refused)
            .partition(|(_, event)| event.call.0 < flooding as u64);
        assert!(shop.len() > 1_000, "seed {seed}: the flood is refused {} times", shop.len());
        assert!(books.is_empty(), "seed {seed}: {books:?}");
        let waited = |event: &&(Mono, Event)| {
            event.1.what == What::Queued && event.1.call.0 >= flooding as u64
        };
        let waited = tape.events.iter().filter(waited).count() as u64;
        let calls = report.calls - flooding as u64;
        assert!(waited * 10 < calls, "seed {seed}: {waited} of {calls} stood behind the flood");
        assert!(report.calls > flooding as u64 + 50, "the other one did call");
    }
}

/// Whatever happens, no caller is above its share, and nothing is left behind.
#[test]
fn shares_hold_in_a_world_where_everything_happens() {
    let mut provider = tight();
    provider.callers = shared(0.7, 0.4).callers;
    for (caller, part) in provider.callers.iter_mut().zip([0.7, 0.4]) {
        caller.share = provider.bulkhead.share(part);
    }
    let (mut full, mut queued) = (0, 0);
    for seed in 0..40 {
        let (mut setting, peer) = chaos(seed);
        for (number, caller) in setting.callers.iter_mut().enumerate() {
            caller.who = Some(CallerIndex(u8::from(number % 3 == 0)));
        }
        let report = run(&provider, &setting, peer);
        full += report.others.get("share_full").copied().unwrap_or(0);
        queued += report.queued;
    }
    // The worlds were not idle.
    assert!(full > 100 && queued > 1_000, "{full} {queued}");
}

/// The control: without shares, the one that floods fills the queue for both.
#[test]
fn without_shares_a_flood_is_felt_by_all() {
    let report = run(&shared(1.0, 1.0), &flood(1, 1_000.0), quick());
    assert!(report.others.get("queue_full").copied().unwrap_or(0) > 1_000, "{:?}", report.others);
}
