//! A contract that only reports: no call is refused, held up or repeated, and everybody can see what would have been.

use super::stage::Stage;
use crate::peer::{Peer, Says};

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
    let told = stage.metrics();
    assert_eq!(held + open, 29, "Retry-After says 60 s: {told}");
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

#[test]
fn a_reload_makes_the_gates_bind() {
    let (peer, mut stage) = stage(vec![unavailable()], |contract| contract);
    stage.ask("GET /demo/v1/charges", &[], "");
    stage.reload(|contract| contract.replace("mode: report", "mode: enforce"), &[]).unwrap();
    let answer = stage.ask("GET /demo/v1/charges", &[], "");
    assert_eq!((answer.status, answer.problem().as_str()), (429, "provider-hold"), "{answer:?}");
    assert_eq!(peer.seen().len(), 1, "what the provider asked for was noted");
}
