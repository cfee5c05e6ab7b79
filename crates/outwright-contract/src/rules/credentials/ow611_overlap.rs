//! OW611: an overlap that ends before the new version is everywhere.

use std::time::Duration;

use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};
use crate::node::{Entry, Node};
use crate::units::{duration, show};

/// An overlap that is shorter than a new version needs.
pub static OVERLAP: Rule = Rule {
    code: "OW611",
    severity: Severity::Error,
    waivable: true,
    title: "an overlap that ends before the new version is everywhere",
    what: "Compares `rotation.overlap` of two valid versions (24h where nothing is said) with the time that a new one needs: `source.delay`, three looks of a fleet at each other (6s), and the longest call.\nThe delay is 2m for files, 1m for `exec` and `vault` and 2s for `store` where nothing is said.",
    why: "the old version is withdrawn while some machine still sends it, so that every rotation fails calls",
    help: "raise `overlap`, or state the true delay with `delay:` under `source`",
    bad: "credentials:
  main:
    source: { file: /run/secrets/acme }
    inject: { bearer: {} }
    hosts: [api.acme.example]
    scopes: []
    rotation: { strategy: dual, max_age: 90d, overlap: 1m }
    revoke: { manual: https://acme.example/keys }
",
    good: "credentials:
  main:
    source: { file: /run/secrets/acme, delay: 10m }
    inject: { bearer: {} }
    hosts: [api.acme.example]
    scopes: []
    rotation: { strategy: dual, max_age: 90d, overlap: 1h }
    revoke: { manual: https://acme.example/keys }
",
    sources: &[
        "R-511",
        "R-512",
        "OWASP Secrets Management Cheat Sheet 2.4.1",
        "chosen: the delays, after what Kubernetes' secret drivers poll",
    ],
};

/// How often the members of a fleet look at each other (`product.md` 2: 2 s), three times.
const SYNCS: Duration = Duration::from_secs(6);

pub(super) fn check(view: &View<'_>, slot: &Entry, out: &mut Vec<Finding>) {
    if slot.value.word(&["rotation", "strategy"]) != Some("dual") {
        return;
    }
    let Some(node) = slot.value.at(&["rotation", "overlap"]) else { return };
    let Some(overlap) = slot.value.read(&["rotation", "overlap"], duration) else { return };
    let Some(delay) = delay(&slot.value) else { return };
    let totals = view.operations.iter();
    let totals = totals.filter_map(|op| op.node.read(&["timeouts", "total"], duration));
    let longest = totals.max().unwrap_or_default();
    let floor = delay.saturating_add(SYNCS).saturating_add(longest);
    if overlap < floor {
        let message = format!(
            "a new version of `{}` needs {}, but the old one ends after {}",
            slot.key,
            show(floor),
            show(overlap)
        );
        let label =
            format!("{} source + {} fleet + {} call", show(delay), show(SYNCS), show(longest));
        out.push(Finding::new(&OVERLAP, node.at, message).label(label));
    }
}

/// How long a new version is on its way to every machine: CSI drivers poll every 2 minutes, Vault agents every minute (`credentials.md` 1).
fn delay(slot: &Node) -> Option<Duration> {
    let forms = [("file", 120), ("exec", 60), ("vault", 60), ("store", 2)];
    slot.read(&["source", "delay"], duration).or_else(|| {
        let known = forms.iter().find(|(form, _)| slot.has(&["source", form]));
        known.map(|(_, seconds)| Duration::from_secs(*seconds))
    })
}
