//! OW312: a bound of retries that does not bound.

use outwright_core::limits::ATTEMPTS_MAX;

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
        out.push(Finding::new(&UNUSABLE, entry.key_at, message).help(help).on(op.subject()));
    }
}

fn bounds(op: &Op, out: &mut Vec<Finding>) {
    let mut say = |path: &[&str], message: String| {
        if let Some(node) = op.node.at(path) {
            out.push(Finding::new(&UNUSABLE, node.at, message).on(op.subject()));
        }
    };
    let attempts: Option<u32> = op.node.count(&["retry", "attempts"]);
    if attempts.is_some_and(|n| n > u32::from(ATTEMPTS_MAX)) {
        say(&["retry", "attempts"], format!("more than {ATTEMPTS_MAX} attempts are a storm"));
    }
    for kind in ["backoff", "throttle"] {
        if op.node.word(&["retry", kind, "jitter"]) == Some("none") {
            say(&["retry", kind, "jitter"], "retries without jitter arrive together".to_owned());
        }
        let base = op.node.read(&["retry", kind, "base"], duration);
        let cap = op.node.read(&["retry", kind, "cap"], duration);
        if base.is_some_and(|base| base.is_zero()) {
            say(&["retry", kind, "base"], format!("`{kind}` starts with no wait at all"));
        }
        if let (Some(base), Some(cap)) = (base, cap)
            && base > cap
        {
            let message = format!("base {} is above cap {}", show(base), show(cap));
            say(&["retry", kind, "base"], message);
        }
    }
    if op.node.read(&["retry", "budget", "ratio"], ratio).is_some_and(|r| r <= 0.0) {
        say(&["retry", "budget", "ratio"], "a budget of 0% pays for no retry".to_owned());
    }
    if op.node.count::<u32>(&["retry", "budget", "burst"]) == Some(0) {
        say(&["retry", "budget", "burst"], "a burst of 0 pays for no retry".to_owned());
    }
}
