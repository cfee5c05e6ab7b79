//! OW804: an alert that cannot fire.

use std::time::Duration;

use crate::edit::Repair;
use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};
use crate::profile::burns;
use crate::units::{duration, ratio, show};

/// An alert that cannot fire.
pub static UNREACHABLE: Rule = Rule {
    code: "OW804",
    severity: Severity::Warning,
    waivable: true,
    title: "an alert that cannot fire",
    what: "Computes at which share of failed calls each alert of a promise fires, with the factors that follow from its window; finds those for which that is 100% or more.\nOver 30 days the factors are 14.4, 6, 3 and 1.",
    why: "over 30 days the fast page needs 14.4 times the promised error rate (SRE workbook, chapter 5), which is out of reach when the promise is at most 93.05%",
    help: "promise more, or watch this provider otherwise",
    bad: "slo: { availability: 93.0%, latency: { p99: 2s }, window: 30d }
",
    good: "slo: { availability: 93.1%, latency: { p99: 2s }, window: 30d }
",
    sources: &["R-007", "The Site Reliability Workbook, chapter 5"],
};

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    let own = view.operations.iter().filter(|op| op.own.has(&["slo"]));
    let promises = own.map(|op| (&op.node, op.subject()));
    for (node, subject) in promises.chain([(view.root, "slo".to_owned())]) {
        let Some(promised) = node.read(&["slo", "availability"], ratio) else { continue };
        let Some(window) = node.read(&["slo", "window"], duration) else { continue };
        let silent = silent(promised, window);
        if let Some(at) = node.at(&["slo", "availability"])
            && !silent.is_empty()
        {
            let message = format!("{} of this promise can never fire", silent.join(", "));
            let repair = Repair::suggest("promise more").put(at.at, "99%");
            out.push(Finding::new(&UNREACHABLE, at.at, message).on(subject).repair(repair));
        }
    }
}

/// Alerts that need more failed calls than there are calls.
fn silent(promised: f64, window: Duration) -> Vec<String> {
    let silent = burns(promised, window).into_iter().filter(|burn| burn.threshold >= 1.0);
    silent.map(|burn| format!("the {} over {}", burn.route, show(burn.long))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);

    /// 14.4 times the promised errors is out of reach at or below 93.05%, 6 times at or below 83.33%.
    #[test]
    fn an_alert_is_silent_where_it_needs_more_failures_than_there_are_calls() {
        for (promised, count) in
            [(0.930, 1), (0.9305, 1), (0.931, 0), (0.8334, 1), (0.8333, 2), (0.66, 3), (0.999, 0)]
        {
            assert_eq!(silent(promised, MONTH).len(), count, "{promised}");
        }
    }

    #[test]
    fn the_factors_come_from_the_window_of_the_promise() {
        let week = Duration::from_secs(7 * 24 * 3600);
        assert!(silent(0.93, week).is_empty(), "3.36 times 7% is a quarter");
        assert_eq!(silent(0.70, week), ["the page over 1h"], "3.36 times 30% is more than all");
    }
}
