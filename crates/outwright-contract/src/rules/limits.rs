//! OW4xx: quotas, slots, breaker, routes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;

use outwright_core::admission::{RouteError, Routes};
use outwright_core::limits::{LANES_MAX, OPERATIONS_MAX, WINDOWS_MAX};
use outwright_core::provider::OpIndex;

use super::{fixed, warning};
use crate::effective::{Op, View};
use crate::finding::{Finding, Rule};
use crate::node::Node;
use crate::units::{duration, ratio};

/// A rate window that is not usable.
pub static WINDOW: Rule = fixed(
    "OW401",
    "a rate window that is not usable",
    "a quota without requests, time or operations guards nothing",
    "give it requests, a time above zero and operations that exist",
);
/// `generic` without the unit of its reset.
pub static NO_RESET: Rule = warning(
    "OW402",
    "a dialect without the unit of its reset",
    "the same number means seconds from now at one provider and seconds since 1970 at another; it is never guessed, so that the field is not used",
    "add `reset:` with one of epoch_s, epoch_ms, delta_s, delta_ms, duration, rfc3339",
);
/// Breaker parameters that are not usable.
pub static BREAKER: Rule = fixed(
    "OW403",
    "a breaker that cannot work",
    "it would never open, never close or open at once",
    "keep window, open times and ratio above zero, and open.base at most open.cap",
);
/// Slots that are not usable.
pub static CONCURRENCY: Rule = fixed(
    "OW404",
    "a queue that cannot work",
    "places to wait without a time to wait hold callers forever or not at all",
    "give `queue_wait` a time, or set `queue: 0`",
);
/// No limits declared.
pub static NO_LIMITS: Rule = warning(
    "OW405",
    "no quota is declared",
    "outwright learns the provider's quota only from refused calls",
    "add `limits:` with a dialect and windows to the facts",
);
/// Operations that the same request could mean.
pub static ROUTES: Rule = fixed(
    "OW406",
    "two operations for the same request",
    "nobody could say which rules hold for it",
    "make the paths differ in a literal part, or join the operations",
);
/// More than the engine can tell apart.
pub static TOO_MANY: Rule = fixed(
    "OW407",
    "more than one provider can have",
    "windows and sets of windows are kept as bits of one word; operations by a short index",
    "split the provider, or let operations share windows",
);

pub(crate) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    windows(view, out);
    breaker(view, out);
    if view.root.word(&["limits", "dialect"]) == Some("generic")
        && !view.root.has(&["limits", "reset"])
        && let Some(node) = view.root.at(&["limits", "dialect"])
    {
        let message = "`generic` does not say what its reset field counts";
        out.push(Finding::new(&NO_RESET, node.at, message).on("limits"));
    }
    if view.root.at(&["limits", "windows"]).is_none_or(|w| w.items().is_empty() && !w.broken()) {
        let message = format!("`{}` declares no quota", view.name);
        out.push(Finding::new(&NO_LIMITS, view.name_at, message).on("limits"));
    }
    let queue: Option<u32> = view.root.count(&["concurrency", "queue"]);
    if queue != Some(0)
        && let Some(node) = view.root.at(&["concurrency", "queue_wait"])
        && view.queue_wait().is_zero()
        && !node.broken()
    {
        out.push(
            Finding::new(&CONCURRENCY, node.at, "calls queue, but may not wait").on("concurrency"),
        );
    }
    routes(view, out);
    templates(view, out);
    if view.operations.len() > OPERATIONS_MAX {
        let message =
            format!("{} operations; the limit is {OPERATIONS_MAX}", view.operations.len());
        out.push(Finding::new(&TOO_MANY, view.name_at, message).on("operations"));
    }
}

fn windows(view: &View<'_>, out: &mut Vec<Finding>) {
    let items = view.root.at(&["limits", "windows"]).map(Node::items).unwrap_or_default();
    for window in items {
        let zero = window.read(&["per"], duration).is_some_and(|per| per.is_zero());
        if zero {
            out.push(Finding::new(&WINDOW, window.at, "a window of no time").on("limits"));
        }
        for name in window.at(&["operations"]).map(Node::items).unwrap_or_default() {
            if let Some(text) = name.text()
                && !view.operations.iter().any(|op| op.name == text)
            {
                let message = format!("there is no operation `{text}`");
                out.push(Finding::new(&super::format::DANGLING, name.at, message).on("limits"));
            }
        }
    }
    let mut seen: Vec<&str> = Vec::new();
    for window in items {
        if let Some(name) = window.word(&["name"]) {
            if seen.contains(&name) {
                let message = format!("two windows are called `{name}`");
                out.push(Finding::new(&WINDOW, window.at, message).on("limits"));
            }
            seen.push(name);
        }
    }
    if items.len() > WINDOWS_MAX || view.lanes().0.len() > LANES_MAX {
        let message = format!(
            "{} windows in {} different sets; the limits are {WINDOWS_MAX} and {LANES_MAX}",
            items.len(),
            view.lanes().0.len()
        );
        out.push(Finding::new(&TOO_MANY, view.name_at, message).on("limits"));
    }
}

fn breaker(view: &View<'_>, out: &mut Vec<Finding>) {
    let mut say = |path: &[&str], message: &str| {
        if let Some(node) = view.root.at(path) {
            out.push(Finding::new(&BREAKER, node.at, message).on("breaker"));
        }
    };
    for path in
        [&["breaker", "window"][..], &["breaker", "open", "base"], &["breaker", "open", "cap"]]
    {
        if view.root.read(path, duration).is_some_and(|d| d.is_zero()) {
            say(path, "a time of zero");
        }
    }
    if view.root.read(&["breaker", "failure_ratio"], ratio).is_some_and(|r| r <= 0.0) {
        say(&["breaker", "failure_ratio"], "a breaker that opens at 0% is never closed");
    }
    let (base, cap) = view.breaker_open();
    if base > cap {
        let path = if view.root.has(&["breaker", "open", "base"]) { "base" } else { "cap" };
        say(&["breaker", "open", path], "the first open time is above the longest one");
    }
}

fn routes(view: &View<'_>, out: &mut Vec<Finding>) {
    for op in view.operations {
        if let Err(message) = &op.request
            && let Some(node) = op.node.at(&["request"]).filter(|n| !n.broken())
        {
            out.push(
                Finding::new(&super::format::FORM, node.at, message.clone())
                    .help("write a method and a path, such as `GET /v1/charges/{charge}`")
                    .on(op.subject()),
            );
        }
    }
    let mut seen: BTreeMap<(&str, Vec<&str>), &Op> = BTreeMap::new();
    for op in view.operations {
        let Some(shape) = route_shape(op) else { continue };
        match seen.entry(shape) {
            Slot::Vacant(slot) => {
                slot.insert(op);
            }
            Slot::Occupied(slot) => {
                let twin = slot.get();
                let message = format!("`{}` and `{}` mean the same requests", twin.name, op.name);
                let found = Finding::new(&ROUTES, op.name_at, message);
                out.push(found.see(twin.name_at, "the other one").on(op.subject()));
            }
        }
    }
}

/// What the engine's own reader of templates refuses.
fn templates(view: &View<'_>, out: &mut Vec<Finding>) {
    let known: Vec<_> = (0_u16..)
        .zip(view.operations)
        .filter_map(|(index, op)| {
            Some((op.method.clone()?, op.template.as_deref()?, OpIndex(index)))
        })
        .collect();
    let (operation, message) = match Routes::build(&known) {
        Ok(_) | Err(RouteError::Duplicate { .. }) => return,
        Err(RouteError::Template { operation, fault }) => {
            (operation, format!("the path cannot be matched: {fault:?}"))
        }
    };
    if let Some(op) = view.operations.get(usize::from(operation.0))
        && let Some(node) = op.node.at(&["request"])
    {
        out.push(Finding::new(&super::format::FORM, node.at, message).on(op.subject()));
    }
}

/// Method and path with every parameter made equal.
fn route_shape(op: &Op) -> Option<(&str, Vec<&str>)> {
    let (method, template) = (op.method.as_ref()?, op.template.as_ref()?);
    let parts = template.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    Some((method.as_str(), parts.collect()))
}
