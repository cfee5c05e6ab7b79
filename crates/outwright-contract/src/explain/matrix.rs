//! The user's own matrix: what happens after each failure of one operation.

use outwright_core::provider::{ErrorRow, Operation, Provider};
use outwright_core::retry::matrix::{
    Column, Delay, Move, Override, Repeat, Signal, cell, repeat, told,
};
use serde_json::{Value, json};

/// What happens after one failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The failure: a row of the matrix, or a row of the provider's `errors`.
    pub failure: String,
    /// `at_once`, `backoff`, `throttle` or `no`.
    pub next: &'static str,
    /// Who decided it: `outcome`, `plan`, `contract` or `version`.
    pub by: &'static str,
    /// The same in words.
    pub sentence: String,
}

impl Row {
    pub(super) fn json(&self) -> Value {
        json!({ "failure": self.failure, "next": self.next, "by": self.by, "sentence": self.sentence })
    }
}

/// The rows of an operation: those of the provider's error model first, then the table's.
pub(crate) fn rows(provider: &Provider, operation: &str) -> Vec<Row> {
    let Some(op) = provider.operations.iter().find(|op| &*op.name == operation) else {
        return Vec::new();
    };
    let declared = provider.errors.iter().filter_map(|row| declared(op, row));
    declared.chain(Signal::ALL.into_iter().map(|signal| table(op, signal))).collect()
}

/// A row of the provider's error model; one without an effect follows the table.
fn declared(op: &Operation, row: &ErrorRow) -> Option<Row> {
    let effect = row.effect?;
    let column = Column::of(op.plan);
    let next = told(row.class, effect, column);
    let mut failure =
        row.status.map_or_else(|| "any status".to_owned(), |status| status.to_string());
    for (name, value) in &row.headers {
        let value = value.as_deref().unwrap_or("any");
        failure = format!("{failure} {name}: {value}");
    }
    for (pointer, value) in &row.json {
        failure = format!("{failure} {pointer}={value}");
    }
    let free = told(row.class, effect, Column::Safe);
    Some(make(op, failure, next, free, Repeat::Free))
}

fn table(op: &Operation, signal: Signal) -> Row {
    let failure = signal.word().to_owned();
    let free = cell(signal, Column::Safe);
    match op.overrides.of(signal) {
        Some(Override::Never) => {
            let sentence = "not sent again: the contract says so".to_owned();
            Row { failure, next: Move::No.word(), by: "contract", sentence }
        }
        Some(Override::Unprocessed) => {
            let sentence = "sent again: the contract takes it as not processed".to_owned();
            let delay = if let Move::Again(delay) = free { delay } else { Delay::Transient };
            Row { failure, next: Move::Again(delay).word(), by: "contract", sentence }
        }
        None => make(op, failure, cell(signal, Column::of(op.plan)), free, repeat(signal)),
    }
}

fn make(op: &Operation, failure: String, next: Move, free: Move, repeat: Repeat) -> Row {
    let once = match repeat {
        Repeat::Free => "",
        Repeat::Once => ", once",
        Repeat::Then(Delay::AtOnce) => "",
        Repeat::Then(Delay::Transient) => ", then after the backoff",
        Repeat::Then(Delay::Throttle) => ", then after the throttle backoff",
    };
    let plan = op.plan.word();
    let (next, by, sentence) = match next {
        Move::Again(Delay::Transient | Delay::Throttle) if op.retry.attempts() == 1 => {
            (Move::No, "contract", "not sent again: `attempts` is 1".to_owned())
        }
        Move::Again(Delay::AtOnce) => (next, "outcome", format!("sent again at once{once}")),
        Move::Again(Delay::Transient) => {
            (next, "outcome", format!("sent again after the backoff{once}"))
        }
        Move::Again(Delay::Throttle) => (
            next,
            "outcome",
            format!("sent again when the provider says, else after the throttle backoff{once}"),
        ),
        Move::Reconcile => (
            Move::No,
            "version",
            "not sent again: this version does not look it up; it stays unknown".to_owned(),
        ),
        Move::No if free == Move::No => {
            (next, "outcome", "not sent again: a repeat would not help".to_owned())
        }
        Move::No => {
            (next, "plan", format!("not sent again: under `plan: {plan}` it might happen twice"))
        }
    };
    Row { failure, next: next.word(), by, sentence }
}
