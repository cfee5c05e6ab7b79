//! OW104: anchors, aliases, tags and merge keys are not read.

use crate::finding::{Rule, Severity};

/// Anchors, aliases, tags, merge keys.
pub static ANCHOR: Rule = Rule {
    code: "OW104",
    severity: Severity::Error,
    waivable: false,
    title: "anchors, aliases, tags and merge keys are not read",
    what: "Finds anchors, aliases, tags and merge keys of YAML.",
    why: "what stands in a contract must be readable where it stands, and cannot grow when it is expanded",
    help: "write the value out where it is used; values for many contracts belong under `tiers` in outwright.yaml",
    bad: "lifecycle: &changes { notice: 90d }
",
    good: "lifecycle: { notice: 90d }
",
    sources: &["chosen"],
};
