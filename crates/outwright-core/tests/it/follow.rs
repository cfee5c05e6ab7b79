//! A read that waits for the reply of another, told by hand: what it takes, and how it ends.

use std::time::Duration;

use outwright_core::event::What;
use outwright_core::fallback::{self, Degraded, Fixed};
use outwright_core::flight::{Coalesced, Landed};
use outwright_core::outcome::{BodyEnd, Fault};
use outwright_core::refusal::Reason;
use outwright_core::step::{CallId, Input, Reply, Source, Step};
use outwright_core::time::Mono;

use crate::call::Play;
use crate::contracts::{READ, provider};

const LEADER: CallId = CallId(99);

fn told(play: &Play, what: Coalesced) -> bool {
    play.events.iter().any(|event| event.what == What::Coalesced(what))
}

fn granted(play: &Play) -> bool {
    play.events.iter().any(|event| matches!(event.what, What::Granted { .. }))
}

/// what it is given costs no grant.
#[test]
fn a_follower_gets_the_reply_and_takes_nothing() {
    for end in [BodyEnd::Whole, BodyEnd::Broken(Fault::Reset), BodyEnd::CallerGone] {
        let mut play = Play::new(provider());
        assert!(matches!(play.follows(LEADER, None), Step::Wait(until) if until < Mono::MAX));
        let step = play.tell(Input::Landed(Landed::Shared));
        assert_eq!(step, Step::Relay(Source::Flight(LEADER)));
        assert_eq!(play.tell(Input::Tick), Step::Wait(Mono::MAX));
        let attempt = play.attempt();
        let step = play.tell(Input::BodyEnd { attempt, end });
        assert_eq!(step, Step::Done(Reply::Relayed(end)));
        assert_eq!((play.sends_made(), granted(&play)), (0, false));
        assert!(told(&play, Coalesced::Shared));
        play.at_rest();
    }
}

/// if the reply may not be shared, or there is none, each is forwarded, through its own grant.
#[test]
fn a_follower_that_is_left_alone_is_sent_by_itself() {
    let mut play = Play::new(provider());
    play.follows(LEADER, None);
    let step = play.tell(Input::Landed(Landed::Apart));
    play.sends(step);
    assert!(granted(&play) && told(&play, Coalesced::Forwarded));
    assert!(matches!(play.head(200, &[]), Step::Relay(Source::Attempt(_))));
    let attempt = play.attempt();
    play.tell(Input::BodyEnd { attempt, end: BodyEnd::Whole });
    play.at_rest();
}

/// Its deadline is its own, however long the one that it waits for has.
#[test]
fn a_follower_ends_at_its_own_deadline() {
    let mut play = Play::new(provider());
    let begun = play.now;
    let step = play.follows(LEADER, Some(0.4));
    let Step::Wait(until) = step else { panic!("{step:?}") };
    assert!(until.since(begun) <= Duration::from_millis(400));
    play.now = until;
    let step = play.tell(Input::Tick);
    assert!(
        matches!(step, Step::Done(Reply::Refused(refusal)) if refusal.reason == Reason::DeadlineTooShort),
        "{step:?}"
    );
    assert!(told(&play, Coalesced::Late));
    play.at_rest();
}

/// What comes after the deadline changes nothing, and one that lands just before it has no time to be sent.
#[test]
fn a_reply_that_lands_too_late_is_not_asked_for_again() {
    let mut play = Play::new(provider());
    let Step::Wait(until) = play.follows(LEADER, Some(0.4)) else { panic!() };
    play.now = until.minus(Duration::from_millis(1));
    let step = play.tell(Input::Landed(Landed::Apart));
    assert!(
        matches!(step, Step::Done(Reply::Refused(refusal)) if refusal.reason == Reason::DeadlineTooShort),
        "{step:?}"
    );
    assert_eq!(play.sends_made(), 0);
    play.at_rest();
}

/// A contract's fallback is every read's own.
#[test]
fn a_follower_whose_time_is_over_has_its_fallback() {
    let mut provider = provider();
    let json = http::HeaderValue::from_static("application/json");
    let fixed = Fixed::new(http::StatusCode::OK, json, "[]").unwrap();
    provider.operations[usize::from(READ.0)].fallback = fallback::Policy::Static(fixed);
    let mut play = Play::new(provider);
    let Step::Wait(until) = play.follows(LEADER, Some(0.4)) else { panic!() };
    play.now = until;
    assert_eq!(play.tell(Input::Tick), Step::Done(Reply::Degraded(Degraded::Static)));
}

/// A follower that leaves ends itself and nothing else.
#[test]
fn a_follower_that_goes_away_holds_nothing() {
    for landed in [None, Some(Landed::Shared)] {
        let mut play = Play::new(provider());
        play.follows(LEADER, None);
        if let Some(landed) = landed {
            play.tell(Input::Landed(landed));
            let attempt = play.attempt();
            let step = play.tell(Input::BodyEnd { attempt, end: BodyEnd::CallerGone });
            assert_eq!(step, Step::Done(Reply::Relayed(BodyEnd::CallerGone)));
        } else {
            assert_eq!(play.tell(Input::CallerGone), Step::Done(Reply::Gone));
        }
        play.at_rest();
    }
}

/// A word about a flight means nothing to a call that follows none, nor a second one to a call that did.
#[test]
fn a_landing_is_heard_once() {
    let mut play = Play::new(provider());
    let step = play.begin(READ, None);
    play.sends(step);
    assert_eq!(play.tell(Input::Landed(Landed::Shared)), Step::Wait(Mono::MAX));
    play.tell(Input::CallerGone);
    play.at_rest();
    let mut play = Play::new(provider());
    play.follows(LEADER, None);
    let step = play.tell(Input::Landed(Landed::Apart));
    play.sends(step);
    assert_eq!(play.tell(Input::Landed(Landed::Shared)), Step::Wait(Mono::MAX));
    assert_eq!(play.sends_made(), 1);
    play.tell(Input::CallerGone);
    play.at_rest();
}
