//! OW70x: where calls may go, and with what.

mod ow701_base_url;
mod ow702_plain_http;
mod ow703_address;
mod ow704_listener;
mod ow705_pass;
mod ow708_data;
mod ow709_wide_private;

use outwright_core::provider::Base;

use super::format::FORM;
use crate::edit::Repair;
use crate::effective::View;
use crate::finding::Finding;
use crate::node::Node;
use crate::source::Place;

pub(crate) use ow704_listener::deployed;

pub use ow701_base_url::BASE_URL;
pub use ow702_plain_http::PLAIN_HTTP;
pub use ow703_address::ADDRESS;
pub use ow704_listener::LISTENER;
pub use ow705_pass::PASS;
pub use ow708_data::DATA;
pub use ow709_wide_private::WIDE_PRIVATE;

pub(crate) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    ow705_pass::check(view, out);
    door(view, out);
    ow708_data::check(view, out);
    ow709_wide_private::check(view, out);
    ow702_plain_http::asked(view, out);
    let node = view.root.at(&["base_url"]);
    if node.is_some_and(Node::broken) {
        return;
    }
    let at = node.map_or(view.name_at, |n| n.at);
    if let Some(base) = base(view, at, out) {
        ow702_plain_http::check(view, &base, at, out);
        ow703_address::check(view, &base, at, out);
    }
}

/// The base URL, or why there is none.
fn base(view: &View<'_>, at: Place, out: &mut Vec<Finding>) -> Option<Base> {
    let message = match view.base_url().map(crate::url::base) {
        Some(Ok(base)) => return Some(base),
        Some(Err(message)) => message,
        None => format!("`{}` has no `base_url`", view.name),
    };
    let mut finding = Finding::new(&BASE_URL, at, message).on("base_url");
    finding.repair = match view.base_url() {
        None => {
            let url = format!("https://api.{}.example", view.name);
            Some(view.suggest("say where the provider is", &["base_url"], url))
        }
        Some(url) => plain(url).map(|url| Repair::suggest("keep host, port and path").put(at, url)),
    };
    out.push(finding);
    None
}

/// A base URL without what it may not hold, where that makes one.
fn plain(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let rest = rest.split(['?', '#']).next()?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next()?.to_ascii_lowercase();
    let plain = format!("{}://{host}{path}", scheme.to_ascii_lowercase());
    crate::url::base(&plain).is_ok().then_some(plain)
}

/// A door's name is a plain host name, which callers write as it stands.
fn door(view: &View<'_>, out: &mut Vec<Finding>) {
    let Some(node) = view.root.at(&["listen", "host"]) else { return };
    if let Some(Err(message)) = node.text().map(crate::url::host) {
        let help = "write a host name, such as `stripe.localhost`";
        out.push(Finding::new(&FORM, node.at, message).on("listen.host").help(help));
    }
}
