//! The keys of contract, facts and `outwright.yaml`: what may be written, with a sentence about each.

mod credentials;
mod parts;

use crate::node::Node;
use crate::shape::{Field, Shape, may, must};
use credentials::{CREDENTIAL, SOURCE};
pub(crate) use parts::TIERS;
use parts::*;

use Shape::{
    Any, Bytes, Count, Date, Duration, Flag, List, ListOr, Map, MapOr, Name, Named, Network, OneOf,
    Ratio, Text, Word, WordOr,
};

/// `contracts/<provider>.yaml`.
pub(crate) static CONTRACT: Shape = Map(&[
    must("outwright", Count(1, 1), "The version of this format."),
    must("provider", Name, "The provider's name: the first path segment at the gateway."),
    may("facts", Text, "The facts file of this provider."),
    may("base_url", Text, "Where the provider is: `https://host[:port][/path]`."),
    may("owner", OWNER, "Who answers for this contract."),
    may("tier", Word(TIERS), "How much our service depends on the provider."),
    may("reviewed", Date, "When people last looked at it; older than 180 days is a warning."),
    may("slo", SLO, "What we promise our callers."),
    may("timeouts", TIMEOUTS, "How long each phase may last; all five are required."),
    may("retry", RETRY, "Attempts and the waits between them."),
    may("breaker", BREAKER, "When to stop sending."),
    may("concurrency", CONCURRENCY, "Slots and the queue in front of them."),
    may("bodies", BODIES, "Bounds on bodies."),
    may("alerts", ALERTS, "Who is told when the promise is at risk."),
    may("credentials", Named(&CREDENTIAL), "Credential slots."),
    may("operations", Named(&OPERATION), "What may be called."),
    may("environments", Named(&ENVIRONMENT), "What differs per environment."),
    may("lifecycle", LIFECYCLE, "How the provider's changes are watched."),
    may("waivers", List(&WAIVER), "Findings that somebody answers for until a date."),
    may("fields", FIELDS, "What of a caller's head goes on to the provider."),
    may("egress", EGRESS, "Where calls may go beyond public HTTPS."),
    may("listen", LISTEN, "A door of its own for this provider."),
    may(
        "links",
        WordOr(&["keep", "rewrite"], &LINKS),
        "Whether links of the provider to itself lead back through outwright. Default `keep`.",
    ),
    may(
        "mode",
        Word(MODES),
        "`report` only reports breaker, limits, queue and retries. Default `enforce`.",
    ),
    may("tenants", TENANTS, "Several accounts, one contract."),
    may("callers", Named(&CALLER), "What each caller may do."),
    may("data", WordOr(&["none"], &DATA), "What data goes to the provider."),
    may("outbox", OUTBOX, "Bounds of later delivery."),
    may("ledger", LEDGER, "What is remembered of finished calls."),
    may("sla", SLA, "What the provider promises."),
    may("docs", Text, "The provider's documentation."),
    may("checked", Date, "When the facts were last compared with the provider's documentation."),
    may("request_id", Name, "The response field with the provider's id of a request."),
    may(
        "stop_retry",
        Named(&Any),
        "Fields that make this provider's client libraries stop retrying.",
    ),
    may("idempotency", FACT_KEY, "How the provider deduplicates."),
    may("limits", LIMITS, "The provider's quotas and how it speaks of them."),
    may(
        "errors",
        List(&ERROR),
        "Where the error model differs from HTTP's; the first row that matches wins.",
    ),
    may(
        "version",
        WordOr(&["none"], &VERSION),
        "A version field that is sent unless the caller sends one; `none`: the provider has no versions.",
    ),
    may("changelog", Text, "Where the provider announces changes."),
]);

/// `facts/<provider>.yaml`.
pub(crate) static FACTS: Shape = Map(&[
    must("facts", Name, "The provider that these facts are about."),
    may("checked", Date, "When the facts were last compared with the provider's documentation."),
    may(
        "docs",
        Text,
        "The provider's documentation; the source of every fact without one of its own.",
    ),
    may("sla", SLA, "What the provider promises."),
    may("request_id", Name, "The response field with the provider's id of a request."),
    may(
        "stop_retry",
        Named(&Any),
        "Fields that make this provider's client libraries stop retrying.",
    ),
    may("idempotency", FACT_KEY, "How the provider deduplicates."),
    may("limits", LIMITS, "The provider's quotas and how it speaks of them."),
    may(
        "errors",
        List(&ERROR),
        "Where the error model differs from HTTP's; the first row that matches wins.",
    ),
    may(
        "version",
        WordOr(&["none"], &VERSION),
        "A version field that is sent unless the caller sends one; `none`: the provider has no versions.",
    ),
    may("changelog", Text, "Where the provider announces changes."),
]);

/// `outwright.yaml`.
pub(crate) static DEPLOYMENT: Shape = Map(&[
    must("outwright", Count(1, 1), "The version of this format."),
    may(
        "name",
        Name,
        "The deployment's name towards others, in `Via` and `Proxy-Status`. Default `outwright`.",
    ),
    may(
        "listen",
        Map(&[
            may("data", Text, "Address of the data port. Default `127.0.0.1:4180`."),
            may("admin", Text, "Address of the admin port. Default `127.0.0.1:4181`."),
            may("socket", Text, "A Unix socket for callers that only its owner can open."),
            may(
                "hosts",
                List(&Text),
                "Further names of the listeners, as callers write them in `Host`; without a port, that of each listener. Default none.",
            ),
        ]),
        "Listeners.",
    ),
    may(
        "tls",
        Map(&[
            must("certificate", Text, "PEM file with the certificate chain."),
            must("key", Text, "PEM file with the private key."),
            may("client_ca", Text, "PEM file with the roots that callers' certificates must have."),
        ]),
        "TLS of all ports; required off loopback.",
    ),
    may(
        "bounds",
        Map(&[
            may(
                "calls",
                Count(1, 1_000_000),
                "Calls of all providers together that are under way at once; the last fifth only for critical ones. Default 12288.",
            ),
            may(
                "bytes",
                Bytes,
                "Bytes of bodies and kept replies that are held at once; at most half of them for kept replies. Default `256MiB`.",
            ),
        ]),
        "What the process holds at most.",
    ),
    may(
        "tokens",
        Word(&["loopback_free", "required"]),
        "Whether callers on loopback and on the socket need a token. Default `loopback_free`.",
    ),
    may(
        "store",
        OneOf(&[
            may("memory", Map(&[]), "Nothing outlives the process."),
            may("sqlite", Text, "The file of the store."),
            may("postgres", SOURCE, "Where the connection string is read."),
        ]),
        "Where ledger, outbox and leases are kept. Default `memory: {}`.",
    ),
    may("environment", Name, "The environment of this deployment."),
    may("environments", List(&Name), "All environments that contracts may name."),
    may(
        "teams",
        Named(&Map(&[
            must("contact", Text, "How to reach the team."),
            may("page", Text, "Where pages go."),
            may("ticket", Text, "Where tickets go."),
        ])),
        "Teams that own contracts.",
    ),
    may(
        "callers",
        Named(&Map(&[
            must("token", SOURCE, "Where the caller's token is read; never the token itself."),
            may("team", Name, "The team of the caller."),
        ])),
        "Callers and where their tokens are read.",
    ),
    may(
        "tiers",
        Named(&Map(&[
            may("slo", SLO, "What we promise our callers."),
            may("timeouts", TIMEOUTS, "How long each phase may last."),
            may("retry", RETRY, "Attempts and the waits between them."),
            may("breaker", BREAKER, "When to stop sending."),
            may("concurrency", CONCURRENCY, "Slots and the queue in front of them."),
            may("bodies", BODIES, "Bounds on bodies."),
            may("alerts", ALERTS, "Who is told."),
        ])),
        "Values per tier (`critical`, `important`, `best_effort`), below all others.",
    ),
]);

/// The shape of a file: told apart by the key that names it, as its reader does.
pub(crate) fn of_file(path: &str, root: &Node) -> &'static Shape {
    let deployment = path.rsplit('/').next().is_some_and(|name| name.starts_with("outwright."));
    if root.has(&["provider"]) {
        &CONTRACT
    } else if deployment {
        &DEPLOYMENT
    } else if root.has(&["facts"]) && !root.has(&["outwright"]) {
        &FACTS
    } else {
        &CONTRACT
    }
}

/// The tables of keys for the reference page, one per file, in markdown.
#[must_use]
pub fn reference() -> [(&'static str, String); 3] {
    [
        ("contracts/<provider>.yaml", table(&CONTRACT)),
        ("facts/<provider>.yaml", table(&FACTS)),
        ("outwright.yaml", table(&DEPLOYMENT)),
    ]
}

fn table(shape: &'static Shape) -> String {
    let mut rows = Vec::new();
    walk(shape, "", &mut rows);
    let mut out = String::from("| key | unit | meaning |\n| --- | --- | --- |\n");
    for (path, unit, about) in rows {
        out.push_str(&format!("| `{path}` | {unit} | {about} |\n"));
    }
    out
}

fn walk(shape: &'static Shape, path: &str, out: &mut Vec<(String, String, &'static str)>) {
    match shape {
        Map(fields) | OneOf(fields) => fields.iter().for_each(|field| row(field, path, out)),
        Named(inner) => walk(inner, &format!("{path}.NAME"), out),
        List(inner) => walk(inner, &format!("{path}[]"), out),
        MapOr(a, _) | ListOr(a, _) => walk(a, path, out),
        WordOr(_, inner) => walk(inner, path, out),
        Duration | Ratio | Bytes | Count(..) | Flag | Date | Network | Word(_) | Text | Name
        | Any => {}
    }
}

fn row(field: &'static Field, path: &str, out: &mut Vec<(String, String, &'static str)>) {
    let path = crate::shape::join(path, field.key);
    let unit = field.shape.unit();
    out.push((path.clone(), unit, field.about));
    walk(&field.shape, &path, out);
}
