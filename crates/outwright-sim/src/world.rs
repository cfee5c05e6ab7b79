//! A small world in virtual time: callers, the network and a provider, around the real engine.
//!
//! It does what a driver does (start actions, keep limits, keep wakers, report what was sent), and watches from
//! outside that the engine keeps its promises ([`truth`]).
//! Production delays every wake-up by what the scheduler takes; so does this world, by a draw, since some faults
//! show only then.

use std::collections::BTreeMap;
use std::mem;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};
use outwright_core::call::{Call, Cx};
use outwright_core::dice::{Dice, Draw, Salt};
use outwright_core::event::Event;
use outwright_core::gates::{Gates, Ticket, Which};
use outwright_core::outcome::{AttemptNo, BodyEnd, Fault, Sent};
use outwright_core::provider::Provider;
use outwright_core::step::{
    Action, CallId, Claimed, Head, Input, Reply, Request, RequestBody, Source, Step,
};
use outwright_core::time::{Mono, Now, Timestamp};
use outwright_core::timeout::Limits;

use crate::peer::{Answer, Body, Connect, Peer};
use driven::{Answered, Driven};
use report::Report;
pub use setting::{Caller, Setting, Turn};
use shelf::Shelf;
use tape::Tape;
use truth::Truth;

mod driven;
pub mod report;
mod setting;
mod shelf;
pub mod tape;
pub mod truth;

/// The world of one run.
#[derive(Debug)]
pub struct World<'a> {
    provider: &'a Provider,
    setting: &'a Setting,
    peer: Peer,
    gates: Gates,
    now: Mono,
    agenda: BTreeMap<(Mono, u64), Happening>,
    happenings: u64,
    draws: u64,
    calls: Vec<Option<Driven>>,
    wakers: BTreeMap<usize, (usize, Ticket)>,
    events: Vec<Event>,
    truth: Truth,
    shelf: Shelf,
    report: Report,
    tape: Option<Tape>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    No,
    Yes,
}

#[derive(Clone, Copy, Debug)]
enum Happening {
    Call(usize),
    Gone(usize),
    Timer(usize, u64),
    Wake(usize, Ticket),
    AtPeer(usize, AttemptNo),
    Head(usize, AttemptNo, u16, Option<u32>, Body),
    Failed(usize, AttemptNo, Sent, Fault),
    BodyEnd(usize, AttemptNo, BodyEnd),
    Claimed(usize),
    Settled(usize),
    Recalled(usize),
    Turn(usize),
}

/// Stands in a field of every head; nothing that is kept may show it.
pub const CANARY: &str = "canary-c7b1e0";
/// More happenings than this are a loop, not a world.
const HAPPENINGS_MAX: u64 = 20_000_000;

impl<'a> World<'a> {
    /// A world at its beginning.
    #[must_use]
    pub fn new(provider: &'a Provider, setting: &'a Setting, peer: Peer) -> Self {
        let mut world = Self {
            provider,
            setting,
            peer,
            gates: Gates::new(provider),
            now: Mono::ZERO,
            agenda: BTreeMap::new(),
            happenings: 0,
            draws: 0,
            calls: Vec::new(),
            wakers: BTreeMap::new(),
            events: Vec::new(),
            truth: Truth::new(provider, setting.callers.len()),
            shelf: Shelf::default(),
            report: Report::default(),
            tape: None,
        };
        for (number, (at, _)) in setting.turns.iter().enumerate() {
            world.plan(*at, Happening::Turn(number));
        }
        for (number, caller) in setting.callers.iter().enumerate() {
            world.calls.push(None);
            world.plan(caller.at, Happening::Call(number));
        }
        world
    }

    /// Runs it to its end.
    ///
    /// # Errors
    ///
    /// The first promise that the engine broke, with time and seed.
    pub fn run(self) -> Result<Report, String> {
        self.live().map(|world| world.report)
    }

    /// Runs it to its end and keeps what the engine was told and said.
    ///
    /// # Errors
    ///
    /// As [`World::run`].
    pub fn run_on_tape(mut self) -> Result<(Report, Tape), String> {
        let dice = Dice::new(self.setting.seed);
        self.gates.record_inputs(dice);
        self.tape = Some(Tape::default());
        let mut world = self.live()?;
        let mut tape = world.tape.take().unwrap_or_default();
        tape.record = world.gates.take_record();
        Ok((world.report, tape))
    }

    fn live(mut self) -> Result<Self, String> {
        let ended = self.play().and_then(|()| self.end());
        if let Err(broken) = ended {
            let (now, seed) = (self.now, self.setting.seed);
            // Grants that are out would say that they were dropped and hide what came first.
            mem::forget(self.calls);
            return Err(format!("{broken}\n  at {now:?}; replay with seed {seed}"));
        }
        self.report.arrived = self.peer.arrived;
        self.report.arrivals = mem::take(&mut self.peer.arrivals);
        Ok(self)
    }

    fn play(&mut self) -> Result<(), String> {
        while let Some(((at, _), happening)) = self.agenda.pop_first() {
            self.now = at;
            self.happen(happening)?;
            if self.happenings > HAPPENINGS_MAX {
                return Err("the world does not come to an end".to_owned());
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        let left = self.calls.iter().flatten().count();
        let gates = &mut self.gates;
        let (slots, waiting, grants) = (gates.slots_used(), gates.waiting(), gates.grants_out());
        if (left, slots, waiting, grants) != (0, 0, 0, 0) {
            return Err(format!(
                "at the end {left} calls, {slots} slots, {waiting} waiting, {grants} grants are left"
            ));
        }
        if gates.bugs() > 0 {
            return Err(format!("{} bugs were counted", gates.bugs()));
        }
        Ok(())
    }

    fn happen(&mut self, happening: Happening) -> Result<(), String> {
        match happening {
            Happening::Call(call) => self.admit(call),
            Happening::Gone(call) => match self.calls.get(call).and_then(Option::as_ref) {
                Some(driven) if driven.answered == Answered::NotYet => {
                    self.truth.gone(call);
                    self.step(call, Input::CallerGone)
                }
                Some(_) | None => Ok(()),
            },
            Happening::Timer(call, timer) => match self.calls.get(call).and_then(Option::as_ref) {
                Some(driven) if driven.timer == timer => self.step(call, Input::Tick),
                Some(_) | None => Ok(()),
            },
            Happening::Wake(call, ticket) => {
                let waits = self.calls.get(call).and_then(Option::as_ref);
                if waits.and_then(|driven| driven.call.ticket()) == Some(ticket) {
                    self.step(call, Input::Tick)?;
                }
                Ok(())
            }
            Happening::AtPeer(call, attempt) => {
                self.at_peer(call, attempt);
                Ok(())
            }
            Happening::Head(call, attempt, status, retry_after, body) => {
                self.head(call, attempt, (status, retry_after), body)
            }
            Happening::Failed(call, attempt, sent, fault) => {
                self.step(call, Input::Failed { attempt, sent, fault })
            }
            Happening::BodyEnd(call, attempt, end) => {
                self.step(call, Input::BodyEnd { attempt, end })
            }
            Happening::Claimed(call) => self.step(call, Input::Claimed(Claimed::Fresh)),
            Happening::Settled(call) => self.step(call, Input::Settled),
            Happening::Recalled(call) => {
                let found = self.shelf.find(self.truth.operation(call));
                self.step(call, Input::Recalled(found.as_ref()))
            }
            Happening::Turn(number) => self.turn(number),
        }
    }

    fn admit(&mut self, number: usize) -> Result<(), String> {
        let Some(caller) = self.setting.callers.get(number) else { return Ok(()) };
        let id = CallId(u64::try_from(number).unwrap_or(u64::MAX));
        let request = Request {
            id,
            operation: caller.operation,
            caller: caller.who,
            timeout: caller.timeout,
            priority: caller.priority,
            body: RequestBody { bytes: Some(0), replayable: true },
            keyed: true,
            ledgered: caller.ledgered,
        };
        self.report.calls += 1;
        let total = self.provider.operation(caller.operation).timeouts.total();
        let total = caller.timeout.map_or(total, |timeout| timeout.min(total));
        self.truth.called(number, caller, self.now.plus(total));
        let admitted = Call::admit(&mut self.cx(), request);
        self.tell(number)?;
        match admitted {
            Err(refusal) => self.report.end(&Reply::Refused(refusal)),
            Ok(call) => {
                let driven = Driven { call, timer: 0, limits: None, answered: Answered::NotYet };
                if let Some(place) = self.calls.get_mut(number) {
                    *place = Some(driven);
                }
                if let Some(after) = caller.gone_after {
                    self.plan(self.now.plus(after), Happening::Gone(number));
                }
                self.step(number, Input::Tick)?;
            }
        }
        Ok(())
    }

    fn cx(&mut self) -> Cx<'_> {
        let wall = Timestamp::from_millis(1_790_000_000_000 + self.now.nanos() / 1_000_000);
        Cx {
            now: Now { mono: self.now, wall },
            provider: self.provider,
            standing: self.provider,
            gates: &mut self.gates,
            dice: Dice::new(self.setting.seed),
            events: &mut self.events,
        }
    }

    /// Hands a call an input.
    fn step(&mut self, number: usize, input: Input<'_>) -> Result<(), String> {
        let Some(mut driven) = self.calls.get_mut(number).and_then(Option::take) else {
            return Ok(());
        };
        driven.timer += 1;
        self.truth.hears(number, driven.call.attempt(), &input);
        driven.call.handle(&mut self.cx(), input);
        let over = self.follow(number, &mut driven);
        if let Some(ticket) = driven.call.ticket() {
            self.wakers.insert(ticket.index(), (number, ticket));
        }
        if let Some(place) = self.calls.get_mut(number) {
            *place = (over != Ok(Over::Yes)).then_some(driven);
        }
        over?;
        self.wake();
        self.report.waiting_most = self.report.waiting_most.max(self.gates.waiting());
        self.gates.verify(self.provider, self.now).map_err(str::to_owned)
    }

    /// Does what a call says, until it waits or is over.
    fn follow(&mut self, number: usize, driven: &mut Driven) -> Result<Over, String> {
        loop {
            let step = driven.call.poll(&mut self.cx());
            if let Some(tape) = &mut self.tape {
                tape.steps.push((driven.call.request().id, step));
            }
            self.tell(number)?;
            match step {
                Step::Act(action) => self.act(number, driven, action)?,
                Step::Relay(Source::Attempt(attempt)) => {
                    self.answered(number, driven)?;
                    self.relay(number, driven, attempt);
                }
                Step::Relay(Source::Flight(_)) => {
                    return Err("nobody was told to follow another call".to_owned());
                }
                Step::Wait(until) => {
                    if until < Mono::MAX {
                        self.plan(until.max(self.now), Happening::Timer(number, driven.timer));
                    }
                    return Ok(Over::No);
                }
                Step::Done(reply) => {
                    self.answered(number, driven)?;
                    self.truth.done(number, &reply)?;
                    self.report.end(&reply);
                    return Ok(Over::Yes);
                }
            }
        }
    }

    /// Wakes whom the gates named, in their order, each a drawn moment later.
    fn wake(&mut self) {
        let woken: Vec<Ticket> = self.gates.woken.drain(..).collect();
        for ticket in woken {
            let Some((call, theirs)) = self.wakers.get(&ticket.index()).copied() else { continue };
            if theirs == ticket {
                let after = self.draw().upto(self.setting.wake_max);
                self.report.wakes += 1;
                self.plan(self.now.plus(after), Happening::Wake(call, ticket));
            }
        }
    }

    fn act(&mut self, number: usize, driven: &mut Driven, action: Action) -> Result<(), String> {
        match action {
            Action::Send { attempt, limits, version: _ } => {
                let own = Which::Operation(driven.call.request().operation);
                let states = [Which::Authority, own].map(|w| self.gates.breaker(w, self.now));
                self.truth.sent(self.now, number, &limits, states)?;
                self.report.sends += 1;
                driven.limits = Some(limits);
                self.send(number, attempt, &limits);
            }
            Action::Peek { attempt, .. } => {
                let whole = BodyEnd::Whole;
                self.plan(self.now, Happening::BodyEnd(number, attempt, whole));
            }
            Action::Claim => self.soon(Happening::Claimed(number)),
            Action::Settle(_) => self.soon(Happening::Settled(number)),
            Action::Recall => self.plan(self.now, Happening::Recalled(number)),
            Action::Discard(_) | Action::Abort(_) => self.truth.over(number),
            Action::Refresh(_) | Action::Release => {}
        }
        Ok(())
    }

    fn send(&mut self, number: usize, attempt: AttemptNo, limits: &Limits) {
        let delay = self.delay();
        match self.peer.connect(self.now) {
            Connect::Refused => {
                let at = self.now.plus(delay).min(limits.end);
                let (sent, fault) = (Sent::Nothing, Fault::ConnectRefused);
                self.plan(at, Happening::Failed(number, attempt, sent, fault));
            }
            Connect::Stands => {
                self.plan(self.now.plus(delay), Happening::AtPeer(number, attempt));
                let late = self.now.plus(limits.first_byte).min(limits.end);
                let (sent, fault) = (Sent::All, Fault::FirstByteTimeout);
                self.plan(late, Happening::Failed(number, attempt, sent, fault));
            }
        }
    }

    fn at_peer(&mut self, number: usize, attempt: AttemptNo) {
        let (luck, pace, back) = (self.draw(), self.draw(), self.delay());
        match self.peer.arrive(self.now, luck, pace) {
            Answer::Head { status, retry_after, at, body } => {
                if status == 429 {
                    self.report.throttled += 1;
                }
                let happening = Happening::Head(number, attempt, status, retry_after, body);
                self.plan(at.plus(back), happening);
            }
            Answer::Reset => {
                let (sent, fault) = (Sent::All, Fault::Reset);
                let at = self.now.plus(back);
                self.plan(at, Happening::Failed(number, attempt, sent, fault));
            }
            Answer::Silence => {}
        }
    }

    fn head(
        &mut self,
        number: usize,
        attempt: AttemptNo,
        (status, retry_after): (u16, Option<u32>),
        body: Body,
    ) -> Result<(), String> {
        let mut headers = HeaderMap::new();
        // A secret, so that whoever keeps what it must not is found out.
        headers.insert(http::header::SET_COOKIE, HeaderValue::from_static(CANARY));
        if let Some(seconds) = retry_after {
            headers.insert(http::header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        let Some(driven) = self.calls.get(number).and_then(Option::as_ref) else { return Ok(()) };
        if driven.call.attempt() != attempt {
            return Ok(());
        }
        let status = StatusCode::from_u16(status).map_err(|error| error.to_string())?;
        self.truth.heard(self.now, number, status.as_u16(), retry_after);
        self.report.heads += 1;
        let head = Head { status, headers: &headers };
        self.truth.body(number, body);
        let operation = self.truth.operation(number);
        self.shelf.note((self.provider, operation), &head, body, self.now);
        self.step(number, Input::Head { attempt, head, sent: Sent::All })
    }

    /// The caller takes the body; it ends within the limits of its attempt.
    fn relay(&mut self, number: usize, driven: &Driven, attempt: AttemptNo) {
        let ends = driven.limits.map_or(Mono::MAX, |limits| limits.end);
        let whole = self.now.plus(self.peer.body);
        let end = match self.truth.body_of(number) {
            _ if whole > ends => BodyEnd::Broken(Fault::BodyLate),
            Body::Whole => BodyEnd::Whole,
            Body::Truncated => BodyEnd::Broken(Fault::BodyTruncated),
        };
        self.plan(whole.min(ends), Happening::BodyEnd(number, attempt, end));
    }

    fn answered(&mut self, number: usize, driven: &mut Driven) -> Result<(), String> {
        if driven.answered == Answered::NotYet {
            driven.answered = Answered::Yes;
            self.truth.answered(self.now, number)?;
        }
        Ok(())
    }

    fn turn(&mut self, number: usize) -> Result<(), String> {
        let Some((_, turn)) = self.setting.turns.get(number) else { return Ok(()) };
        match *turn {
            Turn::Credential { slot, version } => {
                let fresh = (version, Mono::MAX);
                self.gates.credential_is(self.provider, self.now, slot, fresh);
            }
            Turn::NoCredential { slot } => {
                self.gates.credential_failed(self.provider, self.now, slot);
            }
            Turn::Breaker(which, turn) => {
                self.gates.turn(self.provider, self.now, which, turn);
                self.gates.take_changes().for_each(drop);
            }
        }
        self.wake();
        self.gates.verify(self.provider, self.now).map_err(str::to_owned)
    }

    /// Hands the engine's events to whoever watches.
    fn tell(&mut self, call: usize) -> Result<(), String> {
        let mut told = Ok(());
        for event in self.events.drain(..) {
            self.report.event(self.now, &event);
            if let Some(tape) = &mut self.tape {
                tape.events.push((self.now, event));
            }
            told = told.and(self.truth.event(call, &event));
        }
        told
    }

    fn plan(&mut self, at: Mono, happening: Happening) {
        self.happenings += 1;
        self.agenda.insert((at, self.happenings), happening);
    }

    fn soon(&mut self, happening: Happening) {
        let takes = self.delay();
        self.plan(self.now.plus(takes), happening);
    }

    fn draw(&mut self) -> Draw {
        self.draws += 1;
        // The world's chance is another one than the engine's, under the same seed.
        Dice::new(!self.setting.seed).draw(self.draws, Salt::Ramp(0))
    }

    fn delay(&mut self) -> Duration {
        let (least, most) = self.setting.network;
        least + self.draw().upto(most.saturating_sub(least))
    }
}
