//! OW904: not reviewed for 180 days.

use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};
use crate::units::date;

/// Not reviewed for long.
pub static NOT_REVIEWED: Rule = Rule {
    code: "OW904",
    severity: Severity::Warning,
    waivable: true,
    title: "not reviewed for 180 days",
    what: "Finds a contract without `reviewed`, and one that nobody has read for 180 days.",
    why: "what the contract says about people and the provider goes stale",
    help: "read it with its owner and set `reviewed:` to today",
    bad: "reviewed: 2025-11-01
",
    good: "reviewed: 2026-11-01
",
    sources: &["chosen"],
};

/// Days after which a contract counts as unread (product paper, the sample).
const REVIEW_DAYS: i64 = 180;

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    let today = view.options.today;
    let repair =
        view.suggest("read it with its owner, then say so", &["reviewed"], today.to_string());
    let Some(node) = view.root.at(&["reviewed"]) else {
        let message = format!("`{}` does not say when it was reviewed", view.name);
        let finding = Finding::new(&NOT_REVIEWED, view.name_at, message).on("reviewed");
        out.push(finding.repair(repair));
        return;
    };
    let age = view.root.read(&["reviewed"], date).map_or(0, |then| today.days_since(then));
    if age > REVIEW_DAYS {
        let message = format!("`{}` was last reviewed {age} days ago", view.name);
        out.push(Finding::new(&NOT_REVIEWED, node.at, message).on("reviewed").repair(repair));
    }
}
