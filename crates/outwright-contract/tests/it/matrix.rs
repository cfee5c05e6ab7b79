//! Rules that hold for each of several keys, methods or plans: every one of them, by tables typed here.

use std::collections::BTreeSet;

use outwright_contract::{Colour, Options, Report, Severity, Source, load};
use proptest::{prop_assert, prop_assert_eq, proptest};

use crate::sample::TODAY;

const BASE: &str = include_str!("base.yaml");

fn report(contract: &str) -> Report {
    load(&[Source::new("contracts/acme.yaml", contract)], &Options::check(TODAY)).report
}

/// The whole contract with one piece of text in place of another.
fn with(from: &str, to: &str) -> String {
    assert!(BASE.contains(from), "{from}");
    BASE.replacen(from, to, 1)
}

fn errors(report: &Report) -> BTreeSet<&'static str> {
    let errors = report.findings.iter().filter(|f| f.severity == Severity::Error);
    errors.map(|finding| finding.rule.code).collect()
}

/// Exactly this error, and its message names the key.
fn lacks(contract: &str, code: &str, key: &str) {
    let report = report(contract);
    let text = report.text(Colour::Off);
    assert_eq!(errors(&report), BTreeSet::from([code]), "{key}\n{text}");
    let named = report.findings.iter().any(|f| f.rule.code == code && f.message.contains(key));
    assert!(named, "{key} is not named:\n{text}");
}

///
#[test]
fn each_timeout_that_is_missing_is_an_error_that_names_it() {
    for (key, text) in [
        ("connect", "connect: 1s, "),
        ("first_byte", "first_byte: 2s, "),
        ("idle", "idle: 2s, "),
        ("attempt", "attempt: 3s, "),
        ("total", ", total: 12s"),
    ] {
        lacks(&with(text, ""), "OW201", key);
    }
    let all = "timeouts: { connect: 1s, first_byte: 2s, idle: 2s, attempt: 3s, total: 12s }\n";
    lacks(&with(all, ""), "OW201", "connect, first_byte, idle, attempt, total");
}

///
#[test]
fn each_bound_of_retries_that_is_missing_is_an_error_that_names_it() {
    for (key, text) in [
        ("retry.attempts", "attempts: 3, "),
        ("retry.backoff.base", "base: 100ms, "),
        ("retry.backoff.cap", "cap: 1s, "),
        ("retry.backoff.jitter", ", jitter: full"),
        ("retry.budget", ", budget: { ratio: 20%, burst: 10 }"),
        ("retry.budget.ratio", "ratio: 20%, "),
        ("retry.budget.burst", ", burst: 10"),
    ] {
        lacks(&with(text, ""), "OW311", key);
    }
}

///
#[test]
fn each_duty_that_is_missing_is_an_error_that_names_it() {
    for (code, key, text) in [
        ("OW801", "owner.team", "team: shop, "),
        ("OW801", "owner.contact", ", contact: shop@example.com"),
        ("OW801", "tier", "tier: important\n"),
        ("OW802", "slo.availability", "availability: 99.9%, "),
        ("OW802", "slo.window", ", window: 30d"),
        ("OW803", "alerts.page", "page: shop-pager, "),
        ("OW803", "alerts.ticket", "ticket: shop-queue, "),
        ("OW803", "alerts.runbook", ", runbook: docs/runbooks/acme.md"),
        ("OW603", "rotation", "    rotation: { strategy: dual, max_age: 90d, overlap: 24h }\n"),
        ("OW603", "rotation.max_age", "max_age: 90d, "),
        ("OW603", "revoke", "    revoke: { manual: https://acme.example/keys }\n"),
        ("OW901", "lifecycle", "lifecycle: { notice: 90d }\n"),
    ] {
        lacks(&with(text, ""), code, key);
    }
}

const METHODS: [&str; 7] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];

/// What stands under `idempotency`, and the code for each method in the order above; empty: it is fine.
const PLANS: [(&str, [&str; 7]); 12] = [
    ("", ["", "", "", "OW301", "OW301", "OW301", "OW301"]),
    ("plan: safe", ["", "", "", "", "OW304", "OW304", "OW304"]),
    ("plan: repeatable", ["", "", "", "OW304", "", "OW304", ""]),
    ("plan: repeatable, because: \"it replaces itself\"", [""; 7]),
    ("plan: conditional", [""; 7]),
    ("plan: provider_key, key: required", [""; 7]),
    ("plan: provider_key", ["OW302"; 7]),
    ("plan: body_field, key: per_call, field: /key", [""; 7]),
    ("plan: body_field, key: per_call", ["OW303"; 7]),
    ("plan: reconcile", ["OW307"; 7]),
    (
        "plan: reconcile, reconcile: { operation: list_orders, stamp: { json: /note }, match: { \"/data/*/note\": \"{call}\" }, visible_after: 1m }",
        [""; 7],
    ),
    ("plan: once", [""; 7]),
];

///
#[test]
fn every_method_meets_every_plan() {
    for (plan, codes) in PLANS {
        for (method, code) in METHODS.into_iter().zip(codes) {
            let idempotency = match plan {
                "" => String::new(),
                plan => format!("    idempotency: {{ {plan} }}\n"),
            };
            let operation = format!(
                "  the_operation:\n    request: {method} /v1/things\n{idempotency}    fallback: none\nlifecycle:"
            );
            let contract = with("lifecycle:", &operation).replace(
                "methods: [POST]",
                "methods: [GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE]",
            );
            let report = report(&contract);
            let expected: BTreeSet<&str> =
                Some(code).filter(|c| !c.is_empty()).into_iter().collect();
            assert_eq!(
                errors(&report),
                expected,
                "{method} × {plan}\n{}",
                report.text(Colour::Off)
            );
        }
    }
}

///
#[test]
fn what_is_sent_once_has_no_retry_of_its_own() {
    let once = "    idempotency: { plan: once }\n    retry: { attempts: 2 }\n";
    let report = report(&with("    idempotency: { plan: provider_key, key: required }\n", once));
    assert_eq!(errors(&report), BTreeSet::from(["OW305"]));
}

/// redirects, limits without end and pins of keys have no word in the format.
#[test]
fn what_the_format_has_no_word_for_cannot_be_switched_on() {
    for (line, code) in [
        ("redirects: follow\n", "OW102"),
        ("egress: { redirects: [acme.example] }\n", "OW102"),
        ("egress: { pins: [sha256//x] }\n", "OW102"),
        ("egress: { verify: false }\n", "OW102"),
        ("bodies: { response: unlimited }\n", "OW107"),
        ("bodies: { request: unlimited }\n", "OW107"),
        ("bodies: { response: 0x }\n", "OW107"),
        ("bodies: { decoded: unlimited }\n", "OW107"),
        ("bodies: { decoded: unchecked }\n", "OW409"),
        ("bodies: { headers: unlimited }\n", "OW102"),
    ] {
        let report = report(&format!("{BASE}{line}"));
        assert_eq!(errors(&report), BTreeSet::from([code]), "{line}{}", report.text(Colour::Off));
    }
    let operation = "    fallback: none\n    redirects: follow\n";
    let report = report(&with("    fallback: none\n", operation));
    assert_eq!(errors(&report), BTreeSet::from(["OW102"]));
}

///
#[test]
fn no_address_of_a_contract_is_in_the_clear() {
    for (from, to) in [
        ("base_url: https://api.acme.example", "base_url: http://api.acme.example"),
        ("{ bearer: {} }", "{ oauth2: { token_url: http://auth.acme.example/token } }"),
        ("{ bearer: {} }", "{ oauth2: { token_url: HTTP://auth.acme.example/token } }"),
        ("{ file: /run/secrets/acme }", "{ vault: { path: kv/acme, address: http://vault:8200 } }"),
    ] {
        assert_eq!(errors(&report(&with(from, to))), BTreeSet::from(["OW702"]), "{to}");
    }
}

///
#[test]
fn each_grant_that_oauth_has_given_up_is_refused() {
    for (grant, code) in [
        ("client_credentials", None),
        ("refresh_token", None),
        ("authorization_code", None),
        ("jwt_bearer", None),
        ("token_exchange", None),
        ("device_code", None),
        ("password", Some("OW613")),
        ("implicit", Some("OW613")),
        ("token", Some("OW107")),
    ] {
        let inject = format!(
            "{{ oauth2: {{ token_url: https://auth.acme.example/token, grant: {grant} }} }}"
        );
        let report = report(&with("{ bearer: {} }", &inject));
        assert_eq!(errors(&report), code.into_iter().collect(), "{grant}");
    }
}

proptest! {
    ///
    #[test]
    fn attempts_that_do_not_fit_the_total_are_an_error_and_those_that_fit_are_none(
        attempts in 1_u64..=10,
        attempt in 10_u64..=4_000,
        (base, above) in (1_u64..=500, 0_u64..=2_000),
        queue_wait in 1_u64..=2_000,
        slack in -3_000_i64..=3_000,
    ) {
        let cap = base + above;
        let waits: u64 = (1..attempts).map(|n| cap.min(base << (n - 1))).sum();
        let worst = attempts * attempt + waits + queue_wait;
        let total = worst.saturating_add_signed(slack).max(attempt);
        let contract = with("connect: 1s, first_byte: 2s", "connect: 1ms, first_byte: 1ms")
            .replace("attempt: 3s, total: 12s", &format!("attempt: {attempt}ms, total: {total}ms"))
            .replace("attempts: 3", &format!("attempts: {attempts}"))
            .replace("base: 100ms, cap: 1s", &format!("base: {base}ms, cap: {cap}ms"))
            + &format!("concurrency: {{ queue_wait: {queue_wait}ms }}\n");
        let found = errors(&report(&contract));
        prop_assert_eq!(found.contains("OW203"), worst > total, "{}", contract);
        prop_assert!(found.iter().all(|code| *code == "OW203"), "{:?}", found);
    }
}

/// A waiver without its reason, owner or last day is none; one after its last day is an error, and so is what it waived.
#[test]
fn a_waiver_is_whole_or_it_is_an_error() {
    let broken = with("total: 12s", "total: 9s");
    let waiver = |text: &str| report(&format!("{broken}waivers:\n  - {{ {text} }}\n"));
    let whole = "rule: OW203, place: operations, reason: winter, owner: shop, until: 2026-12-31";
    assert_eq!(errors(&waiver(whole)), BTreeSet::new());
    for part in [", reason: winter", ", owner: shop", ", until: 2026-12-31", ", place: operations"]
    {
        let found = errors(&waiver(&whole.replace(part, "")));
        assert!(found.contains("OW108"), "{part}: {found:?}");
    }
    let found = errors(&waiver(&whole.replace("2026-12-31", "2026-11-22")));
    assert_eq!(found, BTreeSet::from(["OW203", "OW902"]));
    // The day itself still counts.
    assert_eq!(errors(&waiver(&whole.replace("2026-12-31", "2026-11-23"))), BTreeSet::new());
}
