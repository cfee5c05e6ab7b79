//! A contract that only reports: no call is refused, held up or repeated, and everybody can see what would have been.

use crate::peer::{Peer, Says};
use crate::stage::Stage;

fn stage(script: Vec<Says>, change: impl FnOnce(String) -> String) -> (Peer, Stage) {
    let peer = Peer::start(script);
    let stage = Stage::before(&peer, |contract| {
        change(contract.replace("tier: best_effort", "tier: best_effort\nmode: report"))
    });
    (peer, stage)
}

fn unavailable() -> Says {
    Says::raw(
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 60\r\nContent-Length: 4\r\n\r\ndown",
    )
}

#[test]
fn what_would_have_been_repeated_or_refused_is_told_and_the_answer_is_the_providers() {
    let (peer, mut stage) = stage(vec![unavailable()], |contract| contract);
    for sent in 1..=30 {
        let answer = stage.ask("GET /demo/v1/charges", &[], "");
        assert_eq!((answer.status, answer.body.as_str()), (503, "down"), "{answer:?}");
        assert_eq!(answer.field("outwright-attempts"), Some("1"));
        // The caller's own repeats are all that protects it.
        assert_eq!(answer.field("x-should-retry"), None, "{answer:?}");
        assert_eq!(peer.seen().len(), sent, "each call is one request");
    }
    let count = |labels: &str| {
        let row = format!("outwright_reported_total{{provider=\"demo\",{labels}}}");
        stage.metric(&row).map_or(0, |count| count.parse::<u32>().unwrap())
    };
    let held = count(r#"would="refuse",reason="hold""#);
    let open = count(r#"would="refuse",reason="breaker_open""#);
    let told = stage.admin("/metrics").body;
    assert_eq!(held + open, 29, "Retry-After says 60 s: {told}");
    let status = stage.admin("/v1/status").json();
    assert_eq!(status["providers"][0]["mode"], "report");
    let log = stage.log();
    let refused = log.iter().filter(|line| line["would"] == "refuse").count();
    assert_eq!(refused, 29, "{log:?}");
}

#[test]
fn a_repeat_that_would_have_been_is_counted() {
    let script = vec![Says::raw("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")];
    let (peer, stage) = stage(script, |contract| contract);
    assert_eq!(stage.ask("GET /demo/v1/charges", &[], "").status, 500);
    assert_eq!(peer.seen().len(), 1);
    let row = r#"outwright_reported_total{provider="demo",would="retry",reason="transient"}"#;
    assert_eq!(stage.metric(row).as_deref(), Some("1"));
}

/// Timeouts, hosts and framing bind in every mode, and so does what no operation names.
#[test]
fn an_operation_that_no_contract_names_is_found_and_not_sent() {
    let wide =
        "operations:\n  rest:\n    request: GET /v2/**\n    needs: [all]\n    fallback: none\n";
    let (peer, stage) =
        stage(vec![Says::ok("", "fine")], |contract| contract.replace("operations:\n", wide));
    for path in ["/v1/refunds/re_1", "/v1/refunds/re_2", "/v2/payouts/po_7"] {
        stage.ask(&format!("GET /demo{path}"), &[], "");
    }
    assert_eq!(peer.seen().len(), 1, "a wide operation is one that is named");
    let status = stage.admin("/v1/status").json();
    let found = status["providers"][0]["unnamed"].as_array().unwrap();
    let found: Vec<_> =
        found.iter().map(|one| (one["request"].as_str(), one["calls"].as_u64())).collect();
    let expected = [(Some("GET /v1/refunds/{}"), Some(2)), (Some("GET /v2/payouts/{}"), Some(1))];
    assert_eq!(found, expected);
}

#[test]
fn a_reload_makes_the_gates_bind() {
    let (peer, mut stage) = stage(vec![unavailable()], |contract| contract);
    stage.ask("GET /demo/v1/charges", &[], "");
    stage.reload(|contract| contract.replace("mode: report", "mode: enforce"), &[]).unwrap();
    let answer = stage.ask("GET /demo/v1/charges", &[], "");
    assert_eq!((answer.status, answer.problem().as_str()), (429, "provider-hold"), "{answer:?}");
    assert_eq!(peer.seen().len(), 1, "what the provider asked for was noted");
}
