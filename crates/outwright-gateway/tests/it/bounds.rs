//! What a process holds at most, as its callers see it.

use std::io::Write as _;
use std::net::TcpStream;

use outwright_gateway::demo::{Fault, Injection, Settings, Strikes};

use crate::peer::{Peer, Says};
use crate::stage::Stage;

/// A gateway before this peer, whose deployment has these bounds.
fn before(peer: &Peer, bounds: &str, lines: &str) -> Stage {
    Stage::before(peer, |contract| {
        bounded(contract.replace("\negress:", &format!("\n{lines}\negress:")), bounds)
    })
}

fn bounded(contract: String, bounds: &str) -> String {
    format!("{contract}#=== outwright.yaml\noutwright: 1\nbounds: {{ {bounds} }}\n")
}

/// R-565, R-197: beyond the bound a call is told so at once, whatever its method, and when to come back.
#[test]
fn a_call_beyond_the_bound_of_the_process_gets_a_503_at_once() {
    let stage = Stage::changed(Settings::default(), |contract| bounded(contract, "calls: 2"));
    stage.demo.fault(Injection::always(Fault::Silent { strikes: Strikes::BeforeEffect }));
    let callers: Vec<_> = (0..2)
        .map(|_| {
            let mut caller = TcpStream::connect(stage.data()).unwrap();
            let request =
                format!("GET /demo/v1/charges HTTP/1.1\r\nHost: {}\r\n\r\n", stage.data());
            caller.write_all(request.as_bytes()).unwrap();
            caller
        })
        .collect();
    stage.until("outwright_process_calls", "2");
    for (line, fields, body) in [
        ("GET /demo/v1/charges", &["Outwright-Priority: critical"][..], ""),
        ("POST /demo/v1/charges", &["Idempotency-Key: k"][..], "x"),
    ] {
        let answer = stage.ask(line, fields, body);
        assert_eq!((answer.status, answer.problem().as_str()), (503, "calls-full"));
        assert_eq!(answer.field("retry-after"), Some("1"));
        assert_eq!(answer.field("outwright-attempts"), Some("0"));
    }
    let row = r#"outwright_process_rejections_total{provider="demo",reason="calls_full"}"#;
    assert_eq!(stage.metric(row).as_deref(), Some("2"));
    drop(callers);
    stage.until("outwright_process_calls", "0");
    stage.demo.clear_faults();
    assert_eq!(stage.ask("GET /demo/v1/charges", &[], "").status, 200);
}

/// R-565: a body is read for its links as far as there is room for it; else it passes as it is.
#[test]
fn links_in_a_body_for_which_there_is_no_room_stay_as_they_are() {
    let body = |port: u16, bytes: usize| {
        let next = format!("http://127.0.0.1:{port}/v1/charges?page=2");
        format!("{{\"next\":\"{next}\",\"fill\":\"{}\"}}", "x".repeat(bytes))
    };
    let json = |text: String| Says::ok("Content-Type: application/json\r\n", &text);
    let peer = Peer::knowing(|port| vec![json(body(port, 700_000)), json(body(port, 400_000))]);
    let lines = "links: { json: [/next] }";
    let stage = before(&peer, "bytes: 1MiB", lines);
    let large = stage.ask("GET /demo/v1/charges", &[], "");
    assert!(large.body == body(peer.port(), 700_000), "it is the provider's, byte for byte");
    let small = stage.ask("GET /demo/v1/charges", &[], "");
    let here = format!("http://{}/demo/v1/charges?page=2", stage.data());
    assert_eq!(small.json()["next"], here);
    assert_eq!(stage.metric("outwright_kept_bytes").as_deref(), Some("0"));
}
