//! OW311: a bound of retries is missing.

use std::time::Duration;

use crate::edit::Repair;
use crate::effective::{Op, View};
use crate::finding::{Finding, Rule, Severity};
use crate::units::{duration, show};

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
    let cap = op.node.read(&["retry", "backoff", "base"], duration).map_or(CAP, |b| b.max(CAP));
    let base = op.node.read(&["retry", "backoff", "cap"], duration).map_or(BASE, |c| c.min(BASE));
    let bounds: [(&[&str], String); 6] = [
        (&["retry", "attempts"], "3".to_owned()),
        (&["retry", "backoff", "base"], show(base)),
        (&["retry", "backoff", "cap"], show(cap)),
        (&["retry", "backoff", "jitter"], "full".to_owned()),
        (&["retry", "budget", "ratio"], "20%".to_owned()),
        (&["retry", "budget", "burst"], "20".to_owned()),
    ];
    let mut repair = Repair::suggest("bound them, with your own figures");
    let mut lacking = Vec::new();
    for (path, value) in bounds {
        if !op.node.has(path) && !op.node.broken_at(path) {
            lacking.push(path.join("."));
            repair = repair.add(view.file(), path, value);
        }
    }
    if !lacking.is_empty() {
        let message = format!("`{}` has no {}", op.name, lacking.join(", "));
        let place = if op.own.has(&["retry"]) { op.name_at } else { view.name_at };
        out.push(Finding::new(&MISSING, place, message).on(op.subject()).repair(repair));
    }
}

/// The waits of the sample contract (product paper, section 3).
const BASE: Duration = Duration::from_millis(100);
const CAP: Duration = Duration::from_secs(2);
