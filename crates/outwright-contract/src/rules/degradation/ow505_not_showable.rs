//! OW505: a fallback that cannot be shown.

use std::time::Duration;

use http::HeaderValue;

use crate::edit::Repair;
use crate::effective::Op;
use crate::finding::{Finding, Rule, Severity};
use crate::node::Node;
use crate::units::duration;

use super::{JSON, is_json};

/// An answer that cannot be shown.
pub static NOT_SHOWABLE: Rule = Rule {
    code: "OW505",
    severity: Severity::Error,
    waivable: false,
    title: "a fallback that cannot be shown",
    what: "Finds a fixed answer that is no JSON, has a body where none belongs or no usable content type, a `despite` that overrides nothing, and an age of zero.",
    why: "it would fail or mislead at the moment when it is needed",
    help: "correct the value",
    bad: r#"operations:
  list_orders:
    request: GET /v1/orders
    fallback: { static: { body: "{ data: [] }" } }
"#,
    good: r#"operations:
  list_orders:
    request: GET /v1/orders
    fallback: { static: { body: '{"data":[]}' } }
"#,
    sources: &["R-020"],
};

pub(super) fn check(op: &Op, out: &mut Vec<Finding>) {
    let Some(node) = op.node.at(&["fallback"]) else { return };
    if let Some(stale) = node.at(&["stale"])
        && node.read(&["stale"], duration) == Some(Duration::ZERO)
    {
        let message = format!("`{}` shows answers up to no age, which is none", op.name);
        let finding = Finding::new(&NOT_SHOWABLE, stale.at, message).on(op.subject());
        let repair = op.suggest("let a failure be a failure", &["fallback"], "none");
        let finding = finding.help("name an age such as `10m`, or write `fallback: none`");
        out.push(finding.repair(repair));
    }
    let Some(fixed) = node.at(&["static"]) else { return };
    fixed_answer(op, fixed, out);
    if let Some(entry) = node.entry("despite") {
        let message = format!("`{}` has a fixed answer: nothing is overridden", op.name);
        let finding = Finding::new(&NOT_SHOWABLE, entry.value.at, message);
        let repair = Repair::safe("remove `despite`, which does nothing here").remove(entry.key_at);
        out.push(finding.on(op.subject()).help("remove `despite`").repair(repair));
    }
}

fn fixed_answer(op: &Op, node: &Node, out: &mut Vec<Finding>) {
    let content_type = node.word(&["content_type"]).unwrap_or(JSON);
    if let (Err(_), Some(at)) = (HeaderValue::from_str(content_type), node.at(&["content_type"])) {
        let message = format!("the content type of `{}` is no field value", op.name);
        let repair = Repair::suggest("name a content type").put(at.at, JSON);
        out.push(Finding::new(&NOT_SHOWABLE, at.at, message).on(op.subject()).repair(repair));
    }
    let Some(body) = node.at(&["body"]) else { return };
    if ["body", "status", "content_type"].iter().any(|key| node.broken_at(&[key])) {
        return;
    }
    let text = body.text().unwrap_or_default();
    let status = node.count::<u16>(&["status"]);
    if matches!(status, Some(204 | 205)) && !text.is_empty() {
        let message = format!("`{}` has a body under a status that has none", op.name);
        let finding = Finding::new(&NOT_SHOWABLE, body.at, message).on(op.subject());
        let repair = Repair::suggest("leave the body empty").put(body.at, "\"\"");
        let finding = finding.help("use another status, or write `body: \"\"`");
        out.push(finding.repair(repair));
    }
    let empty = text.is_empty() && matches!(status, Some(204 | 205));
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text)
        && is_json(content_type)
        && !empty
    {
        let message = format!("the fixed answer of `{}` is no JSON: {error}", op.name);
        let finding = Finding::new(&NOT_SHOWABLE, body.at, message).on(op.subject());
        let path = ["fallback", "static", "content_type"];
        let repair = op.suggest("say that it is text", &path, "text/plain");
        let finding = finding.help("correct the body, or name its `content_type`");
        out.push(finding.repair(repair));
    }
}
