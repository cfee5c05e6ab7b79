//! What operators see: metrics, the access log, the admin port; and what nobody ever sees.

use outwright_gateway::demo::{Fault, Injection, Settings};

use super::stage::{SECRET, Stage};

/// R-605, R-611.
#[test]
fn metrics_and_log_tell_what_happened() {
    let mut stage = Stage::new(Settings::default());
    stage.demo.fault(Injection::once(Fault::status(503)));
    let fields = ["Outwright-Timeout: 2500ms", "Outwright-Priority: background"];
    let call = stage.ask("GET /demo/v1/charges/ch_9?expand=secret-of-the-caller", &fields, "");
    assert_eq!(call.field("outwright-attempts"), Some("2"), "{call:?}");
    stage.ask("GET /demo/v1/nothing", &[], "");
    for (row, value) in [
        (
            r#"outwright_calls_total{provider="demo",operation="get_charge",outcome="client_error"}"#,
            "1",
        ),
        (r#"outwright_calls_in_flight{provider="demo"}"#, "0"),
        (
            r#"outwright_attempts_total{provider="demo",operation="get_charge",kind="first",result="overloaded"}"#,
            "1",
        ),
        (r#"outwright_turned_away_total{problem="operation-unknown"}"#, "1"),
        (r#"outwright_breaker_state{provider="demo",breaker="provider",state="closed"}"#, "1"),
        (r#"outwright_concurrency_limit{provider="demo"}"#, "20"),
        ("outwright_bugs_total", "0"),
    ] {
        assert_eq!(stage.metric(row).as_deref(), Some(value), "{row}\n{}", stage.metrics());
    }
    let id = call.field("outwright-call").unwrap().to_owned();
    let log = stage.log();
    assert_eq!(log.len(), 2, "{log:?}");
    let line = &log[0];
    for (member, value) in [
        ("event", "outwright.call"),
        ("provider", "demo"),
        ("operation", "get_charge"),
        ("url.template", "/v1/charges/{charge}"),
        ("call", &id),
        ("outcome", "client_error"),
        ("priority", "background"),
    ] {
        assert_eq!(line[member], value, "{line}");
    }
    // In process a call that waited for its thread has less left.
    let timeout = line["caller_timeout_ms"].as_f64().unwrap();
    assert!(timeout > 2000.0 && timeout <= 2500.0, "{line}");
    assert_eq!(line["attempts"][0]["status"], 503);
    assert_eq!(line["attempts"][1]["status"], 404);
    assert_eq!(log[1]["event"], "outwright.turned_away");
    assert_eq!(log[1]["problem"], "operation-unknown");
    let text = std::fs::read_to_string(stage.log_path()).unwrap();
    assert!(!text.contains("secret-of-the-caller") && !text.contains("ch_9"), "{text}");
}

/// R-522: a known secret is in no output of ours; the provider's wire log proves that it was there to be leaked.
#[test]
fn the_secret_goes_to_the_provider_and_nowhere_else() {
    let mut stage = Stage::new(Settings::default());
    let mut outputs = Vec::new();
    for line in ["GET /demo/v1/charges", "GET /demo/v1/nothing", "GET /other/", "GET /demo/v1/../x"]
    {
        let answer = stage.ask(line, &[], "");
        outputs.push(format!("{}\n{}", answer.head, answer.body));
    }
    stage.demo.fault(Injection::always(Fault::status(500)));
    for line in ["GET /demo/v1/charges", "POST /demo/v1/orders"] {
        let answer = stage.ask(line, &[], "reference=1");
        outputs.push(format!("{}\n{}", answer.head, answer.body));
    }
    outputs.extend(stage.pages());
    let seen = format!("{:?}", stage.demo.wire_log());
    stage.log();
    outputs.push(std::fs::read_to_string(stage.log_path()).unwrap());
    for output in &outputs {
        assert!(!leaks(output), "{output}");
    }
    assert!(leaks(&seen), "the scan finds it where it has to be");
}

/// The secret itself, in base64, in hexadecimal, and without its last quarter.
fn leaks(text: &str) -> bool {
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    // `printf %s SECRET | base64`, without its padding.
    let base64 = "c2tfbGl2ZV80ZUMzOUhxTHlqV0Rhcmp0VDF6ZHA3ZG";
    [SECRET, &SECRET[..24], &hex, base64].iter().any(|form| text.contains(form))
}
