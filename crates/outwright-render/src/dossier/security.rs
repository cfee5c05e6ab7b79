//! Chapter 3: where calls may go, which secret opens what, how it is renewed and withdrawn, and who may call.

use outwright_contract::Profile;
use outwright_contract::profile::Record;

use super::pictures;
use super::words::{decided, may, must, must_lead};
use crate::paper::{Block, Text, Tone, heading, table};

pub(super) fn blocks(profile: &Profile) -> Vec<Block> {
    let mut blocks = vec![heading(2, "Where calls may go", "egress")];
    blocks.extend(egress(profile));
    blocks.push(heading(2, "Credentials", "credentials"));
    blocks.extend(credentials(profile));
    blocks.extend(scopes(profile));
    for slot in &profile.credentials {
        blocks.extend(leak(profile, slot));
    }
    blocks.push(heading(2, "What of a caller's request goes on", "fields"));
    blocks.push(Block::Text(Text::from(
        "Credentials of a caller stop at outwright. Of the fields that say who the caller is, only those named here go on.",
    )));
    blocks.push(decided(&profile.lines, &["fields", "links"]));
    blocks.extend(data(profile));
    blocks.extend(callers(profile));
    blocks.push(heading(2, "Where secrets never appear", "redaction"));
    blocks.push(Block::Text(Text::from(
        "No log line, metric, trace, error, page or file of outwright holds a secret: this contract names where a secret is read and never what it is, and neither does this dossier.",
    )));
    blocks.extend(waivers(profile));
    blocks
}

fn egress(profile: &Profile) -> Vec<Block> {
    let value = |key: &str| profile.value(key);
    let mut facts = vec![Text::of(
        "Calls go to {} and nowhere else; a redirect is handed to the caller and never followed.",
        &[value("base_url").unwrap_or("UNDECIDED")],
    )];
    let clear = value("base_url").is_some_and(|url| url.starts_with("http://"));
    facts.push(if clear {
        Text::mark(Tone::Watch, "In the clear")
            .then(Text::from(", which is accepted for loopback and in development only."))
    } else {
        Text::from("Always under TLS 1.2 or later, with the certificate and its name checked.")
    });
    facts.push(value("egress.ca").map_or_else(
        || Text::from("The trust store of the machine says which certificates are good."),
        |file| Text::of("Only the roots in {} are trusted.", &[file]),
    ));
    facts.push(value("egress.private").map_or_else(
        || Text::from("Private and special addresses are refused, whatever a name resolves to."),
        |networks| {
            Text::mark(Tone::Watch, "Private addresses")
                .then(Text::of(" are allowed in {}, all others are refused.", &[networks]))
        },
    ));
    vec![Block::List(facts)]
}

fn credentials(profile: &Profile) -> Vec<Block> {
    if profile.credentials.is_empty() {
        return vec![Block::Text(Text::from("The provider is called without a credential."))];
    }
    let row = |slot: &Record| {
        let (form, place) = slot.form("source").unwrap_or(("UNDECIDED", ""));
        let inject = slot.form("inject").map_or("UNDECIDED", |(form, _)| form);
        vec![
            Text::only(&slot.name),
            Text::of("{} {}", &[form, place]),
            Text::only(inject.split('.').next().unwrap_or(inject)),
            must(slot.value("hosts")),
            may(slot.value("scopes")),
        ]
    };
    let plan = |slot: &Record| {
        let revoke = slot.form("revoke").map(|(_, place)| place);
        vec![
            Text::only(&slot.name),
            must(slot.value("rotation.strategy")),
            must(slot.value("rotation.max_age")),
            may(slot.value("rotation.overlap")),
            may(slot.value("rotation.verify")),
            must_lead(revoke),
        ]
    };
    let slots = &profile.credentials;
    let mut blocks = vec![
        table(
            &["credential", "read from", "sent as", "only to", "scopes"],
            slots.iter().map(row).collect(),
        ),
        Block::Text(Text::of(
            "How each is renewed and withdrawn. How old the version in use is says the place that it is read from; a running gateway counts versions in {}.",
            &["outwright_credential_version"],
        )),
        table(
            &[
                "credential",
                "renewed by",
                "at the latest after",
                "two are valid for",
                "proved with",
                "withdrawn at",
            ],
            slots.iter().map(plan).collect(),
        ),
    ];
    let drawn = slots.iter().filter(|slot| slot.value("rotation.max_age").is_some());
    blocks.extend(drawn.map(|slot| Block::Picture(pictures::rotation(profile, slot))));
    blocks
}

/// Which operation needs which scope, and which scope nobody needs.
fn scopes(profile: &Profile) -> Vec<Block> {
    let rows: Vec<Vec<Text>> = profile
        .credentials
        .iter()
        .flat_map(|slot| {
            let scopes = items(slot.value("scopes").unwrap_or("[]"));
            scopes.into_iter().map(|scope| {
                let needs = profile.operations.iter().filter(|operation| {
                    operation.credential.as_deref() == Some(slot.name.as_str())
                        && items(operation.value("needs").unwrap_or("[]")).contains(&scope)
                });
                let needs = Text::values(needs.map(|operation| operation.name.as_str()));
                let used = if needs.is_empty() { Text::mark(Tone::Watch, "nobody") } else { needs };
                vec![Text::only(&slot.name), Text::only(scope), used]
            })
        })
        .collect();
    if rows.is_empty() {
        return Vec::new();
    }
    vec![
        heading(2, "Who needs which scope", "scopes"),
        table(&["credential", "scope", "needed by"], rows),
    ]
}

/// The items of a list in flow form.
fn items(flow: &str) -> Vec<&str> {
    let inner = flow.trim_start_matches('[').trim_end_matches(']');
    inner.split(',').map(str::trim).filter(|item| !item.is_empty()).collect()
}

/// What to do when a secret has leaked (OWASP Secrets Management Cheat Sheet, section 9; R-537).
fn leak(profile: &Profile, slot: &Record) -> Vec<Block> {
    let revoke = slot.form("revoke").map(|(_, place)| place);
    let (form, place) = slot.form("source").unwrap_or(("UNDECIDED", ""));
    let uses = profile
        .operations
        .iter()
        .filter(|operation| operation.credential.as_deref() == Some(slot.name.as_str()));
    let uses = Text::values(uses.map(|operation| operation.name.as_str()));
    vec![
        heading(2, &format!("If {} has leaked", slot.name), &format!("leak-{}", slot.name)),
        Block::Steps(vec![
            Text::from("Withdraw it: ").then(must_lead(revoke)).then(Text::from(
                ". Until the next step is done every call with it fails, which is meant.",
            )),
            Text::of("Put a new one where outwright reads it: {} {}. A file is read again by itself when it changes.", &[form, place]),
            Text::from("Prove it: ").then(slot.value("rotation.verify").map_or_else(
                || Text::from("make one read through the gateway."),
                |name| Text::of("{}", &[&format!("outwright call {} {name}", profile.provider)]),
            )),
            Text::from("Delete the old one wherever it stood: where it leaked, and in copies of that."),
            Text::of("Write down who could read {} {}, since when, and which of these were called with it meanwhile: ", &[form, place]).then(uses),
            Text::from("Tell the owner: ").then(must(profile.value("owner.contact"))),
        ]),
    ]
}

/// What is shared with the provider, by operation.
fn data(profile: &Profile) -> Vec<Block> {
    let rows = profile.operations.iter().map(|operation| {
        let classes = operation.value("data").or_else(|| operation.value("data.classes"));
        vec![
            Text::only(&operation.name),
            classes.map_or_else(|| Text::mark(Tone::Watch, "not declared"), Text::only),
            may(operation.value("data.because")),
            may(operation.value("data.redact")),
        ]
    });
    vec![
        heading(2, "What data goes to the provider", "data"),
        table(&["operation", "classes", "because", "no record shows"], rows.collect()),
    ]
}

fn callers(profile: &Profile) -> Vec<Block> {
    let mut blocks = vec![heading(2, "Who may call", "callers")];
    if profile.callers.is_empty() {
        blocks.push(Block::Text(Text::from(
            "Every caller of this gateway may call every operation: on loopback without a token, elsewhere with one.",
        )));
        return blocks;
    }
    let rows = profile.callers.iter().map(|caller| {
        vec![
            Text::only(&caller.name),
            Text::only(caller.value("operations").unwrap_or("all")),
            Text::only(caller.value("priority").unwrap_or("critical")),
            Text::only(caller.value("share").unwrap_or("100%")),
        ]
    });
    blocks.push(table(
        &["caller", "may call", "highest priority", "share of slots and queue"],
        rows.collect(),
    ));
    blocks
}

fn waivers(profile: &Profile) -> Vec<Block> {
    if profile.waivers.is_empty() {
        return Vec::new();
    }
    let rows = profile.waivers.iter().map(|waiver| {
        vec![
            Text::only(&waiver.name),
            must(waiver.value("place")),
            must(waiver.value("reason")),
            must(waiver.value("owner")),
            must(waiver.value("until")),
        ]
    });
    vec![
        heading(2, "Rules that somebody answers for instead", "waivers"),
        table(&["rule", "where", "why", "who answers", "until"], rows.collect()),
    ]
}
