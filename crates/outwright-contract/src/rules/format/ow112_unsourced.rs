//! OW112: a fact without source or date.

use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};
use crate::node::Node;

/// A fact without source or date.
pub static UNSOURCED: Rule = Rule {
    code: "OW112",
    severity: Severity::Warning,
    waivable: true,
    title: "a fact without source or date",
    what: "Finds a quota or a statement about keys without its source, or without the day on which somebody compared it.",
    why: "facts about a provider go stale, and nobody can look them up again",
    help: "add `source:` (or `docs:` for the whole file) and `checked: YYYY-MM-DD`",
    bad: "# without checked
",
    good: "docs: https://docs.acme.example
checked: 2026-11-01
",
    sources: &["chosen"],
};

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    let dated = view.root.has(&["checked"]);
    let documented = view.root.has(&["docs"]);
    let windows = view.root.at(&["limits", "windows"]).map(Node::items).unwrap_or_default();
    let facts = view.root.at(&["idempotency"]).into_iter().chain(windows);
    for fact in facts.filter(|fact| !fact.broken()) {
        let lacks = match (fact.has(&["source"]) || documented, fact.has(&["checked"]) || dated) {
            (true, true) => continue,
            (false, true) => "its source",
            (true, false) => "the date it was checked",
            (false, false) => "its source and the date it was checked",
        };
        let message = format!("this fact lacks {lacks}");
        out.push(Finding::new(&UNSOURCED, fact.at, message));
    }
}
