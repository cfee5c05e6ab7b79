//! OW9xx: changes of the provider, waivers and reviews have dates.

use super::{error, fixed, warning};
use crate::effective::View;
use crate::finding::{Finding, Rule};
use crate::node::Node;
use crate::units::date;

/// No lifecycle.
pub static NO_LIFECYCLE: Rule = error(
    "OW901",
    "nobody watches the provider's changes",
    "a deprecation that nobody reads becomes an outage on a day that was announced",
    "add `lifecycle: { notice: 90d }`, with `verify:` where the provider publishes a description",
);
/// An expired waiver.
pub static EXPIRED: Rule = fixed(
    "OW902",
    "an expired waiver",
    "somebody answered for it until that day and no longer",
    "repair what it waives, or agree on another date with its owner",
);
/// A waiver of nothing.
pub static IDLE_WAIVER: Rule = warning(
    "OW903",
    "a waiver of nothing",
    "it would silently cover the next mistake",
    "remove it, or correct its rule and place",
);
/// Not reviewed for long.
pub static NOT_REVIEWED: Rule = warning(
    "OW904",
    "not reviewed for 180 days",
    "what the contract says about people and the provider goes stale",
    "read it with its owner and set `reviewed:` to today",
);

/// Days after which a contract counts as unread (product paper, the sample).
const REVIEW_DAYS: i64 = 180;

pub(crate) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    if !view.root.has(&["lifecycle"]) {
        let message = format!("`{}` has no `lifecycle`", view.name);
        out.push(Finding::new(&NO_LIFECYCLE, view.name_at, message).on("lifecycle"));
    }
    let today = view.options.today;
    match view.root.at(&["reviewed"]) {
        Some(node) => {
            let age = view.root.read(&["reviewed"], date).map_or(0, |then| today.days_since(then));
            if age > REVIEW_DAYS {
                let message = format!("`{}` was last reviewed {age} days ago", view.name);
                out.push(Finding::new(&NOT_REVIEWED, node.at, message).on("reviewed"));
            }
        }
        None => {
            let message = format!("`{}` does not say when it was reviewed", view.name);
            out.push(Finding::new(&NOT_REVIEWED, view.name_at, message).on("reviewed"));
        }
    }
    for waiver in view.root.at(&["waivers"]).map(Node::items).unwrap_or_default() {
        if let Some(until) = waiver.read(&["until"], date)
            && today > until
            && let Some(node) = waiver.at(&["until"])
        {
            let message = format!(
                "this waiver of {} has expired",
                waiver.word(&["rule"]).unwrap_or("a rule")
            );
            out.push(Finding::new(&EXPIRED, node.at, message).on("waivers"));
        }
    }
}
