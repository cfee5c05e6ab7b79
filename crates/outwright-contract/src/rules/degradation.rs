//! OW5xx: degradation is decided, and never dressed up.

use super::{error, fixed};
use crate::effective::View;
use crate::finding::{Finding, Rule};

/// A read without a fallback.
pub static NO_FALLBACK: Rule = fixed(
    "OW501",
    "a read that does not say what happens without the provider",
    "degradation that nobody decided is decided by an outage",
    "add `fallback: none`, `fallback: { stale: 10m }` or `fallback: { static: … }`",
);
/// A mutation with a made-up success.
pub static MADE_UP: Rule = fixed(
    "OW502",
    "a mutation with a made-up success",
    "its caller would believe that it happened",
    "remove `fallback`, or set it to `none`",
);
/// A directive overridden without a reason.
pub static NO_BECAUSE: Rule = error(
    "OW503",
    "the provider's directive overridden without a reason",
    "the provider said that the answer must not be kept",
    "add `because:`",
);

pub(crate) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    for op in view.operations {
        let fallback = op.node.at(&["fallback"]);
        if !op.mutates() && fallback.is_none() && op.method.is_some() {
            let message = format!("`{}` reads and has no `fallback`", op.name);
            out.push(Finding::new(&NO_FALLBACK, op.name_at, message).on(op.subject()));
        }
        let Some(node) = fallback else { continue };
        if op.mutates() && node.text() != Some("none") && !node.broken() {
            let message = format!("`{}` changes something and cannot have another answer", op.name);
            out.push(Finding::new(&MADE_UP, node.at, message).on(op.subject()));
        }
        if node.has(&["despite"]) && !node.has(&["because"]) {
            let message = format!("`{}` overrides a directive without saying why", op.name);
            out.push(Finding::new(&NO_BECAUSE, node.at, message).on(op.subject()));
        }
    }
}
