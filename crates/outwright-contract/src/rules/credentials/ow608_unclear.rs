//! OW608: several credentials could be meant.

use crate::finding::{Rule, Severity};

/// It is unclear which slot an operation uses.
pub static UNCLEAR: Rule = Rule {
    code: "OW608",
    severity: Severity::Error,
    waivable: false,
    title: "several credentials could be meant",
    what: "Finds an operation whose scopes are carried by several credentials.",
    why: "nobody could say which secret is sent",
    help: "add `credential: SLOT` to the operation",
    bad: "credentials:
  main:
    source: { file: /run/secrets/acme }
    inject: { bearer: {} }
    hosts: [api.acme.example]
    scopes: []
    rotation: { strategy: dual, max_age: 90d }
    revoke: { manual: https://acme.example/keys }
  second:
    source: { file: /run/secrets/acme }
    inject: { bearer: {} }
    hosts: [api.acme.example]
    scopes: []
    rotation: { strategy: dual, max_age: 90d }
    revoke: { manual: https://acme.example/keys }
",
    good: "credentials:
  main:
    source: { file: /run/secrets/acme }
    inject: { bearer: {} }
    hosts: [api.acme.example]
    scopes: []
    rotation: { strategy: dual, max_age: 90d }
    revoke: { manual: https://acme.example/keys }
  second:
    source: { file: /run/secrets/acme }
    inject: { bearer: {} }
    hosts: [api.acme.example]
    scopes: []
    rotation: { strategy: dual, max_age: 90d }
    revoke: { manual: https://acme.example/keys }
operations:
  list_orders:
    request: GET /v1/orders
    credential: main
    fallback: none
",
    sources: &["chosen"],
};
