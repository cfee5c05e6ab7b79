//! OW31x: retries are finite, capped, spread and paid for.

mod ow311_missing;
mod ow312_unusable;
mod ow313_towards_risk;
mod ow314_error_model;

use super::format::DANGLING;
use crate::effective::{Op, View};
use crate::finding::Finding;
use crate::node::Node;

pub use ow311_missing::MISSING;
pub use ow312_unusable::UNUSABLE;
pub use ow313_towards_risk::TOWARDS_RISK;
pub use ow314_error_model::ERROR_MODEL;

pub(crate) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    for op in view.operations {
        ow311_missing::check(view, op, out);
        ow312_unusable::check(op, out);
        ow313_towards_risk::check(op, out);
        rows(op, out);
    }
    ow314_error_model::check(view, out);
}

/// Rows that are moved must exist.
fn rows(op: &Op, out: &mut Vec<Finding>) {
    for row in op.node.at(&["retry", "rows"]).map(Node::entries).unwrap_or_default() {
        if crate::signals::find(&row.key).is_some() {
            continue;
        }
        let message = format!("there is no row `{}`", crate::shape::short(&row.key));
        let near = crate::shape::nearest(&row.key, crate::signals::words());
        let help = near.map_or_else(
            || format!("rows: {}", crate::signals::words().collect::<Vec<_>>().join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        out.push(Finding::new(&DANGLING, row.key_at, message).help(help).on(op.subject()));
    }
}
