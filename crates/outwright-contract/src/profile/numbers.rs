//! The figures of a contract, and what follows from them by arithmetic.

use std::time::Duration;

use crate::effective::View;
use crate::node::Node;
use crate::units::{duration, ratio};

/// The figures of a contract that can be computed with; none where one is missing or undecided.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers {
    /// Most sends of one call, over all operations.
    pub attempts_max: Option<u32>,
    /// Retries earned per first-try success, as a share of one.
    pub budget_ratio: Option<f64>,
    /// Retries that may be saved up.
    pub budget_burst: Option<u32>,
    /// Calls at the provider at once.
    pub slots: u32,
    /// Calls that may wait.
    pub queue: u32,
    /// Known quotas.
    pub quotas: Vec<Quota>,
    /// The availability that we promise our callers, as a share of one.
    pub promised: Option<f64>,
    /// Over which time it is promised.
    pub period: Option<Duration>,
    /// The availability that the provider promises, as a share of one; none where it promises none.
    pub sla: Option<f64>,
}

/// A known quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Its name.
    pub name: String,
    /// How many requests.
    pub requests: u32,
    /// In how much time.
    pub per: Duration,
}

impl Numbers {
    pub(super) fn of(view: &View<'_>) -> Self {
        let root = view.root;
        let attempts = |node: &Node| node.count::<u32>(&["retry", "attempts"]);
        let of_operations = view.operations.iter().filter_map(|op| attempts(&op.node));
        let windows = root.at(&["limits", "windows"]).map(Node::items).unwrap_or_default();
        Self {
            attempts_max: of_operations.chain(attempts(root)).max(),
            budget_ratio: root.read(&["retry", "budget", "ratio"], ratio),
            budget_burst: root.count(&["retry", "budget", "burst"]),
            slots: view.slots(),
            queue: view.queue(),
            quotas: windows.iter().filter_map(quota).collect(),
            promised: root.read(&["slo", "availability"], ratio),
            period: root.read(&["slo", "window"], duration),
            sla: root.read(&["sla", "availability"], ratio),
        }
    }

    /// Most sends per call, on average, in an outage of this length in which calls keep coming at `rate` per second.
    ///
    /// Every send fails, so that the budget earns nothing: what was saved up is spent, and one retry comes every 30 seconds (`docs/concepts/budget.md`).
    /// The breaker, which opens in an outage, makes it less.
    #[must_use]
    pub fn amplification(&self, rate: f64, outage: Duration) -> Option<f64> {
        let saved = f64::from(self.budget_burst?) + outage.as_secs_f64() / TRICKLE_SECONDS;
        let most = f64::from(self.attempts_max?) - 1.0;
        let calls = (rate * outage.as_secs_f64()).max(1.0);
        Some(1.0 + (saved / calls).min(most))
    }
}

/// A retry comes by itself this often (`docs/concepts/budget.md`).
const TRICKLE_SECONDS: f64 = 30.0;

fn quota(node: &Node) -> Option<Quota> {
    Some(Quota {
        name: node.word(&["name"])?.to_owned(),
        requests: node.count(&["requests"])?,
        per: node.read(&["per"], duration)?,
    })
}

/// The availability that calls of so many attempts can reach on a provider of this availability, if its failures were independent.
///
/// An upper bound: outages last, so that attempts of one call fail together.
#[must_use]
pub fn carried(availability: f64, attempts: u32) -> f64 {
    let failing = (1.0 - availability).clamp(0.0, 1.0);
    1.0 - failing.powi(i32::try_from(attempts).unwrap_or(i32::MAX))
}

/// An alert on the error budget.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burn {
    /// `page` or `ticket`.
    pub route: &'static str,
    /// The long window; the short one is a twelfth of it.
    pub long: Duration,
    /// How many times the promised error rate it needs.
    pub factor: f64,
    /// The error ratio at which it fires, as a share of one; beyond one it never can.
    pub threshold: f64,
}

/// The alerts on a promise: share of the budget, window and route are those of the SRE workbook, chapter 5, table 5-6 and of its low-urgency rows.
#[must_use]
pub fn burns(promised: f64, period: Duration) -> [Burn; 4] {
    const HOUR: u64 = 3600;
    let of = |route, share: f64, hours: u64| {
        let long = Duration::from_secs(hours * HOUR);
        let factor = share * period.as_secs_f64() / long.as_secs_f64();
        Burn { route, long, factor, threshold: factor * (1.0 - promised) }
    };
    [of("page", 0.02, 1), of("page", 0.05, 6), of("ticket", 0.10, 24), of("ticket", 0.10, 72)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONTH: Duration = Duration::from_secs(30 * 86_400);

    #[test]
    fn the_factors_of_thirty_days_are_those_of_the_workbook() {
        let factors = burns(0.999, MONTH).map(|burn| (burn.factor * 10.0).round() / 10.0);
        assert_eq!(factors, [14.4, 6.0, 3.0, 1.0]);
    }

    ///
    #[test]
    fn an_alert_is_out_of_reach_where_more_than_every_call_would_have_to_fail() {
        let fires = |promised: f64| burns(promised, MONTH).map(|burn| burn.threshold < 1.0);
        assert_eq!(fires(0.930), [false, true, true, true]);
        assert_eq!(fires(0.931), [true, true, true, true]);
        assert_eq!(fires(0.833), [false, false, true, true]);
        assert_eq!(fires(0.834), [false, true, true, true]);
    }

    #[test]
    fn attempts_carry_more_than_one_send_and_never_all() {
        assert!((carried(0.99, 1) - 0.99).abs() < 1e-12);
        assert!((carried(0.99, 2) - 0.9999).abs() < 1e-12);
        assert!(carried(0.0, 10) < 1e-12);
        assert!((carried(1.0, 3) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn an_outage_costs_at_most_what_was_saved_up() {
        let numbers =
            Numbers { attempts_max: Some(3), budget_burst: Some(20), ..Numbers::default() };
        let minutes = |n: u64| Duration::from_secs(60 * n);
        assert_eq!(numbers.amplification(0.001, minutes(1)), Some(3.0), "a call has its attempts");
        assert_eq!(numbers.amplification(10.0, minutes(10)), Some(1.0 + 40.0 / 6000.0));
        assert_eq!(Numbers::default().amplification(10.0, minutes(10)), None);
    }
}
