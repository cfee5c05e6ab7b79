//! OW802: no promise to our callers.

use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};

use super::lacking;

/// No promise.
pub static NO_SLO: Rule = Rule {
    code: "OW802",
    severity: Severity::Error,
    waivable: true,
    title: "no promise to our callers",
    what: "Finds a contract without `slo.availability` or `slo.window`.",
    why: "without a promise nobody can say when it is broken",
    help: "add `slo: { availability: 99.9%, latency: { p99: 8s }, window: 30d }`",
    bad: "slo: { latency: { p99: 2s } }
",
    good: "slo: { availability: 99.9%, latency: { p99: 2s }, window: 30d }
",
    sources: &["R-006", "The Site Reliability Workbook, chapter 5"],
};

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    let keys: [(&[&str], String); 2] =
        [(&["slo", "availability"], "99.9%".to_owned()), (&["slo", "window"], "30d".to_owned())];
    out.extend(lacking(view, &NO_SLO, "slo", &keys));
}
