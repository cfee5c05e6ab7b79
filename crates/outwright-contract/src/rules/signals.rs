//! OW8xx: somebody owns it, promises something and is called.

use super::{error, warning};
use crate::effective::View;
use crate::finding::{Finding, Rule};
use crate::units::ratio;

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
    "a burn rate of 14.4 is out of reach when the promise is at most 93.05% (SRE workbook, chapter 5), so that the fast page is not made",
    "promise more, or watch this provider otherwise",
);

/// The fast page's burn rate over a window of 30 days (SRE workbook, chapter 5).
const FAST_BURN: f64 = 14.4;

pub(crate) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    let groups: [(&Rule, &[&[&str]]); 3] = [
        (&NO_OWNER, &[&["owner", "team"], &["owner", "contact"], &["tier"]]),
        (&NO_SLO, &[&["slo", "availability"], &["slo", "window"]]),
        (&NO_ALERTS, &[&["alerts", "page"], &["alerts", "ticket"], &["alerts", "runbook"]]),
    ];
    let rules: [&'static Rule; 3] = [&NO_OWNER, &NO_SLO, &NO_ALERTS];
    for (rule, (_, paths)) in rules.into_iter().zip(groups) {
        let lacking: Vec<_> = paths
            .iter()
            .filter(|path| !view.root.has(path) && !view.root.broken_at(path))
            .map(|path| path.join("."))
            .collect();
        if let Some(first) = paths.first().and_then(|p| p.first())
            && !lacking.is_empty()
        {
            let message = format!("`{}` has no {}", view.name, lacking.join(", "));
            out.push(Finding::new(rule, view.name_at, message).on(*first));
        }
    }
    if let Some(promised) = view.root.read(&["slo", "availability"], ratio)
        && FAST_BURN * (1.0 - promised) >= 1.0
        && let Some(node) = view.root.at(&["slo", "availability"])
    {
        let message = "the fast page of this promise can never fire";
        out.push(Finding::new(&UNREACHABLE, node.at, message).on("slo"));
    }
}
