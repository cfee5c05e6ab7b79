//! OW609: a wildcard over hosts of strangers.

use crate::finding::{Finding, Rule, Severity};
use crate::node::{Entry, Node};

use super::is_host;

/// A wildcard that is too wide.
pub static WIDE_HOST: Rule = Rule {
    code: "OW609",
    severity: Severity::Error,
    waivable: false,
    title: "a wildcard over hosts of strangers",
    what: "Finds a wildcard below which strangers can have names.",
    why: "whoever registers a name there would be sent the secret",
    help: "name the hosts, or a wildcard below a domain that the provider owns",
    bad: r#"credentials:
  main:
    source: { file: /run/secrets/acme }
    inject: { bearer: {} }
    hosts: [api.acme.example, "*.github.io"]
    scopes: []
    rotation: { strategy: dual, max_age: 90d }
    revoke: { manual: https://acme.example/keys }
"#,
    good: r#"credentials:
  main:
    source: { file: /run/secrets/acme }
    inject: { bearer: {} }
    hosts: [api.acme.example, "*.acme.example"]
    scopes: []
    rotation: { strategy: dual, max_age: 90d }
    revoke: { manual: https://acme.example/keys }
"#,
    sources: &["R-015", "publicsuffix.org"],
};

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

pub(super) fn check(slot: &Entry, out: &mut Vec<Finding>) {
    for item in slot.value.at(&["hosts"]).map(Node::items).unwrap_or_default() {
        if let Some(text) = item.text()
            && is_host(text)
            && let Some(bare) = text.strip_prefix("*.")
            && (PUBLIC.contains(&bare) || !bare.contains('.'))
        {
            let message = format!("anybody can have a name under `{bare}`");
            out.push(Finding::new(&WIDE_HOST, item.at, message));
        }
    }
}
