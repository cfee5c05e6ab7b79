//! openai-python against llmock.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

use serde_json::Value;

use super::between::{Between, Does, says};
use super::{peers, said, script};
use crate::contracts;
use crate::process::{Gateway, Running, beside, gateway, tool};

const CHAT: &str = "  list:
    request: GET /v1/models
    needs: [all]
    fallback: none
  chat:
    request: POST /v1/chat/completions
    needs: [all]
    idempotency: { plan: repeatable, because: \"a completion costs tokens and changes nothing\" }
    stream: { max: 5m }
limits: { dialect: openai }
stop_retry: { x-should-retry: \"false\" }
";

fn stage(between: &Between) -> (Gateway, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    contracts::write(folder.path(), "openai", between.address, CHAT);
    (gateway(folder.path()), folder)
}

fn client(python: &str, name: &str, base: &str) -> Command {
    let mut command = Command::new(python);
    command.arg(script(name)).arg(base).env_remove("OPENAI_BASE_URL");
    command
}

/// `product.md` 4: every event reaches the client before the peer may send the next one.
#[test]
fn openai_python_gets_every_event_of_a_stream_when_it_comes() {
    let _beside = beside();
    let Some(python) = tool("openai-python", "OUTWRIGHT_PYTHON") else { return };
    let Some(peer) = peers::llmock() else { return };
    let (between, permit) = stepping(&peer);
    let (gateway, _folder) = stage(&between);
    let base = format!("http://{}/openai/v1", gateway.data);
    let mut child = client(&python, "openai_stream.py", &base)
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    let lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
    let mut client = Running(child);
    let mut text = String::new();
    permit.send(()).unwrap();
    let mut events = 0;
    for line in lines {
        // Only what was said is followed by more: a stream that is held back would stand still here for ever.
        let _over = permit.send(());
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        text.push_str(line["delta"].as_str().unwrap_or_default());
        events += 1;
    }
    assert!(client.0.wait().unwrap().success(), "the stream had an end");
    assert!(events > 3 && text.len() > 10, "{events} events: {text}");
    assert_eq!(between.count("POST"), 1);
    let head = between.heads("POST").remove(0).to_lowercase();
    assert!(head.contains("bearer sk_test_12345"), "{head}");
}

/// A proxy that lets one event of a stream pass for each permit.
fn stepping(peer: &peers::Peer) -> (Between, Sender<()>) {
    let (permit, permits) = channel();
    let permits = Mutex::new(Some(permits));
    let between = Between::before(peer.address, move |head| {
        match permits.lock().unwrap().take().filter(|_| head.starts_with("POST ")) {
            Some(permits) => Does::Steps(permits),
            None => Does::Passes,
        }
    });
    (between, permit)
}

fn fails(_: &str) -> Does {
    says("503 Service Unavailable", r#"{"error":{"message":"overloaded"}}"#)
}

/// R-091.
#[test]
fn openai_python_does_not_retry_what_outwright_has_retried() {
    let _beside = beside();
    let Some(python) = tool("openai-python", "OUTWRIGHT_PYTHON") else { return };
    let Some(peer) = peers::llmock() else { return };
    let between = Between::before(peer.address, fails);
    let (gateway, _folder) = stage(&between);
    let base = format!("http://{}/openai/v1", gateway.data);
    let said = said(&mut client(&python, "openai_once.py", &base));
    assert_eq!((&said["error"], &said["status"]), (&"InternalServerError".into(), &503.into()));
    assert_eq!((&said["stop"], &said["attempts"]), (&"false".into(), &"3".into()), "{said}");
    let heads = between.heads("POST");
    assert_eq!(heads.len(), 3, "the contract's attempts and no more");
    let first = |head: &String| head.to_lowercase().contains("x-stainless-retry-count: 0\r\n");
    assert!(heads.iter().all(first), "none is a retry of the client: {heads:?}");
}

#[test]
fn openai_python_without_outwright_retries_by_itself() {
    let _beside = beside();
    let Some(python) = tool("openai-python", "OUTWRIGHT_PYTHON") else { return };
    let Some(peer) = peers::llmock() else { return };
    let between = Between::before(peer.address, fails);
    let base = format!("http://{}/v1", between.address);
    let said = said(&mut client(&python, "openai_once.py", &base));
    assert_eq!((&said["status"], &said["stop"]), (&503.into(), &Value::Null));
    let heads = between.heads("POST");
    assert!(heads[heads.len() - 1].to_lowercase().contains("x-stainless-retry-count: 2"), "{said}");
    // And where nothing fails, the peer answers without outwright as well.
    let base = format!("http://{}/v1", peer.address);
    let said = super::said(&mut client(&python, "openai_once.py", &base));
    assert!(said["text"].as_str().is_some_and(|text| !text.is_empty()), "{said}");
}

/// llmock is a referee too: it fails a client that ignores Retry-After, retries what is not to be retried, storms,
/// does not back off or gives up. What it judges here is outwright behind the official client.
#[test]
fn llmock_finds_nothing_wrong_with_what_arrives_of_openai_python() {
    let _beside = beside();
    let Some(python) = tool("openai-python", "OUTWRIGHT_PYTHON") else { return };
    let Some(llmock) = tool("llmock", "OUTWRIGHT_LLMOCK") else { return };
    let Some(peer) = peers::llmock() else { return };
    // One question each, told apart by the model that it asks.
    let faults = [(0, 503, None), (1, 429, Some(1)), (2, 500, None), (3, 400, None)];
    let faults = faults.map(|(number, status, retry_after)| {
        let of = serde_json::json!({ "model": format!("gpt-4o-{number}") });
        serde_json::json!({ "type": "fail", "status": status, "retry_after": retry_after, "match": of })
    });
    let here = format!("http://{}", peer.address);
    let scenario = serde_json::json!({ "behaviors": faults }).to_string();
    let queued = said(Command::new("curl").args([
        "-sS",
        "-d",
        &scenario,
        &format!("{here}/_llmock/scenario"),
    ]));
    assert_eq!(queued["pending"], 4, "{queued}");

    let between = Between::before(peer.address, |_| Does::Passes);
    let (gateway, _folder) = stage(&between);
    let base = format!("http://{}/openai/v1", gateway.data);
    let said = said(&mut client(&python, "openai_prompts.py", &base));
    assert_eq!(said["ends"], serde_json::json!([200, 200, 200, 400, 200]));
    assert_eq!(between.count("POST"), 8, "three were repeated once");
    let verdict =
        Command::new(llmock).args(["report", "--strict", "--url", &here]).output().unwrap();
    assert!(verdict.status.success(), "{}", String::from_utf8_lossy(&verdict.stdout));
}
