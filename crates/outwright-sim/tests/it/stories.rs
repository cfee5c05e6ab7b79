//! What a few callers live through, from line to line.

use std::time::Duration;

use outwright_core::provider::Provider;
use outwright_core::time::Mono;
use outwright_sim::peer::{Mood, Peer};
use outwright_sim::world::{Caller, Setting, World};

use crate::contracts::{ONCE, READ, WRITE, provider};
use crate::worlds::{at, caller};

/// A provider that answers after 50 ms, over a network that takes no time.
fn steady() -> Peer {
    Peer::up((Duration::from_millis(50), Duration::from_millis(50)))
}

fn tell(provider: &Provider, callers: Vec<Caller>, peer: Peer) -> String {
    let instant = (Duration::ZERO, Duration::ZERO);
    let wake_max = Duration::ZERO;
    let setting = Setting { seed: 1, network: instant, wake_max, callers, turns: Vec::new() };
    let (_, tape) = World::new(provider, &setting, peer).run_on_tape().unwrap();
    tape.timeline()
}

#[test]
fn a_call_that_meets_a_500_is_sent_again_and_answered() {
    let mood = Mood::Errors { of_mille: 1000, status: 500 };
    let peer = steady().spell(Mono::ZERO, at(40), mood);
    insta::assert_snapshot!(tell(&provider(), vec![caller(at(0), READ)], peer), @r"
      0 ms  #0  Granted { waited: 0ns }
      0 ms  #0  Sent(AttemptNo(1))
     50 ms  #0  Judged { attempt: AttemptNo(1), class: Transient, fault: None }
     50 ms  #0  Retrying { attempt: AttemptNo(1), wait: 81.241175ms }
    131 ms  #0  Granted { waited: 0ns }
    131 ms  #0  Sent(AttemptNo(2))
    181 ms  #0  Judged { attempt: AttemptNo(2), class: Success, fault: None }
    182 ms  #0  Done
    ");
}

#[test]
fn what_one_hears_holds_all() {
    let mood = Mood::Says { status: 429, retry_after: 2 };
    let peer = steady().spell(Mono::ZERO, at(40), mood);
    let callers = vec![caller(at(0), READ), caller(at(500), WRITE)];
    insta::assert_snapshot!(tell(&provider(), callers, peer), @r"
       0 ms  #0  Granted { waited: 0ns }
       0 ms  #0  Sent(AttemptNo(1))
      50 ms  #0  Judged { attempt: AttemptNo(1), class: Throttled, fault: None }
      50 ms  #0  Hint(2s)
      50 ms  #0  Retrying { attempt: AttemptNo(1), wait: 2.695417615s }
     500 ms  #1  Queued
    2051 ms  #1  Granted { waited: 1.551s }
    2051 ms  #1  Sent(AttemptNo(1))
    2101 ms  #1  Judged { attempt: AttemptNo(1), class: Success, fault: None }
    2102 ms  #1  Done
    2745 ms  #0  Granted { waited: 0ns }
    2745 ms  #0  Sent(AttemptNo(2))
    2795 ms  #0  Judged { attempt: AttemptNo(2), class: Success, fault: None }
    2796 ms  #0  Done
    ");
}

#[test]
fn a_write_that_nothing_protects_is_not_sent_twice() {
    let peer = steady().spell(Mono::ZERO, at(40), Mood::Resets);
    insta::assert_snapshot!(tell(&provider(), vec![caller(at(0), ONCE)], peer), @r"
    0 ms  #0  Granted { waited: 0ns }
    0 ms  #0  Sent(AttemptNo(1))
    0 ms  #0  Judged { attempt: AttemptNo(1), class: Transient, fault: Some(Reset) }
    0 ms  #0  RetrySkipped(Plan)
    0 ms  #0  Done
    ");
}

#[test]
fn a_caller_that_goes_away_is_let_go_and_a_write_is_finished() {
    let gone = |operation| Caller {
        gone_after: Some(Duration::from_millis(20)),
        ..caller(at(0), operation)
    };
    insta::assert_snapshot!(tell(&provider(), vec![gone(READ), gone(WRITE)], steady()), @r"
     0 ms  #0  Granted { waited: 0ns }
     0 ms  #0  Sent(AttemptNo(1))
     0 ms  #1  Granted { waited: 0ns }
     0 ms  #1  Sent(AttemptNo(1))
    20 ms  #0  Done
    50 ms  #1  Judged { attempt: AttemptNo(1), class: Success, fault: None }
    51 ms  #1  Done
    ");
}
