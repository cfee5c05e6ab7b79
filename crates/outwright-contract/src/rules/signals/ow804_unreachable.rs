//! OW804: an alert that cannot fire.

use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};
use crate::units::{duration, ratio};

/// An alert that cannot fire.
pub static UNREACHABLE: Rule = Rule {
    code: "OW804",
    severity: Severity::Warning,
    waivable: true,
    title: "an alert that cannot fire",
    what: "Computes at which share of failed calls the fast page fires; finds a promise for which that is 100% or more.",
    why: "over 30 days the fast page needs 14.4 times the promised error rate (SRE workbook, chapter 5), which is out of reach when the promise is at most 93.05%",
    help: "promise more, or watch this provider otherwise",
    bad: "slo: { availability: 93.0%, latency: { p99: 2s }, window: 30d }
",
    good: "slo: { availability: 93.1%, latency: { p99: 2s }, window: 30d }
",
    sources: &["R-007", "The Site Reliability Workbook, chapter 5"],
};

/// The share of the budget that the fast page spends in one hour (SRE workbook, chapter 5; R-621).
const FAST_SHARE: f64 = 0.02;

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    if let Some(promised) = view.root.read(&["slo", "availability"], ratio)
        && let Some(window) = view.root.read(&["slo", "window"], duration)
        && FAST_SHARE * window.as_secs_f64() / 3600.0 * (1.0 - promised) >= 1.0
        && let Some(node) = view.root.at(&["slo", "availability"])
    {
        let message = "the fast page of this promise can never fire";
        out.push(Finding::new(&UNREACHABLE, node.at, message).on("slo"));
    }
}
