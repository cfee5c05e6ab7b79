//! What a value means, in a sentence of its own.

use crate::node::UNDECIDED;

/// The sentence of a key and its value.
pub(super) fn sentence(key: &str, value: &str) -> String {
    if value == UNDECIDED {
        return format!("`{key}` is {UNDECIDED}.");
    }
    let first = key.split('.').next().unwrap_or_default();
    let told = match first {
        "timeouts" => timeouts(key, value),
        "retry" => retry(key, value),
        "breaker" | "concurrency" => gates(key, value),
        "fallback" => fallback(key, value),
        "coalesce" => Some(coalesce(value)),
        "bodies" => bodies(key, value),
        "idempotency" => idempotency(key, value),
        _ => rest(key, value),
    };
    told.unwrap_or_else(|| format!("`{key}` is {value}."))
}

fn timeouts(key: &str, value: &str) -> Option<String> {
    Some(match key {
        "timeouts.connect" => format!("DNS, TCP and TLS together may take {value}."),
        "timeouts.first_byte" => format!("From there to the response head at most {value}."),
        "timeouts.idle" => format!("Between two bytes at most {value}."),
        "timeouts.attempt" => format!("One attempt ends after {value}."),
        "timeouts.total" => format!("The whole call ends after {value}, whatever happens."),
        _ => return None,
    })
}

fn retry(key: &str, value: &str) -> Option<String> {
    Some(match (key, value) {
        ("retry.attempts", "1") => "It is sent once.".to_owned(),
        ("retry.attempts", _) => format!("It is sent at most {value} times, the first counted."),
        ("retry.backoff.base", _) => format!("The first wait is up to {value}, doubled per retry."),
        ("retry.backoff.cap", _) => format!("No wait is longer than {value}."),
        ("retry.backoff.jitter" | "retry.throttle.jitter", "full") => {
            "Each wait is drawn between nothing and its length.".to_owned()
        }
        ("retry.backoff.jitter" | "retry.throttle.jitter", "equal") => {
            "Each wait is drawn between half of its length and all of it.".to_owned()
        }
        ("retry.backoff.jitter" | "retry.throttle.jitter", "decorrelated") => {
            "Each wait is drawn between the first and three times the one before.".to_owned()
        }
        ("retry.throttle.base", _) => {
            format!("Throttled without a hint, it first waits up to {value}, doubled per retry.")
        }
        ("retry.throttle.cap", _) => format!("Such a wait is at most {value}."),
        ("retry.late_attempts", "must_fit") => "All attempts fit into the total.".to_owned(),
        ("retry.late_attempts", "best_effort") => {
            "The last attempts may not fit into the total: they are made if there is time."
                .to_owned()
        }
        ("retry.budget.ratio", _) => format!("Each first-try success earns {value} of a retry."),
        ("retry.budget.burst", _) => format!("At most {value} retries are saved up."),
        _ => return None,
    })
}

fn gates(key: &str, value: &str) -> Option<String> {
    Some(match key {
        "breaker.window" => format!("Calls of the last {value} count."),
        "breaker.min_calls" => format!("Fewer than {value} calls prove nothing."),
        "breaker.failure_ratio" => format!("The breaker opens at {value} failed calls."),
        "breaker.open.base" => format!("It stays open for {value} at first."),
        "breaker.open.cap" => format!("It stays open for at most {value}."),
        "breaker.probes" => format!("Then {value} at once may try whether the provider is back."),
        "concurrency.max" => format!("At most {value} calls are at the provider at once."),
        "concurrency.queue" => format!("At most {value} more may wait."),
        "concurrency.queue_wait" => format!("They wait at most {value}."),
        _ => return None,
    })
}

fn fallback(key: &str, value: &str) -> Option<String> {
    Some(match key {
        "fallback" if value == "none" => {
            "Without the provider the caller is told so: nothing is shown in its place.".to_owned()
        }
        "fallback" => format!("Without the provider the answer is: {value}."),
        "fallback.stale" => format!(
            "Without the provider the last good answer is shown, no older than {value}, with its age and marked as stale; nothing kept is shown while the provider answers."
        ),
        "fallback.despite" => format!(
            "It is shown even where the provider says {value}, to nobody but the same caller with the same fields and credential."
        ),
        "fallback.because" => format!("The reason given: {value}."),
        "fallback.static.status" => format!("The fixed answer has status {value}."),
        "fallback.static.content_type" => format!("It is {value}."),
        "fallback.static.body" => {
            format!("Without the provider the answer is fixed and marked as static: `{value}`.")
        }
        _ => return None,
    })
}

fn coalesce(value: &str) -> String {
    if value == "allowed" {
        return "While one is under way, equal ones of the same caller with the same fields and credential wait for its reply and share it; where the provider does not let it be shared, or it fails, each is sent.".to_owned();
    }
    "Each is sent, also while an equal one is under way.".to_owned()
}

fn bodies(key: &str, value: &str) -> Option<String> {
    Some(match (key, value) {
        ("bodies.request", _) => format!("A request body is at most {value}."),
        ("bodies.replay", _) => {
            format!("One of at most {value} is kept for a repeat; a longer one is sent once.")
        }
        ("bodies.response", _) => format!("A response body is at most {value}."),
        ("bodies.decoded", "unchecked") => {
            "How large it is once decoded is not looked at.".to_owned()
        }
        ("bodies.decoded", _) => format!("Once decoded it is at most {value}."),
        ("bodies.media", "any") => "A success may come in any media type.".to_owned(),
        ("bodies.media", "json") => {
            "A success that is not JSON is not taken for the provider's answer.".to_owned()
        }
        _ => return None,
    })
}

fn idempotency(key: &str, value: &str) -> Option<String> {
    Some(match (key, value) {
        ("idempotency.plan", _) => plan(value),
        ("idempotency.key", "required") => "The caller must send the key.".to_owned(),
        ("idempotency.key", "per_call") => {
            "A caller that sends no key gets one per call, which protects our own attempts only."
                .to_owned()
        }
        ("idempotency.key.derive", _) => {
            format!("The key is made from what stands at {value} in the request.")
        }
        ("idempotency.header", _) => format!("The key is sent in `{value}`."),
        ("idempotency.retention", _) => format!("The provider remembers a key for {value}."),
        ("idempotency.because", _) => format!("The reason given: {value}."),
        ("idempotency.reconcile.operation", _) => {
            format!("Whether it happened is looked up with {value}.")
        }
        ("idempotency.reconcile.visible_after", _) => {
            format!("That it is not there proves nothing before {value} have passed.")
        }
        _ => return None,
    })
}

fn plan(plan: &str) -> String {
    match plan {
        "safe" => "It only reads, so that it may be sent again.".to_owned(),
        "repeatable" => "Doing it twice is doing it once.".to_owned(),
        "conditional" => "If-Match guards repeats.".to_owned(),
        "provider_key" => {
            "The provider sees the same key on every attempt and does it once.".to_owned()
        }
        "body_field" => {
            "The provider sees the same field on every attempt and does it once.".to_owned()
        }
        "reconcile" => "It is looked up before it is sent again.".to_owned(),
        "once" => "It is never sent again once a byte left.".to_owned(),
        other => format!("The plan is {other}."),
    }
}

fn rest(key: &str, value: &str) -> Option<String> {
    Some(match (key, value) {
        ("request", _) => format!("Calls are `{value}`."),
        ("base_url", _) => format!("They go to {value}."),
        ("limits.dialect", _) => format!("The provider speaks of its limits as `{value}`."),
        ("mode", "enforce") => "Every rule binds.".to_owned(),
        ("mode", "report") => {
            "Breaker, limits, queue and retries only report what they would have done.".to_owned()
        }
        ("links", "keep") => "Links of the provider to itself stay as they are.".to_owned(),
        ("links", "rewrite") => {
            "Links of the provider to itself lead back through outwright.".to_owned()
        }
        ("fields.trace", "off") => "The provider learns nothing of a trace.".to_owned(),
        ("fields.trace", "restart") => "The provider gets a trace of its own.".to_owned(),
        ("fields.trace", "forward") => "The provider gets the caller's trace.".to_owned(),
        ("fields.pass", _) => format!("Of what says who the caller is, {value} goes on."),
        ("priority", _) => format!("A caller may ask for `{value}` at most."),
        ("async", "never") => "It is never handed over to be sent later.".to_owned(),
        ("async", "allowed") => "It may be handed over to be sent later.".to_owned(),
        ("async", "always") => "It is always handed over to be sent later.".to_owned(),
        ("stream.max", _) => {
            format!("Once its body begins it may stream for {value}; the total no longer counts.")
        }
        ("needs", _) => format!("It needs the scopes {value}."),
        ("version.header", _) => format!("The version of the API is asked for in `{value}`."),
        ("version.value", _) => {
            format!("The version asked for is {value}, unless a caller asks for another.")
        }
        ("sla.availability", "none") => {
            "The provider publishes no availability: what we promise rests on what is measured."
                .to_owned()
        }
        ("sla.availability", _) => format!("The provider promises {value}."),
        ("data", "none") => "No data that has to be declared goes out.".to_owned(),
        ("data.classes", _) => format!("Classes of data that go out: {value}."),
        ("data.redact", _) => format!("No record may show {value}."),
        ("cost", _) => format!("A call costs {value}."),
        ("limits.spend.cap", _) => format!("At most {value} is to be spent."),
        ("version", "none") => "The provider has no versions.".to_owned(),
        ("outbox.horizon", _) => format!("Handed over, it is tried for {value}."),
        ("ledger.retention", _) => format!("What was done is remembered for {value}."),
        ("slo.availability", _) => format!("We promise our callers {value} good calls."),
        ("slo.latency.p50", _) => format!("Half of the calls are to be faster than {value}."),
        ("slo.latency.p99", _) => format!("99 of 100 calls are to be faster than {value}."),
        ("slo.window", _) => format!("This holds over {value}."),
        ("lifecycle.notice", _) => format!("We want to know of an end {value} before it comes."),
        ("lifecycle.contact", _) => format!("The provider's notices arrive at {value}."),
        ("lifecycle.verify.every", _) => format!("It is compared every {value}."),
        ("lifecycle.verify.openapi", _) => {
            format!("The provider is compared with the description {value}.")
        }
        ("changelog", _) => format!("The provider announces changes at {value}."),
        ("docs", _) => format!("The provider's documentation is at {value}."),
        ("checked", _) => format!("The facts were last compared with it on {value}."),
        ("reviewed", _) => format!("People last looked at the contract on {value}."),
        ("request_id", _) => format!("The provider's id of a request stands in `{value}`."),
        ("tier", _) => format!("Our service depends on it: {value}."),
        ("owner.team", _) => format!("It belongs to {value}."),
        ("owner.contact", _) => format!("They are reached at {value}."),
        ("alerts.page", _) => format!("Pages go to {value}."),
        ("alerts.ticket", _) => format!("Tickets go to {value}."),
        ("alerts.runbook", _) => format!("The runbook is {value}."),
        _ => return None,
    })
}
