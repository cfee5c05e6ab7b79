//! OW110: a name that leads nowhere.

use crate::finding::{Rule, Severity};

/// A name that leads nowhere.
pub static DANGLING: Rule = Rule {
    code: "OW110",
    severity: Severity::Error,
    waivable: false,
    title: "a name that leads nowhere",
    what: "Finds a name of an operation, credential, team, caller, environment, row or file that does not exist.",
    why: "what it names does not exist",
    help: "correct the name, or add what it names",
    bad: "operations:
  list_orders:
    request: GET /v1/orders
    credential: second
    fallback: none
",
    good: "operations:
  list_orders:
    request: GET /v1/orders
    credential: main
    fallback: none
",
    sources: &["chosen"],
};
