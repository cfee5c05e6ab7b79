//! F-26: the ledger of effects that the provider performed; the one number that matters is read here.

use std::collections::{BTreeMap, VecDeque};

use outwright_core::time::Mono;
use serde::Serialize;

/// Effects kept; chosen. A request beyond it is answered 507 and performs nothing, so that no effect goes uncounted.
pub const EFFECTS_MAX: usize = 200_000;

/// One effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// From 1, in the order in which they were performed.
    pub number: u64,
    /// When, in nanoseconds since the start of the provider.
    #[serde(rename = "at_ns", serialize_with = "nanos")]
    pub at: Mono,
    /// The operation, such as `POST /v1/charges`.
    pub operation: String,
    /// The id of what was made or changed.
    pub object: String,
    /// The idempotency key that came with it.
    pub key: Option<String>,
    /// What the caller means by it: an order number or the like, the same however often it is sent.
    pub reference: Option<String>,
    /// Whom it concerns.
    pub customer: Option<String>,
    /// The number of the request in the wire log.
    pub request: u64,
}

fn nanos<S: serde::Serializer>(at: &Mono, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(at.nanos())
}

/// All effects since the start, or since they were cleared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects(VecDeque<Effect>);

impl Effects {
    /// How many effects were performed.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Every effect, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Effect> {
        self.0.iter()
    }

    /// How many effects carried this idempotency key.
    #[must_use]
    pub fn of_key(&self, key: &str) -> usize {
        self.0.iter().filter(|effect| effect.key.as_deref() == Some(key)).count()
    }

    /// How many effects carried this reference.
    #[must_use]
    pub fn of_reference(&self, reference: &str) -> usize {
        self.0.iter().filter(|effect| effect.reference.as_deref() == Some(reference)).count()
    }

    /// How many effects concerned this customer.
    #[must_use]
    pub fn of_customer(&self, customer: &str) -> usize {
        self.0.iter().filter(|effect| effect.customer.as_deref() == Some(customer)).count()
    }

    /// What was done more than once: by reference, by key where an effect has no reference.
    #[must_use]
    pub fn duplicates(&self) -> Vec<Duplicate> {
        let mut counts: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
        for effect in &self.0 {
            let same = match (&effect.reference, &effect.key) {
                (Some(reference), _) => ("reference", reference.as_str()),
                (None, Some(key)) => ("key", key.as_str()),
                (None, None) => continue,
            };
            *counts.entry((&effect.operation, same.0, same.1)).or_default() += 1;
        }
        let more_than_once = counts.into_iter().filter(|(_, effects)| *effects > 1);
        more_than_once
            .map(|((operation, by, value), effects)| Duplicate {
                operation: operation.to_owned(),
                by,
                value: value.to_owned(),
                effects,
            })
            .collect()
    }

    /// How many effects are one too many.
    #[must_use]
    pub fn surplus(&self) -> usize {
        self.duplicates().iter().map(|duplicate| duplicate.effects - 1).sum()
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= EFFECTS_MAX
    }

    pub(super) fn next_number(&self) -> u64 {
        self.0.back().map_or(1, |last| last.number + 1)
    }

    pub(super) fn add(&mut self, effect: Effect) {
        self.0.push_back(effect);
    }
}

/// The same thing done more than once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Duplicate {
    /// The operation.
    pub operation: String,
    /// What makes the effects the same: `reference` or `key`.
    pub by: &'static str,
    /// The reference or key.
    pub value: String,
    /// How often it was done.
    pub effects: usize,
}
