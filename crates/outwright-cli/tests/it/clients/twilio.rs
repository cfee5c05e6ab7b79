//! twilio-python against WireMock.

use std::process::Command;

use serde_json::Value;

use super::between::{Between, Does, says};
use super::{peers, said, script};
use crate::contracts;
use crate::process::{Gateway, beside, gateway, tool};

const MESSAGES: &str = "  list_messages:
    request: GET /2010-04-01/Accounts/{account}/Messages.json
    needs: [all]
    fallback: none
  create_message:
    request: POST /2010-04-01/Accounts/{account}/Messages.json
    needs: [all]
    idempotency: { plan: once }
  list:
    request: GET /v1/Services
    needs: [all]
    fallback: none
limits: { dialect: twilio }
links: { json: [/meta/next_page_url] }
";

const ACCOUNT: &str = "AC00000000000000000000000000000000";

fn stage(between: &Between) -> (Gateway, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let inject = format!("{{ basic: {{ user: {ACCOUNT} }} }}");
    contracts::write_with(folder.path(), ("twilio", &inject), between.address, MESSAGES);
    (gateway(folder.path()), folder)
}

fn client(base: &str) -> Option<Value> {
    let python = tool("twilio-python", "OUTWRIGHT_PYTHON")?;
    Some(said(Command::new(python).arg(script("twilio_messages.py")).args([base, ACCOUNT])))
}

/// The stubs name the world's Twilio in absolute links; here it is where the contract says that it is.
fn speaks_of_itself(head: &str) -> Does {
    let host =
        head.lines().find_map(|line| line.strip_prefix("Host: ").or(line.strip_prefix("host: ")));
    let here = format!("http://{}", host.unwrap_or_default());
    Does::Renames(vec![("https://messaging.twilio.com".to_owned(), here)])
}

/// The stub wants Basic credentials of the contract and a form, and answers 404 to everything else.
#[test]
fn twilio_python_sends_a_message_and_reads_all_pages() {
    let _beside = beside();
    let Some(peer) = peers::wiremock() else { return };
    let between = Between::before(peer.address, speaks_of_itself);
    let (gateway, _folder) = stage(&between);
    let Some(said) = client(&format!("http://{}/twilio", gateway.data)) else { return };
    assert_eq!(said["sid"], "SM00000000000000000000000000000001", "{said}");
    // One kind of page leads on by a path, the other by a whole URL, which outwright leads back.
    assert_eq!(said["messages"], serde_json::json!(["one", "two"]), "{said}");
    assert_eq!(said["services"], serde_json::json!(["first", "second"]), "{said}");
    assert_eq!((between.count("POST"), between.count("GET")), (1, 4), "{said}");
}

fn fails(_: &str) -> Does {
    says("503 Service Unavailable", r#"{"code":20503,"message":"Service is unavailable"}"#)
}

/// This client has no retries of its own: what arrives is what the contract allows.
#[test]
fn twilio_python_leaves_retries_to_outwright() {
    let _beside = beside();
    let Some(peer) = peers::wiremock() else { return };
    let between = Between::before(peer.address, fails);
    let (gateway, _folder) = stage(&between);
    let Some(said) = client(&format!("http://{}/twilio", gateway.data)) else { return };
    assert_eq!((&said["status"], between.count("POST")), (&503.into(), 1), "{said}");
    assert_eq!((&said["list_status"], between.count("GET")), (&503.into(), 3), "{said}");
    // The control: without outwright nothing is tried again, neither what may be nor what may not.
    let alone = Between::before(peer.address, fails);
    let Some(said) = client(&format!("http://{}", alone.address)) else { return };
    assert_eq!((alone.count("POST"), alone.count("GET")), (1, 1), "{said}");
}
