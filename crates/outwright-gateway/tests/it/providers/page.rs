//! The reference page of the starters, made from their files; a stale page fails.
//!
//! `OUTWRIGHT_BLESS=1 cargo test -p outwright-gateway --test it the_page_of_providers` writes it anew.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use outwright_core::provider::{Inject, Key, KeyOrigin, Operation, Plan, Provider};
use outwright_core::ratelimit::Policy;

use super::provider;
use super::table::{ROWS, Row};

const HEAD: &str = "\
# Providers that outwright knows

For these providers the repository holds facts (`facts/<provider>.yaml`: what the provider says of itself, each fact with its page) and a starter contract (`contracts/<provider>.yaml`: complete, and yours to change).
Each is exercised against the demo provider, which then throttles, fails and repeats answers as the facts say.

Copy the two files, replace what begins with `example`, and run `outwright check`: the warning OW805 names what is still an example.
A limit is that of the smallest published plan, or `own`: a ceiling that the contract sets because the provider publishes none, or none for all accounts.
Write yours under `limits` of the contract, which wins over the facts.
What could not be found in a provider's documents is left out and said in a comment.

`aws` is Amazon Bedrock Runtime, as one API in the style of AWS that takes a bearer token; the others of AWS take signatures, which this version does not make.

This page is made from those files.

## At a glance

| provider | dialect | limits | key | official clients stop at | id of a request |
| --- | --- | --- | --- | --- | --- |
";

/// How the client libraries that the tests run are pointed at outwright; the guide shows the lines.
const CLIENTS: &[(&str, &str)] = &[
    ("github", "PyGithub with a door of its own, since it asserts where URLs in answers lead"),
    ("openai", "openai-python with the base URL `http://127.0.0.1:4180/openai/v1`"),
    (
        "slack",
        "slack_sdk and @slack/web-api with `http://127.0.0.1:4180/slack/api/`, retries of the latter off",
    ),
    (
        "stripe",
        "stripe-python with `http://127.0.0.1:4180/stripe`, stripe-node with a door of its own",
    ),
    ("twilio", "twilio-python with `http://127.0.0.1:4180/twilio` for each domain"),
];

fn span(per: Duration) -> String {
    match per.as_secs() {
        s if s % 86_400 == 0 => format!("{} d", s / 86_400),
        s if s % 3_600 == 0 => format!("{} h", s / 3_600),
        s if s % 60 == 0 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}

fn window(policy: &Policy) -> String {
    format!("{} {} per {}", policy.name(), policy.requests(), span(policy.per()))
}

/// The value of a key of a file, as it stands there.
fn word<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let mut lines = text.lines().map(str::trim_start);
    let line = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))?;
    line.split(['#', ',']).next().map(str::trim)
}

fn glance(row: &Row, provider: &Provider) -> String {
    let windows: Vec<String> = provider.windows.iter().map(window).collect();
    let keys = provider.operations.iter().find_map(|op| match &op.key {
        Key::None => None,
        Key::Header { name, .. } => Some(format!("field `{name}`")),
        Key::Body { pointer, .. } => Some(format!("body `{pointer}`")),
    });
    let dialect = word(row.facts, "dialect").unwrap_or("–");
    let id = provider.request_id.as_ref().map(|name| format!("`{name}`"));
    let stops = provider.stop_retry.iter().map(|(field, _)| format!("`{field}`"));
    let told = row.facts.lines().any(|line| line.starts_with("stop_retry:"));
    let stops = if told { stops.last() } else { None };
    let or = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    format!(
        "| [{name}](#{name}) | {dialect} | {} | {} | {} | {} |\n",
        windows.join("; "),
        or(keys),
        or(stops),
        or(id),
        name = row.name,
    )
}

fn plan(operation: &Operation) -> String {
    let origin = match &operation.key {
        Key::None => None,
        Key::Header { origin, .. } | Key::Body { origin, .. } => Some(origin),
    };
    let key = match origin {
        None => "",
        Some(KeyOrigin::Required) => ", key required",
        Some(KeyOrigin::PerCall) => ", key per call",
        Some(KeyOrigin::Derive(_)) => ", key derived",
    };
    let stream = if operation.stream.is_some() { ", stream" } else { "" };
    let word = if operation.plan == Plan::Safe { "safe" } else { operation.plan.word() };
    format!("{word}{key}{stream}")
}

fn section(row: &Row, provider: &Provider) -> String {
    let mut text = format!("\n## {}\n\n", row.name);
    let clients = CLIENTS.iter().find(|(name, _)| *name == row.name);
    let clients = clients.map_or_else(
        || {
            format!(
                "none is run by the tests; the base URL is `http://127.0.0.1:4180/{}`",
                row.name
            )
        },
        |(_, clients)| (*clients).to_owned(),
    );
    let inject = match provider.slots.first().map(|slot| &slot.inject) {
        None => "none".to_owned(),
        Some(Inject::Bearer) => "a bearer token".to_owned(),
        Some(Inject::Header { name, .. }) => format!("field `{name}`"),
        Some(Inject::Basic { .. }) => "user and password".to_owned(),
        Some(Inject::Query { name }) => format!("parameter `{name}`"),
    };
    let docs = word(row.facts, "docs").unwrap_or_default();
    let changes = word(row.facts, "changelog").unwrap_or_default();
    let checked = word(row.facts, "checked").unwrap_or_default();
    writeln!(text, "- Documents: <{docs}>, changes: <{changes}>; compared on {checked}.").unwrap();
    writeln!(text, "- Client libraries: {clients}.").unwrap();
    writeln!(text, "- Credential: {inject}.").unwrap();
    let sla = word(row.facts, "availability").or_else(|| {
        let line = row.facts.lines().find_map(|l| l.strip_prefix("sla: { availability: "))?;
        line.split([',', ' ', '}']).next()
    });
    writeln!(text, "- Promised availability: {}.", sla.unwrap_or("not found")).unwrap();
    text.push_str("\n| operation | request | plan |\n| --- | --- | --- |\n");
    for operation in &provider.operations {
        let (method, template) = (&operation.method, &operation.template);
        let plan = plan(operation);
        writeln!(text, "| `{}` | `{method} {template}` | {plan} |", operation.name).unwrap();
    }
    if !provider.errors.is_empty() {
        text.push_str("\n| error | class | effect |\n| --- | --- | --- |\n");
    }
    for error in &provider.errors {
        let status = error.status.map_or("any".to_owned(), |status| status.to_string());
        let fields = error
            .headers
            .iter()
            .map(|(name, value)| format!(" `{name}: {}`", value.as_deref().unwrap_or("any")));
        let json = error.json.iter().map(|(pointer, value)| format!(" `{pointer}` = `{value}`"));
        let marks: String = fields.chain(json).collect();
        let effect = error.effect.map_or("by its status", |effect| effect.word());
        writeln!(text, "| {status}{marks} | {} | {effect} |", error.class.word()).unwrap();
    }
    text
}

#[test]
fn the_page_of_providers_is_that_of_their_files() {
    let mut page = HEAD.to_owned();
    let providers: Vec<Provider> = ROWS.iter().map(provider).collect();
    for (row, provider) in ROWS.iter().zip(&providers) {
        page.push_str(&glance(row, provider));
    }
    page.push_str("\nHow each client library is pointed at outwright, and whose retries to switch off: [the guide](../guides/client-libraries.md).\n");
    for (row, provider) in ROWS.iter().zip(&providers) {
        page.push_str(&section(row, provider));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/providers.md");
    if std::env::var_os("OUTWRIGHT_BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let stands = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stands == page,
        "docs/reference/providers.md is stale; the head of this file renews it"
    );
}
