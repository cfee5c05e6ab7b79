//! Counters and histograms of one core: one writer, any number of readers, no lock and no locked instruction.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A number that one core counts up and a scrape reads.
///
/// There is one writer, so a plain load and store is enough; a reader sees a value that was true a moment ago.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    /// Adds `by`. Only the core that owns it may call this.
    pub(crate) fn add(&self, by: u64) {
        self.0.store(self.read().wrapping_add(by), Ordering::Relaxed);
    }

    /// Takes `by` away; for numbers of things that come and go.
    pub(crate) fn take(&self, by: u64) {
        self.0.store(self.read().wrapping_sub(by), Ordering::Relaxed);
    }

    /// What it stands at.
    pub(crate) fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Upper bounds of the buckets, in microseconds, ascending; the last bucket has none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Bounds(pub(crate) &'static [u64]);

/// The bounds that OpenTelemetry's HTTP conventions state for request durations, and 30, 60 and 120 s for slow providers.
pub(crate) const CALL: Bounds = Bounds(&[
    5_000,
    10_000,
    25_000,
    50_000,
    75_000,
    100_000,
    250_000,
    500_000,
    750_000,
    1_000_000,
    2_500_000,
    5_000_000,
    7_500_000,
    10_000_000,
    30_000_000,
    60_000_000,
    120_000_000,
]);

/// What we add to a call: 50 µs to 50 ms.
pub(crate) const OVERHEAD: Bounds =
    Bounds(&[50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000]);

/// Waits in the queue: chosen, from "at once" to the longest `queue_wait` that makes sense.
pub(crate) const WAIT: Bounds =
    Bounds(&[1_000, 5_000, 10_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 5_000_000]);

/// What providers ask for: 100 ms to an hour.
pub(crate) const HINT: Bounds = Bounds(&[
    100_000,
    1_000_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
    300_000_000,
    900_000_000,
    3_600_000_000,
]);

/// A distribution of durations over fixed bounds.
#[derive(Debug)]
pub(crate) struct Histogram {
    bounds: &'static Bounds,
    buckets: Box<[Count]>,
    sum_nanos: Count,
}

impl Histogram {
    /// An empty one.
    pub(crate) fn new(bounds: &'static Bounds) -> Self {
        let buckets = (0..=bounds.0.len()).map(|_| Count::default()).collect();
        Self { bounds, buckets, sum_nanos: Count::default() }
    }

    /// Counts one duration.
    pub(crate) fn observe(&self, value: Duration) {
        let subsec = u64::from(value.subsec_nanos());
        let nanos = value.as_secs().saturating_mul(1_000_000_000).saturating_add(subsec);
        // Bounds are inclusive, so a started microsecond counts as a whole one.
        let micros = nanos.div_ceil(1_000);
        // Most of what is measured is short.
        let short = self.bounds.0.first().is_some_and(|bound| micros <= *bound);
        let index = if short { 0 } else { self.bounds.0.partition_point(|bound| *bound < micros) };
        if let Some(bucket) = self.buckets.get(index) {
            bucket.add(1);
        }
        self.sum_nanos.add(nanos);
    }

    /// Takes over what the one before it counted. Only the core that owns both may call this.
    pub(crate) fn go_on_from(&self, before: &Self) {
        for (ours, theirs) in self.buckets.iter().zip(&before.buckets) {
            ours.add(theirs.read());
        }
        self.sum_nanos.add(before.sum_nanos.read());
    }

    /// Adds what this one counted to `total`.
    pub(crate) fn merge_into(&self, total: &mut Total) {
        if total.buckets.len() < self.buckets.len() {
            total.buckets.resize(self.buckets.len(), 0);
            total.bounds = self.bounds.0;
        }
        for (sum, bucket) in total.buckets.iter_mut().zip(&self.buckets) {
            *sum = sum.wrapping_add(bucket.read());
        }
        total.sum_nanos = total.sum_nanos.wrapping_add(self.sum_nanos.read());
    }
}

/// The same histogram of several cores, added up.
#[derive(Debug, Default)]
pub(crate) struct Total {
    pub(crate) bounds: &'static [u64],
    pub(crate) buckets: Vec<u64>,
    pub(crate) sum_nanos: u64,
}

#[cfg(test)]
mod tests {
    use super::{CALL, HINT, Histogram, OVERHEAD, Total, WAIT};
    use std::time::Duration;

    fn bucket_of(value: Duration) -> usize {
        let histogram = Histogram::new(&CALL);
        histogram.observe(value);
        let mut total = Total::default();
        histogram.merge_into(&mut total);
        total.buckets.iter().position(|count| *count == 1).expect("one was counted")
    }

    #[test]
    fn a_bound_belongs_to_the_bucket_below_it() {
        assert_eq!(bucket_of(Duration::ZERO), 0);
        assert_eq!(bucket_of(Duration::from_millis(5)), 0);
        assert_eq!(bucket_of(Duration::from_nanos(5_000_001)), 1);
        assert_eq!(bucket_of(Duration::from_secs(120)), 16);
        assert_eq!(bucket_of(Duration::from_secs(121)), 17);
        assert_eq!(bucket_of(Duration::MAX), 17);
    }

    #[test]
    fn bounds_ascend() {
        for bounds in [CALL, OVERHEAD, WAIT, HINT] {
            assert!(bounds.0.is_sorted_by(|a, b| a < b));
        }
    }

    #[test]
    fn cores_add_up() {
        let (one, two) = (Histogram::new(&OVERHEAD), Histogram::new(&OVERHEAD));
        one.observe(Duration::from_micros(60));
        two.observe(Duration::from_micros(70));
        let mut total = Total::default();
        one.merge_into(&mut total);
        two.merge_into(&mut total);
        assert_eq!(total.buckets.get(1), Some(&2));
        assert_eq!(total.sum_nanos, 130_000);
    }
}
