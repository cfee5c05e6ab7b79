//! OW706: callers that cannot be told apart.

use crate::finding::{Rule, Severity};

/// Callers that cannot be told apart, or could do nothing.
pub static UNUSABLE: Rule = Rule {
    code: "OW706",
    severity: Severity::Error,
    waivable: false,
    title: "callers that cannot be told apart",
    what: "Finds callers with one token between them, with a share of nothing, and a list of callers that is empty or too long.",
    why: "who calls is known by a token alone: without one, or with that of somebody else, nobody is served or the wrong one is",
    help: "give every caller a token of its own and a share above 0%, or leave `callers` out",
    bad: "# outwright.yaml
outwright: 1
callers:
  checkout: { token: { file: /run/secrets/caller } }
  reports: { token: { file: /run/secrets/caller } }
",
    good: "# outwright.yaml
outwright: 1
callers:
  checkout: { token: { file: /run/secrets/checkout } }
  reports: { token: { file: /run/secrets/reports } }
",
    sources: &["R-571"],
};
