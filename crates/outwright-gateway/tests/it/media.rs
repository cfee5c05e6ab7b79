//! Pages in place of data: what somebody between the provider and us says is not taken for the provider's answer.

use super::stage::{Answer, Stage};
use crate::peer::{Peer, Says};

const PAGE: &str = "<html><title>Down for maintenance</title></html>";

fn stage(script: Vec<Says>) -> (Peer, Stage) {
    let peer = Peer::start(script);
    let stage = Stage::before(&peer, |contract| {
        contract.replace("response: 8MiB }", "response: 8MiB, media: json }")
    });
    (peer, stage)
}

fn seen(stage: &Stage, line: &str, key: &[&str]) -> (u16, String) {
    let body = if line.starts_with("POST") { "{}" } else { "" };
    let answer: Answer = stage.ask(line, key, body);
    assert!(!answer.body.contains("maintenance"), "{answer:?}");
    (answer.status, answer.problem())
}

///
#[test]
fn a_page_with_status_200_is_no_answer_of_an_api() {
    let page = || Says::ok("Content-Type: text/html\r\n", PAGE);
    let (peer, stage) = stage(vec![page()]);
    let read = seen(&stage, "GET /demo/v1/charges", &[]);
    assert_eq!(read, (502, "provider-malformed".to_owned()));
    assert_eq!(peer.seen().len(), 3, "it may be there again a moment later");
    let keyed = seen(&stage, "POST /demo/v1/charges", &["Idempotency-Key: k"]);
    assert_eq!(keyed, (502, "outcome-unknown".to_owned()));
    let before = peer.seen().len();
    let once = seen(&stage, "POST /demo/v1/orders", &[]);
    assert_eq!(once, (502, "outcome-unknown".to_owned()), "it may have been passed on");
    assert_eq!(peer.seen().len() - before, 1);
}

/// nothing else is taken for a page.
#[test]
fn what_is_json_passes_and_so_does_what_has_no_body_or_is_no_success() {
    for media in ["application/json", "Application/JSON; charset=utf-8", "application/vnd.api+json"]
    {
        let (_peer, stage) = stage(vec![Says::ok(&format!("Content-Type: {media}\r\n"), "{}")]);
        assert_eq!(stage.ask("GET /demo/v1/charges", &[], "").body, "{}", "{media}");
    }
    let (_peer, empty) = stage(vec![Says::raw("HTTP/1.1 204 No Content\r\n\r\n")]);
    assert_eq!(empty.ask("GET /demo/v1/charges", &[], "").status, 204);
    let missing = format!(
        "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{PAGE}",
        PAGE.len()
    );
    let (_peer, missing) = stage(vec![Says::raw(missing)]);
    assert_eq!(missing.ask("GET /demo/v1/charges", &[], "").status, 404);
    for fields in ["", "Content-Type: application/jsonx\r\n"] {
        let (_peer, other) = stage(vec![Says::ok(fields, "{}")]);
        assert_eq!(other.ask("GET /demo/v1/charges", &[], "").status, 502, "{fields}");
    }
}
