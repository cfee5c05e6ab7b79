//! OW108: missing key.

use crate::finding::{Rule, Severity};

/// A key that belongs here and does not stand here.
pub static MISSING: Rule = Rule {
    code: "OW108",
    severity: Severity::Error,
    waivable: false,
    title: "missing key",
    what: "Finds a map without a key that it must have.",
    why: "the rest cannot be understood without it",
    help: "add the key",
    bad: "limits:
  windows:
    - { name: account, requests: 100 }
",
    good: "limits:
  windows:
    - { name: account, requests: 100, per: 1s }
",
    sources: &["chosen"],
};
