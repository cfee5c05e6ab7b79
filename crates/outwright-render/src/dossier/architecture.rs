//! Chapter 1: how the integration is built, what may be called, and how it fails.

use outwright_contract::Profile;
use outwright_contract::profile::OperationProfile;

use super::words::{may, may_lead, must};
use super::{failures, pictures};
use crate::paper::{Block, Text, Tone, heading, table};

pub(super) fn blocks(profile: &Profile) -> Vec<Block> {
    let mut blocks = vec![
        Block::Text(Text::of(
            "Every call of our services to {} goes through outwright, which sends it under this contract or refuses it; nothing else may reach the provider.",
            &[&profile.provider],
        )),
        Block::Picture(pictures::architecture(profile)),
        at_a_glance(profile),
        heading(2, "What may be called", "operations"),
        Block::Text(Text::from(
            "A method or path that no row names is refused with 403 and never sent.",
        )),
        operations(&profile.operations),
    ];
    blocks.extend(changes(profile));
    blocks.push(heading(2, "What callers get when the provider cannot", "degradation"));
    blocks.push(degradation(&profile.operations));
    blocks.extend(failures::blocks(profile));
    blocks.extend(error_model(profile));
    blocks.extend(environments(profile));
    blocks
}

fn at_a_glance(profile: &Profile) -> Block {
    let value = |key: &str| profile.value(key);
    let mode = match value("mode") {
        Some("report") => Text::mark(Tone::Watch, "report")
            .then(Text::from(": breaker, limits, queue and retries only report")),
        _ => Text::of("{}", &["enforce"]),
    };
    let version = match (value("version.header"), value("version.value")) {
        (Some(header), Some(version)) => Text::of("{}: {}", &[header, version]),
        _ => may(None),
    };
    let row = |what: &str, text: Text| vec![Text::from(what), text];
    table(
        &["", ""],
        vec![
            row("address", must(value("base_url"))),
            row(
                "owner",
                must(value("owner.team")).then(Text::from(", ")).then(must(value("owner.contact"))),
            ),
            row("how much we depend on it", must(value("tier"))),
            row("mode", mode),
            row("version of the API that is asked for", version),
            row("provider's documentation", may_lead(value("docs"))),
            row("provider's changelog", may_lead(value("changelog"))),
            row("contract last looked at", must(value("reviewed"))),
            row("facts last compared with the provider", may(value("checked"))),
        ],
    )
}

fn operations(operations: &[OperationProfile]) -> Block {
    let row = |operation: &OperationProfile| {
        let kind =
            if operation.mutates { (Tone::Watch, "changes") } else { (Tone::Quiet, "reads") };
        vec![
            Text::only(&operation.name),
            must(operation.value("request")),
            Text::mark(kind.0, kind.1),
            must(operation.value("idempotency.plan")),
            operation
                .credential
                .as_deref()
                .map_or_else(|| Text::mark(Tone::Quiet, "none"), Text::only),
            may(operation.value("priority")),
            operation
                .value("stream.max")
                .map_or_else(Text::default, |max| Text::of("streams up to {}", &[max])),
        ]
    };
    table(
        &["operation", "request", "kind", "plan", "credential", "highest priority", ""],
        operations.iter().map(row).collect(),
    )
}

/// Operations that change something, and why a repeat is safe, or is not made.
fn changes(profile: &Profile) -> Vec<Block> {
    let changing: Vec<_> = profile.operations.iter().filter(|op| op.mutates).collect();
    if changing.is_empty() {
        return vec![Block::Text(Text::from(
            "No operation of this contract changes anything at the provider.",
        ))];
    }
    let row = |operation: &&OperationProfile| {
        let plan = operation.value("idempotency.plan");
        let sentence = operation.explanation.lines.iter().find(|l| l.key == "idempotency.plan");
        let key = operation
            .value("idempotency.key")
            .or_else(|| operation.value("idempotency.key.derive"));
        let asked = operation
            .value("idempotency.reconcile.operation")
            .map_or_else(Text::default, |name| Text::of("looked up with {}", &[name]));
        vec![
            Text::only(&operation.name),
            must(plan),
            sentence.map_or_else(Text::default, |line| Text::from(line.sentence.as_str())),
            key.map_or_else(Text::default, Text::only),
            operation
                .value("idempotency.because")
                .map_or(asked, |why| Text::of("because {}", &[why])),
        ]
    };
    vec![
        heading(2, "What may not happen twice", "twice"),
        Block::Text(Text::from(
            "When an answer is lost, nobody on our side can see whether the provider acted. \
             The plan of an operation says what makes a repeat safe; without one there is no repeat, and the caller is told that the outcome is unknown.",
        )),
        table(
            &["operation", "plan", "what it means", "key", "besides"],
            changing.iter().map(row).collect(),
        ),
    ]
}

fn degradation(operations: &[OperationProfile]) -> Block {
    let row = |operation: &OperationProfile| {
        let fallback = operation
            .explanation
            .lines
            .iter()
            .filter(|line| line.key == "fallback" || line.key.starts_with("fallback."));
        let sentences: Vec<&str> = fallback.map(|line| line.sentence.as_str()).collect();
        let text = if !sentences.is_empty() {
            sentences.iter().fold(Text::default(), |text, sentence| {
                let gap = if text.is_empty() { "" } else { " " };
                text.then(Text::from(gap)).then(Text::from(*sentence))
            })
        } else if operation.mutates {
            Text::from(
                "An honest failure, or that its outcome is unknown; never a success that did not happen.",
            )
        } else {
            Text::mark(Tone::Bad, "UNDECIDED")
        };
        let deferred = match operation.value("async") {
            Some("allowed") => {
                Text::from("may be handed over to be sent later, if the caller asks")
            }
            Some("always") => Text::from("is always handed over to be sent later"),
            _ => Text::default(),
        };
        vec![Text::only(&operation.name), text, deferred]
    };
    table(&["operation", "the caller gets", "hand-over"], operations.iter().map(row).collect())
}

fn error_model(profile: &Profile) -> Vec<Block> {
    if profile.errors.is_empty() {
        return Vec::new();
    }
    let rows = profile.errors.iter().map(|row| {
        let conditions = row.values.iter().filter(|(key, _)| {
            key == "status" || key.starts_with("headers.") || key.starts_with("json.")
        });
        let conditions: Vec<String> =
            conditions.map(|(key, value)| format!("{key}: {value}")).collect();
        vec![
            Text::values(conditions.iter().map(String::as_str)),
            must(row.value("class")),
            may(row.value("effect")),
            may_lead(row.value("source")),
        ]
    });
    vec![
        heading(2, "Where the provider's errors differ from HTTP's", "errors"),
        table(&["when", "means", "effect at the provider", "source"], rows.collect()),
    ]
}

fn environments(profile: &Profile) -> Vec<Block> {
    if profile.environments.is_empty() {
        return Vec::new();
    }
    let rows = profile.environments.iter().flat_map(|environment| {
        environment.values.iter().map(|(key, value)| {
            vec![Text::only(&environment.name), Text::only(key), Text::only(value)]
        })
    });
    vec![
        heading(2, "What differs per environment", "environments"),
        table(&["environment", "key", "value"], rows.collect()),
    ]
}
