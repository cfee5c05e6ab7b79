//! The replies that the world's driver keeps: one per operation, since its requests have no target, fields or caller.

use std::collections::BTreeMap;

use outwright_core::cache::{Found, Kept, Times, Wish};
use outwright_core::provider::{OpIndex, Provider};
use outwright_core::step::Head;
use outwright_core::time::{Mono, Now, Timestamp};

use crate::peer::Body;

/// What is kept, by operation.
#[derive(Debug, Default)]
pub(super) struct Shelf(BTreeMap<OpIndex, Kept>);

impl Shelf {
    /// A head came, whose body will be like this.
    pub(super) fn note(
        &mut self,
        (provider, index): (&Provider, OpIndex),
        head: &Head<'_>,
        body: Body,
        now: Mono,
    ) {
        let Some(policy) = provider.operation(index).cache.filter(|_| body == Body::Whole) else {
            return;
        };
        let came = Now { mono: now, wall: Timestamp::default() };
        let head = (head.status, head.headers);
        let kept = Kept::of(&policy, head, &Wish::default(), Times { sent: now, came });
        if let Some(kept) = kept {
            self.0.insert(index, kept);
        }
    }

    /// What is kept of an operation.
    pub(super) fn find(&self, operation: OpIndex) -> Option<Found> {
        Some(Found { kept: *self.0.get(&operation)?, wish: Wish::default() })
    }
}
