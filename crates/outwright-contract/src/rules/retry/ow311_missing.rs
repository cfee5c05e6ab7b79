//! OW311: a bound of retries is missing.

use crate::effective::{Op, View};
use crate::finding::{Finding, Rule, Severity};

/// A bound of retries is missing.
pub static MISSING: Rule = Rule {
    code: "OW311",
    severity: Severity::Error,
    waivable: false,
    title: "a bound of retries is missing",
    what: "Finds an operation for which attempts, a wait, its cap, its jitter or the budget is said nowhere.",
    why: "retries without finite attempts, a cap, jitter and a budget turn a hiccup into an outage",
    help: "add `retry: { attempts: 3, backoff: { base: 100ms, cap: 2s, jitter: full }, budget: { ratio: 20%, burst: 20 } }`",
    bad: "retry: { attempts: 3, backoff: { base: 100ms, jitter: full }, budget: { ratio: 20%, burst: 10 } }
",
    good: "retry: { attempts: 3, backoff: { base: 100ms, cap: 1s, jitter: full }, budget: { ratio: 20%, burst: 10 } }
",
    sources: &["R-003", "AWS Well-Architected REL05-BP03", "Site Reliability Engineering, chapter 21"],
};

pub(super) fn check(view: &View<'_>, op: &Op, out: &mut Vec<Finding>) {
    let paths: [&[&str]; 6] = [
        &["retry", "attempts"],
        &["retry", "backoff", "base"],
        &["retry", "backoff", "cap"],
        &["retry", "backoff", "jitter"],
        &["retry", "budget", "ratio"],
        &["retry", "budget", "burst"],
    ];
    let lacking: Vec<_> = paths
        .into_iter()
        .filter(|path| !op.node.has(path) && !op.node.broken_at(path))
        .map(|path| path.join("."))
        .collect();
    if !lacking.is_empty() {
        let message = format!("`{}` has no {}", op.name, lacking.join(", "));
        let place = if op.own.has(&["retry"]) { op.name_at } else { view.name_at };
        out.push(Finding::new(&MISSING, place, message).on(op.subject()));
    }
}
