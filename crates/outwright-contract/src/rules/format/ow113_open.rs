//! OW113: a value that nobody has decided yet.

use crate::finding::{Rule, Severity};

/// A value that is not decided yet.
pub static OPEN: Rule = Rule {
    code: "OW113",
    severity: Severity::Error,
    waivable: false,
    title: "undecided",
    what: "Finds `UNDECIDED` in the place of a value, and says what may stand there.\nOther rules say nothing about such a value.",
    why: "a description or a template cannot know it, and nobody has decided it yet; a contract with an open decision is not run",
    help: "decide it with its owner, and write the value in the place of `UNDECIDED`",
    bad: "operations:
  create_order:
    request: POST /v1/orders
    idempotency: { plan: UNDECIDED }
",
    good: "operations:
  create_order:
    request: POST /v1/orders
    idempotency: { plan: once }
",
    sources: &["R-001", "R-003"],
};
