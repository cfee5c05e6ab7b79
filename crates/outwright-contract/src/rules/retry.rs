//! OW31x: retries are finite, capped, spread and paid for.

use outwright_core::limits::ATTEMPTS_MAX;

use super::{error, fixed};
use crate::effective::{Op, View};
use crate::finding::{Finding, Rule};
use crate::units::{duration, ratio, show};

/// A bound of retries is missing.
pub static MISSING: Rule = fixed(
    "OW311",
    "a bound of retries is missing",
    "retries without finite attempts, a cap, jitter and a budget turn a hiccup into an outage",
    "add `retry: { attempts: 3, backoff: { base: 100ms, cap: 2s, jitter: full }, budget: { ratio: 20%, burst: 20 } }`",
);
/// A bound of retries is not usable.
pub static UNUSABLE: Rule = fixed(
    "OW312",
    "a bound of retries that does not bound",
    "retries in step, without end or at any price make an overload permanent",
    "use at most 10 attempts, base at most cap, a jitter, and a budget above 0%",
);
/// A row is moved towards risk without a because.
pub static TOWARDS_RISK: Rule = error(
    "OW313",
    "a repeat made riskier without a reason",
    "the row says that the provider provably did nothing; nobody will know why",
    "add `because:` beside `as: unprocessed`",
);

pub(crate) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    for op in view.operations {
        missing(view, op, out);
        unusable(op, out);
        rows(op, out);
        if let Some(entry) = op.own.entry_at(&["retry", "budget"]) {
            let message = format!("the budget belongs to the provider, not to `{}`", op.name);
            let help = "move `budget` to the contract's `retry`";
            out.push(Finding::new(&UNUSABLE, entry.key_at, message).help(help).on(op.subject()));
        }
    }
}

fn missing(view: &View<'_>, op: &Op, out: &mut Vec<Finding>) {
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

fn unusable(op: &Op, out: &mut Vec<Finding>) {
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

fn rows(op: &Op, out: &mut Vec<Finding>) {
    let Some(rows) = op.node.at(&["retry", "rows"]) else { return };
    for row in rows.entries() {
        if crate::signals::find(&row.key).is_none() {
            let message = format!("there is no row `{}`", crate::shape::short(&row.key));
            let near = crate::shape::nearest(&row.key, crate::signals::words());
            let help = near.map_or_else(
                || format!("rows: {}", crate::signals::words().collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            out.push(
                Finding::new(&super::format::DANGLING, row.key_at, message)
                    .help(help)
                    .on(op.subject()),
            );
        }
        if row.value.word(&["as"]) == Some("unprocessed") && !row.value.has(&["because"]) {
            let message = format!("row `{}` of `{}` has no because", row.key, op.name);
            out.push(Finding::new(&TOWARDS_RISK, row.key_at, message).on(op.subject()));
        }
    }
}
