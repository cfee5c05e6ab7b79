//! OW404: a queue that cannot work.

use crate::edit::Repair;
use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};

/// Slots that are not usable.
pub static CONCURRENCY: Rule = Rule {
    code: "OW404",
    severity: Severity::Error,
    waivable: false,
    title: "a queue that cannot work",
    what: "Finds a queue whose calls may not wait.",
    why: "places to wait without a time to wait hold callers forever or not at all",
    help: "give `queue_wait` a time, or set `queue: 0`",
    bad: "concurrency: { max: 20, queue: 40, queue_wait: 0s }
",
    good: "concurrency: { max: 20, queue: 40, queue_wait: 1s }
",
    sources: &["R-013", "OWASP ASVS 5.0 13.1.2"],
};

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    let queue: Option<u32> = view.root.count(&["concurrency", "queue"]);
    if queue != Some(0)
        && let Some(node) = view.root.at(&["concurrency", "queue_wait"])
        && view.queue_wait().is_zero()
        && !node.broken()
        && !view.root.broken_at(&["concurrency", "queue"])
    {
        let message = "calls queue, but may not wait";
        let repair = Repair::suggest("say how long they may wait").put(node.at, "1s");
        let finding = Finding::new(&CONCURRENCY, node.at, message).on("concurrency");
        out.push(finding.repair(repair));
    }
}
