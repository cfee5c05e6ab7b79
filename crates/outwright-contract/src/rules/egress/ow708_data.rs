//! OW708: nobody has said what data goes to the provider.

use crate::effective::{Op, View};
use crate::finding::{Finding, Rule, Severity};

/// Nobody has said what data goes out.
pub static DATA: Rule = Rule {
    code: "OW708",
    severity: Severity::Warning,
    waivable: true,
    title: "nobody has said what data goes to the provider",
    what: "Finds operations without `data`, at the operation or for the whole contract, and sensitive classes (identity, payment, health, secrets) without `redact`.",
    why: "what goes to a third party must be known before it is asked for, by an auditor or after a leak at the provider",
    help: "add `data: none`, or `data: { classes: [contact], because: …, redact: [/phone] }` to the operation or the contract; `redact: []` says that nothing in the body is sensitive",
    bad: "# without data
",
    good: r#"data: { classes: [contact, payment], because: "orders are sent to their buyers and paid by card", redact: [/card] }
"#,
    sources: &["R-021", "OWASP API Security 2023, API9", "OWASP ASVS 5.0 14.2.3"],
};

/// Classes whose fields must be named, so that no record shows them (chosen: what a law or a bank asks for).
const SENSITIVE: &[&str] = &["identity", "payment", "health", "secrets"];

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    let says = |op: &&Op| op.node.has(&["data"]) || op.node.broken_at(&["data"]);
    let silent: Vec<&Op> = view.operations.iter().filter(|op| !says(op)).collect();
    if let Some((first, others)) = silent.split_first() {
        let more =
            if others.is_empty() { String::new() } else { format!(" (and {} more)", others.len()) };
        let message = format!("`{}`{more} does not say what data it sends", first.name);
        // One finding for all, since one line for the contract is an answer for all.
        let (at, subject) = if silent.len() == view.operations.len() {
            (view.name_at, "data".to_owned())
        } else {
            (first.name_at, first.subject())
        };
        out.push(Finding::new(&DATA, at, message).on(subject));
    }
    for op in view.operations {
        redaction(op, out);
    }
}

fn redaction(op: &Op, out: &mut Vec<Finding>) {
    let Some(node) = op.node.at(&["data"]) else { return };
    let classes = node.words(&["classes"]);
    let sensitive: Vec<_> = classes.into_iter().filter(|c| SENSITIVE.contains(c)).collect();
    if !sensitive.is_empty() && !node.has(&["redact"]) {
        let message =
            format!("`{}` sends {} and lists no field to redact", op.name, sensitive.join(", "));
        out.push(Finding::new(&DATA, node.at, message).on(op.subject()));
    }
}
