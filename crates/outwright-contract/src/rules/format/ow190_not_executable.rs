//! OW190: not executable by this version.

use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};
use crate::node::Node;
use crate::options::Purpose;

/// A feature that this version cannot execute.
pub static NOT_EXECUTABLE: Rule = Rule {
    code: "OW190",
    severity: Severity::Error,
    waivable: false,
    title: "not executable by this version",
    what: "Finds what the format has and this version does not execute.\n`outwright check` warns, `outwright run` refuses.",
    why: "running without it would silently do something else than the contract says",
    help: "use a form that this version executes, or a version that executes this one",
    bad: "credentials:
  main:
    source: { vault: { path: kv/acme, field: key } }
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
    sources: &["chosen"],
};

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    let mut refuse = |node: Option<&Node>, subject: &str, what: &str| {
        if let Some(node) = node {
            out.push(finding(view, node, what).on(subject));
        }
    };
    refuse(view.root.at(&["tenants"]), "tenants", "this version does not serve tenants");
    for slot in view.credentials() {
        let subject = format!("credentials.{}", slot.key);
        for form in ["exec", "vault", "store"] {
            let what = format!("this version does not read secrets from `{form}`");
            refuse(slot.value.at(&["source", form]), &subject, &what);
        }
        for form in ["oauth2", "sigv4", "hmac", "mtls"] {
            let what = format!("this version does not send credentials as `{form}`");
            refuse(slot.value.at(&["inject", form]), &subject, &what);
        }
    }
    for op in view.operations {
        let handed = op.node.at(&["async"]).filter(|node| node.text() == Some("always"));
        let what = format!("this version cannot hand `{}` over to an outbox", op.name);
        refuse(handed, &op.subject(), &what);
    }
    for window in view.root.at(&["limits", "windows"]).map(Node::items).unwrap_or_default() {
        let scope = window.at(&["scope"]).filter(|node| node.text() == Some("tenant"));
        refuse(scope, "limits", "this version does not count per tenant");
    }
}

/// A warning where one only looks, an error where it would run.
fn finding(view: &View<'_>, node: &Node, what: &str) -> Finding {
    let mut finding = Finding::new(&NOT_EXECUTABLE, node.at, what);
    finding.severity = match view.options.purpose {
        Purpose::Check => Severity::Warning,
        Purpose::Run => Severity::Error,
    };
    finding
}
