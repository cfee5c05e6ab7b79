//! One call, told by hand what the world answers: what it leaves behind and what it says of it.

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use outwright_core::call::{Call, Cx};
use outwright_core::dice::Dice;
use outwright_core::event::{BreakerState, Event};
use outwright_core::gates::{Gates, Which};
use outwright_core::outcome::{BodyEnd, Effect, Fault, Sent};
use outwright_core::provider::{Inject, OpIndex, Plan, Priority, Provider, Slot, Source};
use outwright_core::step::{
    Action, CallId, Failure, Head, Input, Reply, Request, RequestBody, Skip, Step,
};
use outwright_core::time::{Mono, Now};

use crate::contracts::{ONCE, READ, WRITE, provider, secs};

/// A call, the gates that it meets, and the time as it goes.
pub(crate) struct Play {
    pub(crate) p: Provider,
    gates: Gates,
    pub(crate) now: Mono,
    pub(crate) events: Vec<Event>,
    call: Option<Call>,
    calls: u64,
}

impl Play {
    pub(crate) fn new(p: Provider) -> Self {
        let gates = Gates::new(&p);
        let now = Mono::from_millis(1_000);
        Self { gates, p, now, events: Vec::new(), call: None, calls: 0 }
    }

    fn cx<T>(&mut self, act: impl FnOnce(&mut Option<Call>, &mut Cx<'_>) -> T) -> T {
        let now = Now { mono: self.now, ..Now::default() };
        let (provider, gates, events) = (&self.p, &mut self.gates, &mut self.events);
        let mut cx = Cx { now, provider, standing: provider, gates, dice: Dice::new(7), events };
        act(&mut self.call, &mut cx)
    }

    /// A call begins; its first step.
    pub(crate) fn begin(&mut self, operation: OpIndex, timeout: Option<f64>) -> Step {
        let request = self.request(operation, timeout);
        self.cx(|call, cx| call.insert(Call::admit(cx, request).expect("admitted")).poll(cx))
    }

    fn request(&mut self, operation: OpIndex, timeout: Option<f64>) -> Request {
        self.calls += 1;
        Request {
            id: CallId(self.calls),
            operation,
            caller: None,
            timeout: timeout.map(secs),
            priority: Priority::Default,
            body: RequestBody { bytes: Some(2), replayable: true },
            keyed: true,
            ledgered: false,
        }
    }

    /// A call begins that waits for the reply of another; its first step.
    pub(crate) fn follows(&mut self, leader: CallId, timeout: Option<f64>) -> Step {
        let request = self.request(READ, timeout);
        self.cx(|call, cx| {
            let call = call.insert(Call::admit(cx, request).expect("admitted"));
            call.handle(cx, Input::Follows(leader));
            call.poll(cx)
        })
    }

    pub(crate) fn tell(&mut self, input: Input<'_>) -> Step {
        self.cx(|call, cx| {
            let call = call.as_mut().expect("a call");
            call.handle(cx, input);
            call.poll(cx)
        })
    }

    pub(crate) fn attempt(&self) -> outwright_core::outcome::AttemptNo {
        self.call.as_ref().expect("a call").attempt()
    }

    pub(crate) fn lost(&mut self, sent: Sent, fault: Fault) -> Step {
        let attempt = self.attempt();
        self.tell(Input::Failed { attempt, sent, fault })
    }

    pub(crate) fn head(&mut self, status: u16, fields: &[(&'static str, &'static str)]) -> Step {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let status = StatusCode::from_u16(status).expect("a status");
        let (attempt, head) = (self.attempt(), Head { status, headers: &headers });
        self.tell(Input::Head { attempt, head, sent: Sent::All })
    }

    /// Lets waits pass and does what needs no answer, up to the next send or the end.
    pub(crate) fn on(&mut self, mut step: Step) -> Step {
        for _ in 0..20 {
            match step {
                Step::Wait(until) => {
                    assert!(until < Mono::MAX, "it waits for nothing");
                    self.now = until;
                }
                Step::Act(Action::Discard(_) | Action::Abort(_) | Action::Refresh(_)) => {}
                Step::Act(_) | Step::Relay(_) | Step::Done(_) => return step,
            }
            step = self.tell(Input::Tick);
        }
        panic!("it does not come to an end: {step:?}")
    }

    /// Goes on, and is sent once more.
    pub(crate) fn sends(&mut self, step: Step) {
        let step = self.on(step);
        assert!(matches!(step, Step::Act(Action::Send { .. })), "{step:?}");
    }

    /// How often the call was sent.
    pub(crate) fn sends_made(&self) -> u8 {
        self.call.as_ref().expect("a call").sends()
    }

    /// Nothing is held any more.
    pub(crate) fn at_rest(&mut self) {
        assert_eq!((self.gates.grants_out(), self.gates.bugs()), (0, 0));
        self.gates.verify(&self.p, self.now).expect("whole");
    }
}

fn failure(step: Step) -> Failure {
    let Step::Done(Reply::Failed(failure)) = step else { panic!("{step:?}") };
    failure
}

/// a refusal that follows a lost attempt does not speak for it.
#[test]
fn an_attempt_that_may_have_acted_is_not_hidden_by_a_later_refusal() {
    for (status, fields) in [
        (400, &[][..]),
        (409, &[]),
        (503, &[("x-should-retry", "false")]),
        (429, &[("retry-after", "600")]),
    ] {
        let mut play = Play::new(provider());
        let first = play.begin(WRITE, None);
        play.sends(first);
        let again = play.lost(Sent::All, Fault::Reset);
        play.sends(again);
        let step = play.head(status, fields);
        let step = play.on(step);
        let failure = failure(step);
        assert_eq!(failure.effect, Effect::Unknown, "{status}");
        assert_eq!((failure.fault, failure.attempts), (Fault::Reset, 2), "{status}");
        play.at_rest();
    }
}

///
#[test]
fn a_connection_refused_after_a_lost_attempt_leaves_the_call_unknown() {
    let mut play = Play::new(provider());
    let first = play.begin(WRITE, None);
    play.sends(first);
    let again = play.lost(Sent::All, Fault::FirstByteTimeout);
    play.sends(again);
    let again = play.lost(Sent::Nothing, Fault::ConnectRefused);
    play.sends(again);
    let step = play.lost(Sent::Nothing, Fault::ConnectRefused);
    let failure = failure(step);
    assert_eq!(failure.effect, Effect::Unknown);
    assert_eq!(failure.fault, Fault::FirstByteTimeout, "it is what left it unknown");
    play.at_rest();
}

#[test]
fn a_reply_that_leaves_it_unknown_is_shown_before_one_that_denies_it() {
    let mut play = Play::new(provider());
    let first = play.begin(WRITE, None);
    play.sends(first);
    let again = play.head(500, &[]);
    play.sends(again);
    let step = play.head(400, &[]);
    let step = play.on(step);
    let Step::Done(Reply::Last { attempt, .. }) = step else { panic!("{step:?}") };
    assert_eq!(attempt.number(), 1);
    play.at_rest();
}

#[test]
fn a_refusal_of_the_only_attempt_and_a_read_are_shown_as_they_are() {
    let mut play = Play::new(provider());
    let first = play.begin(WRITE, None);
    play.sends(first);
    assert!(matches!(play.head(400, &[]), Step::Relay(_)));
    let attempt = play.attempt();
    let _ = play.tell(Input::BodyEnd { attempt, end: BodyEnd::Whole });
    let first = play.begin(READ, None);
    play.sends(first);
    let again = play.lost(Sent::All, Fault::Reset);
    play.sends(again);
    assert!(matches!(play.head(400, &[]), Step::Relay(_)));
    let attempt = play.attempt();
    let _ = play.tell(Input::BodyEnd { attempt, end: BodyEnd::Whole });
    play.at_rest();
}

#[test]
fn a_delete_that_finds_nothing_after_a_lost_attempt_counts_as_done() {
    let mut p = provider();
    for operation in &mut p.operations {
        (operation.method, operation.plan) = (Method::DELETE, Plan::Repeatable);
    }
    let mut play = Play::new(p);
    let first = play.begin(WRITE, None);
    play.sends(first);
    let again = play.lost(Sent::All, Fault::Reset);
    play.sends(again);
    assert!(matches!(play.head(404, &[]), Step::Relay(_)));
    assert_eq!(play.call.as_ref().map(Call::effect), Some(Effect::Done));
    let attempt = play.attempt();
    let _ = play.tell(Input::BodyEnd { attempt, end: BodyEnd::Whole });
    play.at_rest();
}

/// what a caller cuts short says nothing of the provider; what its contract cuts short does.
#[test]
fn a_deadline_of_the_caller_is_no_evidence_against_the_provider() {
    for (timeout, expected) in [(Some(1.0), BreakerState::Closed), (None, BreakerState::Open)] {
        let mut play = Play::new(provider());
        for _ in 0..40 {
            if play.gates.breaker(Which::Authority, play.now) == BreakerState::Open {
                break;
            }
            let step = play.begin(ONCE, timeout);
            let Step::Act(Action::Send { limits, .. }) = play.on(step) else { panic!("{step:?}") };
            play.now = limits.end;
            assert_eq!(failure(play.lost(Sent::All, Fault::FirstByteTimeout)).why, Skip::Plan);
        }
        assert_eq!(play.gates.breaker(Which::Authority, play.now), expected, "{timeout:?}");
        play.at_rest();
    }
}

/// The slot `key` on every operation; its version 1 is fresh.
fn with_credential() -> Play {
    let mut p = provider();
    p.slots = Box::new([Slot {
        name: "key".into(),
        source: Source::Env("KEY".into()),
        inject: Inject::Header {
            name: HeaderName::from_static("authorization"),
            prefix: "Bearer ".into(),
        },
        hosts: Box::new([]),
        scopes: Box::new([]),
        retired: false,
    }]);
    for operation in &mut p.operations {
        operation.slot = Some(0);
    }
    let mut play = Play::new(p);
    play.gates.credential_is(&play.p, play.now, 0, (1, Mono::MAX));
    play
}

#[test]
fn a_credential_that_was_fetched_and_is_the_same_is_not_sent_again() {
    let mut play = with_credential();
    let first = play.begin(READ, None);
    play.sends(first);
    assert!(matches!(play.head(401, &[]), Step::Act(Action::Refresh(1))));
    assert!(matches!(play.tell(Input::Tick), Step::Act(Action::Discard(_))));
    assert!(matches!(play.tell(Input::Tick), Step::Wait(_)));
    play.gates.credential_is(&play.p, play.now, 0, (1, Mono::MAX));
    let step = play.tell(Input::Tick);
    assert!(matches!(step, Step::Done(Reply::Last { .. })), "{step:?}");
    play.at_rest();
}

#[test]
fn a_credential_that_was_fetched_anew_is_sent_once() {
    let mut play = with_credential();
    let first = play.begin(READ, None);
    play.sends(first);
    assert!(matches!(play.head(401, &[]), Step::Act(Action::Refresh(1))));
    let _ = play.tell(Input::Tick);
    let _ = play.tell(Input::Tick);
    play.gates.credential_is(&play.p, play.now, 0, (2, Mono::MAX));
    let step = play.tell(Input::Tick);
    assert!(matches!(step, Step::Act(Action::Send { version: 2, .. })), "{step:?}");
    assert!(matches!(play.head(401, &[]), Step::Relay(_)), "a second refusal is the answer");
    let attempt = play.attempt();
    let _ = play.tell(Input::BodyEnd { attempt, end: BodyEnd::Whole });
    play.at_rest();
}

/// a repeat that is never sent costs nothing.
#[test]
fn a_caller_who_leaves_a_waiting_repeat_gets_its_token_back() {
    let mut play = with_credential();
    let before = play.gates.retries_left();
    let first = play.begin(READ, None);
    play.sends(first);
    let step = play.lost(Sent::All, Fault::Reset);
    assert_eq!(play.gates.retries_left(), before - 1);
    // The credential ends meanwhile and is being fetched: the repeat has to stand in the queue.
    let grant = refuse_credential(&mut play);
    let Step::Wait(until) = step else { panic!("{step:?}") };
    play.now = until;
    let _ = play.tell(Input::Tick);
    assert!(play.call.as_ref().and_then(Call::ticket).is_some());
    let step = play.tell(Input::CallerGone);
    assert_eq!(step, Step::Done(Reply::Gone));
    assert_eq!(play.gates.retries_left(), before);
    play.gates.leave(&play.p, play.now, grant, outwright_core::gates::Left::Sent);
    play.at_rest();
}

/// Another call is refused with the present credential, which is then being fetched.
fn refuse_credential(play: &mut Play) -> outwright_core::gates::Grant {
    use outwright_core::dice::Draw;
    use outwright_core::gates::{Ask, Entry};
    let latest = play.now.plus(secs(1.0));
    let (priority, draw) = (Priority::Default, Draw::of(0));
    let ask = Ask { operation: READ, priority, caller: None, latest, draw };
    let Entry::Granted(grant) = play.gates.enter(&play.p, play.now, &ask) else { panic!("waits") };
    let _ = play.gates.credential_refused(&play.p, &grant);
    grant
}

#[test]
fn a_call_that_has_all_the_time_of_its_contract_is_never_too_late() {
    use outwright_core::deadline::{Deadline, Fit};
    use std::time::Duration;
    for millis in [1, 5, 20, 100, 111, 200, 5_000] {
        let total = Duration::from_millis(millis);
        let now = Mono::from_millis(1_000);
        assert_eq!(Deadline::new(total, total, None, now).fit(now), Fit::Fits, "{millis}");
        let too_short = Some(total / 2);
        let fit = Deadline::new(total, total, too_short, now).fit(now);
        assert_eq!(fit, if millis < 300 { Fit::TooLate } else { Fit::Fits }, "{millis}");
    }
}

/// what was granted before the provider asked for a pause does not leave during it.
#[test]
fn a_call_that_connects_while_another_is_told_to_wait_does_not_leave() {
    let mut play = Play::new(provider());
    let first = play.begin(WRITE, Some(5.0));
    play.sends(first);
    let connecting = play.call.take();
    let other = play.begin(WRITE, Some(5.0));
    play.sends(other);
    play.now = play.now.plus(secs(0.1));
    assert!(matches!(play.head(429, &[("retry-after", "30")]), Step::Relay(_)));
    let attempt = play.attempt();
    let _ = play.tell(Input::BodyEnd { attempt, end: BodyEnd::Whole });
    play.call = connecting;
    play.now = play.now.plus(secs(0.1));
    assert!(!play.cx(|call, cx| call.as_ref().expect("a call").may_leave(cx)));
    let step = play.lost(Sent::Nothing, Fault::StaleConnection);
    let step = play.on(step);
    let Step::Done(Reply::Refused(refusal)) = step else { panic!("{step:?}") };
    assert_eq!(refusal.reason, outwright_core::refusal::Reason::Hold);
    play.at_rest();
}

#[test]
fn a_call_whose_caller_left_before_its_first_byte_does_not_leave() {
    let mut play = Play::new(provider());
    let first = play.begin(WRITE, None);
    play.sends(first);
    assert!(play.cx(|call, cx| call.as_ref().expect("a call").may_leave(cx)));
    let _ = play.tell(Input::CallerGone);
    assert!(!play.cx(|call, cx| call.as_ref().expect("a call").may_leave(cx)));
    let step = play.lost(Sent::Nothing, Fault::StaleConnection);
    assert_eq!(failure(step).effect, Effect::None);
    play.at_rest();
}
