//! OW310: doubts that the lookup's own quota does not let drain.

use std::time::Duration;

use crate::effective::{Op, View};
use crate::finding::{Finding, Rule, Severity};
use crate::node::Node;
use crate::units::{duration, show};

/// Doubts that the lookup cannot drain in time.
pub static SLOW_LOOKUP: Rule = Rule {
    code: "OW310",
    severity: Severity::Warning,
    waivable: true,
    title: "doubts that the lookup's own quota does not let drain",
    what: "Computes how many doubts one stall can leave (every slot runs into `timeouts.attempt` until the breaker's window is over), and how long the lookup needs for them under its own rate windows.\nFinds a time, with `visible_after`, above `reconcile.within` (1h where nothing is said).",
    why: "until it is looked up, every repeat of such a call is answered with a conflict",
    help: "ask the provider for a larger quota, lower `concurrency.max`, or accept the time with `within:` under `reconcile`",
    bad: r#"limits:
  windows:
    - { name: lists, requests: 1, per: 60s, operations: [list_orders] }
operations:
  list_orders:
    request: GET /v1/orders
    fallback: none
  create_order:
    request: POST /v1/orders
    idempotency:
      plan: provider_key
      key: required
      reconcile: { operation: list_orders, stamp: { json: /note }, match: { "/data/*/note": "{call}" }, visible_after: 1m }
"#,
    good: r#"limits:
  windows:
    - { name: lists, requests: 10, per: 1s, operations: [list_orders] }
operations:
  list_orders:
    request: GET /v1/orders
    fallback: none
  create_order:
    request: POST /v1/orders
    idempotency:
      plan: provider_key
      key: required
      reconcile: { operation: list_orders, stamp: { json: /note }, match: { "/data/*/note": "{call}" }, visible_after: 1m }
"#,
    sources: &["R-206", "chosen: one hour"],
};

/// In what time the doubts of one stall are to be looked up where nothing is said (chosen: before a shift is over).
const WITHIN: Duration = Duration::from_secs(3600);

pub(super) fn check(view: &View<'_>, op: &Op, out: &mut Vec<Finding>) {
    let Some(block) = op.node.at(&["idempotency", "reconcile"]) else { return };
    let Some(node) = block.at(&["operation"]) else { return };
    let Some(attempt) = op.node.read(&["timeouts", "attempt"], duration) else { return };
    let Some(each) = node.text().and_then(|lookup| spacing(view, lookup)) else { return };
    let doubts = doubts(view, attempt);
    let seen = block.read(&["visible_after"], duration).unwrap_or_default();
    let within = block.read(&["within"], duration).unwrap_or(WITHIN);
    let drained = Duration::try_from_secs_f64(each * f64::from(doubts)).unwrap_or(Duration::MAX);
    let time = rounded(drained.saturating_add(seen));
    if time > within {
        let message = format!(
            "a stall can leave {doubts} doubts of `{}`, which take {} to look up; within {} they should",
            op.name,
            show(time),
            show(within)
        );
        out.push(Finding::new(&SLOW_LOOKUP, node.at, message).on(op.subject()));
    }
}

/// Seconds from one lookup to the next under the narrowest window that it draws from.
fn spacing(view: &View<'_>, lookup: &str) -> Option<f64> {
    let windows = view.root.at(&["limits", "windows"]).map(Node::items).unwrap_or_default();
    let own = windows.iter().filter(|window| {
        !window.has(&["operations"]) || window.words(&["operations"]).contains(&lookup)
    });
    own.filter_map(|window| {
        let requests: u32 = window.count(&["requests"])?;
        Some(window.read(&["per"], duration)?.as_secs_f64() / f64::from(requests))
    })
    .max_by(f64::total_cmp)
}

/// Calls that can end in doubt while a provider stalls: all slots, as often as they run into their limit before the breaker opens, and once more.
fn doubts(view: &View<'_>, attempt: Duration) -> u32 {
    let window = view.breaker_window();
    let rounds = window.as_millis().div_ceil(attempt.as_millis().max(1)).saturating_add(1);
    view.slots().saturating_mul(u32::try_from(rounds).unwrap_or(u32::MAX))
}

/// Up to the next second, since nobody counts less.
fn rounded(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0)))
}
