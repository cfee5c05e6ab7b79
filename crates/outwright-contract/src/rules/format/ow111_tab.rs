//! OW111: indented with a tab.

use crate::finding::{Rule, Severity};

/// A tab that indents.
pub static TAB: Rule = Rule {
    code: "OW111",
    severity: Severity::Error,
    waivable: false,
    title: "indented with a tab",
    what: "Finds a line that is indented with a tab.",
    why: "YAML indents with spaces only",
    help: "replace the tab by spaces",
    bad: "limits:
	windows: []
",
    good: "limits:
  windows:
    - { name: account, requests: 100, per: 1s }
",
    sources: &["YAML 1.2.2 section 6.1"],
};
