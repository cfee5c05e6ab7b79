//! OW612: a scope for everything, which no operation needs.

use crate::finding::{Finding, Rule, Severity};

/// A scope for everything that nothing needs.
pub static WIDE_SCOPE: Rule = Rule {
    code: "OW612",
    severity: Severity::Warning,
    waivable: true,
    title: "a scope for everything, which no operation needs",
    what: "Finds scopes such as `*`, `admin`, `orders:*` or `full_access` that no operation names in `needs`.",
    why: "one leaked credential then opens the whole account",
    help: "ask the provider for a credential with the scopes that the operations need",
    bad: r#"credentials:
  main:
    source: { file: /run/secrets/acme }
    inject: { bearer: {} }
    hosts: [api.acme.example]
    scopes: ["orders:*"]
    rotation: { strategy: dual, max_age: 90d }
    revoke: { manual: https://acme.example/keys }
"#,
    good: "credentials:
  main:
    source: { file: /run/secrets/acme }
    inject: { bearer: {} }
    hosts: [api.acme.example]
    scopes: [orders:read]
    rotation: { strategy: dual, max_age: 90d }
    revoke: { manual: https://acme.example/keys }
operations:
  list_orders:
    request: GET /v1/orders
    needs: [orders:read]
    fallback: none
",
    sources: &["R-017", "RFC 9700 section 2.3", "OWASP ASVS 5.0 10.2.3"],
};

/// Words that stand for everything, as a whole scope or as a part of one.
const WIDE: &[&str] = &["*", "all", "admin", "full", "full_access", "root", "owner", "superuser"];

/// The finding about a scope that no operation needs, if it is one for everything.
pub(super) fn finding(scope: &str, at: crate::source::Place) -> Option<Finding> {
    let mut parts = scope.split([':', '.', '/']);
    let wide = parts.any(|part| WIDE.iter().any(|word| word.eq_ignore_ascii_case(part)));
    let message =
        || format!("`{}` opens more than any operation needs", crate::shape::short(scope));
    wide.then(|| Finding::new(&WIDE_SCOPE, at, message()))
}
