//! OW4xx: quotas, slots, breaker, routes.

mod ow401_window;
mod ow402_no_reset;
mod ow403_breaker;
mod ow404_concurrency;
mod ow405_no_limits;
mod ow406_routes;
mod ow407_too_many;
mod ow408_spend;
mod ow409_unchecked;
mod ow410_not_shared;

use outwright_core::admission::{RouteError, Routes};
use outwright_core::provider::OpIndex;

use super::format::{DANGLING, FORM};
use crate::effective::View;
use crate::finding::Finding;
use crate::node::Node;

pub use ow401_window::WINDOW;
pub use ow402_no_reset::NO_RESET;
pub use ow403_breaker::BREAKER;
pub use ow404_concurrency::CONCURRENCY;
pub use ow405_no_limits::NO_LIMITS;
pub use ow406_routes::ROUTES;
pub use ow407_too_many::TOO_MANY;
pub use ow408_spend::SPEND;
pub use ow409_unchecked::UNCHECKED;
pub use ow410_not_shared::NOT_SHARED;

pub(crate) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    ow401_window::check(view, out);
    ow402_no_reset::check(view, out);
    ow403_breaker::check(view, out);
    ow404_concurrency::check(view, out);
    ow405_no_limits::check(view, out);
    ow406_routes::check(view, out);
    ow407_too_many::check(view, out);
    ow408_spend::check(view, out);
    for op in view.operations {
        ow409_unchecked::check(op, out);
    }
    ow410_not_shared::check(view, out);
    named(view, out);
    requests(view, out);
    templates(view, out);
}

/// Operations that windows name must exist.
fn named(view: &View<'_>, out: &mut Vec<Finding>) {
    let windows = view.root.at(&["limits", "windows"]).map(Node::items).unwrap_or_default();
    let lists = windows.iter().filter_map(|window| window.at(&["operations"]));
    for name in lists.flat_map(Node::items) {
        if let Some(text) = name.text()
            && !view.nameless()
            && !view.operations.iter().any(|op| op.name == text)
        {
            let message = format!("there is no operation `{text}`");
            let finding = Finding::new(&DANGLING, name.at, message).on("limits");
            out.push(view.near_operation(finding, text));
        }
    }
}

/// A request is a method and a path.
fn requests(view: &View<'_>, out: &mut Vec<Finding>) {
    for op in view.operations {
        if let Err(message) = &op.request
            && let Some(node) = op.node.at(&["request"]).filter(|n| !n.broken())
        {
            let help = "write a method and a path, such as `GET /v1/charges/{charge}`";
            let finding = Finding::new(&FORM, node.at, message.clone());
            out.push(finding.help(help).on(op.subject()));
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
        out.push(Finding::new(&FORM, node.at, message).on(op.subject()));
    }
}
