//! The effective contract to the engine's [`Provider`]: called only when no finding is an error.

use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode};
use outwright_core::admission::Routes;
use outwright_core::classify::{Dialect, ResetUnit};
use outwright_core::outcome::{Class, Effect};
use outwright_core::provider::{
    About, Bodies, Caller, Coalesce, Egress, ErrorRow, Fields, Inject, Key, KeyOrigin, Keys, Links,
    Listen, Media, Mode, OpIndex, Operation, Plan, Priority, Provider, Slot, Source, Tier, Trace,
};
use outwright_core::retry::matrix::{Override, Overrides};
use outwright_core::{breaker, bulkhead, cache, fallback, ratelimit, retry, timeout};

use crate::effective::{Op, View};
use crate::node::{Entry, Node};
use crate::rules::degradation;
use crate::rules::idempotency::{key_field, key_header};
use crate::units::{bytes, duration, network, ratio};

/// Largest request body without a word of the contract (chosen: larger ones are uploads and say so).
pub(crate) const REQUEST_BYTES: u64 = 8 << 20;
/// Largest request body that is kept for a repeat (`product.md` 4 bounds it; chosen: API calls are smaller).
pub(crate) const REPLAY_BYTES: u64 = 64 << 10;
/// Largest response body (R-014 wants a finite one; chosen).
pub(crate) const RESPONSE_BYTES: u64 = 64 << 20;
/// Largest response body once it is decoded (R-560: 50 MiB).
pub(crate) const DECODED_BYTES: u64 = 50 << 20;

/// Why a contract without findings cannot be compiled: a mistake of ours, or a bound of the engine that no rule knows yet.
pub(crate) struct Impossible(pub(crate) String);

type Made<T> = Result<T, Impossible>;

fn need<T>(value: Option<T>, what: &str) -> Made<T> {
    value.ok_or_else(|| Impossible(format!("`{what}` is missing or unreadable")))
}

fn fits<T, E: std::fmt::Debug>(value: Result<T, E>, what: &str) -> Made<T> {
    value.map_err(|error| Impossible(format!("`{what}` is not usable: {error:?}")))
}

/// The provider of an effective contract.
pub(crate) fn provider(view: &View<'_>, digest: &str) -> Made<Provider> {
    let root = view.root;
    let (lanes, lane_of) = view.lanes();
    let mut operations = Vec::new();
    for (op, lane) in view.operations.iter().zip(lane_of) {
        operations.push(operation(view, op, lane)?);
    }
    let table: Vec<_> = (0_u16..)
        .zip(&operations)
        .map(|(index, op)| (op.method.clone(), &*op.template, OpIndex(index)))
        .collect();
    let (open_base, open_cap) = view.breaker_open();
    let first = view.operations.first();
    Ok(Provider {
        name: view.name.into(),
        tier: tier(root),
        base: need(view.base(), "base_url")?,
        routes: fits(Routes::build(&table), "operations")?,
        operations: operations.into(),
        breaker: fits(
            breaker::Policy::new(
                view.breaker_window(),
                root.count(&["breaker", "min_calls"]).unwrap_or(20),
                root.read(&["breaker", "failure_ratio"], ratio).unwrap_or(0.9),
                (open_base, open_cap),
                root.count(&["breaker", "probes"]).unwrap_or(1),
            ),
            "breaker",
        )?,
        windows: windows(root)?.into(),
        lanes: lanes.into(),
        bulkhead: slots_and_queue(view)?,
        budget: budget(first.map_or(root, |op| &op.node))?,
        dialect: dialect(root),
        errors: errors(root)?.into(),
        stop_retry: stop_retry(root)?.into(),
        request_id: optional(root.word(&["request_id"]).map(str::parse), "request_id")?,
        version: version(root)?,
        slots: slots(view)?.into(),
        fields: fields(root)?,
        callers: callers(view)?.into(),
        mode: if root.word(&["mode"]) == Some("report") { Mode::Report } else { Mode::Enforce },
        listen: listen(root),
        links: links(root),
        egress: egress(view),
        digest: digest.into(),
        about: about(root),
    })
}

fn optional<T, E: std::fmt::Debug>(value: Option<Result<T, E>>, what: &str) -> Made<Option<T>> {
    value.transpose().map_err(|error| Impossible(format!("`{what}` is not usable: {error:?}")))
}

fn tier(root: &Node) -> Tier {
    match root.word(&["tier"]) {
        Some("critical") => Tier::Critical,
        Some("important") => Tier::Important,
        Some(_) | None => Tier::BestEffort,
    }
}

fn windows(root: &Node) -> Made<Vec<ratelimit::Policy>> {
    let items = root.at(&["limits", "windows"]).map(Node::items).unwrap_or_default();
    items
        .iter()
        .map(|window| {
            let name = need(window.word(&["name"]), "limits.windows.name")?;
            let requests = need(window.count(&["requests"]), "limits.windows.requests")?;
            let per = need(window.read(&["per"], duration), "limits.windows.per")?;
            fits(ratelimit::Policy::new(name, requests, per), "limits.windows")
        })
        .collect()
}

fn budget(node: &Node) -> Made<retry::budget::Policy> {
    let ratio = need(node.read(&["retry", "budget", "ratio"], ratio), "retry.budget.ratio")?;
    let burst = need(node.count(&["retry", "budget", "burst"]), "retry.budget.burst")?;
    fits(retry::budget::Policy::new(ratio, burst), "retry.budget")
}

fn dialect(root: &Node) -> Dialect {
    match root.word(&["limits", "dialect"]) {
        Some("github") => Dialect::Github,
        Some("stripe") => Dialect::Stripe,
        Some("twilio") => Dialect::Twilio,
        Some("shopify_rest") => Dialect::ShopifyRest,
        Some("shopify_graphql") => Dialect::ShopifyGraphql,
        Some("openai") => Dialect::Openai,
        Some("anthropic") => Dialect::Anthropic,
        Some("slack") => Dialect::Slack,
        Some("hubspot") => Dialect::Hubspot,
        Some("salesforce") => Dialect::Salesforce,
        Some("aws") => Dialect::Aws,
        Some("generic") => Dialect::Generic(match root.word(&["limits", "reset"]) {
            Some("epoch_s") => Some(ResetUnit::EpochS),
            Some("epoch_ms") => Some(ResetUnit::EpochMs),
            Some("delta_s") => Some(ResetUnit::DeltaS),
            Some("delta_ms") => Some(ResetUnit::DeltaMs),
            Some("duration") => Some(ResetUnit::Duration),
            Some("rfc3339") => Some(ResetUnit::Rfc3339),
            Some(_) | None => None,
        }),
        Some(_) | None => Dialect::Ietf,
    }
}

fn errors(root: &Node) -> Made<Vec<ErrorRow>> {
    root.at(&["errors"]).map(Node::items).unwrap_or_default().iter().map(error_row).collect()
}

fn error_row(row: &Node) -> Made<ErrorRow> {
    let mut headers = Vec::new();
    for entry in row.at(&["headers"]).map(Node::entries).unwrap_or_default() {
        let name = fits(entry.key.parse::<HeaderName>(), "errors.headers")?;
        let value = entry.value.text().filter(|text| *text != "any").map(Into::into);
        headers.push((name, value));
    }
    let json = row.at(&["json"]).map(Node::entries).unwrap_or_default();
    let class = row.word(&["class"]);
    let effect = match row.word(&["effect"]) {
        Some("none") => Some(Effect::None),
        Some("unknown") => Some(Effect::Unknown),
        Some("done") => Some(Effect::Done),
        Some(_) | None => None,
    };
    Ok(ErrorRow {
        status: row.count(&["status"]),
        headers: headers.into(),
        json: json
            .iter()
            .map(|e| (e.key.as_str().into(), e.value.text().unwrap_or_default().into()))
            .collect(),
        class: need(Class::ALL.into_iter().find(|c| Some(c.word()) == class), "errors.class")?,
        effect,
    })
}

/// What makes clients stop: the general field, then the provider's own.
fn stop_retry(root: &Node) -> Made<Vec<(HeaderName, HeaderValue)>> {
    let general = HeaderName::from_static("x-should-retry");
    let mut fields = vec![(general.clone(), HeaderValue::from_static("false"))];
    for entry in root.at(&["stop_retry"]).map(Node::entries).unwrap_or_default() {
        let name = fits(entry.key.parse::<HeaderName>(), "stop_retry")?;
        let value =
            fits(HeaderValue::from_str(entry.value.text().unwrap_or_default()), "stop_retry")?;
        if name != general {
            fields.push((name, value));
        }
    }
    Ok(fields)
}

fn version(root: &Node) -> Made<Option<(HeaderName, HeaderValue)>> {
    let (Some(name), Some(value)) =
        (root.word(&["version", "header"]), root.word(&["version", "value"]))
    else {
        return Ok(None);
    };
    let name = fits(name.parse(), "version.header")?;
    Ok(Some((name, fits(HeaderValue::from_str(value), "version.value")?)))
}

fn slots(view: &View<'_>) -> Made<Vec<Slot>> {
    view.credentials().iter().map(|entry| slot(view, entry)).collect()
}

fn slot(view: &View<'_>, entry: &Entry) -> Made<Slot> {
    let node = &entry.value;
    let all = |path: &[&str]| node.words(path).into_iter().map(Into::into).collect();
    let source = match (node.word(&["source", "file"]), node.word(&["source", "env"])) {
        (Some(path), _) => Source::File {
            path: file(view, path),
            mode_ok: node.word(&["source", "mode_ok"]) == Some("true"),
        },
        (None, Some(name)) => Source::Env(name.into()),
        (None, None) => {
            return Err(Impossible(format!(
                "`credentials.{}.source` is not executable",
                entry.key
            )));
        }
    };
    let inject = if let Some(header) = node.at(&["inject", "header"]) {
        Inject::Header {
            name: fits(header.word(&["name"]).unwrap_or_default().parse(), "inject.header.name")?,
            prefix: header.word(&["prefix"]).unwrap_or_default().into(),
        }
    } else if let Some(basic) = node.at(&["inject", "basic"]) {
        Inject::Basic { user: basic.word(&["user"]).map(Into::into) }
    } else if let Some(query) = node.at(&["inject", "query"]) {
        Inject::Query { name: need(query.word(&["name"]), "inject.query.name")?.into() }
    } else if node.has(&["inject", "bearer"]) {
        Inject::Bearer
    } else {
        return Err(Impossible(format!("`credentials.{}.inject` is not executable", entry.key)));
    };
    Ok(Slot {
        name: entry.key.as_str().into(),
        source,
        inject,
        hosts: all(&["hosts"]),
        scopes: all(&["scopes"]),
        retired: false,
    })
}

fn file(view: &View<'_>, path: &str) -> PathBuf {
    match &view.options.files_dir {
        Some(dir) => dir.join(path),
        None => PathBuf::from(path),
    }
}

fn callers(view: &View<'_>) -> Made<Vec<Caller>> {
    let policy = slots_and_queue(view)?;
    let entries = view.root.at(&["callers"]).map(Node::entries).unwrap_or_default();
    let named = |name: &str| view.operations.iter().position(|op| op.name == name);
    let keys = if entries.len() == 1 { Keys::Verbatim } else { Keys::Derived };
    let one = |entry: &Entry| {
        let listed = entry.value.at(&["operations"]).map(Node::items);
        let operations = listed.map(|items| {
            let index = |node: &Node| u16::try_from(named(node.text()?)?).ok().map(OpIndex);
            need(items.iter().map(index).collect::<Option<Box<_>>>(), "callers.operations")
        });
        Ok(Caller {
            name: entry.key.as_str().into(),
            operations: operations.transpose()?,
            priority: priority(&entry.value),
            share: policy.share(entry.value.read(&["share"], ratio).unwrap_or(1.0)),
            keys,
            retired: false,
        })
    };
    entries.iter().map(one).collect()
}

fn slots_and_queue(view: &View<'_>) -> Made<bulkhead::Policy> {
    let policy = bulkhead::Policy::new(view.slots(), view.queue(), view.queue_wait());
    fits(policy, "concurrency")
}

/// The highest priority; without a word, the highest of all.
fn priority(node: &Node) -> Priority {
    match node.word(&["priority"]) {
        Some("default") => Priority::Default,
        Some("background") => Priority::Background,
        Some(_) | None => Priority::Critical,
    }
}

fn listen(root: &Node) -> Option<Listen> {
    let port = root.count(&["listen", "port"]).map(Listen::Port);
    port.or_else(|| Some(Listen::Host(root.word(&["listen", "host"])?.into())))
}

fn links(root: &Node) -> Links {
    let Some(node) = root.at(&["links"]).filter(|node| node.text() != Some("keep")) else {
        return Links::Keep;
    };
    Links::Rewrite { json: node.words(&["json"]).into_iter().map(Into::into).collect() }
}

fn fields(root: &Node) -> Made<Fields> {
    let pass = root.words(&["fields", "pass"]).into_iter();
    let pass: Result<_, _> = pass.map(str::parse::<HeaderName>).collect();
    let trace = match root.word(&["fields", "trace"]) {
        Some("off") => Trace::Off,
        Some("forward") => Trace::Forward,
        Some(_) | None => Trace::Restart,
    };
    Ok(Fields { pass: fits(pass, "fields.pass")?, trace })
}

fn egress(view: &View<'_>) -> Egress {
    let private = view.root.words(&["egress", "private"]);
    Egress {
        ca: view.root.word(&["egress", "ca"]).map(|path| file(view, path)),
        private: private.into_iter().filter_map(|text| network(text).ok()).collect(),
        plain_http: view.root.word(&["egress", "plain_http"]) == Some("loopback"),
    }
}

fn about(root: &Node) -> About {
    let word = |path: &[&str]| root.word(path).unwrap_or_default().into();
    About {
        team: word(&["owner", "team"]),
        contact: word(&["owner", "contact"]),
        page: word(&["alerts", "page"]),
        ticket: word(&["alerts", "ticket"]),
        runbook: word(&["alerts", "runbook"]),
        availability: root.read(&["slo", "availability"], ratio),
        latency_p99: root.read(&["slo", "latency", "p99"], duration),
        window: root.read(&["slo", "window"], duration),
    }
}

fn operation(view: &View<'_>, op: &Op, lane: u8) -> Made<Operation> {
    let node = &op.node;
    let method = need(op.method.clone(), "request")?;
    let timeouts = |phase: &str| need(node.read(&["timeouts", phase], duration), "timeouts");
    let plan = plan(op);
    let size = |key: &str, default: u64| node.read(&["bodies", key], bytes).unwrap_or(default);
    let success = |row: &Node| {
        row.has(&["json"]) && row.count::<u16>(&["status"]).is_none_or(|s| (200..300).contains(&s))
    };
    let rows = view.root.at(&["errors"]).map(Node::items).unwrap_or_default();
    let (fallback, cache) = fallback_policy(node)?;
    Ok(Operation {
        name: op.name.as_str().into(),
        template: need(op.template.as_deref(), "request")?.into(),
        method,
        plan,
        key: key(view, op, plan)?,
        timeouts: fits(
            timeout::Policy::new(
                timeouts("connect")?,
                timeouts("first_byte")?,
                timeouts("idle")?,
                timeouts("attempt")?,
                timeouts("total")?,
            ),
            "timeouts",
        )?,
        retry: retry_policy(node)?,
        overrides: overrides(node)?,
        lane,
        fallback,
        cache,
        coalesce: match node.word(&["coalesce"]) {
            Some("allowed") => Coalesce::Allowed,
            Some(_) | None => Coalesce::Never,
        },
        priority: priority(node),
        slot: view.slot(op).map_err(|finding| Impossible(finding.message))?,
        needs: node.words(&["needs"]).into_iter().map(Into::into).collect(),
        bodies: Bodies {
            request_max: size("request", REQUEST_BYTES),
            replay_max: size("replay", REPLAY_BYTES).min(size("request", REQUEST_BYTES)),
            response_max: size("response", RESPONSE_BYTES),
            decoded_max: match node.word(&["bodies", "decoded"]) {
                Some("unchecked") => None,
                Some(_) | None => Some(size("decoded", DECODED_BYTES)),
            },
            media: match node.word(&["bodies", "media"]) {
                Some("json") => Media::Json,
                Some(_) | None => Media::Any,
            },
        },
        reads_success_bodies: rows.iter().any(success) || needs_body(view.root),
        stream: node.read(&["stream", "max"], duration),
        retired: false,
    })
}

/// Dialects that say "too fast" in a 200 (`requirements.md` 7).
fn needs_body(root: &Node) -> bool {
    matches!(dialect(root), Dialect::Slack | Dialect::ShopifyGraphql)
}

fn plan(op: &Op) -> Plan {
    let word = op.node.word(&["idempotency", "plan"]);
    let named = Plan::ALL.into_iter().find(|plan| Some(plan.word()) == word);
    named.unwrap_or(if op.mutates() { Plan::Once } else { Plan::Safe })
}

fn key(view: &View<'_>, op: &Op, plan: Plan) -> Made<Key> {
    let node = &op.node;
    let origin = || match node.word(&["idempotency", "key"]) {
        Some("per_call") => KeyOrigin::PerCall,
        Some(_) => KeyOrigin::Required,
        None => KeyOrigin::Derive(
            node.words(&["idempotency", "key", "derive"]).into_iter().map(Into::into).collect(),
        ),
    };
    match plan {
        Plan::ProviderKey => {
            let name = need(key_header(view, op), "idempotency.header")?;
            Ok(Key::Header { name, origin: origin() })
        }
        Plan::BodyField => {
            let pointer = need(key_field(view, op), "idempotency.field")?.into();
            Ok(Key::Body { pointer, origin: origin() })
        }
        Plan::Safe | Plan::Repeatable | Plan::Conditional | Plan::Reconcile | Plan::Once => {
            Ok(Key::None)
        }
    }
}

fn jitter(node: &Node, kind: &str) -> Option<retry::backoff::Jitter> {
    match node.word(&["retry", kind, "jitter"])? {
        "full" => Some(retry::backoff::Jitter::Full),
        "equal" => Some(retry::backoff::Jitter::Equal),
        "decorrelated" => Some(retry::backoff::Jitter::Decorrelated),
        _ => None,
    }
}

fn retry_policy(node: &Node) -> Made<retry::Policy> {
    let attempts = need(node.count(&["retry", "attempts"]), "retry.attempts")?;
    let transient = fits(
        retry::backoff::Policy::new(
            need(node.read(&["retry", "backoff", "base"], duration), "retry.backoff.base")?,
            need(node.read(&["retry", "backoff", "cap"], duration), "retry.backoff.cap")?,
            need(jitter(node, "backoff"), "retry.backoff.jitter")?,
        ),
        "retry.backoff",
    )?;
    let throttle = fits(
        retry::backoff::Policy::new(
            node.read(&["retry", "throttle", "base"], duration).unwrap_or(Duration::from_secs(1)),
            node.read(&["retry", "throttle", "cap"], duration).unwrap_or(Duration::from_secs(30)),
            jitter(node, "throttle").unwrap_or(retry::backoff::Jitter::Equal),
        ),
        "retry.throttle",
    )?;
    fits(retry::Policy::new(attempts, transient, throttle), "retry")
}

fn overrides(node: &Node) -> Made<Overrides> {
    let rows = node.at(&["retry", "rows"]).map(Node::entries).unwrap_or_default();
    let made: Made<Vec<_>> = rows
        .iter()
        .map(|row| {
            let signal = need(crate::signals::find(&row.key), "retry.rows")?;
            let word = row.value.text().or_else(|| row.value.word(&["as"]));
            let moved =
                if word == Some("unprocessed") { Override::Unprocessed } else { Override::Never };
            Ok((signal, moved))
        })
        .collect();
    Ok(Overrides(made?.into()))
}

fn fallback_policy(node: &Node) -> Made<(fallback::Policy, Option<cache::Policy>)> {
    if let Some(age_max) = node.read(&["fallback", "stale"], duration) {
        let words = node.words(&["fallback", "despite"]);
        let all = cache::Directive::ALL.into_iter();
        let despite = all.filter(|directive| words.contains(&directive.word())).collect();
        let policy = fits(cache::Policy::new(age_max, despite), "fallback.stale")?;
        return Ok((fallback::Policy::Stale, Some(policy)));
    }
    let Some(fixed) = node.at(&["fallback", "static"]) else {
        return Ok((fallback::Policy::None, None));
    };
    let content_type = fixed.word(&["content_type"]).unwrap_or(degradation::JSON);
    let content_type = fits(HeaderValue::from_str(content_type), "fallback.static.content_type")?;
    let status = StatusCode::from_u16(fixed.count(&["status"]).unwrap_or(200));
    let status = fits(status, "fallback.static.status")?;
    let body = fixed.word(&["body"]).unwrap_or_default().to_owned();
    let fixed = fallback::Fixed::new(status, content_type, body);
    Ok((fallback::Policy::Static(fits(fixed, "fallback.static")?), None))
}
