//! What is the gateway's own and has no like in process: its hosts, heads, ports and admin port.

use outwright_gateway::demo::Settings;

use crate::stage::{Answer, Stage, ask, raw};

fn stage() -> Stage {
    Stage::new(Settings::default())
}

/// R-190, R-191: a problem of ours has our marks, the real status and no retry on top.
fn is_ours(answer: &Answer, status: u16, problem: &str) {
    assert_eq!((answer.status, answer.problem().as_str()), (status, problem), "{answer:?}");
    assert_eq!(answer.field("outwright-origin"), Some("outwright"));
    assert!(answer.field("proxy-status").is_some_and(|value| value.contains("error=")));
    assert_eq!(answer.field("x-should-retry"), Some("false"));
}

/// R-572: neither a page nor a name that was bound to loopback reaches a provider.
#[test]
fn browsers_and_foreign_hosts_are_turned_away() {
    let stage = stage();
    let line = "GET /demo/v1/charges";
    for field in ["Origin: http://localhost", "Origin: null", "Sec-Fetch-Site: same-site"] {
        is_ours(&stage.ask(line, &[field], ""), 403, "browser-refused");
    }
    for host in ["evil.example", "localhost", "127.0.0.1:1"] {
        is_ours(&ask(stage.data(), host, line, &[], ""), 421, "host-foreign");
    }
    assert_eq!(stage.demo.arrived(), 0);
    let row = r#"outwright_host_check_rejections_total{plane="data"}"#;
    assert_eq!(stage.metric(row).as_deref(), Some("6"));
}

/// R-055 and its neighbours, behind the real door.
#[test]
fn a_bad_head_is_told_and_never_sent() {
    let stage = stage();
    let host = stage.data();
    let text = raw(
        host,
        format!("POST /demo/v1/charges HTTP/1.1\r\nHost: {host}\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
            .as_bytes(),
    );
    assert!(text.starts_with("HTTP/1.1 400 "), "{text}");
    assert!(text.contains("urn:outwright:problem:bad-request"), "{text}");
    assert!(text.contains("proxy-status: outwright; error=http_request_error"), "{text}");
    assert_eq!(stage.demo.arrived(), 0);
}

/// R-034, R-543: a contract that leads back to the gateway is refused at the connection, before a byte.
#[test]
fn a_gateway_does_not_call_itself() {
    let stage = Stage::before_itself();
    let answer = stage.ask("GET /demo/v1/charges", &[], "");
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (502, "address-prohibited"),
        "{answer:?}"
    );
    let status = answer.field("proxy-status").unwrap();
    assert_eq!(status, "outwright; error=destination_ip_prohibited");
    let row = r#"outwright_calls_total{provider="demo",operation="list_charges",outcome="provider_error"}"#;
    assert_eq!(
        stage.metric(row).as_deref(),
        Some("1"),
        "the call was made once and never came in again"
    );
}

/// R-573.
#[test]
fn the_admin_port_needs_its_token_for_all_but_metrics_and_health() {
    let stage = Stage::new(Settings::default());
    let host = stage.gateway.as_ref().unwrap().admin().to_string();
    for path in ["/metrics", "/healthz", "/readyz"] {
        assert_eq!(stage.admin_bare(&host, path, &[]).status, 200, "{path}");
    }
    for fields in [&[][..], &["Authorization: Bearer wrong"], &["Authorization: Basic eDp5"]] {
        let answer = stage.admin_bare(&host, "/v1/status", fields);
        assert_eq!((answer.status, answer.problem().as_str()), (401, "token-missing"));
    }
    assert_eq!(stage.admin_bare("evil.example", "/metrics", &[]).status, 421);
    assert_eq!(stage.admin_bare(&host, "/metrics", &["Origin: http://localhost"]).status, 403);
    assert_eq!(stage.admin("/v1/nothing").status, 404);
    let row = r#"outwright_host_check_rejections_total{plane="admin"}"#;
    assert_eq!(stage.metric(row).as_deref(), Some("2"));
}

#[test]
fn status_shows_where_every_provider_stands() {
    let stage = Stage::new(Settings::default());
    assert_eq!(stage.ask("GET /demo/v1/charges", &[], "").status, 200);
    let status = stage.admin("/v1/status").json();
    let demo = &status["providers"][0];
    assert_eq!(demo["name"], "demo");
    assert_eq!(demo["calls"]["over"], 1);
    assert_eq!(demo["breakers"][0]["state"], "closed");
    assert_eq!(demo["concurrency"]["limit"], 20);
    assert_eq!(demo["windows"][0]["limit"], 500);
    assert_eq!(demo["credentials"][0]["version"], 1);
    assert_eq!(demo["retry_budget"], 1.0);
}
