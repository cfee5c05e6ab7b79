//! OW106: a brace inside a flow mapping.

use crate::finding::{Rule, Severity};

/// `{` in a flow mapping.
pub static BRACE: Rule = Rule {
    code: "OW106",
    severity: Severity::Error,
    waivable: false,
    title: "a brace inside a flow mapping",
    what: "Finds a path parameter such as `{order}` inside of a `{ … }`.",
    why: "in YAML a `{` inside of `{ … }` starts a mapping, so that a path template cannot stand there",
    help: "write the operation in block style: each key on its own line, without `{` and `}` around them",
    bad: "operations:
  get_order:
    { request: GET /v1/orders/{order}, fallback: none }
",
    good: "operations:
  get_order:
    request: GET /v1/orders/{order}
    fallback: none
",
    sources: &["YAML 1.2.2 section 7.4.2"],
};
