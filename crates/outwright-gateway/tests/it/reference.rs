//! The pages of the reference that are made from tables of the code: a stale page fails.
//!
//! `OUTWRIGHT_BLESS=1 cargo test -p outwright-gateway --test it reference` writes them anew.

use std::fmt::Write as _;
use std::path::Path;

use outwright::telemetry::{FAMILIES, Outcome, TurnedAway};
use outwright_core::event::BreakerState;
use outwright_core::outcome::{Class, Fault};
use outwright_core::refusal::Reason;
use outwright_core::step::Skip;
use outwright_gateway::problem::KINDS;

fn check(page: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(page);
    if std::env::var_os("OUTWRIGHT_BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let stands = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stands == text,
        "docs/reference/{page} is stale; the head of this file says how to renew it"
    );
}

#[test]
fn the_page_of_problems_is_that_of_the_table() {
    let mut page = String::from(
        "# Problems\n\n\
         An error that outwright itself reports is a problem document of RFC 9457: `application/problem+json`, with the type below.\n\
         An error of the provider comes through as the provider wrote it.\n\
         `Outwright-Origin` tells the two apart: `outwright` or `provider`; so does `Proxy-Status`, with `error=` or `received-status=`.\n\n\
         Every document has `type`, `title`, `status`, `detail`, `help` (what to do), `attempts` (sends that were made) and `retryable`.\n\
         Where they are known it has `instance` (the call), `provider`, `operation`, `retry_after_ms`, `effect` (what was done at the provider: none, unknown, done), \
         `cause` (a word of the lists below) and `retry_skipped` (why it was not tried again).\n\
         An error also has `error` with `type` (`api_error` or `invalid_request_error`), `code` (the last part of the type) and `message`: the form in which official clients of several providers look for one.\n\n\
         This page is made from `crates/outwright-gateway/src/problem/table.rs`.\n\n\
         | type | status | `Proxy-Status` error | retryable | `Outwright-Retry` |\n\
         | --- | --- | --- | --- | --- |\n",
    );
    for kind in KINDS {
        writeln!(
            page,
            "| [`{}`](#{}) | {} | `{}` | {} | {} |",
            kind.uri,
            kind.name,
            kind.status.as_u16(),
            kind.error,
            if kind.retryable { "yes" } else { "no" },
            kind.retry.unwrap_or("–"),
        )
        .unwrap();
    }
    page.push_str(
        "\nThe status and the error of a failed attempt follow how it failed: 504 where time ran out, 502 otherwise.\n",
    );
    for kind in KINDS {
        let (name, title, detail, help) = (kind.name, kind.title, kind.detail, kind.help);
        write!(page, "\n## {name}\n\n{title}.\n{detail}\n\nWhat to do: {help}\n").unwrap();
    }
    check("problems.md", &page);
}

#[test]
fn the_page_of_metrics_is_that_of_the_table() {
    let mut page = String::from(
        "# Metrics\n\n\
         `GET /metrics` on the admin port gives them as Prometheus text 0.0.4, on loopback without a token.\n\
         Labels hold words of the contract and of the lists below, never a path, a key or an id.\n\
         A family with words of which most never occur shows a row only after it was counted: retries, retries suppressed, unknown outcomes, breaker transitions.\n\
         All other rows stand at 0 from the start, so that an increase from the first event on can be seen.\n\n\
         This page is made from `crates/outwright/src/telemetry/families.rs`.\n\n\
         | name | type | labels | what it says |\n\
         | --- | --- | --- | --- |\n",
    );
    for family in FAMILIES {
        let labels: Vec<_> = family.labels.iter().map(|label| format!("`{label}`")).collect();
        let labels = if labels.is_empty() { "–".to_owned() } else { labels.join(", ") };
        let (name, kind) = (family.name, family.kind.word());
        writeln!(page, "| `{name}` | {kind} | {labels} | {} |", family.help).unwrap();
    }
    page.push_str("\n## Words of the labels\n\n");
    let mut words = |label: &str, words: Vec<&str>| {
        writeln!(page, "- {label}: `{}`", words.join("` · `")).unwrap();
    };
    words("`outcome`", Outcome::ALL.map(Outcome::word).into());
    words("`result` of attempts, `reason` of retries", Class::ALL.map(Class::word).into());
    words("`cause` of suppressed retries", Skip::ALL.map(Skip::word).into());
    words("`cause` of unknown outcomes, besides `reply`", Fault::ALL.map(Fault::word).into());
    words("`reason` of rejections", Reason::ALL.map(Reason::word).into());
    words("`state`, `from`, `to`", BreakerState::ALL.map(BreakerState::word).into());
    words("`problem`", TurnedAway::ALL.map(TurnedAway::word).into());
    words("`signal`", vec!["429", "503_retry_after", "quota_header"]);
    check("metrics.md", &page);
}
