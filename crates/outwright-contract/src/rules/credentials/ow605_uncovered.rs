//! OW605: a scope that no credential carries.

use crate::finding::{Rule, Severity};

/// A scope that no credential carries.
pub static UNCOVERED: Rule = Rule {
    code: "OW605",
    severity: Severity::Error,
    waivable: false,
    title: "a scope that no credential carries",
    what: "Finds an operation that needs a scope which no credential carries.",
    why: "the provider would refuse the call",
    help: "add the scope to a slot, or remove it from `needs`",
    bad: "operations:
  list_orders:
    request: GET /v1/orders
    needs: [orders:read]
    fallback: none
",
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
    sources: &["R-017", "RFC 9700 section 2.3"],
};
