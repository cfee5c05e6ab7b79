//! OW409: a response whose decoded size nobody bounds.

use crate::effective::Op;
use crate::finding::{Finding, Rule, Severity};

/// A response of any decoded size without a reason.
pub static UNCHECKED: Rule = Rule {
    code: "OW409",
    severity: Severity::Error,
    waivable: true,
    title: "a response whose decoded size nobody bounds",
    what: "Finds `bodies.decoded: unchecked` without a because.\nEvery other bound of a response has a finite default, and no word for none.",
    why: "a few kilobytes can unpack to gigabytes in the memory of whoever decodes them",
    help: "leave `decoded` out (50MiB), name a size, or add `because:` beside it",
    bad: "bodies: { decoded: unchecked }
",
    good: r#"bodies: { decoded: unchecked, because: "callers stream the archive to disk and stop at its length" }
"#,
    sources: &["R-014", "R-560", "OWASP API Security 2023, API4"],
};

pub(super) fn check(op: &Op, out: &mut Vec<Finding>) {
    if let Some(node) = op.node.at(&["bodies", "decoded"])
        && node.text() == Some("unchecked")
        && !op.node.has(&["bodies", "because"])
    {
        let message = format!("responses of `{}` may be of any size once decoded", op.name);
        out.push(Finding::new(&UNCHECKED, node.at, message).on(op.subject()));
    }
}
