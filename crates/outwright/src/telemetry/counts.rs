//! What one core counts: blocks per provider and operation, found by index, written by that core alone.

use outwright_core::cache::Shown;
use outwright_core::event::{What, Would};
use outwright_core::fallback::Degraded;
use outwright_core::flight::Coalesced;
use outwright_core::outcome::{Class, Fault};
use outwright_core::provider::OpIndex;
use outwright_core::refusal::Reason;
use outwright_core::step::Skip;

use super::Ended;
use super::Shape;
use super::histogram::{CALL, Count, HINT, Histogram, OVERHEAD, WAIT};
use super::record::{Outcome, Record};

/// Counts by the words of a closed enum: a word's place is its discriminant.
pub(crate) type ByWord<const WORDS: usize> = [Count; WORDS];

/// Everything that one core counts.
#[derive(Debug)]
pub(crate) struct CoreCounts {
    pub(crate) providers: Box<[ProviderCounts]>,
    pub(crate) turned_away: ByWord<TURNED_AWAY_WORDS>,
    pub(crate) host_check: [Count; 2],
    pub(crate) dropped: Count,
    pub(crate) bugs: Count,
}

const TURNED_AWAY_WORDS: usize = TurnedAway::ALL.len();

/// Why the door answered a request before any operation was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TurnedAway {
    /// The head was not one that outwright forwards.
    BadRequest,
    /// The head was too large.
    HeadTooLarge,
    /// The target was too long.
    TargetTooLong,
    /// The head did not come in time.
    HeadTooLate,
    /// Its path can be read in two ways.
    PathAmbiguous,
    /// A browser sent it.
    BrowserRefused,
    /// It was meant for another host.
    HostForeign,
    /// Nobody is known by what it shows.
    CallerUnknown,
    /// No contract has this name.
    ProviderUnknown,
    /// No operation of the contract matches.
    OperationUnknown,
    /// A field of outwright's own could not be read.
    FieldInvalid,
    /// It asked for its own echo.
    TraceRefused,
    /// It was to go no further than here.
    ForwardsUsedUp,
}

impl TurnedAway {
    /// Every one.
    pub const ALL: [Self; 13] = [
        Self::BadRequest,
        Self::HeadTooLarge,
        Self::TargetTooLong,
        Self::HeadTooLate,
        Self::PathAmbiguous,
        Self::BrowserRefused,
        Self::HostForeign,
        Self::CallerUnknown,
        Self::ProviderUnknown,
        Self::OperationUnknown,
        Self::FieldInvalid,
        Self::TraceRefused,
        Self::ForwardsUsedUp,
    ];

    /// Its word: the last part of its problem type; stable.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::BadRequest => "bad-request",
            Self::HeadTooLarge => "head-too-large",
            Self::TargetTooLong => "target-too-long",
            Self::HeadTooLate => "head-too-late",
            Self::PathAmbiguous => "path-ambiguous",
            Self::BrowserRefused => "browser-refused",
            Self::HostForeign => "host-foreign",
            Self::CallerUnknown => "caller-unknown",
            Self::ProviderUnknown => "provider-unknown",
            Self::OperationUnknown => "operation-unknown",
            Self::FieldInvalid => "field-invalid",
            Self::TraceRefused => "trace-refused",
            Self::ForwardsUsedUp => "forwards-used-up",
        }
    }
}

/// What one core counts of one provider.
#[derive(Debug)]
pub(crate) struct ProviderCounts {
    pub(crate) operations: Box<[OperationCounts]>,
    pub(crate) overhead: Histogram,
    pub(crate) in_flight: Count,
    pub(crate) retry_after: Histogram,
    pub(crate) queue_wait: Histogram,
    pub(crate) refused: ByWord<{ Reason::ALL.len() }>,
    /// By gates that only report: refused, then queued.
    pub(crate) would: [ByWord<{ Reason::ALL.len() }>; 2],
    pub(crate) would_retry: Count,
}

/// What one core counts of one operation.
#[derive(Debug)]
pub(crate) struct OperationCounts {
    pub(crate) calls: ByWord<{ Outcome::ALL.len() }>,
    /// Ok, then error.
    pub(crate) duration: [Histogram; 2],
    /// First attempts, then retries, by class.
    pub(crate) attempts: [ByWord<{ Class::ALL.len() }>; 2],
    pub(crate) retries: ByWord<{ Class::ALL.len() }>,
    pub(crate) suppressed: ByWord<{ Skip::ALL.len() }>,
    pub(crate) throttled: ByWord<{ THROTTLE_SIGNALS.len() }>,
    /// Answers that were not the provider's of now, by kind.
    pub(crate) fallbacks: ByWord<{ Degraded::ALL.len() }>,
    /// Looks at what is kept, by what came of them.
    pub(crate) lookups: ByWord<{ Shown::WORDS.len() }>,
    /// Reads that waited for the reply of an equal one, by what came of them.
    pub(crate) coalesced: ByWord<{ Coalesced::ALL.len() }>,
    /// By fault; the last place is for a reply that left it open.
    pub(crate) unknown: ByWord<{ Fault::ALL.len() + 1 }>,
}

/// How a provider says that it throttles.
pub(crate) const THROTTLE_SIGNALS: [&str; 3] = ["429", "503_retry_after", "quota_header"];

impl CoreCounts {
    pub(crate) fn new(shapes: &[Shape]) -> Self {
        Self {
            providers: shapes.iter().map(ProviderCounts::new).collect(),
            turned_away: Default::default(),
            host_check: Default::default(),
            dropped: Count::default(),
            bugs: Count::default(),
        }
    }
}

impl CoreCounts {
    /// Whether everything that these shapes name has its place.
    pub(super) fn has_place_for(&self, shapes: &[Shape]) -> bool {
        let fits = |(shape, counts): (&Shape, &ProviderCounts)| {
            shape.operations.len() <= counts.operations.len()
        };
        shapes.len() <= self.providers.len() && shapes.iter().zip(&self.providers).all(fits)
    }

    /// Takes over what the counts before these counted. Only the core that owns both may call this.
    pub(super) fn go_on_from(&self, before: &Self) {
        for (ours, theirs) in self.providers.iter().zip(&before.providers) {
            ours.overhead.go_on_from(&theirs.overhead);
            ours.in_flight.add(theirs.in_flight.read());
            ours.retry_after.go_on_from(&theirs.retry_after);
            ours.queue_wait.go_on_from(&theirs.queue_wait);
            for (ours, theirs) in ours.would.iter().zip(&theirs.would) {
                go_on_from(ours, theirs);
            }
            ours.would_retry.add(theirs.would_retry.read());
            go_on_from(&ours.refused, &theirs.refused);
            for (ours, theirs) in ours.operations.iter().zip(&theirs.operations) {
                ours.go_on_from(theirs);
            }
        }
        go_on_from(&self.turned_away, &before.turned_away);
        go_on_from(&self.host_check, &before.host_check);
        self.dropped.add(before.dropped.read());
        self.bugs.add(before.bugs.read());
    }
}

impl ProviderCounts {
    fn new(shape: &Shape) -> Self {
        Self {
            operations: shape.operations.iter().map(|_| OperationCounts::new()).collect(),
            overhead: Histogram::new(&OVERHEAD),
            in_flight: Count::default(),
            retry_after: Histogram::new(&HINT),
            queue_wait: Histogram::new(&WAIT),
            refused: Default::default(),
            would: Default::default(),
            would_retry: Count::default(),
        }
    }

    pub(crate) fn operation(&self, index: OpIndex) -> Option<&OperationCounts> {
        self.operations.get(usize::from(index.0))
    }

    /// Counts what the engine said. `judged` remembers the class of the attempt before between two events.
    pub(crate) fn event(
        &self,
        operation: &OperationCounts,
        what: &What,
        judged: &mut Option<Class>,
    ) {
        match *what {
            What::Granted { waited } => self.queue_wait.observe(waited),
            What::Judged { attempt, class, .. } => {
                *judged = Some(class);
                let kind = usize::from(attempt.number() > 1);
                if let Some(counts) = operation.attempts.get(kind) {
                    count(counts, class as usize);
                }
            }
            What::Retrying { .. } => {
                count(&operation.retries, judged.unwrap_or(Class::Transient) as usize);
            }
            What::RetrySkipped(skip) => count(&operation.suppressed, skip as usize),
            What::Refused(reason) => count(&self.refused, reason as usize),
            What::Would(would) => self.would(would),
            What::Hint(wait) => self.retry_after.observe(wait),
            What::Recalled(shown) => count(&operation.lookups, shown.place()),
            What::Degraded(degraded) => count(&operation.fallbacks, degraded as usize),
            What::Coalesced(came) => count(&operation.coalesced, came as usize),
            What::Queued | What::Sent(_) | What::Breaker { .. } | What::Done => {}
        }
    }

    #[cold]
    fn would(&self, would: Would) {
        let [refuse, queue] = &self.would;
        match would {
            Would::Refuse(reason) => count(refuse, reason as usize),
            Would::Queue(reason) => count(queue, reason as usize),
            Would::Retry => self.would_retry.add(1),
        }
    }

    /// Counts a call that is over.
    pub(super) fn over(&self, record: &Record, ended: Ended) {
        self.in_flight.take(1);
        self.overhead.observe(ended.overhead);
        let Some(operation) = self.operation(record.operation) else { return };
        count(&operation.calls, record.outcome as usize);
        if let Some(duration) = operation.duration.get(usize::from(!record.outcome.is_ok())) {
            duration.observe(record.age(ended.at));
        }
        for attempt in record.attempts.iter() {
            if attempt.class == Some(Class::Throttled) {
                let signal = match attempt.status {
                    Some(429) => 0,
                    Some(503) => 1,
                    Some(_) | None => 2,
                };
                count(&operation.throttled, signal);
            }
        }
        if record.outcome == Outcome::Unknown {
            let last = record.attempts.iter().last().and_then(|attempt| attempt.fault);
            count(&operation.unknown, last.map_or(Fault::ALL.len(), |fault| fault as usize));
        }
    }
}

impl OperationCounts {
    fn new() -> Self {
        Self {
            calls: Default::default(),
            duration: [Histogram::new(&CALL), Histogram::new(&CALL)],
            attempts: Default::default(),
            retries: Default::default(),
            suppressed: Default::default(),
            throttled: Default::default(),
            fallbacks: Default::default(),
            lookups: Default::default(),
            coalesced: Default::default(),
            unknown: Default::default(),
        }
    }
}

impl OperationCounts {
    fn go_on_from(&self, before: &Self) {
        // Named one by one, so that none is forgotten.
        let Self {
            calls,
            duration,
            attempts,
            retries,
            suppressed,
            throttled,
            fallbacks,
            lookups,
            coalesced,
            unknown,
        } = self;
        go_on_from(calls, &before.calls);
        for (ours, theirs) in duration.iter().zip(&before.duration) {
            ours.go_on_from(theirs);
        }
        for (ours, theirs) in attempts.iter().zip(&before.attempts) {
            go_on_from(ours, theirs);
        }
        go_on_from(retries, &before.retries);
        go_on_from(suppressed, &before.suppressed);
        go_on_from(throttled, &before.throttled);
        go_on_from(fallbacks, &before.fallbacks);
        go_on_from(lookups, &before.lookups);
        go_on_from(coalesced, &before.coalesced);
        go_on_from(unknown, &before.unknown);
    }
}

fn go_on_from<const WORDS: usize>(ours: &ByWord<WORDS>, before: &ByWord<WORDS>) {
    for (ours, theirs) in ours.iter().zip(before) {
        ours.add(theirs.read());
    }
}

/// Adds one to the count at this place.
pub(crate) fn count(counts: &[Count], place: usize) {
    if let Some(count) = counts.get(place) {
        count.add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::TurnedAway;
    use crate::telemetry::record::Outcome;
    use outwright_core::flight::Coalesced;
    use outwright_core::outcome::{Class, Fault};
    use outwright_core::refusal::Reason;
    use outwright_core::step::Skip;

    #[test]
    fn the_place_of_a_word_is_its_discriminant() {
        assert!(Outcome::ALL.iter().enumerate().all(|(place, word)| *word as usize == place));
        assert!(Class::ALL.iter().enumerate().all(|(place, word)| *word as usize == place));
        assert!(Fault::ALL.iter().enumerate().all(|(place, word)| *word as usize == place));
        assert!(Reason::ALL.iter().enumerate().all(|(place, word)| *word as usize == place));
        assert!(Coalesced::ALL.iter().enumerate().all(|(place, word)| *word as usize == place));
        assert!(Skip::ALL.iter().enumerate().all(|(place, word)| *word as usize == place));
        assert!(TurnedAway::ALL.iter().enumerate().all(|(place, word)| *word as usize == place));
    }
}
