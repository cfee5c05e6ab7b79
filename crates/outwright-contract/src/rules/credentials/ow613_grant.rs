//! OW613: a grant that OAuth has given up.

use crate::finding::{Finding, Rule, Severity};
use crate::node::Entry;

/// A grant that hands the user's password or token around.
pub static GRANT: Rule = Rule {
    code: "OW613",
    severity: Severity::Error,
    waivable: false,
    title: "a grant that OAuth has given up",
    what: "Finds `grant: password` and `grant: implicit`.",
    why: "the first hands a person's password to us, the second puts tokens into addresses; both are withdrawn by RFC 9700",
    help: "use `client_credentials` between services, or `authorization_code` where a person agrees",
    bad: "credentials:
  main:
    source: { file: /run/secrets/acme }
    inject: { oauth2: { token_url: https://auth.acme.example/token, grant: password } }
    hosts: [api.acme.example]
    scopes: []
    rotation: { strategy: dual, max_age: 90d }
    revoke: { manual: https://acme.example/keys }
",
    good: "credentials:
  main:
    source: { file: /run/secrets/acme }
    inject: { oauth2: { token_url: https://auth.acme.example/token, grant: client_credentials } }
    hosts: [api.acme.example]
    scopes: []
    rotation: { strategy: dual, max_age: 90d }
    revoke: { manual: https://acme.example/keys }
",
    sources: &["R-016", "R-450", "RFC 9700 sections 2.1.2 and 2.4", "OWASP ASVS 5.0 10.4.4"],
};

pub(super) fn check(slot: &Entry, out: &mut Vec<Finding>) {
    if let Some(node) = slot.value.at(&["inject", "oauth2", "grant"])
        && let Some(grant @ ("password" | "implicit")) = node.text()
    {
        let message = format!("`{}` asks for tokens by the grant `{grant}`", slot.key);
        out.push(Finding::new(&GRANT, node.at, message));
    }
}
