//! The open-loop load: requests are due at fixed times, whether or not earlier ones were answered.
//!
//! Latency counts from the time a request was due, so that a stall is charged to every request it delayed.

use std::thread;
use std::time::{Duration, Instant};

use super::talk::{self, Line};

/// Time before the first request is due, for all connections to stand.
const HEAD_START: Duration = Duration::from_millis(200);

/// What is offered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offer {
    /// Requests per second over all connections.
    pub per_second: u32,
    /// Connections; each has one request under way at most.
    pub connections: u32,
    /// How long.
    pub length: Duration,
}

/// Offers a load and answers the latency of every request, sorted.
///
/// # Errors
///
/// When a reply is not 200.
pub(crate) fn offer(port: u16, prefix: &str, offer: Offer) -> Result<Vec<Duration>, String> {
    let request = talk::request(port, prefix);
    let start = Instant::now() + HEAD_START;
    let mut all = thread::scope(|scope| {
        let threads: Vec<_> = (0..offer.connections)
            .map(|place| {
                scope.spawn({
                    let request = &request;
                    move || one(port, request, offer, start, place)
                })
            })
            .collect();
        let mut all = Vec::new();
        for thread in threads {
            all.extend(thread.join().map_err(|_| "a generator thread broke".to_owned())??);
        }
        Ok::<_, String>(all)
    })?;
    all.sort_unstable();
    Ok(all)
}

/// The requests of one connection: every `connections`-th of the sequence.
fn one(
    port: u16,
    request: &[u8],
    offer: Offer,
    start: Instant,
    place: u32,
) -> Result<Vec<Duration>, String> {
    let mut line = Line::connect(port)?;
    let gap = Duration::from_secs(1) / offer.per_second;
    let (mut due, step) = (start + gap * place, gap * offer.connections);
    let mut latencies = Vec::new();
    while due < start + offer.length {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        line.call(request)?;
        latencies.push(due.elapsed());
        due += step;
    }
    Ok(latencies)
}

/// A percentile of sorted latencies, in microseconds.
pub(crate) fn percentile_us(sorted: &[Duration], percent: usize) -> f64 {
    let at = sorted.len() * percent / 100;
    let value = sorted.get(at.min(sorted.len().saturating_sub(1)));
    value.map_or(0.0, |d| d.as_secs_f64() * 1e6)
}

#[cfg(test)]
mod tests {
    use super::super::capture::Capture;
    use super::*;

    #[test]
    fn every_request_that_was_due_is_answered_once() {
        let capture = Capture::start().expect("a port on loopback");
        let load = Offer { per_second: 400, connections: 4, length: Duration::from_millis(100) };
        let latencies = offer(capture.port(), "", load).expect("all are 200");
        assert_eq!(latencies.len(), 40);
    }

    #[test]
    fn percentiles_come_from_the_sorted_values() {
        let sorted: Vec<Duration> = (0..100).map(Duration::from_micros).collect();
        assert!((percentile_us(&sorted, 50) - 50.0).abs() < 0.001);
        assert!((percentile_us(&sorted, 99) - 99.0).abs() < 0.001);
        assert!(percentile_us(&[], 50).abs() < 0.001);
    }
}
