//! Contracts that change while the gateway runs.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

use outwright_gateway::demo::Settings;

use super::stage::{LONG, Stage};
use crate::peer::{Peer, Says};

/// A gateway in front of a provider that the test itself is.
fn held() -> (TcpListener, Stage) {
    let provider = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = Peer::start(vec![Says::ok("", "not asked")]);
    let (there, here) = (peer.port(), provider.local_addr().unwrap().port());
    let stage = Stage::before(&peer, |contract| {
        let calm = contract.replace("first_byte: 1s", "first_byte: 5s");
        let calm = calm.replace("attempt: 2s, total: 10s", "attempt: 6s, total: 25s");
        calm.replace(&format!("127.0.0.1:{there}"), &format!("127.0.0.1:{here}"))
    });
    (provider, stage)
}

/// A request that arrived at the provider.
fn arrives(provider: &TcpListener) -> (TcpStream, String) {
    let (mut stream, _) = provider.accept().unwrap();
    let head = read_head(&mut stream);
    (stream, head)
}

fn read_head(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(LONG)).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "a head that was cut");
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

fn asks(data: SocketAddr, path: &str) -> TcpStream {
    let mut caller = TcpStream::connect(data).unwrap();
    caller.set_read_timeout(Some(LONG)).unwrap();
    write!(caller, "GET {path} HTTP/1.1\r\nHost: {data}\r\nConnection: close\r\n\r\n").unwrap();
    caller
}

fn rest(mut caller: TcpStream) -> String {
    let mut text = String::new();
    caller.read_to_string(&mut text).unwrap();
    text
}

/// R-656.
#[test]
fn a_call_under_way_ends_under_the_contract_that_it_began_under() {
    let (provider, mut stage) = held();
    let caller = asks(stage.data(), "/demo/v1/charges");
    let (mut first, _) = arrives(&provider);
    let without =
        "  list_charges:\n    request: GET /v1/charges\n    needs: [all]\n    fallback: none\n";
    stage
        .reload(
            |contract| {
                assert!(contract.contains(without));
                let gone = contract
                    .replace(without, "")
                    .replace("verify: list_charges", "verify: head_charges");
                gone.replace("attempts: 3", "attempts: 1").replace("request_id: Request-Id\n", "")
            },
            &[],
        )
        .unwrap();
    assert_eq!(stage.ask("GET /demo/v1/charges", &[], "").problem(), "operation-unknown");
    write!(first, "HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n").unwrap();
    // Under the new contract nothing would be tried again.
    read_head(&mut first);
    write!(first, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine").unwrap();
    let answer = rest(caller);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("outwright-attempts: 2"), "{answer}");
    let line = stage.log().into_iter().find(|line| line["operation"] == "list_charges").unwrap();
    assert_eq!(line["attempts"].as_array().unwrap().len(), 2, "{line}");
}

#[test]
fn slots_are_counted_across_a_reload() {
    let (provider, mut stage) = held();
    let caller = asks(stage.data(), "/demo/v1/charges");
    let (mut first, _) = arrives(&provider);
    stage
        .reload(|contract| contract.replace("max: 20, queue: 40", "max: 1, queue: 0"), &[])
        .unwrap();
    let refused = stage.ask("GET /demo/v1/charges", &[], "");
    assert_eq!((refused.status, refused.problem().as_str()), (503, "queue-full"), "{refused:?}");
    write!(first, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine").unwrap();
    assert!(rest(caller).ends_with("fine"));
    stage.until(r#"outwright_concurrency_used{provider="demo"}"#, "0");
}

#[test]
fn a_provider_comes_goes_and_comes_back_with_what_was_counted() {
    let mut stage = Stage::new(Settings::default());
    let counted =
        r#"outwright_calls_total{provider="other",operation="list_charges",outcome="success"}"#;
    assert_eq!(stage.ask("GET /other/v1/charges", &[], "").problem(), "provider-unknown");
    let other = stage.other("other");
    stage.reload(|contract| contract, &[&other]).unwrap();
    assert_eq!(stage.ask("GET /other/v1/charges", &[], "").status, 200);
    assert_eq!(stage.ask("GET /demo/v1/charges", &[], "").status, 200);
    assert_eq!(stage.metric(counted).as_deref(), Some("1"));
    stage.reload(|contract| contract, &[]).unwrap();
    assert_eq!(stage.ask("GET /other/v1/charges", &[], "").problem(), "provider-unknown");
    assert_eq!(stage.metric(counted).as_deref(), Some("1"), "a counter never goes back");
    let gauge = r#"outwright_concurrency_limit{provider="other"}"#;
    assert_eq!(stage.metric(gauge), None, "what is gone has no level");
    stage.reload(|contract| contract, &[&other]).unwrap();
    assert_eq!(stage.ask("GET /other/v1/charges", &[], "").status, 200);
    assert_eq!(stage.metric(counted).as_deref(), Some("2"));
    assert_eq!(stage.metric(gauge).as_deref(), Some("20"));
    assert_eq!(stage.providers(), ["demo", "other"]);
}

#[test]
fn an_operation_that_is_new_is_counted_and_logged() {
    let mut stage = Stage::new(Settings::default());
    assert_eq!(stage.ask("GET /demo/v1/charges", &[], "").status, 200);
    let more =
        "operations:\n  ask:\n    request: GET /v1/limits\n    needs: [all]\n    fallback: none\n";
    stage.reload(|contract| contract.replace("operations:\n", more), &[]).unwrap();
    stage.ask("GET /demo/v1/limits", &[], "");
    assert_eq!(stage.ask("GET /demo/v1/charges", &[], "").status, 200);
    let listed =
        r#"outwright_calls_total{provider="demo",operation="list_charges",outcome="success"}"#;
    assert_eq!(stage.metric(listed).as_deref(), Some("2"), "what was counted before goes on");
    let log = stage.log();
    assert_eq!(log.iter().filter(|line| line["operation"] == "ask").count(), 1);
}

#[test]
fn a_changed_credential_is_sent_from_the_next_call_on() {
    let peer = Peer::start(vec![Says::ok("", "fine")]);
    let mut stage = Stage::before(&peer, |contract| contract);
    assert_eq!(stage.ask("GET /demo/v1/charges", &[], "").status, 200);
    stage
        .reload(
            |contract| {
                contract.replace("inject: { bearer: {} }", "inject: { header: { name: X-Key } }")
            },
            &[],
        )
        .unwrap();
    assert_eq!(stage.ask("GET /demo/v1/charges", &[], "").status, 200);
    let seen = peer.seen();
    assert!(
        seen[0].head.to_ascii_lowercase().contains("\r\nauthorization: bearer sk_live"),
        "{:?}",
        seen[0]
    );
    let second = seen[1].head.to_ascii_lowercase();
    assert!(second.contains("\r\nx-key: sk_live") && !second.contains("authorization"), "{second}");
    assert_eq!(seen[0].connection, seen[1].connection, "the connection serves both");
}
