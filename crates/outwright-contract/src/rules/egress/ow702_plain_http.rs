//! OW702: plain HTTP.

use outwright_core::provider::{Base, Scheme};

use crate::edit::Repair;
use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};
use crate::options::Purpose;
use crate::source::Place;

/// Plain HTTP.
pub static PLAIN_HTTP: Rule = Rule {
    code: "OW702",
    severity: Severity::Error,
    waivable: false,
    title: "plain HTTP",
    what: "Finds `http://` in `base_url`, in the `token_url` of a credential and in the `address` of a Vault server.\nFor a `base_url` on loopback with `egress: { plain_http: loopback }` it is a warning, and runs with `--dev` only.",
    why: "credentials and bodies would travel in the clear",
    help: "use https; for a test peer on loopback add `egress: { plain_http: loopback }` and start with `--dev`",
    bad: "base_url: http://api.acme.example
",
    good: "base_url: https://api.acme.example
",
    sources: &["R-010", "OWASP ASVS 5.0 12.2.1"],
};

pub(super) fn check(view: &View<'_>, base: &Base, at: Place, out: &mut Vec<Finding>) {
    if base.scheme != Scheme::Http {
        return;
    }
    let loopback = base.host.as_ref() == "localhost"
        || base.host.ends_with(".localhost")
        || base.host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback());
    let allowed = loopback && view.root.word(&["egress", "plain_http"]) == Some("loopback");
    let repair = match (view.base_url().and_then(|url| url.strip_prefix("http://")), loopback) {
        (Some(rest), false) => Repair::suggest("use https").put(at, format!("https://{rest}")),
        (Some(_) | None, _) => {
            view.suggest("say that it is a test", &["egress", "plain_http"], "loopback")
        }
    };
    let message = if !loopback {
        format!("`{}` is not on loopback", base.host)
    } else if !allowed {
        "plain http without `egress: { plain_http: loopback }`".to_owned()
    } else {
        "plain http to loopback runs only with `--dev`".to_owned()
    };
    let mut finding = Finding::new(&PLAIN_HTTP, at, message).on("base_url");
    finding.repair = (!allowed).then_some(repair);
    match (allowed, view.options.purpose) {
        (true, Purpose::Check) => finding.severity = Severity::Warning,
        (true, Purpose::Run) if view.options.dev => return,
        (true | false, Purpose::Run) | (false, Purpose::Check) => {}
    }
    out.push(finding);
}

/// Where tokens and secrets are asked for.
pub(super) fn asked(view: &View<'_>, out: &mut Vec<Finding>) {
    let paths = [&["inject", "oauth2", "token_url"][..], &["source", "vault", "address"]];
    for slot in view.credentials() {
        for node in paths.into_iter().filter_map(|path| slot.value.at(path)) {
            let text = node.text().unwrap_or_default();
            if text.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://")) {
                let message = format!("`{}` asks for its secret in the clear", slot.key);
                let subject = format!("credentials.{}", slot.key);
                let help = "write `https://`";
                out.push(Finding::new(&PLAIN_HTTP, node.at, message).on(subject).help(help));
            }
        }
    }
}
