//! Eligibility: certainty of processing × idempotency plan, as a table.
//!
//! # Guards against
//!
//! A second effect: a repeat after a failure that the provider may already have carried out.
//! And its opposite, a failure shown to the caller that a repeat would have cured without risk.
//!
//! # Rule
//!
//! The row is how the attempt ended ([`Signal`]), the column is what makes a repeat safe ([`Column`]).
//! The cell is what may happen: again (at once, after the transient wait, after the throttle wait), after a look whether it happened, or not.
//! A row that the contract's `errors:` declared is decided by class and effect instead.
//! A contract moves a row towards caution freely, towards risk only with a because.
//!
//! # States
//!
//! None: it is a table.
//!
//! # Units and bounds
//!
//! 46 rows, 5 columns; how often a row may be used within one call is stated by [`Repeat`].
//!
//! # Says
//!
//! [`Answer`]: the move, and who decided it.
//!
//! # Sources
//!
//! RFC 9110 section 9.2.2 (a client may repeat what is idempotent, or what it knows was not applied), RFC 9113 sections 6.8 and 8.7, RFC 8470 section 5.2, RFC 6585 section 4.

pub use crate::outcome::{Certainty, Signal};

use crate::outcome::{Class, Effect, Grounds, Verdict};
use crate::provider::Plan;

/// What makes a repeat safe, as far as the table must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Column {
    /// S: it only reads.
    Safe,
    /// I: doing it twice is doing it once.
    Idempotent,
    /// K: the provider deduplicates by a key.
    Keyed,
    /// L: we look whether it happened.
    Lookup,
    /// X: nothing.
    Nothing,
}

impl Column {
    /// Every column, in the order of a row.
    pub const ALL: [Self; 5] =
        [Self::Safe, Self::Idempotent, Self::Keyed, Self::Lookup, Self::Nothing];

    /// The column of a plan.
    #[must_use]
    pub const fn of(plan: Plan) -> Self {
        match plan {
            Plan::Safe => Self::Safe,
            Plan::Repeatable | Plan::Conditional => Self::Idempotent,
            Plan::ProviderKey | Plan::BodyField => Self::Keyed,
            Plan::Reconcile => Self::Lookup,
            Plan::Once => Self::Nothing,
        }
    }

    /// Its letter.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Safe => 'S',
            Self::Idempotent => 'I',
            Self::Keyed => 'K',
            Self::Lookup => 'L',
            Self::Nothing => 'X',
        }
    }
}

/// How long to wait before another attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Delay {
    /// Not at all, on another connection: it provably never reached the provider.
    AtOnce,
    /// The backoff for transient failures.
    Transient,
    /// The provider's hint, else the backoff for throttling.
    Throttle,
}

/// What may happen after an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Move {
    /// Another attempt.
    Again(Delay),
    /// Another attempt only after a look has shown that it did not happen.
    Reconcile,
    /// No other attempt.
    No,
}

impl Move {
    /// Its word in `explain`; stable.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Again(Delay::AtOnce) => "at_once",
            Self::Again(Delay::Transient) => "backoff",
            Self::Again(Delay::Throttle) => "throttle",
            Self::Reconcile => "reconcile",
            Self::No => "no",
        }
    }
}

/// How often one call may use a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Repeat {
    /// As often as attempts allow.
    Free,
    /// Once.
    Once,
    /// Once as the table says, afterwards after this delay.
    Then(Delay),
}

/// A move, and who decided it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Answer {
    /// What may happen.
    pub next: Move,
    /// Who decided it.
    pub by: By,
}

/// Who decided a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum By {
    /// The outcome alone: no plan would allow more.
    Outcome,
    /// The plan: a safer one would have allowed a repeat.
    Plan,
    /// The contract moved this row.
    Contract,
}

/// Where a contract moves rows for one operation; the first entry of a signal counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides(pub Box<[(Signal, Override)]>);

impl Overrides {
    /// How the row of a signal is moved, if it is.
    #[must_use]
    pub fn of(&self, signal: Signal) -> Option<Override> {
        self.0.iter().find(|(row, _)| *row == signal).map(|(_, to)| *to)
    }
}

/// How a row is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Override {
    /// Towards caution: never again.
    Never,
    /// Towards risk, with a because in the contract: as if provably not processed.
    Unprocessed,
}

/// What may happen after an outcome under a plan.
#[must_use]
pub fn look(verdict: &Verdict, plan: Plan, overrides: &Overrides) -> Answer {
    let Some(signal) = verdict.signal else {
        return Answer { next: Move::No, by: By::Outcome };
    };
    match overrides.of(signal) {
        Some(Override::Never) => return Answer { next: Move::No, by: By::Contract },
        Some(Override::Unprocessed) => {
            let next = Move::Again(delay_of(verdict.class));
            return Answer { next, by: By::Contract };
        }
        None => {}
    }
    let next_under = |column| match verdict.grounds {
        Grounds::Protocol => cell(signal, column),
        Grounds::Contract => told(verdict.class, verdict.effect, column),
    };
    let next = next_under(Column::of(plan));
    let held_back = next == Move::No && next_under(Column::Safe) != Move::No;
    Answer { next, by: if held_back { By::Plan } else { By::Outcome } }
}

/// The cell of a signal and a column.
#[must_use]
pub const fn cell(signal: Signal, column: Column) -> Move {
    let [s, i, k, l, x] = row(signal);
    match column {
        Column::Safe => s,
        Column::Idempotent => i,
        Column::Keyed => k,
        Column::Lookup => l,
        Column::Nothing => x,
    }
}

/// What may happen after an outcome whose class and effect the contract declared.
#[must_use]
pub const fn told(class: Class, effect: Effect, column: Column) -> Move {
    match class {
        Class::Success | Class::Rejected | Class::Exhausted => return Move::No,
        Class::Unauthorized => return cell(Signal::S401, column),
        Class::Transient | Class::Throttled | Class::Overloaded => {}
    }
    let again = Move::Again(delay_of(class));
    match (effect, column) {
        (Effect::None, _)
        | (_, Column::Safe)
        | (Effect::Unknown, Column::Idempotent | Column::Keyed) => again,
        (Effect::Unknown, Column::Lookup) => Move::Reconcile,
        (Effect::Unknown, Column::Nothing)
        | (Effect::Done, Column::Idempotent | Column::Keyed | Column::Lookup | Column::Nothing) => {
            Move::No
        }
    }
}

/// How often one call may use the row of a signal.
#[must_use]
pub const fn repeat(signal: Signal) -> Repeat {
    if matches!(signal, Signal::S401 | Signal::S421 | Signal::S425) {
        // A refreshed credential, a fresh connection, an ordinary handshake: what one repeat does not cure, none does.
        Repeat::Once
    } else if matches!(signal, Signal::RefusedStream) {
        // A server that refuses every stream would turn repeats at once into a loop.
        Repeat::Then(Delay::Transient)
    } else if matches!(signal, Signal::S503) {
        // One short wait; a provider that is still overloaded then gets the long one.
        Repeat::Then(Delay::Throttle)
    } else {
        Repeat::Free
    }
}

const fn delay_of(class: Class) -> Delay {
    match class {
        Class::Throttled | Class::Overloaded | Class::Exhausted => Delay::Throttle,
        Class::Success | Class::Rejected | Class::Transient | Class::Unauthorized => {
            Delay::Transient
        }
    }
}

/// The table: columns S, I, K, L, X.
const fn row(signal: Signal) -> [Move; 5] {
    const A: Move = Move::Again(Delay::AtOnce);
    const T: Move = Move::Again(Delay::Transient);
    const H: Move = Move::Again(Delay::Throttle);
    const R: Move = Move::Reconcile;
    const N: Move = Move::No;
    match signal {
        Signal::DnsTemporary => [T, T, T, T, T],
        Signal::DnsNotFound => [N, N, N, N, N],
        Signal::ConnectRefused => [T, T, T, T, T],
        Signal::ConnectTimeout => [T, T, T, T, T],
        Signal::TlsTransport => [T, T, T, T, T],
        Signal::TlsRefused => [N, N, N, N, N],
        Signal::StaleConnection => [A, A, A, A, A],
        Signal::Reset => [T, T, T, R, N],
        Signal::GoawayAbove => [A, A, A, A, A],
        Signal::GoawayBelow => [T, T, T, R, N],
        Signal::RefusedStream => [A, A, A, A, A],
        Signal::StreamReset => [T, T, T, R, N],
        Signal::FirstByteTimeout => [T, T, T, R, N],
        // The same request gets the same nonsense.
        Signal::Malformed => [N, N, N, N, N],
        Signal::BodyTruncated => [T, T, T, R, N],
        Signal::BodyIdle => [T, T, T, R, N],
        Signal::BodyTooLarge => [N, N, N, N, N],
        Signal::RequestBroken => [N, N, N, N, N],
        Signal::S408Unsent => [A, A, A, A, A],
        Signal::S408 => [T, T, T, R, N],
        Signal::S409 => [N, N, N, R, N],
        Signal::S409InProgress => [N, N, T, R, N],
        Signal::S413RetryAfter => [H, H, H, H, N],
        // We never send Expect, so a repeat would be the same request.
        Signal::S417 => [N, N, N, N, N],
        Signal::S421 => [A, A, A, A, A],
        Signal::S425 => [T, T, T, T, T],
        Signal::S429 => [H, H, H, H, N],
        Signal::Exhausted => [N, N, N, N, N],
        Signal::S403Throttled => [H, H, H, H, N],
        Signal::S401 => [A, A, A, A, A],
        Signal::S4xx => [N, N, N, N, N],
        Signal::S500 => [T, T, T, R, N],
        // The stored 500 comes back for the same key, and another key might do it twice.
        Signal::S500Replayed => [T, T, N, R, N],
        Signal::S501 => [N, N, N, N, N],
        Signal::S502 => [T, T, T, R, N],
        Signal::S503 => [T, H, H, R, N],
        Signal::S503RetryAfter => [H, H, H, R, N],
        Signal::S504 => [T, T, T, R, N],
        Signal::S507 => [N, N, N, N, N],
        Signal::S508 => [N, N, N, N, N],
        Signal::S511 => [N, N, N, N, N],
        Signal::S52x => [T, T, T, R, N],
        Signal::S521 => [T, T, T, T, N],
        Signal::Overloaded => [H, H, H, R, N],
        Signal::S3xx => [N, N, N, N, N],
        Signal::SuccessWithError => [N, N, N, N, N],
    }
}

#[cfg(test)]
mod tests;
