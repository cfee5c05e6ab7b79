//! OW312: a bound of retries that does not bound.

use std::time::Duration;

use outwright_core::limits::ATTEMPTS_MAX;

use crate::edit::Repair;
use crate::effective::Op;
use crate::finding::{Finding, Rule, Severity};
use crate::units::{duration, ratio, show};

/// A bound of retries is not usable.
pub static UNUSABLE: Rule = Rule {
    code: "OW312",
    severity: Severity::Error,
    waivable: false,
    title: "a bound of retries that does not bound",
    what: "Finds more than 10 attempts, waits that start at zero or above their cap, no jitter, and a budget that pays for nothing or belongs to one operation.",
    why: "retries in step, without end or at any price make an overload permanent",
    help: "use at most 10 attempts, base at most cap, a jitter, and a budget above 0%",
    bad: "retry: { attempts: 3, backoff: { base: 100ms, cap: 1s, jitter: none }, budget: { ratio: 20%, burst: 10 } }
",
    good: "retry: { attempts: 3, backoff: { base: 100ms, cap: 1s, jitter: full }, budget: { ratio: 20%, burst: 10 } }
",
    sources: &["R-003", "AWS Builders' Library, Timeouts, retries, and backoff with jitter"],
};

pub(super) fn check(op: &Op, out: &mut Vec<Finding>) {
    bounds(op, out);
    if let Some(entry) = op.own.entry_at(&["retry", "budget"]) {
        let message = format!("the budget belongs to the provider, not to `{}`", op.name);
        let help = "move `budget` to the contract's `retry`";
        let repair = Repair::suggest("leave it out here").remove(entry.key_at);
        let finding = Finding::new(&UNUSABLE, entry.key_at, message).help(help);
        out.push(finding.on(op.subject()).repair(repair));
    }
}

fn bounds(op: &Op, out: &mut Vec<Finding>) {
    let mut say = |path: &[&str], message: String, value: &str| {
        if let Some(node) = op.node.at(path) {
            let repair = Repair::suggest("use a bound that bounds").put(node.at, value);
            let finding = Finding::new(&UNUSABLE, node.at, message).on(op.subject());
            out.push(finding.repair(repair));
        }
    };
    let attempts: Option<u32> = op.node.count(&["retry", "attempts"]);
    if attempts.is_some_and(|n| n > u32::from(ATTEMPTS_MAX)) {
        let message = format!("more than {ATTEMPTS_MAX} attempts are a storm");
        say(&["retry", "attempts"], message, "3");
    }
    for kind in ["backoff", "throttle"] {
        if op.node.word(&["retry", kind, "jitter"]) == Some("none") {
            let message = "retries without jitter arrive together".to_owned();
            say(&["retry", kind, "jitter"], message, "full");
        }
        let base = op.node.read(&["retry", kind, "base"], duration);
        let cap = op.node.read(&["retry", kind, "cap"], duration);
        if base.is_some_and(|base| base.is_zero()) {
            let message = format!("`{kind}` starts with no wait at all");
            let base = cap.filter(|cap| !cap.is_zero()).unwrap_or(BASE).min(BASE);
            say(&["retry", kind, "base"], message, &show(base));
        }
        if let (Some(base), Some(cap)) = (base, cap)
            && base > cap
        {
            let message = format!("base {} is above cap {}", show(base), show(cap));
            // A cap of nothing cannot be the first wait.
            let (key, value) = if cap.is_zero() { ("cap", base) } else { ("base", cap) };
            say(&["retry", kind, key], message, &show(value));
        }
    }
    if op.node.read(&["retry", "budget", "ratio"], ratio).is_some_and(|r| r <= 0.0) {
        let message = "a budget of 0% pays for no retry".to_owned();
        say(&["retry", "budget", "ratio"], message, "20%");
    }
    if op.node.count::<u32>(&["retry", "budget", "burst"]) == Some(0) {
        let message = "a burst of 0 pays for no retry".to_owned();
        say(&["retry", "budget", "burst"], message, "20");
    }
}

/// The first wait of the sample contract (product paper, section 3).
const BASE: Duration = Duration::from_millis(100);
