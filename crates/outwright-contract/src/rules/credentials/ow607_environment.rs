//! OW607: a secret in an environment variable.

use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};
use crate::node::Entry;
use crate::options::Purpose;

/// A secret in an environment variable.
pub static ENVIRONMENT: Rule = Rule {
    code: "OW607",
    severity: Severity::Error,
    waivable: false,
    title: "a secret in an environment variable",
    what: "Finds a secret or token that is read from an environment variable.\n`outwright check` warns, `outwright run` without `--dev` refuses.",
    why: "the environment is inherited, dumped and shown by tools; it is for development only",
    help: "use `file:`; `run --dev` accepts `env:`",
    bad: "credentials:
  main:
    source: { env: ACME_KEY }
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
",
    sources: &["OWASP Secrets Management Cheat Sheet 5.1"],
};

pub(super) fn check(view: &View<'_>, slot: &Entry, out: &mut Vec<Finding>) {
    if let Some(entry) = slot.value.entry_at(&["source", "env"]) {
        let message = format!("`{}` is read from the environment", slot.key);
        let path = ["credentials", &slot.key, "source"];
        let file = format!("{{ file: /run/secrets/{} }}", view.name);
        let mut finding = Finding::new(&ENVIRONMENT, entry.key_at, message).repair(view.suggest(
            "read it from a file",
            &path,
            file,
        ));
        match view.options.purpose {
            Purpose::Check => finding.severity = Severity::Warning,
            Purpose::Run if view.options.dev => return,
            Purpose::Run => {}
        }
        out.push(finding);
    }
}
