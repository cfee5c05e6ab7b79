//! OW602: a secret in the query.

use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};
use crate::node::Entry;

/// A secret in the query.
pub static QUERY: Rule = Rule {
    code: "OW602",
    severity: Severity::Error,
    waivable: true,
    title: "a secret in the query",
    what: "Finds `inject: { query: … }` without `unavoidable: true`.\nThe value of the parameter is redacted wherever outwright shows a request.",
    why: "queries are written into logs on the way (RFC 9110 section 17.9)",
    help: "use `bearer`, `header` or `basic`; if the provider accepts nothing else, add `unavoidable: true`",
    bad: "credentials:
  main:
    source: { file: /run/secrets/acme }
    inject: { query: { name: api_key } }
    hosts: [api.acme.example]
    scopes: []
    rotation: { strategy: dual, max_age: 90d }
    revoke: { manual: https://acme.example/keys }
",
    good: "credentials:
  main:
    source: { file: /run/secrets/acme }
    inject: { query: { name: api_key, unavoidable: true } }
    hosts: [api.acme.example]
    scopes: []
    rotation: { strategy: dual, max_age: 90d }
    revoke: { manual: https://acme.example/keys }
",
    sources: &["R-018", "RFC 9110 section 17.9", "RFC 6750 section 2.3", "OWASP ASVS 5.0 14.2.1"],
};

pub(super) fn check(view: &View<'_>, slot: &Entry, out: &mut Vec<Finding>) {
    if let Some(entry) = slot.value.entry_at(&["inject", "query"])
        && entry.value.word(&["unavoidable"]) != Some("true")
        && !entry.value.broken_at(&["unavoidable"])
    {
        let message = format!("`{}` puts its secret into the query", slot.key);
        let path = ["credentials", &slot.key, "inject"];
        let repair = view.suggest("send it in a field", &path, "{ bearer: {} }");
        out.push(Finding::new(&QUERY, entry.key_at, message).repair(repair));
    }
}
