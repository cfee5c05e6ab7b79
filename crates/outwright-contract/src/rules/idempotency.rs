//! OW30x: what makes a repeat safe.

use super::{error, fixed, warning};
use crate::effective::{Op, View};
use crate::finding::{Finding, Rule};

/// No plan on an operation that changes something.
pub static NO_PLAN: Rule = fixed(
    "OW301",
    "a mutating operation without an idempotency plan",
    "a timeout does not say whether it happened, and a blind repeat may do it twice",
    "name a plan, such as `idempotency: { plan: provider_key, key: required }` or `idempotency: { plan: once }`",
);
/// No key where the plan needs one.
pub static NO_KEY: Rule = fixed(
    "OW302",
    "a plan without its key",
    "without the same key on every attempt the provider cannot see a repeat",
    "add `key: required`, `key: per_call` or `key: { derive: [/order_id] }`",
);
/// A plan that the facts do not bear.
pub static NOT_DEDUPLICATED: Rule = fixed(
    "OW303",
    "nothing says how the provider deduplicates",
    "the key must travel where the provider looks for it, for a method that it deduplicates",
    "name it in the facts (`idempotency: { header: Idempotency-Key, methods: [POST], retention: 24h }`) or in the operation (`header:` or `field:`)",
);
/// A plan that the method contradicts.
pub static PLAN_AND_METHOD: Rule = error(
    "OW304",
    "a plan that the method contradicts",
    "POST and PATCH are not repeatable by themselves (RFC 9110 section 9.2.2), and PUT, PATCH and DELETE do not only read",
    "choose another plan, or say `because:` under `idempotency`",
);
/// `once` with retries of its own.
pub static ONCE_RETRIED: Rule = error(
    "OW305",
    "retries for what is sent once",
    "`plan: once` is never sent again after a byte left, so that a retry rule of its own misleads its reader",
    "remove `retry` from the operation, or choose a plan that allows repeats",
);
/// `per_call` protects own attempts only.
pub static PER_CALL: Rule = warning(
    "OW306",
    "a key per call protects our own attempts only",
    "a caller that repeats its call gets another key, so that the provider does it again",
    "let callers send `Idempotency-Key` (`key: required`), or derive it from the body (`key: { derive: [/order_id] }`)",
);
/// `reconcile` without what it needs.
pub static RECONCILE: Rule = fixed(
    "OW307",
    "a lookup that cannot work",
    "to find out whether it happened, outwright needs an operation to ask, a mark to look for and the time after which an absence counts",
    "add `operation`, `stamp`, `match` and `visible_after` under `reconcile`",
);

pub(crate) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    for op in view.operations {
        if let Some(idempotency) = op.node.at(&["idempotency"])
            && idempotency.broken()
        {
            continue;
        }
        let plan = op.node.word(&["idempotency", "plan"]);
        if plan.is_none() && !op.node.broken_at(&["idempotency", "plan"]) && op.mutates() {
            let message = format!("`{}` changes something and has no idempotency plan", op.name);
            let label = "a timeout does not say whether it happened";
            out.push(Finding::new(&NO_PLAN, op.name_at, message).label(label).on(op.subject()));
        }
        key(view, op, plan, out);
        method(op, plan, out);
        if plan == Some("once")
            && let Some(entry) = op.own.entry("retry")
            && op.own.count::<u32>(&["retry", "attempts"]).is_none_or(|n| n > 1)
        {
            let message = format!("`{}` is sent once, but has retries of its own", op.name);
            out.push(Finding::new(&ONCE_RETRIED, entry.key_at, message).on(op.subject()));
        }
        reconcile(view, op, plan, out);
    }
}

fn key(view: &View<'_>, op: &Op, plan: Option<&str>, out: &mut Vec<Finding>) {
    let needs = matches!(plan, Some("provider_key" | "body_field"));
    let place = op.node.at(&["idempotency"]).map_or(op.name_at, |n| n.at);
    let entry = op.node.entry_at(&["idempotency", "plan"]).map_or(place, |e| e.value.at);
    if needs && !op.node.has(&["idempotency", "key"]) {
        let message = format!("`{}` does not say where its key comes from", op.name);
        out.push(Finding::new(&NO_KEY, entry, message).on(op.subject()));
    }
    if op.node.word(&["idempotency", "key"]) == Some("per_call") {
        let at = op.node.at(&["idempotency", "key"]).map_or(place, |n| n.at);
        let message = format!("a caller of `{}` that repeats its call gets another key", op.name);
        out.push(Finding::new(&PER_CALL, at, message).on(op.subject()));
    }
    let lacks = match plan {
        Some("provider_key") => key_header(view, op).is_none(),
        Some("body_field") => key_field(view, op).is_none(),
        Some(_) | None => false,
    };
    if lacks {
        let what = if plan == Some("body_field") { "field" } else { "header field" };
        let message = format!("no {what} is known that carries the key of `{}`", op.name);
        out.push(Finding::new(&NOT_DEDUPLICATED, entry, message).on(op.subject()));
    }
    let methods = view.root.words(&["idempotency", "methods"]);
    let method = op.method.as_ref().map(http::Method::as_str);
    if needs
        && !lacks
        && !op.node.has(&["idempotency", "header"])
        && !op.node.has(&["idempotency", "field"])
        && !methods.is_empty()
        && method.is_some_and(|m| !methods.contains(&m))
    {
        let message = format!(
            "the provider deduplicates {}, but `{}` is {}",
            methods.join(", "),
            op.name,
            method.unwrap_or_default()
        );
        let mut finding = Finding::new(&NOT_DEDUPLICATED, entry, message).on(op.subject());
        if let Some(node) = view.root.at(&["idempotency", "methods"]) {
            finding = finding.see(node.at, "these methods");
        }
        out.push(finding);
    }
}

/// The header field of an operation's key.
pub(crate) fn key_header(view: &View<'_>, op: &Op) -> Option<http::HeaderName> {
    let own = op.node.word(&["idempotency", "header"]);
    own.or_else(|| view.root.word(&["idempotency", "header"]))?.parse().ok()
}

/// The JSON pointer of an operation's key.
pub(crate) fn key_field(view: &View<'_>, op: &Op) -> Option<String> {
    let own = op.node.word(&["idempotency", "field"]);
    let field = own.or_else(|| view.root.word(&["idempotency", "field"]))?;
    field.starts_with('/').then(|| field.to_owned())
}

fn method(op: &Op, plan: Option<&str>, out: &mut Vec<Finding>) {
    let (Some(plan), Some(method)) = (plan, &op.method) else { return };
    let because = op.node.has(&["idempotency", "because"]);
    let wrong = match plan {
        "safe" => matches!(method.as_str(), "PUT" | "PATCH" | "DELETE"),
        "repeatable" => !because && matches!(method.as_str(), "POST" | "PATCH"),
        _ => false,
    };
    if wrong && let Some(node) = op.node.at(&["idempotency", "plan"]) {
        let message = format!("`{}` is {method}, which is not {plan} by itself", op.name);
        out.push(Finding::new(&PLAN_AND_METHOD, node.at, message).on(op.subject()));
    }
}

fn reconcile(view: &View<'_>, op: &Op, plan: Option<&str>, out: &mut Vec<Finding>) {
    let block = op.node.at(&["idempotency", "reconcile"]);
    let mut say = |place, message: String| {
        out.push(Finding::new(&RECONCILE, place, message).on(op.subject()));
    };
    match block {
        None if plan == Some("reconcile") => {
            say(op.name_at, format!("`{}` does not say how to look whether it happened", op.name));
        }
        None => {}
        Some(block) => {
            for key in ["stamp", "match", "visible_after"] {
                if !block.has(&[key]) {
                    say(block.at, format!("the lookup of `{}` lacks `{key}`", op.name));
                }
            }
            if let Some(name) = block.at(&["operation"])
                && let Some(text) = name.text()
            {
                match view.operations.iter().find(|o| o.name == text) {
                    None => say(name.at, format!("there is no operation `{text}`")),
                    Some(found) if found.mutates() => {
                        say(name.at, format!("`{text}` changes something; a lookup only reads"));
                    }
                    Some(_) => {}
                }
            }
        }
    }
}
