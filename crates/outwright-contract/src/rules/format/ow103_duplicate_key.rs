//! OW103: duplicate key.

use crate::finding::{Rule, Severity};

/// A key that stands twice.
pub static DUPLICATE: Rule = Rule {
    code: "OW103",
    severity: Severity::Error,
    waivable: false,
    title: "duplicate key",
    what: "Finds a key that stands twice in one map.",
    why: "one of the two would silently be ignored",
    help: "keep one of them",
    bad: "tier: important
tier: critical
",
    good: "tier: critical
",
    sources: &["YAML 1.2.2 section 3.2.1.3"],
};
