//! OW107: wrong form or unit.

use crate::finding::{Rule, Severity};

/// A value of the wrong form.
pub static FORM: Rule = Rule {
    code: "OW107",
    severity: Severity::Error,
    waivable: false,
    title: "wrong form or unit",
    what: "Finds a value of the wrong kind, out of its bounds, or without its unit.",
    why: "a value without its unit, or of another kind, would be guessed",
    help: "correct the value",
    bad: "reviewed: last week
",
    good: "reviewed: 2026-11-01
",
    sources: &["R-023"],
};
