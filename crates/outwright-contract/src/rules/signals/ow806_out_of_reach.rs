//! OW806: a promise that the provider's own cannot carry.

use crate::effective::{Op, View};
use crate::finding::{Finding, Rule, Severity};
use crate::profile::carried;
use crate::units::ratio;

/// A promise that the provider's own cannot carry.
pub static OUT_OF_REACH: Rule = Rule {
    code: "OW806",
    severity: Severity::Warning,
    waivable: true,
    title: "a promise that the provider's own cannot carry",
    what: "Computes what is reachable: a provider that promises a share of good answers, asked as often as the contract allows, gives at most 1 − (1 − share)^attempts; `plan: once` is asked once, and a read with another answer at hand is answered in any case.\nThat is a bound from above: it takes failures to be independent, which an outage is not.\nWhere `sla` says `availability: none` nothing can be computed, and `outwright explain` says so.",
    why: "a promise that nothing carries is broken without anybody's mistake, and its alert rings at night for what nobody can mend",
    help: "promise less, allow more attempts where the plan allows a repeat, or give reads a fallback",
    bad: "slo: { availability: 99.99%, latency: { p99: 2s }, window: 30d }
sla: { availability: 99.9% }
operations:
  create_order:
    request: POST /v1/orders
    idempotency: { plan: once }
",
    good: "slo: { availability: 99.9%, latency: { p99: 2s }, window: 30d }
sla: { availability: 99.9% }
operations:
  create_order:
    request: POST /v1/orders
    idempotency: { plan: once }
",
    sources: &[
        "The Site Reliability Workbook, chapter 2",
        "AWS whitepaper Availability and Beyond",
    ],
};

/// Shares closer than this are equal: one call in ten thousand million.
const HAIR: f64 = 1e-10;

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    let Some(theirs) = view.root.read(&["sla", "availability"], ratio) else { return };
    for op in view.operations {
        let Some(node) = op.node.at(&["slo", "availability"]) else { continue };
        let Some(ours) = op.node.read(&["slo", "availability"], ratio) else { continue };
        let Some((attempts, reachable)) = reachable(op, theirs) else { continue };
        if ours <= reachable + HAIR {
            continue;
        }
        let message = format!(
            "`{}` promises {}, but at most {} is reachable with {}",
            op.name,
            percent(ours),
            percent(reachable),
            if attempts == 1 { "1 attempt".to_owned() } else { format!("{attempts} attempts") }
        );
        let mut finding = Finding::new(&OUT_OF_REACH, node.at, message).on(op.subject());
        if let Some(sla) = view.root.at(&["sla", "availability"]) {
            finding = finding.see(sla.at, "what the provider promises");
        }
        out.push(finding);
    }
}

/// The attempts that count, and the share of good answers that they can reach if failures are independent; none: another answer is at hand.
fn reachable(op: &Op, theirs: f64) -> Option<(u32, f64)> {
    let other = op.node.has(&["fallback", "stale"]) || op.node.has(&["fallback", "static"]);
    if !op.mutates() && other {
        return None;
    }
    let once = op.node.word(&["idempotency", "plan"]) == Some("once");
    let attempts = if once { 1 } else { op.node.count::<u32>(&["retry", "attempts"])? };
    Some((attempts, carried(theirs, attempts)))
}

/// A share as a percentage, with as many digits as it has nines.
fn percent(share: f64) -> String {
    let text = format!("{:.6}", share * 100.0);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}
