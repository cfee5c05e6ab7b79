//! OW609: a wildcard over hosts of strangers.

use crate::edit::Repair;
use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};
use crate::node::{Entry, Node};

use super::is_host;

/// A wildcard that is too wide.
pub static WIDE_HOST: Rule = Rule {
    code: "OW609",
    severity: Severity::Error,
    waivable: false,
    title: "a wildcard over hosts of strangers",
    what: "Finds a wildcard over a public suffix, below which anybody can have a name: in `hosts` of a credential, in those of an environment and in those of tenants.",
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
    sources: &["R-015", "publicsuffix.org, both parts"],
};

/// Domains that are no public suffix themselves, but hold some (publicsuffix.org, its private part).
const PARENTS: &[&str] = &[
    "amazonaws.com",
    "amazonaws.com.cn",
    "azure.com",
    "cloudapp.azure.com",
    "core.windows.net",
    "windows.net",
    "googleapis.com",
    "vercel.com",
];

pub(super) fn check(view: &View<'_>, slot: &Entry, out: &mut Vec<Finding>) {
    for item in slot.value.at(&["hosts"]).map(Node::items).unwrap_or_default() {
        let own = view
            .base()
            .map(|base| Repair::suggest("name the host of `base_url`").put(item.at, &*base.host));
        out.extend(finding(item).map(|mut finding| {
            finding.repair = own;
            finding
        }));
    }
}

/// The hosts of tenants, and those that environments put in place of a slot's own.
pub(super) fn tenants(view: &View<'_>, out: &mut Vec<Finding>) {
    for item in view.root.at(&["tenants", "hosts"]).map(Node::items).unwrap_or_default() {
        out.extend(finding(item).map(|finding| finding.on("tenants")));
    }
}

fn finding(item: &Node) -> Option<Finding> {
    let text = item.text().filter(|text| is_host(text))?;
    let bare = text.strip_prefix("*.")?;
    let message = format!("anybody can have a name under `{bare}`");
    strangers(bare).then(|| Finding::new(&WIDE_HOST, item.at, message))
}

/// Whether names below a domain belong to strangers: it is a public suffix, or holds one.
fn strangers(domain: &str) -> bool {
    // A rule such as `*.kobe.jp` makes suffixes of all names below, and none of the domain itself.
    let below = format!("any.{domain}");
    public(domain) || public(&below) || !domain.contains('.') || PARENTS.contains(&domain)
}

fn public(name: &str) -> bool {
    psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.is_known() && suffix == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R-015: of the public suffix list, both its parts, a wildcard rule and an exception.
    #[test]
    fn a_wildcard_over_a_public_suffix_is_a_wildcard_over_strangers() {
        for wide in [
            "com",
            "co.uk",
            "github.io",
            "herokuapp.com",
            "kobe.jp",
            "x.kobe.jp",
            "ck",
            "co.ck",
            "amazonaws.com",
            "s3.amazonaws.com",
            "xn--55qx5d.cn",
            "myshopify.com",
        ] {
            assert!(strangers(wide), "{wide}");
        }
        for own in [
            "stripe.com",
            "acme.example",
            "www.ck",
            "city.kobe.jp",
            "my.salesforce.com",
            "me.github.io",
            "bbc.co.uk",
        ] {
            assert!(!strangers(own), "{own}");
        }
    }
}
