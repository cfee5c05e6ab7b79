//! OW305: retries for what is sent once.

use crate::edit::Repair;
use crate::effective::Op;
use crate::finding::{Finding, Rule, Severity};

/// `once` with retries of its own.
pub static ONCE_RETRIED: Rule = Rule {
    code: "OW305",
    severity: Severity::Error,
    waivable: true,
    title: "retries for what is sent once",
    what: "Finds `plan: once` on an operation that has a `retry` of its own with more than one attempt.",
    why: "`plan: once` is never sent again after a byte left, so that a retry rule of its own misleads its reader",
    help: "remove `retry` from the operation, or choose a plan that allows repeats",
    bad: "operations:
  create_order:
    request: POST /v1/orders
    idempotency: { plan: once }
    retry: { attempts: 3 }
",
    good: "operations:
  create_order:
    request: POST /v1/orders
    idempotency: { plan: once }
",
    sources: &["R-005", "RFC 9110 section 9.2.2"],
};

pub(super) fn check(op: &Op, plan: Option<&str>, out: &mut Vec<Finding>) {
    if plan == Some("once")
        && let Some(entry) = op.own.entry("retry")
        && op.own.count::<u32>(&["retry", "attempts"]).is_none_or(|n| n > 1)
    {
        let message = format!("`{}` is sent once, but has retries of its own", op.name);
        let repair = Repair::suggest("leave the retries out").remove(entry.key_at);
        let finding = Finding::new(&ONCE_RETRIED, entry.key_at, message).on(op.subject());
        out.push(finding.repair(repair));
    }
}
