//! OW803: nobody is told.

use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};

use super::lacking;

/// No alert route or runbook.
pub static NO_ALERTS: Rule = Rule {
    code: "OW803",
    severity: Severity::Error,
    waivable: true,
    title: "nobody is told",
    what: "Finds a contract without `alerts.page`, `alerts.ticket` or `alerts.runbook`.",
    why: "an alert without a route or a runbook wakes nobody, or somebody who does not know what to do",
    help: "add `alerts: { page: …, ticket: …, runbook: … }`",
    bad: "alerts: { page: shop-pager, ticket: shop-queue }
",
    good: "alerts: { page: shop-pager, ticket: shop-queue, runbook: docs/runbooks/acme.md }
",
    sources: &["R-006", "The Site Reliability Workbook, chapter 5"],
};

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    let keys: [(&[&str], String); 3] = [
        (&["alerts", "page"], "example-pager".to_owned()),
        (&["alerts", "ticket"], "example-queue".to_owned()),
        (&["alerts", "runbook"], format!("docs/runbooks/{}.md", view.name)),
    ];
    out.extend(lacking(view, &NO_ALERTS, "alerts", &keys));
}
