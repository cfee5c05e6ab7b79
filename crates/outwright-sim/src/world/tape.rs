//! A run on tape: what the engine was told, what it said, and what happened.

use outwright_core::event::Event;
use outwright_core::record::Record;
use outwright_core::step::{CallId, Step};
use outwright_core::time::Mono;

/// What the engine was told and what it said, where somebody wants to compare.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    /// What it was told.
    pub record: Option<Record>,
    /// What it said.
    pub steps: Vec<(CallId, Step)>,
    /// What happened, and when.
    pub events: Vec<(Mono, Event)>,
}

impl Tape {
    /// What happened, a line each: the time, the call, the event.
    #[must_use]
    pub fn timeline(&self) -> String {
        let line = |(at, event): &(Mono, Event)| {
            let millis = at.nanos() / 1_000_000;
            format!("{millis:>6} ms  #{}  {:?}\n", event.call.0, event.what)
        };
        self.events.iter().map(line).collect()
    }
}
