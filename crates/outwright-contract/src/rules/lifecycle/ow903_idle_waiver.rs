//! OW903: a waiver of nothing.

use crate::finding::{Rule, Severity};

/// A waiver of nothing.
pub static IDLE_WAIVER: Rule = Rule {
    code: "OW903",
    severity: Severity::Warning,
    waivable: true,
    title: "a waiver of nothing",
    what: "Finds a waiver of a rule that finds nothing at its place, that does not exist, or that cannot be waived.",
    why: "it would silently cover the next mistake",
    help: "remove it, or correct its rule and place",
    bad: r#"waivers:
  - { rule: OW203, place: operations, reason: "moving in winter", owner: shop, until: 2026-12-31 }
"#,
    good: "waivers: []
",
    sources: &["ruff RUF100"],
};
