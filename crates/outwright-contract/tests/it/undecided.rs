//! What is undecided: one finding each, whatever other rules would want to read there.

use outwright_contract::node::UNDECIDED;
use outwright_contract::{Colour, Options, Severity, Source, load};

use crate::hostile::GOOD;
use crate::sample::TODAY;

/// More of the format than the good contract uses, without a finding.
fn wide() -> String {
    GOOD.replace("errors: []\n", "")
        .replace("    fallback: none\n", "    fallback:\n      stale: 10m\n      despite: [no-store]\n      because: \"shown with its age\"\n")
        .replace(
            "    idempotency: { plan: provider_key, key: required }\n",
            "    idempotency:\n      plan: provider_key\n      key: { derive: [/id] }\n      header: Order-Key\n    credential: main\n",
        )
        .replace("lifecycle:", "  count_orders:\n    request: GET /v1/count\n    needs: [orders]\n    fallback:\n      static: { status: 200, content_type: application/json, body: \"{}\" }\nlifecycle:")
        .replace("max_age: 90d }", "max_age: 90d, verify: list_orders }")
        .replace("per: 1s }", "per: 1s, operations: [list_orders] }")
        .replace("inject: { bearer: {} }", "inject: { query: { name: key, unavoidable: true } }")
        + "breaker: { window: 10s, min_calls: 20, failure_ratio: 90%, open: { base: 1s, cap: 9s }, probes: 1 }\nconcurrency: { max: 20, queue: 40, queue_wait: 1s }\nbodies: { request: 8MiB, replay: 64KiB, response: 64MiB, decoded: 50MiB, media: any }\nversion: { header: X-Version, value: v1 }\nerrors:\n  - { status: 409, class: transient, effect: none }\nlinks: rewrite\nmode: enforce\nsla: { availability: none }\n"
}

/// Each value of a text: where it starts and ends, and its key.
fn values(text: &str) -> Vec<(usize, usize, String)> {
    let mut found = Vec::new();
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    for (colon, _) in text.match_indices(':') {
        let key: String =
            text[..colon].bytes().rev().take_while(|b| word(*b)).map(char::from).collect();
        let key: String = key.chars().rev().collect();
        let rest = &text[colon + 1..];
        if key.is_empty() || !rest.starts_with([' ', '\n']) {
            continue;
        }
        let (start, end) =
            if rest.starts_with('\n') { block(text, colon) } else { inline(text, colon + 2) };
        found.push((start, end, key));
    }
    found
}

/// What is indented below the line of a key.
fn block(text: &str, colon: usize) -> (usize, usize) {
    let line = text[..colon].rfind('\n').map_or(0, |at| at + 1);
    let indent = text[line..].len() - text[line..].trim_start().len();
    let mut end = colon + 1;
    for below in text[colon + 2..].split_inclusive('\n') {
        let deeper = below.len() - below.trim_start().len() > indent;
        if !deeper {
            break;
        }
        end += below.len();
    }
    (colon + 1, end)
}

fn inline(text: &str, start: usize) -> (usize, usize) {
    let mut depth = 0_i32;
    let mut quoted = false;
    for (at, c) in text[start..].char_indices() {
        match c {
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted && depth > 0 => depth -= 1,
            ',' | '}' | ']' if !quoted && depth == 0 => {
                return (start, start + text[start..start + at].trim_end().len());
            }
            '\n' if depth == 0 => return (start, start + at),
            _ => {}
        }
    }
    (start, text.len())
}

#[track_caller]
fn only(text: &str, key: &str) {
    let loaded = load(&[Source::new("contracts/acme.yaml", text)], &Options::check(TODAY));
    let found: Vec<_> = loaded.report.findings.iter().map(|f| (f.rule.code, f.severity)).collect();
    let said = loaded.report.text(Colour::Off);
    assert_eq!(found, [("OW113", Severity::Error)], "{key}\n{text}\n{said}");
    let finding = loaded.report.findings.first().expect("there is one");
    assert!(finding.message.contains(key) && finding.help.starts_with("decide"), "{said}");
    assert!(loaded.providers.is_empty(), "{key}");
}

#[test]
fn each_value_of_a_contract_can_be_undecided_and_is_told_once() {
    let text = wide();
    let clean = load(&[Source::new("contracts/acme.yaml", text.clone())], &Options::check(TODAY));
    assert_eq!(clean.report.findings.len(), 0, "{}", clean.report.text(Colour::Off));
    let values = values(&text);
    assert!(values.len() > 110, "{}", values.len());
    for (start, end, key) in values {
        let comment = if text[end..].starts_with('\n') { " # from /paths" } else { "" };
        let before = text[..start].trim_end_matches(' ');
        only(&format!("{before} {UNDECIDED}{comment}{}", &text[end..]), &key);
    }
}

#[test]
fn an_undecided_item_of_a_list_is_told_once() {
    for list in ["hosts: [", "scopes: [", "needs: [", "methods: ["] {
        let at = GOOD.find(list).unwrap() + list.len();
        let end = at + GOOD[at..].find(']').unwrap();
        only(
            &format!("{}{UNDECIDED}{}", &GOOD[..at], &GOOD[end..]),
            list.split(':').next().unwrap(),
        );
    }
}

#[test]
fn what_is_undecided_is_told_with_what_has_to_be_decided_and_what_may_stand_there() {
    let text = GOOD
        .replace("connect: 1s", "connect: UNDECIDED")
        .replace("plan: provider_key", "plan: UNDECIDED")
        .replace("fallback: none", "fallback: UNDECIDED   # default: ask who reads it")
        .replace("owner: { team: shop, contact: shop@example.com }", "owner: UNDECIDED");
    let loaded = load(&[Source::new("contracts/acme.yaml", text)], &Options::check(TODAY));
    insta::assert_snapshot!(loaded.report.text(Colour::Off));
}

#[test]
fn explain_shows_what_is_undecided() {
    let text = GOOD
        .replace("connect: 1s", "connect: UNDECIDED")
        .replace("fallback: none", "fallback: UNDECIDED")
        + "breaker: UNDECIDED\n";
    let options = Options::check(TODAY);
    let loaded = load(&[Source::new("contracts/acme.yaml", text)], &options);
    let explained = loaded.explain("acme", Some("list_orders"), &options).expect("it is there");
    let text = explained.text();
    for sentence in
        ["`timeouts.connect` is UNDECIDED.", "`fallback` is UNDECIDED.", "`breaker` is UNDECIDED."]
    {
        assert!(text.contains(sentence), "{sentence} in\n{text}");
    }
    assert!(!text.contains("The breaker opens at"), "no default stands in its place:\n{text}");
    let json = explained.json().to_string();
    assert!(json.contains(r#""value":"UNDECIDED""#), "{json}");
}
