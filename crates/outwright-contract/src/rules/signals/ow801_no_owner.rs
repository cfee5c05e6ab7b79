//! OW801: no owner or tier.

use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};

use super::lacking;

/// No owner or tier.
pub static NO_OWNER: Rule = Rule {
    code: "OW801",
    severity: Severity::Error,
    waivable: true,
    title: "no owner or tier",
    what: "Finds a contract without `owner.team`, `owner.contact` or `tier`.",
    why: "when it breaks at night somebody must know whose it is and how much it matters",
    help: "add `owner: { team: …, contact: … }` and `tier: critical | important | best_effort`",
    bad: "owner: { team: shop }
",
    good: "owner: { team: shop, contact: shop@example.com }
",
    sources: &["R-006"],
};

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    let keys: [(&[&str], String); 3] = [
        (&["owner", "team"], "example-team".to_owned()),
        (&["owner", "contact"], "example-team@example.com".to_owned()),
        (&["tier"], "important".to_owned()),
    ];
    out.extend(lacking(view, &NO_OWNER, "owner", &keys));
}
