//! OW8xx: somebody owns it, promises something and is called.

use super::{error, warning};
use crate::effective::View;
use crate::finding::{Finding, Rule};
use crate::units::{duration, ratio};

/// No owner or tier.
pub static NO_OWNER: Rule = error(
    "OW801",
    "no owner or tier",
    "when it breaks at night somebody must know whose it is and how much it matters",
    "add `owner: { team: …, contact: … }` and `tier: critical | important | best_effort`",
);
/// No promise.
pub static NO_SLO: Rule = error(
    "OW802",
    "no promise to our callers",
    "without a promise nobody can say when it is broken",
    "add `slo: { availability: 99.9%, latency: { p99: 8s }, window: 30d }`",
);
/// No alert route or runbook.
pub static NO_ALERTS: Rule = error(
    "OW803",
    "nobody is told",
    "an alert without a route or a runbook wakes nobody, or somebody who does not know what to do",
    "add `alerts: { page: …, ticket: …, runbook: … }`",
);
/// An alert that cannot fire.
pub static UNREACHABLE: Rule = warning(
    "OW804",
    "an alert that cannot fire",
    "over 30 days the fast page needs 14.4 times the promised error rate (SRE workbook, chapter 5), which is out of reach when the promise is at most 93.05%",
    "promise more, or watch this provider otherwise",
);

/// The share of the budget that the fast page spends in one hour (SRE workbook, chapter 5; R-621).
const FAST_SHARE: f64 = 0.02;

pub(crate) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    let groups: [(&'static Rule, &str, &[&[&str]]); 3] = [
        (&NO_OWNER, "owner", &[&["owner", "team"], &["owner", "contact"], &["tier"]]),
        (&NO_SLO, "slo", &[&["slo", "availability"], &["slo", "window"]]),
        (
            &NO_ALERTS,
            "alerts",
            &[&["alerts", "page"], &["alerts", "ticket"], &["alerts", "runbook"]],
        ),
    ];
    for (rule, subject, paths) in groups {
        let lacking: Vec<_> = paths
            .iter()
            .filter(|path| !view.root.has(path) && !view.root.broken_at(path))
            .map(|path| path.join("."))
            .collect();
        if !lacking.is_empty() {
            let message = format!("`{}` has no {}", view.name, lacking.join(", "));
            out.push(Finding::new(rule, view.name_at, message).on(subject));
        }
    }
    if let Some(promised) = view.root.read(&["slo", "availability"], ratio)
        && let Some(window) = view.root.read(&["slo", "window"], duration)
        && FAST_SHARE * window.as_secs_f64() / 3600.0 * (1.0 - promised) >= 1.0
        && let Some(node) = view.root.at(&["slo", "availability"])
    {
        let message = "the fast page of this promise can never fire";
        out.push(Finding::new(&UNREACHABLE, node.at, message).on("slo"));
    }
}
