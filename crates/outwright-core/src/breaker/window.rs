//! Calls and failures of the last window, in ten exact buckets.
//!
//! Exact counts instead of a moving average: an average weighted by time between arrivals can hide an outage
//! that arrives as one tight burst.

use std::time::Duration;

use crate::time::Mono;

const BUCKETS: usize = 10;

/// Counts per tenth of a window; what it covers is between nine and ten tenths long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// Length of a bucket in nanoseconds, at least 1.
    tenth: u64,
    buckets: [Bucket; BUCKETS],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Bucket {
    /// Which tenth since the start of the process.
    number: u64,
    calls: u32,
    failures: u32,
}

impl Window {
    pub(super) fn new(length: Duration) -> Self {
        let tenth = u64::try_from(length.as_nanos() / BUCKETS as u128).unwrap_or(u64::MAX);
        Self { tenth: tenth.max(1), buckets: [Bucket::default(); BUCKETS] }
    }

    pub(super) fn add(&mut self, now: Mono, failed: bool) {
        let number = now.nanos() / self.tenth;
        let at = usize::try_from(number % BUCKETS as u64).unwrap_or(0);
        let Some(bucket) = self.buckets.get_mut(at) else { return };
        if bucket.number != number {
            *bucket = Bucket { number, ..Bucket::default() };
        }
        bucket.calls = bucket.calls.saturating_add(1);
        bucket.failures = bucket.failures.saturating_add(u32::from(failed));
    }

    /// Calls and failures that still count.
    pub(super) fn sums(&self, now: Mono) -> (u32, u32) {
        let number = now.nanos() / self.tenth;
        let oldest = number.saturating_sub(BUCKETS as u64 - 1);
        self.buckets.iter().filter(|bucket| bucket.number >= oldest).fold(
            (0_u32, 0_u32),
            |(calls, failures), bucket| {
                (calls.saturating_add(bucket.calls), failures.saturating_add(bucket.failures))
            },
        )
    }

    pub(super) fn clear(&mut self) {
        self.buckets = [Bucket::default(); BUCKETS];
    }
}
