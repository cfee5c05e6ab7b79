//! OW204: a slow operation that nobody may hand over.

use crate::effective::{Op, View};
use crate::finding::{Finding, Rule, Severity};
use crate::node::Node;
use crate::units::{duration, show};

/// A slow mutation that nobody may hand over.
pub static HAND_OVER: Rule = Rule {
    code: "OW204",
    severity: Severity::Warning,
    waivable: true,
    title: "a slow operation that nobody may hand over",
    what: "Finds an operation that changes something, says nothing of `async`, and whose slowest calls take more than five times as long as half of them, or longer than one of its callers waits.\nWhat decides is `slo.latency` of the operation or the contract, and `deadline` of a caller.",
    why: "a caller that gives up does not know whether it happened; one that handed the call over has its answer at once, and asks for the outcome later",
    help: "add `async: allowed`, so that callers may ask for a hand-over with `Prefer: respond-async`; or `async: never`, if they must not",
    bad: "slo: { availability: 99.9%, latency: { p50: 200ms, p99: 4s }, window: 30d }
",
    good: "slo: { availability: 99.9%, latency: { p50: 200ms, p99: 4s }, window: 30d }
operations:
  create_order:
    request: POST /v1/orders
    idempotency: { plan: provider_key, key: required }
    async: allowed
",
    sources: &["R-200", "RFC 7240 section 4.1", "chosen: five times"],
};

/// How many times as long as half of the calls the slowest may take (chosen).
const TIMES: u32 = 5;

pub(super) fn check(view: &View<'_>, op: &Op, out: &mut Vec<Finding>) {
    if !op.mutates() || op.node.has(&["async"]) || op.node.has(&["stream"]) {
        return;
    }
    let Some(p99) = op.node.read(&["slo", "latency", "p99"], duration) else { return };
    let p50 = op.node.read(&["slo", "latency", "p50"], duration);
    let reason = match (p50, impatient(view, op)) {
        (Some(p50), _) if p99 > p50.saturating_mul(TIMES) => {
            format!("1 of 100 calls may take {}, half of them {}", show(p99), show(p50))
        }
        (_, Some((caller, deadline))) if p99 > deadline => {
            format!("1 of 100 calls may take {}, `{caller}` waits {}", show(p99), show(deadline))
        }
        (Some(_) | None, Some(_) | None) => return,
    };
    let message = format!("`{}` is slow at times, and cannot be handed over", op.name);
    out.push(Finding::new(&HAND_OVER, op.name_at, message).label(reason).on(op.subject()));
}

/// The caller of an operation that waits the shortest time.
fn impatient<'a>(view: &View<'a>, op: &Op) -> Option<(&'a str, std::time::Duration)> {
    let callers = view.root.at(&["callers"]).map(Node::entries).unwrap_or_default();
    let allowed = callers.iter().filter(|caller| {
        !caller.value.has(&["operations"])
            || caller.value.words(&["operations"]).contains(&op.name.as_str())
    });
    allowed
        .filter_map(|caller| {
            Some((caller.key.as_str(), caller.value.read(&["deadline"], duration)?))
        })
        .min_by_key(|(_, deadline)| *deadline)
}
