//! OW6xx: a secret has a slot, hosts, scopes, an age and a way to withdraw it.

use super::{error, fixed, warning};
use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};
use crate::node::{Entry, Node};
use crate::options::Purpose;
use crate::url;

/// A literal secret.
pub static LITERAL: Rule = fixed(
    "OW601",
    "a literal secret",
    "whoever reads the file has the secret, today and in every old copy",
    "withdraw it at the provider, and name a `source:` (file, exec, vault, store) instead",
);
/// A secret in the query.
pub static QUERY: Rule = error(
    "OW602",
    "a secret in the query",
    "queries are written into logs on the way (RFC 9110 section 17.9)",
    "use `bearer`, `header` or `basic`; if the provider accepts nothing else, add `unavoidable: true`",
);
/// A static credential that nobody renews or withdraws.
pub static NO_ROTATION: Rule = error(
    "OW603",
    "a static credential without rotation or revocation",
    "a secret that nobody renews leaks some day, and then nobody knows how to withdraw it",
    "add `rotation: { strategy: dual, max_age: 90d, overlap: 24h, verify: OPERATION }` and `revoke: { manual: URL }`",
);
/// A credential that is not bound to the provider's host.
pub static HOSTS: Rule = fixed(
    "OW604",
    "a credential that is not bound to its host",
    "a credential goes only to the hosts that its slot names",
    "add `hosts:` with the host of `base_url`",
);
/// A scope that no credential carries.
pub static UNCOVERED: Rule = fixed(
    "OW605",
    "a scope that no credential carries",
    "the provider would refuse the call",
    "add the scope to a slot, or remove it from `needs`",
);
/// A scope that no operation needs.
pub static UNUSED_SCOPE: Rule = warning(
    "OW606",
    "a scope that no operation needs",
    "what nobody needs only helps a thief",
    "ask the provider for a narrower credential, or name the operation that needs it",
);
/// A secret in an environment variable.
pub static ENVIRONMENT: Rule = fixed(
    "OW607",
    "a secret in an environment variable",
    "the environment is inherited, dumped and shown by tools; it is for development only",
    "use `file:`; `run --dev` accepts `env:`",
);
/// It is unclear which slot an operation uses.
pub static UNCLEAR: Rule = fixed(
    "OW608",
    "several credentials could be meant",
    "nobody could say which secret is sent",
    "add `credential: SLOT` to the operation",
);
/// A wildcard that is too wide.
pub static WIDE_HOST: Rule = fixed(
    "OW609",
    "a wildcard over hosts of strangers",
    "whoever registers a name there would be sent the secret",
    "name the hosts, or a wildcard below a domain that the provider owns",
);
/// A readable file accepted without a reason.
pub static READABLE: Rule = error(
    "OW610",
    "a readable secret accepted without a reason",
    "others on the machine can read it",
    "add `because:` beside `mode_ok`",
);

/// Suffixes under which anybody can have a name; a small part of publicsuffix.org, the ones providers' hosts meet.
const PUBLIC: &[&str] = &[
    "com",
    "net",
    "org",
    "io",
    "dev",
    "app",
    "cloud",
    "co.uk",
    "com.au",
    "co.jp",
    "com.br",
    "github.io",
    "herokuapp.com",
    "vercel.app",
    "netlify.app",
    "pages.dev",
    "workers.dev",
    "web.app",
    "firebaseapp.com",
    "azurewebsites.net",
    "cloudfront.net",
    "amazonaws.com",
    "s3.amazonaws.com",
    "appspot.com",
    "run.app",
    "fly.dev",
    "onrender.com",
    "ngrok.io",
    "ngrok.app",
    "blob.core.windows.net",
];

pub(crate) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    for slot in view.credentials() {
        let subject = format!("credentials.{}", slot.key);
        let mut found = Vec::new();
        injection(slot, &mut found);
        lifetime(view, slot, &mut found);
        hosts(view, slot, &mut found);
        source(view, slot, &mut found);
        unused(view, slot, &mut found);
        out.extend(found.into_iter().map(|finding| finding.on(subject.clone())));
    }
    for op in view.operations {
        if let Err(finding) = view.slot(op) {
            out.push((*finding).on(op.subject()));
        }
    }
}

fn injection(slot: &Entry, out: &mut Vec<Finding>) {
    if let Some(entry) = slot.value.entry_at(&["inject", "query"])
        && entry.value.word(&["unavoidable"]) != Some("true")
    {
        let message = format!("`{}` puts its secret into the query", slot.key);
        out.push(Finding::new(&QUERY, entry.key_at, message));
    }
    if let Some(node) = slot.value.at(&["inject", "header", "name"])
        && let Some(name) = node.text()
        && name.parse::<http::HeaderName>().is_err()
    {
        out.push(Finding::new(
            &super::format::FORM,
            node.at,
            format!("`{name}` is no header field"),
        ));
    }
}

fn lifetime(view: &View<'_>, slot: &Entry, out: &mut Vec<Finding>) {
    let issued = ["oauth2"].iter().any(|form| slot.value.has(&["inject", form]));
    if !issued {
        let lacking: Vec<_> = [&["rotation"][..], &["rotation", "max_age"], &["revoke"]]
            .into_iter()
            .filter(|path| !slot.value.has(path))
            .map(|path| path.join("."))
            .collect();
        if !lacking.is_empty() {
            let message = format!("`{}` has no {}", slot.key, lacking.join(", "));
            out.push(Finding::new(&NO_ROTATION, slot.key_at, message));
        }
    }
    for path in [&["rotation", "verify"][..], &["revoke", "operation"]] {
        if let Some(node) = slot.value.at(path)
            && let Some(name) = node.text()
        {
            let op = view.operations.iter().find(|op| op.name == name);
            let reads = op.is_some_and(|op| {
                !op.mutates() && !op.template.as_deref().unwrap_or_default().contains('{')
            });
            if op.is_none() {
                let message = format!("there is no operation `{name}`");
                out.push(Finding::new(&super::format::DANGLING, node.at, message));
            } else if path.first() == Some(&"rotation") && !reads {
                let message = format!("`{name}` is not a read without path parameters");
                out.push(Finding::new(&super::format::DANGLING, node.at, message));
            }
        }
    }
}

fn hosts(view: &View<'_>, slot: &Entry, out: &mut Vec<Finding>) {
    let listed = slot.value.at(&["hosts"]);
    if listed.is_some_and(Node::broken) {
        return;
    }
    let items = listed.map(Node::items).unwrap_or_default();
    if items.is_empty() {
        let message = format!("`{}` names no host", slot.key);
        out.push(Finding::new(&HOSTS, slot.key_at, message));
        return;
    }
    for item in items {
        let Some(text) = item.text() else { continue };
        let bare = text.strip_prefix("*.").unwrap_or(text);
        if bare.parse::<std::net::IpAddr>().is_err() && url::host(bare).is_err() {
            let message = format!("`{}` is no host name", crate::shape::short(text));
            out.push(Finding::new(&super::format::FORM, item.at, message));
        } else if text.starts_with("*.") && (PUBLIC.contains(&bare) || !bare.contains('.')) {
            let message = format!("anybody can have a name under `{bare}`");
            out.push(Finding::new(&WIDE_HOST, item.at, message));
        }
    }
    if let Some(base) = view.base()
        && !items.iter().filter_map(Node::text).any(|host| covers(host, &base.host))
    {
        let message = format!("`{}` may not go to `{}`", slot.key, base.host);
        let at = listed.map_or(slot.key_at, |node| node.at);
        out.push(Finding::new(&HOSTS, at, message));
    }
}

/// Whether a host of a slot covers a host.
pub(crate) fn covers(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(domain) => {
            host.strip_suffix(domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        }
        None => pattern.eq_ignore_ascii_case(host),
    }
}

fn source(view: &View<'_>, slot: &Entry, out: &mut Vec<Finding>) {
    if let Some(entry) = slot.value.entry_at(&["source", "env"]) {
        let message = format!("`{}` is read from the environment", slot.key);
        let mut finding = Finding::new(&ENVIRONMENT, entry.key_at, message);
        match view.options.purpose {
            Purpose::Check => finding.severity = Severity::Warning,
            Purpose::Run if view.options.dev => return,
            Purpose::Run => {}
        }
        out.push(finding);
    }
    if let Some(entry) = slot.value.entry_at(&["source", "mode_ok"])
        && entry.value.text() == Some("true")
        && !slot.value.has(&["source", "because"])
    {
        let message = format!("`{}` accepts a file that others can read", slot.key);
        out.push(Finding::new(&READABLE, entry.key_at, message));
    }
}

fn unused(view: &View<'_>, slot: &Entry, out: &mut Vec<Finding>) {
    for scope in slot.value.at(&["scopes"]).map(Node::items).unwrap_or_default() {
        if let Some(text) = scope.text()
            && !view.operations.iter().any(|op| op.node.words(&["needs"]).contains(&text))
        {
            let message = format!("no operation needs `{}`", crate::shape::short(text));
            out.push(Finding::new(&UNUSED_SCOPE, scope.at, message));
        }
    }
}
