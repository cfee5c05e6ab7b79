//! OW308: deliveries that outlive the provider's memory of their key.

use std::time::Duration;

use crate::effective::{Op, View};
use crate::finding::{Finding, Rule, Severity};
use crate::units::{duration, show};

use super::needs_key;

/// Deliveries that outlive the key.
pub static HORIZON: Rule = Rule {
    code: "OW308",
    severity: Severity::Error,
    waivable: true,
    title: "deliveries that outlive the provider's memory of their key",
    what: "Compares how long a handed-over call may be tried (`outbox.horizon`) with how long the provider remembers a key (`idempotency.retention`), less one part in 24.\nWhere the facts do not say how long that is, it is a warning.",
    why: "a provider that has forgotten the key does it again; outwright stops before that, and leaves what was not delivered by then as unknown",
    help: "lower `outbox: { horizon: … }` below the retention, or leave it out: it is then the retention less one part in 24, and 3 days at most; where the retention is missing, add it to the facts",
    bad: "outbox: { horizon: 48h }
operations:
  create_order:
    request: POST /v1/orders
    idempotency: { plan: provider_key, key: required }
    async: allowed
",
    good: "outbox: { horizon: 12h }
operations:
  create_order:
    request: POST /v1/orders
    idempotency: { plan: provider_key, key: required }
    async: allowed
",
    sources: &["R-154", "R-166", "chosen: one part in 24, which is one hour of a day"],
};

/// The part of a retention that is left unused, for clocks and the longest call (R-154: one hour of a day).
const MARGIN_PART: u32 = 24;

pub(super) fn check(view: &View<'_>, op: &Op, plan: Option<&str>, out: &mut Vec<Finding>) {
    let handed = matches!(op.node.word(&["async"]), Some("allowed" | "always"));
    if !handed || !needs_key(plan) {
        return;
    }
    let Some(retention) = view.root.read(&["idempotency", "retention"], duration) else {
        let message = format!(
            "`{}` may be handed over, and nothing says how long its key is remembered",
            op.name
        );
        let at = op.node.at(&["async"]).map_or(op.name_at, |node| node.at);
        let mut finding = Finding::new(&HORIZON, at, message).on(op.subject());
        finding.severity = Severity::Warning;
        out.push(finding);
        return;
    };
    let usable = usable(retention);
    if let Some(node) = op.node.at(&["outbox", "horizon"])
        && let Some(horizon) = op.node.read(&["outbox", "horizon"], duration)
        && horizon > usable
    {
        let message = format!(
            "`{}` may be delivered for {}, but its key is good for {} only",
            op.name,
            show(horizon),
            show(usable)
        );
        let mut finding = Finding::new(&HORIZON, node.at, message).on(op.subject());
        if let Some(fact) = view.root.at(&["idempotency", "retention"]) {
            finding = finding.see(fact.at, "how long the provider remembers a key");
        }
        out.push(finding);
    }
}

/// Longest time that a handed-over call is tried where nothing is said (R-214: a schedule over days, of which three; chosen).
const HORIZON_MAX: Duration = Duration::from_secs(3 * 24 * 3600);

/// How long a handed-over call is tried where nothing is said: as long as its key is good.
pub(crate) fn horizon(retention: Duration) -> Duration {
    usable(retention).min(HORIZON_MAX)
}

/// How long a key may be used that is remembered for a time.
fn usable(retention: Duration) -> Duration {
    retention.saturating_sub(retention / MARGIN_PART)
}
