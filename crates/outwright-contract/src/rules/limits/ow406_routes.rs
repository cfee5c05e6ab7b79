//! OW406: two operations for the same request.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::edit::Repair;
use crate::effective::{Op, View, same_requests};
use crate::finding::{Finding, Rule, Severity};

/// Operations that the same request could mean.
pub static ROUTES: Rule = Rule {
    code: "OW406",
    severity: Severity::Error,
    waivable: false,
    title: "two operations for the same request",
    what: "Finds two operations whose method and path mean the same requests.",
    why: "nobody could say which rules hold for it",
    help: "make the paths differ in a literal part, or join the operations",
    bad: "operations:
  get_order:
    request: GET /v1/orders/{order}
    fallback: none
  get_item:
    request: GET /v1/orders/{item}
    fallback: none
",
    good: "operations:
  get_order:
    request: GET /v1/orders/{order}
    fallback: none
  get_item:
    request: GET /v1/items/{item}
    fallback: none
",
    sources: &["R-037"],
};

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    let mut seen: BTreeMap<String, &Op> = BTreeMap::new();
    for op in view.operations {
        let Some(shape) = route_shape(op) else { continue };
        match seen.entry(shape) {
            Entry::Vacant(place) => {
                place.insert(op);
            }
            Entry::Occupied(place) => {
                let twin = place.get();
                let message = format!("`{}` and `{}` mean the same requests", twin.name, op.name);
                let found = Finding::new(&ROUTES, op.name_at, message);
                let repair = Repair::suggest("keep one of them").remove(op.name_at);
                let found = found.see(twin.name_at, "the other one").on(op.subject());
                out.push(found.repair(repair));
            }
        }
    }
}

/// Method and path with every parameter made equal.
fn route_shape(op: &Op) -> Option<String> {
    Some(same_requests(op.method.as_ref()?.as_str(), op.template.as_ref()?))
}
