//! OW5xx: degradation is decided, and never dressed up.

use std::time::Duration;

use http::{HeaderValue, Method};

use super::{error, fixed};
use crate::effective::{Op, View};
use crate::finding::{Finding, Rule};
use crate::node::Node;
use crate::units::duration;

/// A read without a fallback.
pub static NO_FALLBACK: Rule = fixed(
    "OW501",
    "a read that does not say what happens without the provider",
    "degradation that nobody decided is decided by an outage",
    "add `fallback: none`, `fallback: { stale: 10m }` or `fallback: { static: … }`",
);
/// A mutation with a made-up success.
pub static MADE_UP: Rule = fixed(
    "OW502",
    "a mutation with a made-up success",
    "its caller would believe that it happened",
    "remove `fallback`, or set it to `none`",
);
/// A directive overridden without a reason.
pub static NO_BECAUSE: Rule = error(
    "OW503",
    "the provider's directive overridden without a reason",
    "the provider said that the answer must not be kept",
    "add `because:`",
);

/// A stale answer where none can be kept.
pub static NOTHING_KEPT: Rule = fixed(
    "OW504",
    "a stale answer where none can be kept",
    "a reply is kept under its method and target: one that also depends on a request body, or that has no useful end, cannot be found again",
    "use `fallback: { static: … }` or `fallback: none`",
);
/// An answer that cannot be shown.
pub static NOT_SHOWABLE: Rule = fixed(
    "OW505",
    "a fallback that cannot be shown",
    "it would fail or mislead at the moment when it is needed",
    "correct the value",
);

pub(crate) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    for op in view.operations {
        let fallback = op.node.at(&["fallback"]);
        if !op.mutates() && fallback.is_none() && op.method.is_some() {
            let message = format!("`{}` reads and has no `fallback`", op.name);
            out.push(Finding::new(&NO_FALLBACK, op.name_at, message).on(op.subject()));
        }
        let Some(node) = fallback else { continue };
        if op.mutates() && node.text() != Some("none") && !node.broken() {
            let message = format!("`{}` changes something and cannot have another answer", op.name);
            out.push(Finding::new(&MADE_UP, node.at, message).on(op.subject()));
        }
        if node.has(&["despite"]) && !node.has(&["because"]) {
            let message = format!("`{}` overrides a directive without saying why", op.name);
            out.push(Finding::new(&NO_BECAUSE, node.at, message).on(op.subject()));
        }
        if let Some(stale) = node.at(&["stale"]) {
            stale_answer(op, stale, out);
        }
        if let Some(fixed) = node.at(&["static"]) {
            fixed_answer(op, fixed, out);
            if let Some(despite) = node.at(&["despite"]) {
                let message = format!("`{}` has a fixed answer: nothing is overridden", op.name);
                let finding = Finding::new(&NOT_SHOWABLE, despite.at, message);
                out.push(finding.on(op.subject()).help("remove `despite`"));
            }
        }
    }
}

fn stale_answer(op: &Op, node: &Node, out: &mut Vec<Finding>) {
    let found = op.method.as_ref().is_none_or(|m| *m == Method::GET || *m == Method::HEAD);
    if !op.mutates() && !found {
        let message =
            format!("`{}` is neither GET nor HEAD, so that nothing is kept of it", op.name);
        out.push(Finding::new(&NOTHING_KEPT, node.at, message).on(op.subject()));
    }
    if op.node.has(&["stream"]) {
        let message = format!("`{}` is a stream, of which nothing is kept", op.name);
        out.push(Finding::new(&NOTHING_KEPT, node.at, message).on(op.subject()));
    }
    if node.text().and_then(|text| duration(text).ok()) == Some(Duration::ZERO) {
        let message = format!("`{}` shows answers up to no age, which is none", op.name);
        let finding = Finding::new(&NOT_SHOWABLE, node.at, message).on(op.subject());
        out.push(finding.help("name an age such as `10m`, or write `fallback: none`"));
    }
}

fn fixed_answer(op: &Op, node: &Node, out: &mut Vec<Finding>) {
    let content_type = node.word(&["content_type"]).unwrap_or(JSON);
    if let (Err(_), Some(at)) = (HeaderValue::from_str(content_type), node.at(&["content_type"])) {
        let message = format!("the content type of `{}` is no field value", op.name);
        out.push(Finding::new(&NOT_SHOWABLE, at.at, message).on(op.subject()));
    }
    let Some(body) = node.at(&["body"]) else { return };
    let text = body.text().unwrap_or_default();
    let status = node.count::<u16>(&["status"]);
    if matches!(status, Some(204 | 205)) && !text.is_empty() {
        let message = format!("`{}` has a body under a status that has none", op.name);
        let finding = Finding::new(&NOT_SHOWABLE, body.at, message).on(op.subject());
        out.push(finding.help("use another status, or write `body: \"\"`"));
    }
    let empty = text.is_empty() && matches!(status, Some(204 | 205));
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text)
        && is_json(content_type)
        && !empty
        && !body.broken()
    {
        let message = format!("the fixed answer of `{}` is no JSON: {error}", op.name);
        let finding = Finding::new(&NOT_SHOWABLE, body.at, message).on(op.subject());
        out.push(finding.help("correct the body, or name its `content_type`"));
    }
}

/// The content type of a fixed answer that names none.
pub(crate) const JSON: &str = "application/json";

/// `application/json`, or anything built on it (RFC 6839 section 3.1).
fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == JSON || kind.ends_with("+json")
}
