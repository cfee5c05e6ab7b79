//! OW901: nobody watches the provider's changes.

use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};

/// No lifecycle.
pub static NO_LIFECYCLE: Rule = Rule {
    code: "OW901",
    severity: Severity::Error,
    waivable: true,
    title: "nobody watches the provider's changes",
    what: "Finds a contract without `lifecycle`.",
    why: "a deprecation that nobody reads becomes an outage on a day that was announced",
    help: "add `lifecycle: { notice: 90d }`, with `verify:` where the provider publishes a description",
    bad: "# without lifecycle
",
    good: "lifecycle: { notice: 90d }
",
    sources: &["R-019", "RFC 9745", "RFC 8594"],
};

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    if !view.root.has(&["lifecycle"]) {
        let message = format!("`{}` has no `lifecycle`", view.name);
        let repair = view.suggest("say when you want to know", &["lifecycle"], "{ notice: 90d }");
        let finding = Finding::new(&NO_LIFECYCLE, view.name_at, message).on("lifecycle");
        out.push(finding.repair(repair));
    }
}
