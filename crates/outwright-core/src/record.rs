//! What a provider's calls were told, in order: enough to live through them once more, and nothing that is secret.
//!
//! Off until [`Gates::record_inputs`]; then calls and gates note by themselves what they are told. An entry is the time, the call and the input; chance follows from the seed, which
//! stands once at the head.
//! Of a response head the status is kept, the fields of [`FIELDS`], and what it meant; of a body not one byte.
//! Since the gates are shared, a call is replayed with all calls of its provider from the beginning of the record;
//! [`Record::of`] then shows what belongs to one of them.

use std::collections::BTreeMap;
use std::fmt;

use http::{HeaderName, HeaderValue};

use crate::cache::Found;
use crate::call::{Call, Cx};
use crate::dice::Dice;
use crate::flight::Landed;
use crate::gates::{Gates, Turn, Which};
use crate::limits::RECORD_ENTRIES_MAX;
use crate::outcome::{AttemptNo, BodyEnd, Fault, Sent, Verdict};
use crate::provider::Provider;
use crate::redact::MARK;
use crate::step::{CallId, Claimed, Input, Request, Step};
use crate::time::{Mono, Now};

/// The fields of a response head whose values are kept: how a provider speaks of its limits, and no other.
pub const FIELDS: [&str; 14] = [
    "retry-after",
    "retry-after-ms",
    "x-ms-retry-after-ms",
    "x-amz-retry-after",
    "ratelimit",
    "ratelimit-policy",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-should-retry",
    "date",
];

/// What the calls of one provider were told.
#[derive(Clone, Debug)]
pub struct Record {
    dice: Dice,
    entries: Vec<Entry>,
    lost: u64,
}

/// One input, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When.
    pub now: Now,
    /// What.
    pub what: Told,
}

/// What was told, and to whom.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// A call asked to be let in.
    Request(Request),
    /// A call was told this.
    Call(CallId, Kept),
    /// A call was asked what to do.
    Poll(CallId),
    /// The gates were told of a credential: its slot, its version, and until when it is fresh.
    Credential(u8, u32, Mono),
    /// The gates were told that nobody can fetch the credential of this slot.
    NoCredential(u8),
    /// An operator turned a breaker.
    Turned(Which, Turn),
    /// The next contract took over.
    Contract,
}

/// An input without what must not be kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Kept {
    /// As [`Input::Tick`].
    Tick,
    /// As [`Input::CallerGone`].
    CallerGone,
    /// As [`Input::Claimed`].
    Claimed(Claimed),
    /// As [`Input::Settled`].
    Settled,
    /// As [`Input::Head`], and what it meant.
    Head {
        /// Of which attempt.
        attempt: AttemptNo,
        /// How much had been sent.
        sent: Sent,
        /// Its status.
        status: u16,
        /// The fields of [`FIELDS`] that it had.
        fields: Vec<(HeaderName, HeaderValue)>,
        /// What it meant.
        heard: Verdict,
        /// How many bytes of the body were asked for.
        peek: Option<usize>,
    },
    /// As [`Input::Prefix`], and what it meant.
    Prefix {
        /// Of which attempt.
        attempt: AttemptNo,
        /// How long it was.
        bytes: usize,
        /// What it meant.
        heard: Verdict,
    },
    /// As [`Input::Failed`].
    Failed(AttemptNo, Sent, Fault),
    /// As [`Input::BodyEnd`].
    BodyEnd(AttemptNo, BodyEnd),
    /// As [`Input::Recalled`].
    Recalled(Option<Found>),
    /// As [`Input::Follows`].
    Follows(CallId),
    /// As [`Input::Landed`].
    Landed(Landed),
}

impl Record {
    /// An empty record of calls that draw from these dice.
    #[must_use]
    pub const fn new(dice: Dice) -> Self {
        Self { dice, entries: Vec::new(), lost: 0 }
    }

    /// A call is told this; to be noted before it hears it.
    pub(crate) fn input(&mut self, cx: &Cx<'_>, call: &Call, input: &Input<'_>) {
        let kept = match *input {
            Input::Tick => Kept::Tick,
            Input::CallerGone => Kept::CallerGone,
            Input::Claimed(claimed) => Kept::Claimed(claimed),
            Input::Settled => Kept::Settled,
            Input::Head { attempt, head, sent } => {
                let fields = FIELDS.iter().filter_map(|name| {
                    let value = head.headers.get(*name)?;
                    Some((HeaderName::from_static(name), value.clone()))
                });
                let (heard, peek) = call.would_hear(cx, &head, sent);
                let (status, fields) = (head.status.as_u16(), fields.collect());
                Kept::Head { attempt, sent, status, fields, heard, peek }
            }
            Input::Prefix { attempt, head, bytes } => {
                let heard = call.would_hear_all(cx, &head, bytes);
                Kept::Prefix { attempt, bytes: bytes.len(), heard }
            }
            Input::Failed { attempt, sent, fault } => Kept::Failed(attempt, sent, fault),
            Input::BodyEnd { attempt, end } => Kept::BodyEnd(attempt, end),
            Input::Recalled(found) => Kept::Recalled(found.copied()),
            Input::Follows(leader) => Kept::Follows(leader),
            Input::Landed(landed) => Kept::Landed(landed),
        };
        self.note(cx.now, Told::Call(call.request().id, kept));
    }

    /// Something is told, or asked.
    pub(crate) fn note(&mut self, now: Now, what: Told) {
        if self.entries.len() < RECORD_ENTRIES_MAX {
            self.entries.push(Entry { now, what });
        } else {
            self.lost += 1;
        }
    }

    /// Everything, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Entries that found no place: from the first of them on, a replay is another story.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// What one call was told.
    pub fn of(&self, call: CallId) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| match &entry.what {
            Told::Request(request) => request.id == call,
            Told::Call(theirs, _) | Told::Poll(theirs) => *theirs == call,
            Told::Credential(..) | Told::NoCredential(_) | Told::Turned(..) | Told::Contract => {
                false
            }
        })
    }

    /// Lives through it once more, under these contracts, each of which took the place of the one before: every
    /// step of every call, in order.
    #[must_use]
    pub fn replay(&self, first: &Provider, later: &[Provider]) -> Vec<(CallId, Step)> {
        let (mut standing, mut later) = (first, later.iter());
        let mut gates = Gates::new(standing);
        let mut calls: BTreeMap<CallId, (Call, &Provider)> = BTreeMap::new();
        let (mut events, mut steps) = (Vec::new(), Vec::new());
        for Entry { now, what } in &self.entries {
            events.clear();
            gates.woken.clear();
            let mut cx = Cx {
                now: *now,
                provider: standing,
                standing,
                gates: &mut gates,
                dice: self.dice,
                events: &mut events,
            };
            match what {
                Told::Request(request) => {
                    if let Ok(call) = Call::admit(&mut cx, *request) {
                        calls.insert(request.id, (call, standing));
                    }
                }
                Told::Credential(slot, version, until) => {
                    cx.gates.credential_is(standing, now.mono, *slot, (*version, *until));
                }
                Told::NoCredential(slot) => {
                    cx.gates.credential_failed(standing, now.mono, *slot);
                }
                Told::Turned(which, turn) => {
                    cx.gates.turn(standing, now.mono, *which, *turn);
                }
                Told::Contract => {
                    let Some(next) = later.next() else { break };
                    cx.gates.contract_is(standing, next, now.mono);
                    standing = next;
                }
                Told::Call(id, kept) => {
                    if let Some((call, provider)) = calls.get_mut(id) {
                        cx.provider = provider;
                        kept.tell(call, &mut cx);
                    }
                }
                Told::Poll(id) => {
                    let Some((call, provider)) = calls.get_mut(id) else { continue };
                    cx.provider = provider;
                    let step = call.poll(&mut cx);
                    steps.push((*id, step));
                    if matches!(step, Step::Done(_)) {
                        calls.remove(id);
                    }
                }
            }
        }
        for (call, provider) in calls.values_mut() {
            let now = self.entries.last().map_or_else(Now::default, |entry| entry.now);
            let (gates, dice) = (&mut gates, self.dice);
            call.drop_quietly(&mut Cx {
                now,
                provider,
                standing,
                gates,
                dice,
                events: &mut events,
            });
        }
        steps
    }
}

impl Kept {
    /// Tells a call what it was told then.
    fn tell(&self, call: &mut Call, cx: &mut Cx<'_>) {
        match *self {
            Self::Tick => call.handle(cx, Input::Tick),
            Self::CallerGone => call.handle(cx, Input::CallerGone),
            Self::Claimed(claimed) => call.handle(cx, Input::Claimed(claimed)),
            Self::Settled => call.handle(cx, Input::Settled),
            Self::Head { attempt, sent, heard, peek, .. } => {
                call.hears(cx, (attempt, sent), heard, peek);
            }
            Self::Prefix { attempt, heard, .. } => call.hears_all(cx, attempt, heard),
            Self::Failed(attempt, sent, fault) => {
                call.handle(cx, Input::Failed { attempt, sent, fault });
            }
            Self::BodyEnd(attempt, end) => call.handle(cx, Input::BodyEnd { attempt, end }),
            Self::Recalled(found) => call.handle(cx, Input::Recalled(found.as_ref())),
            Self::Follows(leader) => call.handle(cx, Input::Follows(leader)),
            Self::Landed(landed) => call.handle(cx, Input::Landed(landed)),
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ", self.now.mono)?;
        match &self.what {
            Told::Request(request) => {
                write!(f, "#{} request {:?}", request.id.0, request.operation)
            }
            Told::Call(id, Kept::Head { attempt, status, fields, .. }) => {
                write!(f, "#{} head {attempt} {status}", id.0)?;
                for (name, value) in fields {
                    write!(f, " {name}={}", value.to_str().unwrap_or(MARK))?;
                }
                Ok(())
            }
            Told::Call(id, kept) => write!(f, "#{} {kept:?}", id.0),
            Told::Poll(id) => write!(f, "#{} what to do?", id.0),
            Told::Credential(..) | Told::NoCredential(_) | Told::Turned(..) | Told::Contract => {
                write!(f, "{:?}", self.what)
            }
        }
    }
}
