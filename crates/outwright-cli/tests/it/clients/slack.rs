//! Slack's clients for Python and Node against WireMock.

use std::process::Command;

use serde_json::Value;

use super::between::{Between, Does, says};
use super::{peers, said, script};
use crate::contracts;
use crate::process::{Gateway, beside, gateway, tool};

const CHANNELS: &str = "  list:
    request: GET /api/team.info
    needs: [all]
    fallback: none
  list_channels:
    request: POST /api/conversations.list
    needs: [all]
    fallback: none
    idempotency: { plan: safe }
  get_channels:
    request: GET /api/conversations.list
    needs: [all]
    fallback: none
  post_message:
    request: POST /api/chat.postMessage
    needs: [all]
    idempotency: { plan: once }
limits: { dialect: slack }
";

fn stage(between: &Between) -> (Gateway, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    contracts::write(folder.path(), "slack", between.address, CHANNELS);
    (gateway(folder.path()), folder)
}

fn python(base: &str, what: &str) -> Option<Value> {
    let python = tool("slack_sdk", "OUTWRIGHT_PYTHON")?;
    Some(said(Command::new(python).arg(script("slack_python.py")).args([base, what])))
}

fn node(base: &str, what: &str) -> Option<Value> {
    let node = tool("@slack/web-api", "OUTWRIGHT_NODE")?;
    let modules = tool("@slack/web-api", "OUTWRIGHT_NODE_CLIENTS")?;
    let mut command = Command::new(node);
    command.arg(script("slack_node.mjs")).env("OUTWRIGHT_NODE_CLIENTS", modules);
    Some(said(command.args([base, what])))
}

type Client = fn(&str, &str) -> Option<Value>;
const BOTH: [(&str, Client); 2] = [("slack_sdk", python), ("@slack/web-api", node)];

/// The stub wants the contract's token, and answers 404 to everything else.
#[test]
fn the_clients_of_slack_post_and_read_all_pages() {
    let _beside = beside();
    let Some(peer) = peers::wiremock() else { return };
    for (name, client) in BOTH {
        let between = Between::before(peer.address, |_| Does::Passes);
        let (gateway, _folder) = stage(&between);
        let base = format!("http://{}/slack/api/", gateway.data);
        let Some(said) = client(&base, "all") else { return };
        assert_eq!(said["ts"], "1503435956.000247", "{name}: {said}");
        assert_eq!(said["channels"], serde_json::json!(["general", "random"]), "{name}: {said}");
        // a refusal of Slack is a 200 that says so, and nothing to send again.
        let Some(said) = client(&base, "refused") else { return };
        assert_eq!(said["error"], "channel_not_found", "{name}: {said}");
        let posts = between.heads("POST");
        let messages = posts.iter().filter(|head| head.contains("/api/chat.postMessage")).count();
        assert_eq!(messages, 2, "{name}: one of each");
    }
}

/// The message was posted, and nobody hears of it.
fn loses(head: &str) -> Does {
    if head.contains("/api/chat.postMessage") { Does::Loses } else { Does::Passes }
}

#[test]
fn slack_sdk_posts_once_when_the_answer_is_lost() {
    let _beside = beside();
    let Some(peer) = peers::wiremock() else { return };
    let between = Between::before(peer.address, loses);
    let (gateway, _folder) = stage(&between);
    let base = format!("http://{}/slack/api/", gateway.data);
    let Some(said) = python(&base, "all") else { return };
    assert_eq!((&said["problem"], between.count("POST")), (&OUTCOME_UNKNOWN.into(), 1), "{said}");
    // The control: it takes a lost answer for a lost connection, and posts again.
    let alone = Between::before(peer.address, loses);
    let Some(said) = python(&format!("http://{}/api/", alone.address), "all") else { return };
    assert_eq!(alone.count("POST"), 2, "{said}");
}

const OUTCOME_UNKNOWN: &str = "urn:outwright:problem:outcome-unknown";

fn fails(_: &str) -> Does {
    says("503 Service Unavailable", "{}")
}

/// The client for Node knows no field that stops it: its own retries are a setting, and the guide names it.
#[test]
fn slack_for_node_posts_once_with_its_retries_off() {
    let _beside = beside();
    let Some(peer) = peers::wiremock() else { return };
    for rule in [loses, fails] {
        let between = Between::before(peer.address, rule);
        let (gateway, _folder) = stage(&between);
        let base = format!("http://{}/slack/api/", gateway.data);
        let Some(said) = node(&base, "off") else { return };
        assert_eq!((&said["stop"], between.count("POST")), (&"false".into(), 1), "{said}");
    }
    // The control: its default is ten retries in half an hour; two quick ones show that it uses them.
    let alone = Between::before(peer.address, fails);
    let Some(said) = node(&format!("http://{}/api/", alone.address), "quick") else { return };
    assert_eq!(alone.count("POST"), 3, "{said}");
}
