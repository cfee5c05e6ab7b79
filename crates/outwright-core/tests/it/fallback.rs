//! A read that fails, told by hand: what it shows instead, and that it holds nothing afterwards.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use outwright_core::cache::{Directive, Directives, Found, Kept, Policy, Shown, Times, Wish};
use outwright_core::event::What;
use outwright_core::fallback::{self, Degraded, Fixed};
use outwright_core::outcome::{BodyEnd, Fault, Sent};
use outwright_core::provider::Provider;
use outwright_core::step::{Action, Input, Reply, Step};
use outwright_core::time::{Mono, Now};

use crate::call::Play;
use crate::contracts::{ONCE, READ, provider, secs};

/// The sample, whose reads show answers up to this age.
fn stale(age_max: f64, despite: &[Directive]) -> Provider {
    let mut provider = provider();
    let despite: Directives = despite.iter().copied().collect();
    for operation in &mut provider.operations {
        operation.fallback = fallback::Policy::Stale;
        operation.cache = Some(Policy::new(secs(age_max), despite).unwrap());
    }
    provider
}

/// The sample, whose reads have a fixed answer.
fn fixed() -> Provider {
    let mut provider = provider();
    let json = HeaderValue::from_static("application/json");
    let answer = Fixed::new(StatusCode::OK, json, Bytes::from_static(b"[]")).unwrap();
    for operation in &mut provider.operations {
        operation.fallback = fallback::Policy::Static(answer.clone());
    }
    provider
}

/// A reply with this `Cache-Control`, which came at the start of the play, and what its caller asks for.
fn found(play: &Play, control: &str, wish: &str) -> Found {
    let fields = |value: &str| {
        let mut headers = HeaderMap::new();
        let name = HeaderName::from_static("cache-control");
        headers.insert(name, HeaderValue::from_str(value).unwrap());
        headers
    };
    let policy = play.p.operation(READ).cache.unwrap();
    let came = Now { mono: Mono::from_millis(1_000), ..Now::default() };
    let times = Times { sent: came.mono, came };
    let head = (StatusCode::OK, &fields(control));
    let kept = Kept::of(&policy, head, &Wish::default(), times).unwrap();
    Found { kept, wish: Wish::of(&fields(wish)) }
}

/// A read that no attempt of which went well, up to the question what is kept.
fn lost(play: &mut Play) -> Step {
    let mut step = play.begin(READ, None);
    for _ in 0..3 {
        play.sends(step);
        step = play.lost(Sent::All, Fault::Reset);
    }
    play.on(step)
}

/// what went wrong is told to nobody who may be shown an older answer.
#[test]
fn a_read_that_failed_shows_what_is_kept() {
    let mut play = Play::new(stale(600.0, &[]));
    assert_eq!(lost(&mut play), Step::Act(Action::Recall));
    assert_eq!(play.tell(Input::Tick), Step::Wait(Mono::MAX), "it asks once");
    let found = found(&play, "max-age=60", "");
    let step = play.tell(Input::Recalled(Some(&found)));
    assert_eq!(step, Step::Done(Reply::Degraded(Degraded::Stale)));
    play.at_rest();
}

#[test]
fn a_read_without_anything_kept_fails_as_it_would() {
    let mut play = Play::new(stale(600.0, &[]));
    assert_eq!(lost(&mut play), Step::Act(Action::Recall));
    let step = play.tell(Input::Recalled(None));
    assert!(matches!(step, Step::Done(Reply::Failed(_))), "{step:?}");
    play.at_rest();
}

/// to the second, on the clock of the world.
#[test]
fn at_1799_seconds_it_is_shown_and_at_1801_it_is_not() {
    for (seconds, shown) in [(1_799.0, true), (1_800.0, true), (1_801.0, false)] {
        let mut play = Play::new(stale(3_600.0, &[]));
        assert_eq!(lost(&mut play), Step::Act(Action::Recall));
        play.now = Mono::from_millis(1_000).plus(secs(seconds));
        let found = found(&play, "max-age=600, stale-if-error=1200", "");
        let step = play.tell(Input::Recalled(Some(&found)));
        let stale = step == Step::Done(Reply::Degraded(Degraded::Stale));
        assert_eq!(stale, shown, "{seconds}: {step:?}");
        play.at_rest();
    }
}

/// nothing is shown against a directive, and it is told which.
#[test]
fn a_directive_that_forbids_it_is_told_and_the_failure_stands() {
    for directive in Directive::ALL {
        for (despite, shown) in [(&[][..], Shown::Barred(directive)), (&[directive], Shown::Yes)] {
            let mut play = Play::new(stale(600.0, despite));
            assert_eq!(lost(&mut play), Step::Act(Action::Recall));
            // With a value too: it means the same to all others.
            let value = format!("max-age=0, {}=0", directive.word());
            let found = found(&play, &value, "");
            play.events.clear();
            let step = play.tell(Input::Recalled(Some(&found)));
            let failed = matches!(step, Step::Done(Reply::Failed(_)));
            assert_eq!(failed, shown != Shown::Yes, "{step:?}");
            assert!(play.events.iter().any(|event| event.what == What::Recalled(shown)));
            play.at_rest();
        }
    }
}

/// a 500, 502, 503 or 504 that is final gives way; what the provider says of the request does not.
#[test]
fn a_last_reply_gives_way_where_the_provider_could_not() {
    for status in [500, 502, 503, 504, 429] {
        let mut play = Play::new(fixed());
        let mut step = play.begin(READ, None);
        for _ in 0..3 {
            play.sends(step);
            step = play.head(status, &[]);
        }
        // The reply that is not shown is dropped.
        assert!(matches!(step, Step::Act(Action::Abort(_))), "{status} {step:?}");
        let step = play.on(step);
        assert_eq!(step, Step::Done(Reply::Degraded(Degraded::Static)), "{status}");
        play.at_rest();
    }
    for status in [400, 403, 404, 409, 410, 422, 501] {
        let mut play = Play::new(fixed());
        let first = play.begin(READ, None);
        play.sends(first);
        let step = play.head(status, &[]);
        assert!(matches!(step, Step::Relay(_)), "{status} {step:?}");
        play.tell(Input::BodyEnd { attempt: play.attempt(), end: BodyEnd::Whole });
        play.at_rest();
    }
}

/// A reply that gives way only if something is kept is still there when nothing is.
#[test]
fn a_last_reply_is_relayed_where_nothing_may_be_shown() {
    let mut play = Play::new(stale(600.0, &[]));
    let mut step = play.begin(READ, None);
    for _ in 0..3 {
        play.sends(step);
        step = play.head(503, &[]);
    }
    assert_eq!(step, Step::Act(Action::Recall));
    let step = play.tell(Input::Recalled(None));
    assert!(matches!(step, Step::Relay(_)), "{step:?}");
    play.tell(Input::BodyEnd { attempt: play.attempt(), end: BodyEnd::Whole });
    play.at_rest();
}

/// Nothing is sent while a breaker is open, and the caller has its answer all the same.
#[test]
fn a_refusal_gives_way_too() {
    let mut play = Play::new(fixed());
    for _ in 0..60 {
        let step = play.begin(READ, None);
        if step == Step::Done(Reply::Degraded(Degraded::Static)) {
            assert_eq!(play.sends_made(), 0);
            return play.at_rest();
        }
        play.sends(step);
        let step = play.lost(Sent::Nothing, Fault::ConnectRefused);
        let mut step = play.on(step);
        while matches!(step, Step::Act(Action::Send { .. })) {
            let lost = play.lost(Sent::Nothing, Fault::ConnectRefused);
            step = play.on(lost);
        }
        assert_eq!(step, Step::Done(Reply::Degraded(Degraded::Static)));
    }
    panic!("the breaker never opened");
}

/// a mutation never gets a made-up success, whatever a contract that passed no check says.
#[test]
fn a_mutation_is_never_degraded() {
    let mut play = Play::new(fixed());
    let step = play.begin(ONCE, None);
    play.sends(step);
    let step = play.lost(Sent::All, Fault::Reset);
    let step = play.on(step);
    assert!(matches!(step, Step::Done(Reply::Failed(_))), "{step:?}");
    play.at_rest();
}

/// Once a byte was relayed, a body that breaks is a broken answer and nothing else.
#[test]
fn nothing_is_shown_after_a_relay() {
    let mut play = Play::new(fixed());
    let step = play.begin(READ, None);
    play.sends(step);
    let step = play.head(200, &[]);
    assert!(matches!(step, Step::Relay(_)), "{step:?}");
    let broken = BodyEnd::Broken(Fault::BodyTruncated);
    let step = play.tell(Input::BodyEnd { attempt: play.attempt(), end: broken });
    assert_eq!(step, Step::Done(Reply::Relayed(broken)));
    play.at_rest();
}

/// Who goes while it is looked up takes nothing along.
#[test]
fn a_caller_who_goes_meanwhile_leaves_nothing() {
    let mut play = Play::new(stale(600.0, &[]));
    assert_eq!(lost(&mut play), Step::Act(Action::Recall));
    assert_eq!(play.tell(Input::CallerGone), Step::Done(Reply::Gone));
    play.at_rest();
    let mut play = Play::new(stale(600.0, &[]));
    let mut step = play.begin(READ, None);
    for _ in 0..3 {
        play.sends(step);
        step = play.head(503, &[]);
    }
    assert_eq!(step, Step::Act(Action::Recall));
    let step = play.tell(Input::CallerGone);
    assert_eq!(play.on(step), Step::Done(Reply::Gone));
    play.at_rest();
}
