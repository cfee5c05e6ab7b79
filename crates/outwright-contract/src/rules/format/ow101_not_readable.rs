//! OW101: not readable.

use crate::finding::{Rule, Severity};

/// The text is no YAML.
pub static SYNTAX: Rule = Rule {
    code: "OW101",
    severity: Severity::Error,
    waivable: false,
    title: "not readable",
    what: "Finds a file that is no YAML, or no map of keys and values.",
    why: "a file that cannot be read safely is not read at all",
    help: "correct the line",
    bad: "owner: { team: shop: here, contact: shop@example.com }
",
    good: "owner: { team: shop, contact: shop@example.com }
",
    sources: &["YAML 1.2.2"],
};
