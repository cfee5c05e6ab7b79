//! stripe-python and stripe-node against localstripe.

use std::net::TcpListener;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::between::{Between, Does, says};
use super::{peers, said, script};
use crate::contracts;
use crate::process::{beside, gateway, tool};

const CUSTOMERS: &str = "  list:
    request: GET /v1/customers
    needs: [all]
    fallback: none
  create_customer:
    request: POST /v1/customers
    needs: [all]
    idempotency: { plan: once }
stop_retry: { Stripe-Should-Retry: \"false\" }
";

/// Loses the first answer to a POST.
fn loses_one() -> impl Fn(&str) -> Does + Send + Sync {
    let lost = AtomicBool::new(false);
    move |head| {
        let loses = head.starts_with("POST ") && !lost.swap(true, Ordering::SeqCst);
        if loses { Does::Loses } else { Does::Passes }
    }
}

/// Fails every POST.
fn fails(head: &str) -> Does {
    if head.starts_with("POST ") {
        return says("503 Service Unavailable", r#"{"error":{"type":"api_error"}}"#);
    }
    Does::Passes
}

fn python(base: &str) -> Option<Value> {
    let python = tool("stripe-python", "OUTWRIGHT_PYTHON")?;
    Some(said(Command::new(python).arg(script("stripe_customer.py")).arg(base)))
}

#[test]
fn stripe_python_works_through_its_path() {
    let _beside = beside();
    let Some(peer) = peers::localstripe() else { return };
    let between = Between::before(peer.address, |_| Does::Passes);
    let folder = tempfile::tempdir().unwrap();
    contracts::write(folder.path(), "stripe", between.address, CUSTOMERS);
    let gateway = gateway(folder.path());
    let Some(said) = python(&format!("http://{}/stripe", gateway.data)) else { return };
    assert!(said["id"].as_str().is_some_and(|id| id.starts_with("cus_")), "{said}");
    let head = between.heads("POST").remove(0);
    assert!(head.contains("sk_test_12345") && !head.contains("sk_test_caller"), "{head}");
}

/// R-091.
#[test]
fn stripe_python_stops_when_the_provider_fails() {
    let _beside = beside();
    let Some(peer) = peers::localstripe() else { return };
    let between = Between::before(peer.address, fails);
    let folder = tempfile::tempdir().unwrap();
    contracts::write(folder.path(), "stripe", between.address, CUSTOMERS);
    let gateway = gateway(folder.path());
    let Some(said) = python(&format!("http://{}/stripe", gateway.data)) else { return };
    assert_eq!((&said["error"], &said["status"]), (&"APIError".into(), &503.into()), "{said}");
    assert_eq!(between.count("POST"), 1, "nobody sent it again: {said}");
    // The control: by itself it sends it three times.
    let alone = Between::before(peer.address, fails);
    let Some(said) = python(&format!("http://{}", alone.address)) else { return };
    assert_eq!((&said["status"], alone.count("POST")), (&503.into(), 3), "{said}");
}

#[test]
fn stripe_python_stops_at_an_unknown_outcome_and_the_customer_exists_once() {
    let _beside = beside();
    let Some(peer) = peers::localstripe() else { return };
    let between = Between::before(peer.address, loses_one());
    let folder = tempfile::tempdir().unwrap();
    contracts::write(folder.path(), "stripe", between.address, CUSTOMERS);
    let gateway = gateway(folder.path());
    let Some(said) = python(&format!("http://{}/stripe", gateway.data)) else { return };

    // This client repeats every status from 500 on, unless the reply carries the provider's stop field.
    assert_eq!(between.count("POST"), 1, "nobody sent it again: {said}");
    assert_eq!(said["body"]["type"], "urn:outwright:problem:outcome-unknown", "{said}");
    assert_eq!(said["body"]["effect"], "unknown", "{said}");

    let list = Command::new("curl")
        .args(["-sS", "-u", "sk_test_12345:", &format!("http://{}/v1/customers", peer.address)])
        .output()
        .unwrap();
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(list["data"].as_array().map(Vec::len), Some(1), "one customer: {list}");
}

#[test]
fn stripe_python_without_outwright_makes_two_customers_of_one_intent() {
    let _beside = beside();
    // The negative control: the very loss that the test above survives.
    let Some(peer) = peers::localstripe() else { return };
    let between = Between::before(peer.address, loses_one());
    let Some(said) = python(&format!("http://{}", between.address)) else { return };
    assert!(said["id"].is_string(), "the client's own retry succeeded: {said}");
    assert_eq!(between.count("POST"), 2);
}

/// stripe-node takes a host and a port, and no path.
fn node(address: std::net::SocketAddr) -> Option<Value> {
    let node = tool("stripe-node", "OUTWRIGHT_NODE")?;
    let modules = tool("stripe-node", "OUTWRIGHT_NODE_CLIENTS")?;
    let mut command = Command::new(node);
    command.arg(script("stripe_customer.mjs")).env("OUTWRIGHT_NODE_CLIENTS", modules);
    Some(said(command.args([address.ip().to_string(), address.port().to_string()])))
}

/// The contract with a door of its own; the address of the door.
fn with_door(folder: &std::path::Path, between: &Between) -> std::net::SocketAddr {
    let door = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let text = format!("{CUSTOMERS}listen: {{ port: {} }}\n", door.port());
    contracts::write(folder, "stripe", between.address, &text);
    door
}

#[test]
fn stripe_node_works_through_a_door_of_its_own() {
    let _beside = beside();
    let Some(peer) = peers::localstripe() else { return };
    let between = Between::before(peer.address, |_| Does::Passes);
    let folder = tempfile::tempdir().unwrap();
    let door = with_door(folder.path(), &between);
    let _gateway = gateway(folder.path());
    let Some(said) = node(door) else { return };
    assert!(said["id"].as_str().is_some_and(|id| id.starts_with("cus_")), "{said}");
    assert_eq!(said["listed"], 1, "{said}");
    let head = between.heads("POST").remove(0);
    assert!(head.contains("sk_test_12345") && !head.contains("sk_test_caller"), "{head}");
}

/// R-091.
#[test]
fn stripe_node_stops_when_the_provider_fails_or_an_outcome_is_unknown() {
    let _beside = beside();
    let Some(peer) = peers::localstripe() else { return };
    for (between, status, code) in [
        (Between::before(peer.address, fails), 503, Value::Null),
        (Between::before(peer.address, loses_one()), 502, "outcome-unknown".into()),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let door = with_door(folder.path(), &between);
        let _gateway = gateway(folder.path());
        let Some(said) = node(door) else { return };
        assert_eq!((&said["error"], &said["status"]), (&"StripeAPIError".into(), &status.into()));
        assert_eq!((&said["code"], &said["stop"]), (&code, &"false".into()), "{said}");
        assert_eq!(between.count("POST"), 1, "nobody sent it again: {said}");
    }
}

#[test]
fn stripe_node_without_outwright_sends_again() {
    let _beside = beside();
    let Some(peer) = peers::localstripe() else { return };
    let failing = Between::before(peer.address, fails);
    let Some(said) = node(failing.address) else { return };
    assert!(said["error"].is_string(), "{said}");
    assert_eq!(failing.count("POST"), 3, "{said}");
    let losing = Between::before(peer.address, loses_one());
    let Some(said) = node(losing.address) else { return };
    assert_eq!((losing.count("POST"), &said["listed"]), (2, &Value::from(2)), "two of one intent");
}
