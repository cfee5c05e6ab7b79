//! The data port on the wire: what reaches the provider, what comes back, what outwright says itself.

use outwright_gateway::demo::{Ending, Fault, Injection, Settings, Strikes};

use super::stage::{Answer, Stage, ask};

fn stage() -> Stage {
    Stage::new(Settings::default())
}

/// a problem of ours has our marks, the real status and no retry on top.
fn is_ours(answer: &Answer, status: u16, problem: &str) {
    assert_eq!((answer.status, answer.problem().as_str()), (status, problem), "{answer:?}");
    assert_eq!(answer.field("outwright-origin"), Some("outwright"));
    assert!(answer.field("proxy-status").is_some_and(|value| value.contains("error=")));
    assert!(answer.field("outwright-call").is_some_and(|id| id.len() == 16));
    assert_eq!(answer.field("x-should-retry"), Some("false"));
}

#[test]
fn a_call_reaches_the_provider_and_its_reply_comes_back_with_our_fields() {
    let stage = stage();
    let answer = stage.ask("GET /demo/v1/charges?limit=3", &[], "");
    assert_eq!(answer.status, 200, "{answer:?}");
    for (name, value) in [
        ("outwright-origin", "provider"),
        ("outwright-attempts", "1"),
        ("proxy-status", "outwright; received-status=200"),
        ("via", "1.1 outwright"),
    ] {
        assert_eq!(answer.field(name), Some(value), "{}", answer.head);
    }
    let timing = answer.field("server-timing").unwrap();
    assert!(timing.contains("outwright;dur=") && timing.contains("provider;dur="), "{timing}");
    assert_eq!(answer.field("x-should-retry"), None);
    assert!(answer.field("request-id").is_some(), "{}", answer.head);
    let seen = stage.demo.wire_log();
    assert_eq!(seen[0].head.as_ref().unwrap().target, "/v1/charges?limit=3");
}

/// R-540, `product.md` 4: what no contract and no operation names is answered here, and never sent.
#[test]
fn what_the_contract_does_not_list_is_never_sent() {
    let stage = stage();
    for (line, status, problem) in [
        ("GET /other/v1/charges", 404, "provider-unknown"),
        ("GET /", 404, "provider-unknown"),
        ("DELETE /demo/v1/charges", 403, "operation-unknown"),
        ("GET /demo", 403, "operation-unknown"),
        ("GET /demo/", 403, "operation-unknown"),
        ("GET /demo/v1/secrets", 403, "operation-unknown"),
        ("GET /demo/v1/../v1/charges", 400, "path-ambiguous"),
        ("GET /demo/v1/%2e%2e/charges", 400, "path-ambiguous"),
        ("GET /demo/v1/charges/a%2fb", 400, "path-ambiguous"),
        ("GET /demo/v1/charges/a%5cb", 400, "path-ambiguous"),
        ("GET /demo//v1/charges", 400, "path-ambiguous"),
    ] {
        is_ours(&stage.ask(line, &[], ""), status, problem);
    }
    assert_eq!(stage.demo.arrived(), 0);
}

#[test]
fn fields_for_outwright_are_checked_and_kept_from_the_provider() {
    let stage = stage();
    let line = "GET /demo/v1/charges";
    is_ours(&stage.ask(line, &["Outwright-Timeout: soon"], ""), 400, "field-invalid");
    is_ours(&stage.ask(line, &["Outwright-Priority: mine"], ""), 400, "field-invalid");
    assert_eq!(stage.demo.arrived(), 0);
    let fields = ["Outwright-Timeout: 5s", "Outwright-Priority: background"];
    assert_eq!(stage.ask(line, &fields, "").status, 200);
    let seen = &stage.demo.wire_log()[0];
    assert_eq!(seen.header("outwright-timeout"), None);
    assert_eq!(seen.header("outwright-priority"), None);
}

/// an answer that outwright has retried carries the stop signal, the provider's own word included.
#[test]
fn a_retried_call_tells_official_clients_to_stop() {
    let stage = stage();
    stage.demo.fault(Injection::once(Fault::status(503)));
    let answer = stage.ask("GET /demo/v1/charges", &[], "");
    assert_eq!((answer.status, answer.field("outwright-attempts")), (200, Some("2")), "{answer:?}");
    assert_eq!(answer.field("x-should-retry"), Some("false"));
    assert_eq!(answer.field("demo-should-retry"), Some("false"));
    assert_eq!(answer.field("outwright-retry"), None);
    assert_eq!(stage.demo.arrived(), 2);
}

/// the provider's own 503 comes through as the provider's.
#[test]
fn a_failure_of_the_provider_comes_through_after_all_attempts() {
    let stage = stage();
    stage.demo.fault(Injection::always(Fault::status(503)));
    let answer = stage.ask("GET /demo/v1/charges", &[], "");
    assert_eq!((answer.status, answer.field("outwright-attempts")), (503, Some("3")), "{answer:?}");
    assert_eq!(answer.field("outwright-origin"), Some("provider"));
    assert_eq!(answer.field("proxy-status"), Some("outwright; received-status=503"));
    assert_eq!(answer.field("outwright-retry"), Some("exhausted"));
    assert_eq!(answer.field("x-should-retry"), Some("false"));
}

/// An effect whose answer was lost is told as unknown, not as a failure, and is not sent twice.
#[test]
fn an_unknown_outcome_is_told_as_such() {
    let stage = stage();
    let lost = Fault::Unanswered { ending: Ending::Close, strikes: Strikes::AfterEffect };
    stage.demo.fault(Injection::always(lost));
    let answer = stage.ask("POST /demo/v1/orders", &[], "amount=500&reference=order-1");
    is_ours(&answer, 502, "outcome-unknown");
    assert_eq!(answer.field("outwright-retry"), Some("unsafe"));
    let document = answer.json();
    assert_eq!(document["effect"], "unknown");
    assert_eq!(document["retryable"], false);
    assert_eq!(
        (document["operation"].as_str(), document["attempts"].as_u64()),
        (Some("create_order"), Some(1))
    );
    assert_eq!((stage.demo.arrived(), stage.demo.effects().count()), (1, 1));
}

#[test]
fn a_key_in_quotes_and_a_raw_one_are_one_key() {
    let stage = stage();
    let body = "amount=500&customer=anna&reference=order-1";
    for key in ["Idempotency-Key: \"k-1\"", "Idempotency-Key: k-1"] {
        assert_eq!(stage.ask("POST /demo/v1/charges", &[key], body).status, 200);
    }
    let keys: Vec<_> =
        stage.demo.wire_log().iter().map(|seen| seen.key().map(str::to_owned)).collect();
    assert_eq!(keys, [Some("k-1".to_owned()), Some("k-1".to_owned())]);
    assert_eq!(stage.demo.effects().count(), 1);
}

#[test]
fn what_a_request_lacks_is_told_and_nothing_is_sent() {
    let stage = stage();
    let body = "amount=500&customer=anna&reference=order-1";
    is_ours(&stage.ask("POST /demo/v1/charges", &[], body), 400, "key-missing");
    let large = "x".repeat(2_000);
    let answer = stage.ask("POST /demo/v1/orders", &[], &large);
    is_ours(&answer, 413, "body-too-large");
    assert_eq!(stage.demo.arrived(), 0);
}

/// nobody answers at the provider's address.
#[test]
fn a_provider_that_is_gone_is_told_as_unreachable() {
    let stage = stage();
    let data = stage.data();
    let Stage { ground, gateway } = stage;
    let folder = ground.left_by_the_provider();
    let answer = ask(data, &data.to_string(), "GET /demo/v1/charges", &[], "");
    is_ours(&answer, 502, "provider-unreachable");
    assert_eq!(answer.field("proxy-status"), Some("outwright; error=connection_refused"));
    drop((gateway, folder));
}
