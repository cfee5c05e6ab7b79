//! OW102: unknown key.

use crate::finding::{Rule, Severity};

/// A key that nobody reads.
pub static UNKNOWN: Rule = Rule {
    code: "OW102",
    severity: Severity::Error,
    waivable: false,
    title: "unknown key",
    what: "Finds a key that the format does not have, and names the nearest one that it has.",
    why: "a misspelt key would silently drop what it was to protect",
    help: "correct or remove the key",
    bad: "timeouts: { connect: 1s, first_byte: 2s, idle: 2s, attempt: 3s, total: 12s }
retrys: { attempts: 1 }
",
    good: "timeouts: { connect: 1s, first_byte: 2s, idle: 2s, attempt: 3s, total: 12s }
",
    sources: &["R-023"],
};
