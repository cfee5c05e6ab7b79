//! OW7xx: where calls may go, and who may make them.

use outwright_core::provider::Scheme;

use super::{error, fixed, format};
use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};
use crate::node::Node;
use crate::options::Purpose;
use crate::units::network;

/// A base URL that is not usable.
pub static BASE_URL: Rule = fixed(
    "OW701",
    "a base URL that is not usable",
    "userinfo leaks secrets, a query or fragment is never sent as written, and two spellings of one host are two hosts to every list",
    "write `https://host[:port][/path]`, in small letters",
);
/// Plain HTTP.
pub static PLAIN_HTTP: Rule = fixed(
    "OW702",
    "plain HTTP",
    "credentials and bodies would travel in the clear",
    "use https; for a test peer on loopback add `egress: { plain_http: loopback }` and start with `--dev`",
);
/// An address as host.
pub static ADDRESS: Rule = error(
    "OW703",
    "an address as host",
    "an address says nothing about who answers, and may lead into our own network",
    "use a name, or list the network under `egress: { private: [...] }`",
);
/// A listener that strangers can reach.
pub static LISTENER: Rule = fixed(
    "OW704",
    "a listener off loopback without TLS and tokens",
    "whoever reaches the port would spend our credentials",
    "listen on 127.0.0.1, or add `tls:` and `callers:` with their tokens",
);

/// A field that passes under no contract.
pub static PASS: Rule = error(
    "OW705",
    "a field that passes under no contract",
    "it belongs to the connection of the caller, or outwright writes it itself, so the line would do nothing",
    "leave it out; `fields: { trace: forward }` hands a trace on",
);

pub(crate) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    pass(view, out);
    door(view, out);
    let node = view.root.at(&["base_url"]);
    let at = node.map_or(view.name_at, |n| n.at);
    let base = match (node.is_some_and(Node::broken), view.base_url()) {
        (true, _) => return,
        (false, None) => {
            let message = format!("`{}` has no `base_url`", view.name);
            out.push(Finding::new(&BASE_URL, at, message).on("base_url"));
            return;
        }
        (false, Some(url)) => match crate::url::base(url) {
            Ok(base) => base,
            Err(message) => {
                out.push(Finding::new(&BASE_URL, at, message).on("base_url"));
                return;
            }
        },
    };
    let loopback = base.host.as_ref() == "localhost"
        || base.host.ends_with(".localhost")
        || base.host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback());
    if base.scheme == Scheme::Http {
        let allowed = loopback && view.root.word(&["egress", "plain_http"]) == Some("loopback");
        let message = if !loopback {
            format!("`{}` is not on loopback", base.host)
        } else if !allowed {
            "plain http without `egress: { plain_http: loopback }`".to_owned()
        } else {
            "plain http to loopback runs only with `--dev`".to_owned()
        };
        let mut finding = Finding::new(&PLAIN_HTTP, at, message).on("base_url");
        match (allowed, view.options.purpose) {
            (true, Purpose::Check) => finding.severity = Severity::Warning,
            (true, Purpose::Run) if view.options.dev => return,
            (true | false, Purpose::Run) | (false, Purpose::Check) => {}
        }
        out.push(finding);
    }
    if let Ok(address) = base.host.parse::<std::net::IpAddr>() {
        let listed = view.root.at(&["egress", "private"]).map(Node::items).unwrap_or_default();
        let opted =
            listed.iter().filter_map(|n| network(n.text()?).ok()).any(|n| n.contains(address));
        if !opted {
            let message =
                format!("`{address}` is an address, and no network of `egress.private` holds it");
            out.push(Finding::new(&ADDRESS, at, message).on("base_url"));
        }
    }
}

/// A door's name is a plain host name, which callers write as it stands.
fn door(view: &View<'_>, out: &mut Vec<Finding>) {
    let Some(node) = view.root.at(&["listen", "host"]) else { return };
    if let Some(Err(message)) = node.text().map(crate::url::host) {
        let help = "write a host name, such as `stripe.localhost`";
        out.push(Finding::new(&format::FORM, node.at, message).on("listen.host").help(help));
    }
}

/// What `fields.pass` names must be able to pass.
fn pass(view: &View<'_>, out: &mut Vec<Finding>) {
    let never = [
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "traceparent",
        "tracestate",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
    ];
    for item in view.root.at(&["fields", "pass"]).map(Node::items).unwrap_or_default() {
        let Some(text) = item.text() else { continue };
        let name = text.to_ascii_lowercase();
        let prefixed = name.starts_with("proxy-") || name.starts_with("outwright-");
        if prefixed || never.contains(&&*name) {
            let message = format!("`{}` never passes", crate::shape::short(text));
            out.push(Finding::new(&PASS, item.at, message).on("fields.pass"));
        }
    }
}
