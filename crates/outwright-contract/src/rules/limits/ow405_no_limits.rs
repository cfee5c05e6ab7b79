//! OW405: no quota is declared.

use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};
use crate::node::Node;

/// No limits declared.
pub static NO_LIMITS: Rule = Rule {
    code: "OW405",
    severity: Severity::Warning,
    waivable: true,
    title: "no quota is declared",
    what: "Finds a contract that knows no quota, neither by itself nor by its facts.",
    why: "outwright learns the provider's quota only from refused calls",
    help: "add `limits:` with a dialect and windows to the facts",
    bad: "limits: { dialect: ietf }
",
    good: "limits:
  windows:
    - { name: account, requests: 100, per: 1s }
",
    sources: &["R-022", "OWASP API Security 2023, API4"],
};

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    let declared = |windows: &Node| !windows.items().is_empty();
    if !view.root.at(&["limits", "windows"]).is_some_and(declared)
        && !view.root.broken_at(&["limits", "windows"])
    {
        let message = format!("`{}` declares no quota", view.name);
        let repair = view.suggest(
            "declare it, as the provider documents it",
            &["limits", "windows"],
            "[{ name: account, requests: 100, per: 1s }]",
        );
        let finding = Finding::new(&NO_LIMITS, view.name_at, message).on("limits");
        out.push(finding.repair(repair));
    }
}
