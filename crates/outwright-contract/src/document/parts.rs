//! The parts that files share: timeouts, retry, operations, limits and their like.

use super::credentials::SOURCE;
use crate::shape::{Shape, also, may, must};

use Shape::{
    Any, Bytes, Count, Date, Duration, List, Map, MapOr, Name, Named, Network, OneOf, Ratio, Text,
    Word, WordOr,
};

pub(crate) const TIERS: &[&str] = &["critical", "important", "best_effort"];
pub(super) const PLANS: &[&str] =
    &["safe", "repeatable", "conditional", "provider_key", "body_field", "reconcile", "once"];
pub(super) const DIALECTS: &[&str] = &[
    "ietf",
    "github",
    "stripe",
    "twilio",
    "shopify_rest",
    "shopify_graphql",
    "openai",
    "anthropic",
    "slack",
    "hubspot",
    "salesforce",
    "aws",
    "generic",
];
pub(super) const RESETS: &[&str] =
    &["epoch_s", "epoch_ms", "delta_s", "delta_ms", "duration", "rfc3339"];
pub(super) const CLASSES: &[&str] =
    &["success", "rejected", "transient", "throttled", "exhausted", "unauthorized", "overloaded"];
const EFFECTS: &[&str] = &["none", "unknown", "done"];
/// Directives that forbid a stale answer (RFC 9111 section 4.2.4).
const DIRECTIVES: &[&str] =
    &["no-store", "private", "no-cache", "must-revalidate", "proxy-revalidate", "s-maxage"];
const PRIORITIES: &[&str] = &["critical", "default", "background"];
pub(super) const MODES: &[&str] = &["enforce", "report"];

pub(super) const OWNER: Shape =
    Map(&[may("team", Name, "The owning team."), may("contact", Text, "How to reach it.")]);
pub(super) const SLO: Shape = Map(&[
    may("availability", Ratio, "Share of good calls."),
    may(
        "latency",
        Map(&[
            may("p50", Duration, "Half of the calls are faster."),
            may("p99", Duration, "99 of 100 calls are faster."),
        ]),
        "Latency.",
    ),
    may("window", Duration, "Over which time."),
]);
pub(super) const TIMEOUTS: Shape = Map(&[
    may("connect", Duration, "DNS, TCP and TLS together."),
    may("first_byte", Duration, "From the connection to the response head."),
    may("idle", Duration, "Between two bytes, in either direction."),
    may("attempt", Duration, "One attempt, to the end of its body."),
    may("total", Duration, "The whole call, waits and retries included."),
]);
pub(super) const BACKOFF: Shape = Map(&[
    may("base", Duration, "First wait; doubled per retry."),
    may("cap", Duration, "Longest wait."),
    may(
        "jitter",
        Word(&["full", "equal", "decorrelated", "none"]),
        "How waits are spread; `none` is refused.",
    ),
]);
pub(super) const ROW: Shape = Map(&[
    must("as", Word(&["never", "unprocessed"]), "How the row is moved."),
    may("because", Text, "Why the risk is taken; required for `unprocessed`."),
]);
pub(super) const RETRY: Shape = Map(&[
    may("attempts", Count(1, 1000), "Sends of one call, the first counted; at most 10."),
    may("backoff", BACKOFF, "Waits after transient failures."),
    may(
        "throttle",
        BACKOFF,
        "Waits after being throttled without a hint. Default base 1s, cap 30s, jitter equal.",
    ),
    may(
        "budget",
        Map(&[
            may("ratio", Ratio, "Retries earned per first-try success."),
            may("burst", Count(0, 1_000_000), "Retries that may be saved up."),
        ]),
        "What all retries to the provider may cost together.",
    ),
    may(
        "late_attempts",
        Word(&["must_fit", "best_effort"]),
        "Whether all attempts must fit into `total`. Default `must_fit`.",
    ),
    may(
        "rows",
        Named(&MapOr(&ROW, &Word(&["never"]))),
        "Rows of the eligibility matrix that are moved, by signal.",
    ),
]);
pub(super) const BREAKER: Shape = Map(&[
    may("window", Duration, "How far back calls count. Default 10s."),
    may("min_calls", Count(1, 1_000_000), "Fewer calls prove nothing. Default 20."),
    may("failure_ratio", Ratio, "Share of failed calls at which it opens. Default 90%."),
    may(
        "open",
        Map(&[
            may("base", Duration, "First time that it stays open. Default 2s."),
            may("cap", Duration, "Longest time. Default 60s."),
        ]),
        "How long it stays open.",
    ),
    may("probes", Count(1, 100), "Calls let through at once when half open. Default 1."),
]);
pub(super) const CONCURRENCY: Shape = Map(&[
    may("max", Count(1, 65_536), "Calls at once. Default 20."),
    may("queue", Count(0, 65_536), "Calls that may wait. Default twice `max`."),
    may("queue_wait", Duration, "How long one may wait. Default 1s."),
]);
pub(super) const BODIES: Shape = Map(&[
    may("request", Bytes, "Largest request body. Default 8MiB."),
    may("replay", Bytes, "Largest request body that is kept for a repeat. Default 64KiB."),
    may("response", Bytes, "Largest response body. Default 64MiB."),
    may(
        "decoded",
        WordOr(&["unchecked"], &Bytes),
        "Largest response body once it is decoded; beyond 1 MiB at most 100 bytes for each coded one. Default 50MiB.",
    ),
    may("because", Text, "Why the decoded size is `unchecked`."),
    may(
        "media",
        Word(&["any", "json"]),
        "In which media type a success comes; what comes in another is not taken for the provider's answer. Default any.",
    ),
]);
pub(super) const ALERTS: Shape = Map(&[
    may("page", Name, "Where pages go."),
    may("ticket", Name, "Where tickets go."),
    may("runbook", Text, "What to do then: a file or URL."),
]);
pub(super) const RECONCILE: Shape = Map(&[
    must("operation", Name, "A read that lists what happened."),
    may(
        "stamp",
        OneOf(&[
            may("form", Text, "A form field."),
            may("json", Text, "A JSON pointer."),
            may("header", Name, "A header field."),
        ]),
        "Where outwright writes the call's id.",
    ),
    may("query", Named(&Any), "Parameters of the lookup."),
    may("match", Named(&Any), "JSON pointers and what must stand there."),
    may("visible_after", Duration, "An absence seen earlier proves nothing."),
    may("within", Duration, "In what time all doubts of a stall are to be looked up. Default 1h."),
    may("absent", Word(&["unknown", "resend"]), "What an absence means. Default unknown."),
]);
pub(super) const DERIVE: Shape =
    Map(&[must("derive", List(&Text), "JSON pointers into the request body.")]);
pub(super) const OPERATION: Shape = Map(&[
    must("request", Text, "Method and path, such as `GET /v1/charges/{charge}`."),
    may("needs", List(&Text), "Scopes that the operation needs."),
    may("credential", Name, "The slot, where scopes do not decide; `none` for none."),
    may(
        "fallback",
        MapOr(&FALLBACK, &Word(&["none"])),
        "What a read says when the provider cannot; required on reads.",
    ),
    may(
        "idempotency",
        Map(&[
            may(
                "plan",
                Word(PLANS),
                "What makes a repeat safe; required unless the method is GET, HEAD or OPTIONS.",
            ),
            may(
                "key",
                MapOr(&DERIVE, &Word(&["required", "per_call"])),
                "Where the key comes from; required for `provider_key` and `body_field`.",
            ),
            may("header", Name, "The key's field, where it is not the facts' one."),
            may("field", Text, "The key's JSON pointer for `body_field`."),
            may("because", Text, "Why a POST or PATCH may be repeated."),
            may("reconcile", RECONCILE, "How to look whether it happened."),
        ]),
        "What makes a repeat safe.",
    ),
    may("timeouts", TIMEOUTS, "Other timeouts for this operation."),
    may("retry", RETRY, "Other attempts for this operation; the budget is the provider's."),
    may("bodies", BODIES, "Other bounds on bodies."),
    may(
        "priority",
        Word(PRIORITIES),
        "The highest priority that a caller may ask for. Default `critical`.",
    ),
    may(
        "async",
        Word(&["never", "allowed", "always"]),
        "Whether a call may be handed over. Default `never`.",
    ),
    may(
        "coalesce",
        Word(&["never", "allowed"]),
        "Whether equal reads of a caller that are under way at once are sent once; for GET and HEAD. Default `never`.",
    ),
    may(
        "stream",
        Map(&[must("max", Duration, "Longest life of the stream.")]),
        "`total` ends at the first body byte, then `idle` and `max` rule.",
    ),
    may(
        "on_store_down",
        Word(&["refuse", "pass_through"]),
        "What happens without a store. Default `refuse` for mutations.",
    ),
    may("alerts", ALERTS, "Other alert routes."),
    may("slo", SLO, "Another promise."),
    may("data", WordOr(&["none"], &DATA), "What data goes out, where it differs."),
    may("outbox", OUTBOX, "Other bounds of later delivery."),
    may("cost", Text, "What a call costs: an amount and a currency, such as `0.05 USD`."),
]);
pub(super) const DATA: Shape = Map(&[
    must(
        "classes",
        List(&Word(&[
            "contact", "identity", "payment", "health", "location", "content", "business",
            "secrets",
        ])),
        "Classes of data that go to the provider.",
    ),
    must("because", Text, "Why they have to."),
    may(
        "redact",
        List(&Text),
        "JSON pointers of fields that no record may show; required for identity, payment, health and secrets.",
    ),
]);
pub(super) const OUTBOX: Shape = Map(&[may(
    "horizon",
    Duration,
    "How long a handed-over call is tried. Default the provider's key retention less one part in 24, at most 3d.",
)]);
pub(super) const LEDGER: Shape =
    Map(&[may("retention", Duration, "How long a finished call is remembered. Default 24h.")]);
pub(super) const FALLBACK: Shape = OneOf(&[
    may("stale", Duration, "The last good answer, no older than this, marked; for GET and HEAD."),
    may(
        "static",
        Map(&[
            may("status", Count(200, 299), "Its status. Default 200."),
            may("content_type", Text, "Its content type. Default application/json."),
            must("body", Any, "Its body; JSON where its content type says so."),
        ]),
        "A fixed answer, marked.",
    ),
    also(
        "despite",
        List(&Word(DIRECTIVES)),
        "Directives of the provider that `stale` overrides; needs `because`.",
    ),
    also("because", Text, "Why."),
]);
pub(super) const ENVIRONMENT: Shape = Map(&[
    may("base_url", Text, "Where the provider is there."),
    may(
        "credentials",
        Named(&Map(&[
            may("source", SOURCE, "Where the secret is read there."),
            may("hosts", List(&Text), "The only hosts that may see it."),
        ])),
        "Other sources and hosts.",
    ),
    may("limits", LIMITS, "Other quotas."),
    may("sla", SLA, "Another promise of the provider."),
    may("alerts", ALERTS, "Other alert routes."),
    may("verify", VERIFY, "Another way to watch the provider."),
]);
pub(super) const VERIFY: Shape = Map(&[
    may("openapi", Text, "A description to compare with: file or URL."),
    may("pact", Text, "An expectation file."),
    may("every", Duration, "How often."),
]);
pub(super) const LIFECYCLE: Shape = Map(&[
    must("notice", Duration, "How long before an end of life we want to know."),
    may("verify", VERIFY, "What the provider is compared with."),
    may("contact", Text, "Where the provider's notices arrive."),
]);
pub(super) const WAIVER: Shape = Map(&[
    must("rule", Name, "The code of the rule."),
    must(
        "place",
        Text,
        "What is waived: `operations.NAME`, `credentials.NAME`, a key, or `provider`.",
    ),
    must("reason", Text, "Why."),
    must("owner", Text, "Who answers for it."),
    must("until", Date, "The last day."),
]);
pub(super) const FIELDS: Shape = Map(&[
    may(
        "pass",
        List(&Name),
        "Fields that say who the caller is and pass all the same, such as `Cookie`. Default none.",
    ),
    may(
        "trace",
        Word(&["off", "restart", "forward"]),
        "What the provider learns of a trace: nothing, ids of its own, or all. Default `restart`.",
    ),
]);
pub(super) const EGRESS: Shape = Map(&[
    may("ca", Text, "PEM file with the only roots that are trusted."),
    may(
        "private",
        List(&Network),
        "Private or special networks that are allowed; also the opt-in for an address as host.",
    ),
    may("plain_http", Word(&["loopback"]), "In the clear, to loopback, under `run --dev`."),
]);
pub(super) const LISTEN: Shape = OneOf(&[
    may("port", Count(1, 65_535), "A port of its own."),
    may("host", Text, "A host name of its own."),
]);
pub(super) const LINKS: Shape = Map(&[must(
    "json",
    List(&Text),
    "JSON pointers of URLs that are rewritten too; `*` stands for each element of a list.",
)]);
pub(super) const TENANTS: Shape = Map(&[
    may(
        "base_url",
        Map(&[
            must("from", Word(&["token", "grant"]), "Where a tenant's host is read."),
            must("at", Text, "A JSON pointer."),
        ]),
        "Where a tenant's host comes from.",
    ),
    must("hosts", List(&Text), "The only hosts that a tenant may have."),
    may("scope", Word(&["tenant", "provider"]), "Whose limits they are."),
]);
pub(super) const CALLER: Shape = Map(&[
    may("operations", List(&Name), "What it may call. Default all."),
    may("priority", Word(PRIORITIES), "Its highest priority. Default `critical`."),
    may("deadline", Duration, "How long it waits for an answer."),
    may("repeats", Duration, "For how long it repeats a call under the same key."),
    may("share", Ratio, "The part of slots and queue that it holds at most. Default 100%."),
]);
pub(super) const SLA: Shape = Map(&[
    must("availability", WordOr(&["none"], &Ratio), "A figure, or `none`."),
    may("source", Text, "Where it says so."),
]);
pub(super) const FACT_KEY: Shape = Map(&[
    may("header", Name, "The key's header field."),
    may("field", Text, "The key's JSON pointer in the body."),
    may("methods", List(&Name), "Methods that are deduplicated."),
    may("retention", Duration, "How long a key is remembered."),
    may("source", Text, "Where it says so."),
    may("checked", Date, "When."),
]);
pub(super) const WINDOW: Shape = Map(&[
    must("name", Name, "Its name; a metric label."),
    must("requests", Count(1, 4_294_967_295), "How many requests."),
    must("per", Duration, "In how much time."),
    may(
        "scope",
        Word(&["credential", "provider", "tenant", "operation", "address"]),
        "Whose quota it is. Default credential.",
    ),
    may("operations", List(&Name), "The operations that use it. Default all."),
    may("source", Text, "Where it says so."),
    may("checked", Date, "When."),
]);
pub(super) const LIMITS: Shape = Map(&[
    may("dialect", Word(DIALECTS), "How the provider speaks of its limits. Default ietf."),
    may("reset", Word(RESETS), "The unit of a reset field under `generic`; never guessed."),
    may("windows", List(&WINDOW), "Known quotas."),
    may(
        "spend",
        Map(&[
            must("cap", Text, "The most that is spent: an amount and a currency."),
            must("per", Duration, "In how much time."),
            may("source", Text, "Where it says so."),
        ]),
        "What paid calls may cost together.",
    ),
    may("source", Text, "Where it says so."),
    may("checked", Date, "When."),
]);
pub(super) const ERROR: Shape = Map(&[
    may("status", Count(100, 599), "The status. Default every one."),
    may("headers", Named(&Any), "Fields that must be there, with a value or `any`."),
    may("json", Named(&Any), "JSON pointers and the scalar that must stand there."),
    must("class", Word(CLASSES), "What it means."),
    may("effect", Word(EFFECTS), "What the provider did."),
    may("source", Text, "Where it says so."),
]);
pub(super) const VERSION: Shape =
    Map(&[must("header", Name, "The field."), must("value", Text, "Its value.")]);
