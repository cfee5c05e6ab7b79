//! OW30x: what makes a repeat safe.

mod ow301_no_plan;
mod ow302_no_key;
mod ow303_not_deduplicated;
mod ow304_plan_and_method;
mod ow305_once_retried;
mod ow306_per_call;
mod ow307_reconcile;
mod ow308_horizon;
mod ow309_forgotten_first;
mod ow310_slow_lookup;

use crate::effective::{Op, View};
use crate::finding::Finding;
use crate::node::Node;
use crate::source::Place;

pub use ow301_no_plan::NO_PLAN;
pub use ow302_no_key::NO_KEY;
pub use ow303_not_deduplicated::NOT_DEDUPLICATED;
pub use ow304_plan_and_method::PLAN_AND_METHOD;
pub use ow305_once_retried::ONCE_RETRIED;
pub use ow306_per_call::PER_CALL;
pub use ow307_reconcile::RECONCILE;
pub use ow308_horizon::HORIZON;
pub(crate) use ow308_horizon::horizon;
pub use ow309_forgotten_first::FORGOTTEN_FIRST;
pub(crate) use ow309_forgotten_first::LEDGER_RETENTION;
pub use ow310_slow_lookup::SLOW_LOOKUP;

pub(crate) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    for op in view.operations {
        if op.node.at(&["idempotency"]).is_some_and(Node::broken) {
            continue;
        }
        let plan = op.node.word(&["idempotency", "plan"]);
        ow301_no_plan::check(view, op, plan, out);
        ow302_no_key::check(op, plan, out);
        ow303_not_deduplicated::check(view, op, plan, out);
        ow304_plan_and_method::check(op, plan, out);
        ow305_once_retried::check(op, plan, out);
        ow306_per_call::check(op, out);
        ow307_reconcile::check(view, op, plan, out);
        ow308_horizon::check(view, op, plan, out);
        ow310_slow_lookup::check(view, op, out);
    }
    ow309_forgotten_first::check(view, out);
}

/// Whether a plan lives on a key.
fn needs_key(plan: Option<&str>) -> bool {
    matches!(plan, Some("provider_key" | "body_field"))
}

/// Where an operation's plan stands.
fn plan_at(op: &Op) -> Place {
    let block = op.node.at(&["idempotency"]).map_or(op.name_at, |node| node.at);
    op.node.at(&["idempotency", "plan"]).map_or(block, |node| node.at)
}

/// The header field of an operation's key.
pub(crate) fn key_header(view: &View<'_>, op: &Op) -> Option<http::HeaderName> {
    let own = op.node.word(&["idempotency", "header"]);
    own.or_else(|| view.root.word(&["idempotency", "header"]))?.parse().ok()
}

/// The JSON pointer of an operation's key.
pub(crate) fn key_field(view: &View<'_>, op: &Op) -> Option<String> {
    let own = op.node.word(&["idempotency", "field"]);
    let field = own.or_else(|| view.root.word(&["idempotency", "field"]))?;
    field.starts_with('/').then(|| field.to_owned())
}
