//! OW8xx: somebody owns it, promises something and is called.

mod ow801_no_owner;
mod ow802_no_slo;
mod ow803_no_alerts;
mod ow804_unreachable;
mod ow805_example;
mod ow806_out_of_reach;

use crate::edit::Repair;
use crate::effective::View;
use crate::finding::{Finding, Rule};

pub use ow801_no_owner::NO_OWNER;
pub use ow802_no_slo::NO_SLO;
pub use ow803_no_alerts::NO_ALERTS;
pub use ow804_unreachable::UNREACHABLE;
pub use ow805_example::EXAMPLE;
pub use ow806_out_of_reach::OUT_OF_REACH;

pub(crate) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    ow801_no_owner::check(view, out);
    ow802_no_slo::check(view, out);
    ow803_no_alerts::check(view, out);
    ow804_unreachable::check(view, out);
    ow805_example::check(view, out);
    ow806_out_of_reach::check(view, out);
}

/// One finding for all of these keys that a contract lacks.
fn lacking(
    view: &View<'_>,
    rule: &'static Rule,
    subject: &str,
    keys: &[(&[&str], String)],
) -> Option<Finding> {
    let mut repair = Repair::suggest("say it, with your own names and figures");
    let mut lacking = Vec::new();
    for (path, value) in keys {
        if !view.root.has(path) && !view.root.broken_at(path) {
            lacking.push(path.join("."));
            repair = repair.add(view.file(), path, value);
        }
    }
    if lacking.is_empty() {
        return None;
    }
    let message = format!("`{}` has no {}", view.name, lacking.join(", "));
    Some(Finding::new(rule, view.name_at, message).on(subject).repair(repair))
}
