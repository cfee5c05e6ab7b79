//! OW309: a ledger that forgets before others do.

use std::time::Duration;

use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};
use crate::node::Node;
use crate::source::Place;
use crate::units::{duration, show};

use super::needs_key;

/// A ledger that forgets first.
pub static FORGOTTEN_FIRST: Rule = Rule {
    code: "OW309",
    severity: Severity::Warning,
    waivable: true,
    title: "a ledger that forgets before others do",
    what: "Compares how long the ledger keeps a finished call (`ledger.retention`, 24h where nothing is said) with how long the provider remembers its key and how long each caller repeats a call (`repeats`).",
    why: "a repeat that comes later finds nothing here: its caller gets whatever the provider makes of an old key",
    help: "raise `ledger: { retention: … }` to the longest of them",
    bad: "idempotency: { header: Idempotency-Key, methods: [POST], retention: 24h }
ledger: { retention: 1h }
",
    good: "idempotency: { header: Idempotency-Key, methods: [POST], retention: 24h }
ledger: { retention: 24h }
",
    sources: &["R-166", "draft-ietf-httpapi-idempotency-key-header section 2.3"],
};

/// How long the ledger keeps a finished call where nothing is said (`durable-state.md` 2).
pub(crate) const LEDGER_RETENTION: Duration = Duration::from_secs(24 * 3600);

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    let keyed = view.operations.iter().any(|op| needs_key(op.node.word(&["idempotency", "plan"])));
    if !keyed {
        return;
    }
    let own = view.root.at(&["ledger", "retention"]);
    let kept = view.root.read(&["ledger", "retention"], duration).unwrap_or(LEDGER_RETENTION);
    let mut say = |at: Place, longer: Duration, whose: String| {
        if longer > kept {
            let message = format!("{whose} {}, the ledger {}", show(longer), show(kept));
            let place = own.map_or(at, |node| node.at);
            out.push(Finding::new(&FORGOTTEN_FIRST, place, message).on("ledger"));
        }
    };
    let path = ["idempotency", "retention"];
    if let (Some(node), Some(longer)) = (view.root.at(&path), view.root.read(&path, duration)) {
        say(node.at, longer, "the provider remembers a key for".to_owned());
    }
    for caller in view.root.at(&["callers"]).map(Node::entries).unwrap_or_default() {
        if let (Some(node), Some(longer)) =
            (caller.value.at(&["repeats"]), caller.value.read(&["repeats"], duration))
        {
            say(node.at, longer, format!("`{}` repeats its calls for", caller.key));
        }
    }
}
