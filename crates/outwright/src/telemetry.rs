//! What is told of running calls: metrics and the access log. All their names stand here and below.
//!
//! A core counts into blocks of its own and writes lines into a buffer of its own; nothing here waits, locks or allocates
//! on the path of a call that went well. A scrape adds the cores up; a thread writes the lines.

mod counts;
mod families;
mod histogram;
mod levels;
mod line;
mod log;
mod record;
mod stamp;
mod text;

use std::cell::{Cell, RefCell};
use std::io;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use outwright_core::event::{BreakerState, Event, What};
use outwright_core::provider::{OpIndex, Provider, Tier};
use outwright_core::time::{Mono, Timestamp};

pub use self::counts::TurnedAway;
pub use self::families::{FAMILIES, Family, Kind};
pub use self::levels::{CredentialLevel, Holds, Level, Levels, WindowLevel};
pub use self::log::LogTarget;
pub use self::record::{Attempt, Attempts, Instead, Outcome, Record};

use crate::driver::Roster;

use self::counts::{CoreCounts, count};
use self::line::Fixed;
use self::log::{BUFFER_BYTES, FLUSH_AFTER, Queue, Writer};
use self::stamp::Stamp;
use self::text::{Sources, TransitionCounts};

/// The telemetry of a process.
#[derive(Debug)]
pub struct Telemetry {
    told: Mutex<Arc<Told>>,
    cores: Mutex<Vec<Arc<CoreCounts>>>,
    transitions: Transitions,
    reload: Mutex<Reload>,
    queue: Option<Arc<Queue>>,
    writer: Mutex<Option<Writer>>,
}

/// New contracts were not taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// How it stands with the contracts that were read last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reload {
    /// When those that are in force were taken over.
    pub taken: Timestamp,
    /// When newer ones were refused, if they were.
    pub refused: Option<Timestamp>,
}

/// What is told about the contracts that stand, by the indices of their providers.
#[derive(Debug)]
struct Told {
    shapes: Box<[Shape]>,
    fixed: Box<[Box<[Fixed]>]>,
}

impl Told {
    fn of(roster: &Roster) -> Self {
        let fixed = |provider: &Provider| {
            provider.operations.iter().map(|op| Fixed::new(provider, op)).collect()
        };
        Self {
            shapes: roster.all().map(Shape::of).collect(),
            fixed: roster.all().map(fixed).collect(),
        }
    }
}

impl Telemetry {
    /// Telemetry about these providers; opens the log.
    ///
    /// # Errors
    ///
    /// The log cannot be opened, or its thread cannot be started.
    pub(crate) fn start(roster: &Roster, target: &LogTarget, wall: Timestamp) -> io::Result<Self> {
        let writer = Writer::start(target)?;
        Ok(Self {
            told: Mutex::new(Arc::new(Told::of(roster))),
            cores: Mutex::new(Vec::new()),
            transitions: Transitions::default(),
            reload: Mutex::new(Reload { taken: wall, refused: None }),
            queue: writer.as_ref().map(Writer::queue),
            writer: Mutex::new(writer),
        })
    }

    /// Tells of these contracts from now on; every core has to [`CoreTelemetry::follow`] before it calls under them.
    pub(crate) fn follow(&self, roster: &Roster) {
        *unpoisoned(&self.told) = Arc::new(Told::of(roster));
    }

    /// The telemetry of one core, to be kept on its thread.
    #[must_use]
    pub fn core(self: &Arc<Self>) -> Rc<CoreTelemetry> {
        let told = self.told();
        let counts = Arc::new(CoreCounts::new(&told.shapes));
        unpoisoned(&self.cores).push(Arc::clone(&counts));
        let log = self.queue.as_ref().map(|queue| CoreLog {
            queue: Arc::clone(queue),
            told,
            stamp: Stamp::new(),
            buffer: Vec::with_capacity(BUFFER_BYTES + LINE_BYTES),
            lines: 0,
            dropped_since: 0,
        });
        Rc::new(CoreTelemetry {
            process: Arc::clone(self),
            counts: RefCell::new(counts),
            log: log.map(RefCell::new),
            flush_planned: Cell::new(false),
            here: PhantomData,
        })
    }

    /// The metrics as Prometheus text 0.0.4; `levels` say where the gates stand, by the index of their provider.
    #[must_use]
    pub fn exposition(&self, levels: &[Option<Levels>], holds: Holds) -> String {
        let (cores, told) = (unpoisoned(&self.cores).clone(), self.told());
        let (transitions, reload) = (&self.transitions, self.reload());
        Sources { shapes: &told.shapes, cores: &cores, transitions, reload, levels, holds }.page()
    }

    /// New contracts were read: they are in force, or refused and the ones before them stay.
    pub fn reloaded(&self, outcome: Result<(), Refused>, wall: Timestamp) {
        let mut reload = unpoisoned(&self.reload);
        *reload = match outcome {
            Ok(()) => Reload { taken: wall, refused: None },
            Err(Refused) => Reload { refused: Some(wall), ..*reload },
        };
    }

    /// How it stands with the contracts that were read last.
    #[must_use]
    pub fn reload(&self) -> Reload {
        *unpoisoned(&self.reload)
    }

    fn told(&self) -> Arc<Told> {
        Arc::clone(&unpoisoned(&self.told))
    }

    /// Calls that are over and under way, by the index of their provider: for `status`.
    #[must_use]
    pub fn calls(&self) -> Vec<Calls> {
        let cores = unpoisoned(&self.cores).clone();
        (0..self.told().shapes.len())
            .map(|index| {
                let mut calls = Calls::default();
                for provider in cores.iter().filter_map(|core| core.providers.get(index)) {
                    calls.in_flight = calls.in_flight.wrapping_add(provider.in_flight.read());
                    for operation in &provider.operations {
                        for (outcome, count) in Outcome::ALL.iter().zip(&operation.calls) {
                            calls.over += count.read();
                            calls.failed += if outcome.is_ok() { 0 } else { count.read() };
                        }
                    }
                }
                calls
            })
            .collect()
    }

    /// Writes what the cores have handed over and closes the log. Lines that come later are dropped.
    pub fn close(&self) {
        let writer = unpoisoned(&self.writer).take();
        drop(writer);
    }
}

/// The telemetry of one core: counts without a lock, because only this thread writes them.
#[derive(Debug)]
pub struct CoreTelemetry {
    process: Arc<Telemetry>,
    /// Replaced where a reload brings operations that it has no place for.
    counts: RefCell<Arc<CoreCounts>>,
    log: Option<RefCell<CoreLog>>,
    flush_planned: Cell<bool>,
    /// One writer: it must not leave its thread.
    here: PhantomData<*const ()>,
}

impl CoreTelemetry {
    /// A call to this provider has begun; [`CoreTelemetry::over`] ends it, exactly once.
    pub fn begin(&self, provider: usize) {
        if let Some(counts) = self.counts.borrow().providers.get(provider) {
            counts.in_flight.add(1);
        }
    }

    /// Calls of this core that have begun and are not over.
    pub(crate) fn under_way(&self) -> u64 {
        self.counts.borrow().providers.iter().map(|counts| counts.in_flight.read()).sum()
    }

    /// What the engine said in one step of a call.
    pub fn events(&self, provider: usize, operation: OpIndex, events: &[Event]) {
        let all = self.counts.borrow();
        let Some(counts) = all.providers.get(provider) else { return };
        let Some(operation_counts) = counts.operation(operation) else { return };
        let mut judged = None;
        for event in events {
            if let What::Breaker { operation: of, to } = event.what {
                self.process.transitions.change(provider, of, to);
            } else {
                counts.event(operation_counts, &event.what, &mut judged);
            }
        }
    }

    /// A call is over: counts it and writes its line.
    pub fn over(self: &Rc<Self>, record: &Record, ended: Mono) {
        let ended = Ended { at: ended, overhead: record.overhead(ended) };
        if let Some(counts) = self.counts.borrow().providers.get(record.provider) {
            counts.over(record, ended);
        }
        if let Some(log) = &self.log {
            log.borrow_mut().call(record, ended);
            self.written();
        }
    }

    /// The door answered a request before any operation was found.
    pub fn turned_away(
        self: &Rc<Self>,
        why: TurnedAway,
        (provider, status): (Option<usize>, u16),
        wall: Timestamp,
    ) {
        let counts = self.counts.borrow();
        count(&counts.turned_away, why as usize);
        if matches!(why, TurnedAway::BrowserRefused | TurnedAway::HostForeign) {
            count(&counts.host_check, 0);
        }
        drop(counts);
        if let Some(log) = &self.log {
            log.borrow_mut().turned_away((provider, why.word(), status), wall);
            self.written();
        }
    }

    /// The admin port turned a request away for its Host or Origin.
    pub fn admin_host_refused(&self) {
        count(&self.counts.borrow().host_check, 1);
    }

    /// Something happened that our own code promised could not.
    pub fn bug(&self) {
        self.counts.borrow().bugs.add(1);
    }

    /// Tells of the contracts of which the process tells by now; what was counted goes on counting.
    pub(crate) fn follow(&self) {
        let told = self.process.told();
        let counts = Arc::clone(&self.counts.borrow());
        if !counts.has_place_for(&told.shapes) {
            let larger = Arc::new(CoreCounts::new(&told.shapes));
            larger.go_on_from(&counts);
            // Under the lock, so that no scrape sees both or neither.
            let mut cores = unpoisoned(&self.process.cores);
            if let Some(place) = cores.iter_mut().find(|place| Arc::ptr_eq(place, &counts)) {
                *place = Arc::clone(&larger);
            }
            self.counts.replace(larger);
        }
        if let Some(log) = &self.log {
            log.borrow_mut().told = told;
        }
    }

    /// Hands the lines over that this core has gathered.
    pub fn flush(&self) {
        if let Some(log) = &self.log {
            let lost = log.borrow_mut().hand_over();
            self.counts.borrow().dropped.add(lost);
        }
    }

    /// After a line: hands over when there is enough, else sees to it that somebody will.
    fn written(self: &Rc<Self>) {
        let full = self.log.as_ref().is_some_and(|log| log.borrow().buffer.len() >= BUFFER_BYTES);
        if full {
            self.flush();
        } else if !self.flush_planned.replace(true) {
            let telemetry = Rc::clone(self);
            // Nobody awaits it: it ends by itself within FLUSH_AFTER.
            drop(tokio::task::spawn_local(async move {
                tokio::time::sleep(FLUSH_AFTER).await;
                telemetry.flush_planned.set(false);
                telemetry.flush();
            }));
        }
    }
}

impl Drop for CoreTelemetry {
    fn drop(&mut self) {
        self.flush();
    }
}

/// How a call ended, as both counts and log tell it.
#[derive(Clone, Copy, Debug)]
struct Ended {
    at: Mono,
    overhead: Duration,
}

/// The log of one core.
#[derive(Debug)]
struct CoreLog {
    queue: Arc<Queue>,
    told: Arc<Told>,
    stamp: Stamp,
    buffer: Vec<u8>,
    lines: u64,
    dropped_since: u64,
}

impl CoreLog {
    fn call(&mut self, record: &Record, ended: Ended) {
        let operations = self.told.fixed.get(record.provider);
        let fixed = operations.and_then(|all| all.get(usize::from(record.operation.0)));
        if let Some(fixed) = fixed {
            line::push_call(&mut self.buffer, &mut self.stamp, fixed, record, ended);
            self.lines += 1;
        }
    }

    fn turned_away(
        &mut self,
        (provider, why, status): (Option<usize>, &str, u16),
        wall: Timestamp,
    ) {
        let shape = provider.and_then(|index| self.told.shapes.get(index));
        let what = (shape.map(|shape| &*shape.name), why, status);
        line::push_turned_away(&mut self.buffer, &mut self.stamp, wall.millis(), what);
        self.lines += 1;
    }

    /// Hands the buffer over; says how many lines were lost because nobody could take it.
    fn hand_over(&mut self) -> u64 {
        if self.buffer.is_empty() {
            return 0;
        }
        let fresh = Vec::with_capacity(BUFFER_BYTES + LINE_BYTES);
        let mut full = std::mem::replace(&mut self.buffer, fresh);
        if self.dropped_since > 0 {
            line::push_dropped(&mut full, self.dropped_since);
        }
        let lines = std::mem::take(&mut self.lines);
        if let Err(mut back) = self.queue.offer(full) {
            back.clear();
            self.buffer = back;
            self.dropped_since += lines;
            return lines;
        }
        self.dropped_since = 0;
        0
    }
}

/// Room for the line that makes a buffer full: a call with ten attempts takes about 1,200 bytes.
const LINE_BYTES: usize = 4 * 1024;

/// The words of a provider that stand in labels.
#[derive(Debug)]
struct Shape {
    name: Box<str>,
    operations: Box<[Box<str>]>,
    windows: Box<[Box<str>]>,
    version: Box<str>,
    owner: Box<str>,
    tier: Tier,
}

impl Shape {
    fn of(provider: &Provider) -> Self {
        Self {
            name: provider.name.clone(),
            operations: provider.operations.iter().map(|op| op.name.clone()).collect(),
            windows: provider.windows.iter().map(|window| window.name().into()).collect(),
            version: provider.digest.clone(),
            owner: provider.about.team.clone(),
            tier: provider.tier,
        }
    }

    /// The label of a breaker: an operation's name, or the word for the provider's own.
    fn breaker(&self, operation: Option<OpIndex>) -> &str {
        operation
            .and_then(|index| self.operations.get(usize::from(index.0)))
            .map_or("provider", |name| name)
    }
}

/// Calls of one provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// That are over.
    pub over: u64,
    /// Of those, the ones that did not go well.
    pub failed: u64,
    /// That are under way.
    pub in_flight: u64,
}

/// How often each breaker changed: rare, so one lock for the process.
#[derive(Debug, Default)]
struct Transitions(Mutex<Changes>);

#[derive(Debug, Default)]
struct Changes {
    states: std::collections::BTreeMap<(usize, Option<OpIndex>), BreakerState>,
    counts: TransitionCounts,
}

impl Transitions {
    fn change(&self, provider: usize, operation: Option<OpIndex>, to: BreakerState) {
        let mut changes = unpoisoned(&self.0);
        let before = changes.states.insert((provider, operation), to);
        let from = before.unwrap_or(BreakerState::Closed);
        *changes.counts.entry((provider, operation, from, to)).or_default() += 1;
    }

    fn read(&self) -> TransitionCounts {
        unpoisoned(&self.0).counts.clone()
    }
}

/// The lock, whatever happened to its last holder: counts stay usable after a bug elsewhere.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
