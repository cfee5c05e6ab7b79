//! What stands before the operations of a draft.

use super::credentials::Slots;
use super::lines::Lines;
use super::operations::Chosen;
use super::{Base, Wishes};
use crate::description::{Description, Server};

/// Parts of a host that say that it is for tests.
const TESTS: [&str; 8] = ["test", "sandbox", "staging", "demo", "dev", "uat", "qa", "mock"];

/// Where the provider is.
pub(super) fn base(description: &Description, wishes: &Wishes) -> Base {
    let first = description.servers.first();
    if let Some(url) = &wishes.decided.base_url {
        let url = url.trim_end_matches('/').to_owned();
        return Base { url: Some(url), why: "given to init".to_owned(), server: first.cloned() };
    }
    let usable = description.servers.iter().find(|server| fault(server).is_none());
    if let Some(server) = usable {
        let url = server.url.trim_end_matches('/').to_owned();
        return Base {
            url: Some(url),
            why: format!("from {}", server.at),
            server: Some(server.clone()),
        };
    }
    let why = match first {
        Some(server) => format!(
            "{}: {} {}",
            server.at,
            crate::shape::short(&server.url),
            fault(server).unwrap_or_default()
        ),
        None if wishes.source.is_none() => "such as https://api.example.com".to_owned(),
        None => "the description names no server".to_owned(),
    };
    Base { url: None, why, server: first.cloned() }
}

/// Why a server is no base URL.
fn fault(server: &Server) -> Option<String> {
    let url = server.url.trim_end_matches('/');
    if url.contains('{') {
        return Some(format!("has variables, such as {}", crate::shape::short(&server.example)));
    }
    if !url.contains("://") {
        return Some("is relative to where the description was".to_owned());
    }
    if url.starts_with("http://") {
        return Some("is in the clear".to_owned());
    }
    let base = match crate::url::base(url) {
        Ok(base) => base,
        Err(why) => return Some(format!("is not usable: {why}")),
    };
    let test = base.host.split(['.', '-']).any(|part| TESTS.contains(&part));
    test.then(|| "is for tests, by its name".to_owned())
}

/// Writes the head.
pub(super) fn write(
    lines: &mut Lines,
    (description, wishes): (&Description, &Wishes),
    (provider, base): (&str, &Base),
    slots: &Slots,
    chosen: &[Chosen<'_>],
) {
    origin(lines, description, wishes);
    lines.raw(0, ("outwright", "1"), "");
    lines.text_of(0, ("provider", provider), "");
    match &base.url {
        Some(url) => lines.text_of(0, ("base_url", url), &base.why),
        None => lines.undecided(0, "base_url", &base.why),
    }
    people(lines, wishes);
    times(lines);
    lines.open(0, "alerts", "");
    lines.undecided(2, "page", "where pages go");
    lines.undecided(2, "ticket", "where tickets go");
    lines.undecided(2, "runbook", "a file or URL");
    limits(lines, wishes, chosen);
    if let Some((field, at)) = slots.pins.first() {
        lines.open(0, "version", &format!("from {at}"));
        lines.text_of(2, ("header", field), "");
        lines.undecided(2, "value", "the version that our calls are written for");
    }
    slots.write(lines);
    lines.open(0, "lifecycle", "");
    lines.undecided(2, "notice", "how long before an end of life we want to know");
    if let Some(source) = &wishes.source {
        lines.open(2, "verify", "");
        lines.text_of(4, ("openapi", source), "");
        lines.raw(4, ("every", "24h"), "default");
    }
}

fn origin(lines: &mut Lines, description: &Description, wishes: &Wishes) {
    match &wishes.source {
        Some(source) => {
            let version = match description.version.as_str() {
                "" => String::new(),
                version => format!(", version {version}"),
            };
            let form = description.form.word();
            let title = &description.title;
            lines.note(
                0,
                &format!("Drafted by `outwright init` from {source}: {title}{version} ({form})."),
            );
        }
        None => lines.note(0, "Drafted by `outwright init`."),
    }
    lines.note(
        0,
        "`UNDECIDED` stands where people have to decide: `outwright check` names each of them,",
    );
    lines.note(0, "and nothing runs before all are decided.");
}

fn people(lines: &mut Lines, wishes: &Wishes) {
    let decided = &wishes.decided;
    lines.open(0, "owner", "");
    lines.known(2, ("team", decided.team.as_deref()), "who answers for this contract");
    lines.known(2, ("contact", decided.contact.as_deref()), "how to reach them");
    lines.known(0, ("tier", decided.tier.as_deref()), "critical, important or best_effort");
    lines.undecided(0, "reviewed", "the day on which people read this, such as 2026-11-01");
    lines.open(0, "slo", "what we promise our callers");
    lines.undecided(2, "availability", "such as 99.9%");
    lines.open(2, "latency", "");
    lines.undecided(4, "p99", "such as 8s");
    lines.raw(2, ("window", "30d"), "default");
}

fn times(lines: &mut Lines) {
    lines.open(0, "timeouts", "attempts × attempt + waits + queue must fit into total");
    lines.undecided(2, "connect", "DNS, TCP and TLS together, such as 1s");
    lines.undecided(2, "first_byte", "from there to the response head, such as 6s");
    lines.undecided(2, "idle", "between two bytes, such as 5s");
    lines.undecided(2, "attempt", "one attempt, such as 7s");
    lines.undecided(2, "total", "the whole call, such as 25s");
    lines.open(0, "retry", "");
    lines.undecided(2, "attempts", "the first counted, such as 3");
    lines.open(2, "backoff", "");
    lines.undecided(4, "base", "the first wait, such as 100ms");
    lines.undecided(4, "cap", "the longest wait, such as 2s");
    lines.raw(4, ("jitter", "full"), "default");
    lines.open(2, "budget", "");
    lines.undecided(4, "ratio", "retries per first-try success, such as 20%");
    lines.undecided(4, "burst", "retries that are saved up, such as 20");
}

fn limits(lines: &mut Lines, wishes: &Wishes, chosen: &[Chosen<'_>]) {
    let mut fields: Vec<&str> =
        chosen.iter().flat_map(|one| one.of.limit_fields.iter().map(String::as_str)).collect();
    fields.sort_unstable();
    fields.dedup();
    lines.open(0, "limits", "");
    if !fields.is_empty() {
        lines.note(2, &format!("its responses speak of limits in {}", fields.join(", ")));
    }
    let why = if wishes.source.is_some() { "no description says quotas; " } else { "" };
    let hint = "such as [{ name: account, requests: 100, per: 1s }], or [] where none is published";
    lines.undecided(2, "windows", &format!("{why}{hint}"));
}
