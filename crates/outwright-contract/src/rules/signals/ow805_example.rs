//! OW805: values of an example.

use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};

/// The values of a starter.
pub static EXAMPLE: Rule = Rule {
    code: "OW805",
    severity: Severity::Warning,
    waivable: true,
    title: "values of an example",
    what: "Finds an owner, an alert route or a host that begins with `example`, as those of the contracts do that come with outwright; names beside them what can be no more than an example too: contact, promise and runbook.",
    why: "the owner of a starter answers for nothing, and its pager wakes nobody",
    help: "write your own team, contact, promise, alert routes and runbook, and the host that is yours",
    bad: "owner: { team: example-team, contact: example-team@example.com }
alerts: { page: example-pager, ticket: example-queue, runbook: docs/runbooks/acme.md }
",
    good: "owner: { team: shop, contact: shop@example.com }
alerts: { page: shop-pager, ticket: shop-queue, runbook: docs/runbooks/acme.md }
",
    sources: &["chosen"],
};

/// What names of a starter begin with (the contracts that come with outwright keep to it).
const STARTER: &str = "example";

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    let marked = |path: &[&str]| view.root.word(path).is_some_and(|text| text.starts_with(STARTER));
    let routes = [&["alerts", "page"][..], &["alerts", "ticket"]];
    let mut found: Vec<&[&str]> = Vec::new();
    if view.base().is_some_and(|base| base.host.split('.').next() == Some(STARTER)) {
        found.push(&["base_url"]);
    }
    if marked(&["owner", "team"]) {
        // Nobody's promise, and nobody to ask about it.
        found.extend([&["owner", "team"][..], &["owner", "contact"], &["slo"]]);
    }
    found.extend(routes.into_iter().filter(|path| marked(path)));
    if routes.into_iter().any(marked) {
        found.push(&["alerts", "runbook"]);
    }
    let Some(first) = found.first() else { return };
    let names: Vec<String> = found.iter().map(|path| path.join(".")).collect();
    let message = format!("`{}` still has values of an example: {}", view.name, names.join(", "));
    let at = view.root.at(first).map_or(view.name_at, |node| node.at);
    let subject = first.first().copied().unwrap_or_default();
    out.push(Finding::new(&EXAMPLE, at, message).on(subject));
}
