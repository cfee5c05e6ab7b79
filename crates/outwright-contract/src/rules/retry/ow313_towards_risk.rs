//! OW313: a repeat made riskier without a reason.

use crate::edit::{Repair, Within};
use crate::effective::Op;
use crate::finding::{Finding, Rule, Severity};
use crate::node::Node;

/// A row is moved towards risk without a because.
pub static TOWARDS_RISK: Rule = Rule {
    code: "OW313",
    severity: Severity::Error,
    waivable: true,
    title: "a repeat made riskier without a reason",
    what: "Finds `as: unprocessed` without a because: a row of the eligibility matrix that was moved towards a repeat.",
    why: "the row says that the provider provably did nothing; nobody will know why",
    help: "add `because:` beside `as: unprocessed`",
    bad: r#"retry:
  attempts: 3
  backoff: { base: 100ms, cap: 1s, jitter: full }
  budget: { ratio: 20%, burst: 10 }
  rows:
    "500": { as: unprocessed }
"#,
    good: r#"retry:
  attempts: 3
  backoff: { base: 100ms, cap: 1s, jitter: full }
  budget: { ratio: 20%, burst: 10 }
  rows:
    "500": { as: unprocessed, because: "the provider documents that a 500 is never processed" }
"#,
    sources: &["R-005", "RFC 9110 section 9.2.2"],
};

pub(super) fn check(op: &Op, out: &mut Vec<Finding>) {
    for row in op.node.at(&["retry", "rows"]).map(Node::entries).unwrap_or_default() {
        if row.value.word(&["as"]) == Some("unprocessed") && !row.value.has(&["because"]) {
            let message = format!("row `{}` of `{}` has no because", row.key, op.name);
            let repair = Repair::suggest("move it towards caution instead").add(
                Within::Key(row.key_at),
                &["as"],
                "never",
            );
            let finding = Finding::new(&TOWARDS_RISK, row.key_at, message).on(op.subject());
            out.push(finding.repair(repair));
        }
    }
}
