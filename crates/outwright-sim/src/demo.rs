//! The demo provider's behaviour: a request goes in, a script for the wire comes out and an effect is noted.
//!
//! It is the peer that outwright is judged by: its [`Effects`] and its wire log are the numbers of the demo and
//! of every wire test, never outwright's own counters.
//! Nothing here reads a clock, opens a socket or draws by itself: time is an argument, draws come from the seed
//! in [`Settings`], and everything that a socket does stands in the [`Act`]s of an answer.
//! `outwright_gateway::demo` gives it sockets.
//!
//! A request meets, in this order: the outage, the quota, a fault on command, the brownout, the operation.

mod act;
mod api;
mod bomb;
mod chance;
mod dialects;
mod distort;
mod effects;
mod fault;
mod injection;
mod keys;
mod malformed;
mod manners;
mod preset;
mod quota;
mod reply;
mod request;
mod settings;
mod units;
mod wire;

use std::collections::BTreeMap;
use std::time::Duration;

use outwright_core::time::{Now, Timestamp};
use serde_json::Value;

pub use act::{Act, ENDLESS, written};
pub use distort::{Certificate, Welcome};
pub use effects::{Duplicate, EFFECTS_MAX, Effect, Effects};
pub use fault::{AtConnect, Ending, Endless, Expectation, Fault, Part, Strikes, Upload};
pub use injection::Injection;
pub use keys::KeyStyle;
pub use malformed::Malformed;
pub use manners::{KeyPlace, Manners, Paths};
pub use preset::Preset;
pub use quota::{Quota, QuotaFields, Window};
pub use reply::{RetryAfter, RetryAfterForm};
pub use request::{Head, Request, fingerprint};
pub use settings::{Brownout, Door, Latency, Settings};
pub use wire::{Arrived, REQUESTS_MAX, Seen};

use api::Objects;
use chance::{Purpose, draw};
use injection::{Injections, Moment};
use keys::{Keys, Known};
use quota::Meter;
use reply::Reply;

/// The demo provider without sockets.
#[derive(Clone, Debug, Default)]
pub struct Behaviour {
    settings: Settings,
    injections: Injections,
    objects: Objects,
    keys: Keys,
    meter: Meter,
    effects: Effects,
    wire: wire::WireLog,
    connections: u64,
    /// Connections that end as their next request begins (F-08).
    ends_on_next: BTreeMap<u64, Ending>,
}

/// What happens when a request's head is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Early {
    /// The body is read, after these steps (an interim 100, or none).
    ReadBody(Vec<Act>),
    /// These steps are the whole answer.
    Answer(Vec<Act>),
}

impl Behaviour {
    /// A provider in this state, with an empty ledger.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// Its lasting state.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Changes its lasting state; what it remembers stays.
    pub fn set(&mut self, settings: Settings) {
        if settings.quota != self.settings.quota {
            self.meter = Meter::default();
        }
        self.settings = settings;
    }

    /// Adds a fault on command.
    pub fn inject(&mut self, injection: impl Into<Injection>) {
        self.injections.add(injection.into());
    }

    /// The faults on command that are not used up.
    #[must_use]
    pub fn injections(&self) -> &[Injection] {
        self.injections.list()
    }

    /// Takes back every fault on command.
    pub fn clear_injections(&mut self) {
        self.injections.clear();
    }

    /// Forgets effects, wire log, keys, objects and the quota's window; state and faults stay.
    pub fn forget(&mut self) {
        self.objects = Objects::default();
        self.keys = Keys::default();
        self.meter = Meter::default();
        self.effects = Effects::default();
        self.wire.clear();
    }

    /// The effects that were performed.
    #[must_use]
    pub const fn effects(&self) -> &Effects {
        &self.effects
    }

    /// The requests that arrived, oldest first.
    pub fn wire_log(&self) -> impl Iterator<Item = &Seen> {
        self.wire.list()
    }

    /// How many requests arrived, those counted that the log dropped.
    #[must_use]
    pub const fn arrived(&self) -> u64 {
        self.wire.arrived()
    }

    /// How many requests the log dropped because it was full.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.wire.dropped()
    }

    /// How many connections were accepted.
    #[must_use]
    pub const fn connections(&self) -> u64 {
        self.connections
    }

    /// Receives a new connection: its number, and how it is received.
    pub fn connected(&mut self) -> (u64, Welcome) {
        self.connections += 1;
        let met = match &self.settings.outage {
            Some(Fault::AtConnect { how }) => Some(*how),
            Some(_) | None => match self.injections.meet(Moment::Connect, None) {
                Some(Fault::AtConnect { how }) => Some(how),
                Some(_) | None => None,
            },
        };
        (self.connections, met.map_or(Welcome::Serve(Certificate::Good), distort::at_connect))
    }

    /// The first byte of a request is there: what happens before it is read, usually nothing.
    pub fn stirred(&mut self, connection: u64) -> Vec<Act> {
        self.ends_on_next.remove(&connection).map(distort::end).into_iter().collect()
    }

    /// A connection is over; `part` is the request that it leaves unfinished.
    pub fn disconnected(&mut self, connection: u64, part: Option<(Option<Head>, usize)>, now: Now) {
        self.ends_on_next.remove(&connection);
        if let Some((head, body_bytes)) = part {
            let arrived = if head.is_some() { Arrived::Part } else { Arrived::Nonsense };
            self.wire.add(now.mono, connection, head, &[], arrived);
            if let Some(entry) = self.wire.last() {
                entry.body_bytes = body_bytes;
            }
        }
    }

    /// A request's head is in.
    pub fn head(&mut self, connection: u64, head: &Head, now: Now) -> Early {
        let outage =
            self.settings.outage.clone().filter(|fault| {
                Moment::of(fault) == Moment::Head && injection::concerns(fault, head)
            });
        let met = outage.or_else(|| self.injections.meet(Moment::Head, Some(head)));
        if let Some((acts, status)) = met.as_ref().and_then(distort::early) {
            self.wire.add(now.mono, connection, Some(head.clone()), &[], Arrived::Part);
            if let Some(entry) = self.wire.last() {
                entry.status = Some(status);
                entry.fault = met.as_ref().map(name);
            }
            return Early::Answer(acts);
        }
        let go_on = head.expects_continue() && met.is_none();
        let interim = || Act::Write("HTTP/1.1 100 Continue\r\n\r\n".into());
        Early::ReadBody(go_on.then(interim).into_iter().collect())
    }

    /// A whole request is in: the effect it has now, and the script of its answer.
    pub fn request(&mut self, connection: u64, request: &Request, now: Now) -> Vec<Act> {
        let number = self.wire.whole(now.mono, connection, request);
        let mut quota_fields = Vec::new();
        let mut fault =
            self.settings.outage.clone().filter(|fault| Moment::of(fault) == Moment::Request);
        let mut reply = None;
        if fault.is_none() {
            if let Some(quota) = self.settings.quota {
                let measured = self.meter.take(quota, now.mono, self.clock(now));
                reply = measured.refusal;
                quota_fields = measured.fields;
            }
            if reply.is_none() {
                fault = self.meet(&request.head, number);
            }
        }
        let before = self.effects.count();
        let slow = match fault {
            Some(Fault::Slow { by }) => by,
            Some(_) | None => Duration::ZERO,
        };
        let delay = if reply.is_none() { self.latency(number) + slow } else { Duration::ZERO };
        let mut reply = match reply {
            Some(refusal) => refusal,
            None => self.answer(request, fault.as_ref(), (number, delay), now),
        };
        reply.headers.extend(quota_fields);
        self.sign(&mut reply, fault.as_ref(), number, now);
        let effects = self.effects.count() - before;
        if let Some(entry) = self.wire.last() {
            entry.fault = fault.as_ref().map(name);
            entry.effects = effects;
        }
        self.script(connection, &request.head, (fault.as_ref(), &reply), delay)
    }

    /// The bytes of a request made no head: 400, and the connection ends.
    pub fn nonsense(&mut self, connection: u64, now: Now) -> Vec<Act> {
        self.wire.add(now.mono, connection, None, &[], Arrived::Nonsense);
        if let Some(entry) = self.wire.last() {
            entry.status = Some(400);
        }
        let mut reply = Reply::error(400, "invalid_request_error", "that is not HTTP/1.1");
        self.sign(&mut reply, None, self.wire.arrived(), now);
        let head = Head::new("GET", "/", &[("Connection", "close")]);
        distort::usual(&reply, &head)
    }

    fn meet(&mut self, head: &Head, number: u64) -> Option<Fault> {
        self.injections.meet(Moment::Request, Some(head)).or_else(|| {
            let brownout = self.settings.brownout.as_ref()?;
            let share = f64::from(brownout.per_mille) / 1000.0;
            let struck = draw(self.settings.seed, number, Purpose::Brownout).unit() < share;
            struck.then(|| brownout.fault.clone())
        })
    }

    /// The answer that the fault lets be: an ordinary one, performed or not, or the fault's own.
    fn answer(
        &mut self,
        request: &Request,
        fault: Option<&Fault>,
        (number, delay): (u64, Duration),
        now: Now,
    ) -> Reply {
        match fault {
            Some(Fault::Status { status, retry_after, headers, body, date_skew_s, strikes }) => {
                if *strikes == Strikes::AfterEffect {
                    self.perform(request, (number, delay), now);
                }
                let mut reply = body.as_ref().map_or_else(
                    || Reply::error(*status, "api_error", "a fault on command"),
                    |body| Reply::text(*status, "application/json", body.clone()),
                );
                let clock = skewed(self.clock(now), *date_skew_s);
                reply.headers.extend(retry_after.fields(clock));
                reply.headers.extend(headers.clone());
                reply
            }
            Some(Fault::Redirect { status, location }) => {
                Reply::error(*status, "moved", "it is elsewhere").with("Location", location.clone())
            }
            Some(Fault::Echo { status }) => echo(*status, &request.head),
            Some(
                Fault::Unanswered { strikes: Strikes::BeforeEffect, .. }
                | Fault::Silent { strikes: Strikes::BeforeEffect }
                | Fault::BlackHole { strikes: Strikes::BeforeEffect },
            ) => Reply::error(500, "api_error", "never sent"),
            Some(_) | None => self.perform(request, (number, delay), now),
        }
    }

    fn perform(&mut self, request: &Request, (number, delay): (u64, Duration), now: Now) -> Reply {
        let head = &request.head;
        let manners = &self.settings.manners;
        let operation = manners.operation(head);
        let sent = manners.key(request);
        let key = sent.as_deref().filter(|_| operation.knows_keys());
        let style = if operation.knows_keys() { self.settings.keys } else { KeyStyle::Ignore };
        let fingerprint = request.fingerprint();
        match self.keys.look(style, key, fingerprint, now.mono) {
            Known::Done(reply) | Known::Refused(reply) => return reply,
            Known::New => {}
        }
        if operation.acts() && self.effects.is_full() {
            return Reply::error(507, "full", "the demo provider's ledger is full");
        }
        let wall_s = self.clock(now).millis() / 1000;
        let result = self.objects.perform(operation, request, wall_s);
        if let Some(object) = result.object {
            let fields = request.fields();
            self.effects.add(Effect {
                number: self.effects.next_number(),
                at: now.mono,
                operation: format!("{} {}", head.method, head.path()),
                object,
                key: sent.clone(),
                reference: api::reference(&fields),
                customer: fields.get("customer").cloned(),
                request: number,
            });
            if let Some(key) = key {
                let busy_until = now.mono.plus(delay);
                self.keys.keep(key, fingerprint, &result.reply, (now.mono, busy_until));
            }
        }
        result.reply
    }

    /// The fields that every answer carries.
    fn sign(&self, reply: &mut Reply, fault: Option<&Fault>, number: u64, now: Now) {
        let skew = match fault {
            Some(Fault::Status { date_skew_s, .. }) => *date_skew_s,
            Some(_) | None => 0,
        };
        let date = reply::imf_fixdate(skewed(self.clock(now), skew));
        let id = self.settings.manners.request_id.clone();
        reply.headers.extend([("Date".to_owned(), date), (id, format!("req_{number}"))]);
    }

    fn script(
        &mut self,
        connection: u64,
        head: &Head,
        (fault, reply): (Option<&Fault>, &Reply),
        delay: Duration,
    ) -> Vec<Act> {
        let answer = match fault {
            Some(fault) => distort::under(fault, reply, head),
            None => distort::usual(reply, head),
        };
        if let Some(Fault::EndOnNext { ending }) = fault {
            self.ends_on_next.insert(connection, *ending);
        }
        let says = answer.iter().any(|act| matches!(act, Act::Write(_) | Act::Drip { .. }));
        if let Some(entry) = self.wire.last() {
            entry.status = says.then_some(reply.status);
        }
        let delay = delay + reply.takes;
        let pause = (!delay.is_zero()).then_some(Act::Pause(delay));
        pause.into_iter().chain(answer).collect()
    }

    fn latency(&self, number: u64) -> Duration {
        let latency = &self.settings.latency;
        let nth = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        latency.script_ms.get(nth).map_or_else(
            || {
                let drawn = draw(self.settings.seed, number, Purpose::Latency);
                latency.base + drawn.upto(latency.jitter)
            },
            |millis| Duration::from_millis(*millis),
        )
    }

    fn clock(&self, now: Now) -> Timestamp {
        skewed(now.wall, self.settings.date_skew_s)
    }
}

/// The name of a fault on the control port.
fn name(fault: &Fault) -> String {
    let value = serde_json::to_value(fault).unwrap_or(Value::Null);
    value.get("kind").and_then(Value::as_str).unwrap_or("fault").to_owned()
}

fn skewed(clock: Timestamp, by_s: i64) -> Timestamp {
    Timestamp::from_millis(clock.millis().saturating_add_signed(by_s.saturating_mul(1000)))
}

/// F-21: an error that repeats every header of the request, in the body and in a field.
fn echo(status: u16, head: &Head) -> Reply {
    let said: Vec<String> = head.headers.iter().map(|(n, v)| format!("{n}: {v}")).collect();
    let message = format!("could not authenticate with {}", said.join("; "));
    Reply::error(status, "authentication_error", &message)
        .with("X-Debug-Authorization", head.header("authorization").unwrap_or("none"))
}

#[cfg(test)]
mod tests;
