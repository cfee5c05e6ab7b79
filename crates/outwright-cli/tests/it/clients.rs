//! Clients that we did not write, unchanged but for the base URL: one effect, whatever is lost.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use outwright_gateway::demo::{Demo, Fault, Injection, Ports, Settings, Strikes};
use serde_json::Value;

use crate::contracts;
use crate::process::{Gateway, Running, beside, gateway, gateway_with, tool};

const CHARGES: &str = "  list:
    request: GET /v1/charges
    needs: [all]
    fallback: none
  create_charge:
    request: POST /v1/charges
    needs: [all]
    idempotency: { plan: provider_key, header: Idempotency-Key, key: required }
";

/// A demo provider that loses its first reply after the charge was made, and a gateway in front of it.
fn stage() -> (Demo, Gateway, tempfile::TempDir) {
    let demo = Demo::spawn_thread(Ports::default(), Settings::default()).unwrap();
    demo.fault(
        Injection::once(Fault::Silent { strikes: Strikes::AfterEffect }).on("POST /v1/charges"),
    );
    let folder = tempfile::tempdir().unwrap();
    contracts::write(folder.path(), "demo", demo.plain(), CHARGES);
    let gateway = gateway(folder.path());
    (demo, gateway, folder)
}

fn one_effect(demo: &Demo, status: u16, who: &str) {
    assert_eq!(status, 200, "{who} got its charge");
    assert_eq!(demo.effects().count(), 1, "{who}: one effect");
    let sends = demo.wire_log();
    assert_eq!(sends.len(), 2, "{who}: the lost one and its repeat");
    assert!(sends.iter().all(|seen| seen.key() == Some("key-of-a-client")), "{who}: one key");
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/clients").join(name)
}

fn said(command: &mut Command) -> Value {
    let output = command.output().expect("the client starts");
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|_| {
        panic!("the client said {text:?} and {:?}", String::from_utf8_lossy(&output.stderr))
    })
}

const BODY: &str = r#"{"amount":1200,"currency":"eur","reference":"order-7"}"#;

#[test]
fn curl_makes_one_charge_when_the_reply_is_lost() {
    let _beside = beside();
    let (demo, gateway, _folder) = stage();
    let output = Command::new("curl")
        .args(["-sS", "-o", "/dev/null", "-w", "%{http_code}", "-X", "POST"])
        .args(["-H", "Idempotency-Key: key-of-a-client", "-H", "Content-Type: application/json"])
        .args(["-d", BODY, &format!("http://{}/demo/v1/charges", gateway.data)])
        .output()
        .expect("curl is on every machine of the test command");
    let status = String::from_utf8_lossy(&output.stdout).parse().unwrap();
    one_effect(&demo, status, "curl");
}

/// R-548: a proxy that nobody listens as would take every call.
#[test]
fn proxies_of_the_environment_are_not_asked() {
    let _beside = beside();
    let demo = Demo::spawn_thread(Ports::default(), Settings::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    contracts::write(folder.path(), "demo", demo.plain(), CHARGES);
    let nobody = "http://127.0.0.1:9";
    let names =
        ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let gateway = gateway_with(folder.path(), &names.map(|name| (name, nobody)));
    let output = Command::new("curl")
        .args(["-sS", "--noproxy", "*", "-o", "/dev/null", "-w", "%{http_code}"])
        .arg(format!("http://{}/demo/v1/charges", gateway.data))
        .output()
        .expect("curl is on every machine of the test command");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "200");
    assert_eq!(demo.arrived(), 1);
}

#[test]
fn python_requests_makes_one_charge_when_the_reply_is_lost() {
    let _beside = beside();
    let Some(python) = tool("python requests", "OUTWRIGHT_PYTHON") else { return };
    let (demo, gateway, _folder) = stage();
    let url = format!("http://{}/demo/v1/charges", gateway.data);
    let said = said(Command::new(python).arg(script("requests_post.py")).args([
        &url,
        BODY,
        "key-of-a-client",
    ]));
    one_effect(&demo, status(&said), "requests");
}

#[test]
fn node_fetch_makes_one_charge_when_the_reply_is_lost() {
    let _beside = beside();
    let Some(node) = tool("node fetch", "OUTWRIGHT_NODE") else { return };
    let (demo, gateway, _folder) = stage();
    let url = format!("http://{}/demo/v1/charges", gateway.data);
    let said = said(Command::new(node).arg(script("fetch_post.mjs")).args([
        &url,
        BODY,
        "key-of-a-client",
    ]));
    one_effect(&demo, status(&said), "fetch");
}

fn status(said: &Value) -> u16 {
    said["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(0)
}

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

/// Python with the official client, and the server that speaks like Stripe.
fn stripe_tools() -> Option<(String, String)> {
    let part = "stripe-python with localstripe";
    Some((tool(part, "OUTWRIGHT_PYTHON")?, tool(part, "OUTWRIGHT_LOCALSTRIPE")?))
}

/// localstripe, unchanged, on a free loopback port.
fn localstripe(program: &str, folder: &Path) -> (Running, SocketAddr) {
    let mut child = Command::new(Path::new(program).with_file_name("python"))
        .arg(script("localstripe_on.py"))
        .env("TMPDIR", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("python starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("stdout is piped")).read_line(&mut line).unwrap();
    let port: u16 = line.trim().parse().expect("localstripe says its port");
    (Running(child), SocketAddr::from(([127, 0, 0, 1], port)))
}

/// Passes requests on to a peer and lets its reply to the first POST get lost.
fn losing(peer: SocketAddr) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let posts = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&posts);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            let posts = Arc::clone(&counted);
            std::thread::spawn(move || pass(stream, peer, &posts));
        }
    });
    (address, posts)
}

fn pass(mut caller: TcpStream, peer: SocketAddr, posts: &AtomicUsize) {
    loop {
        let Some(request) = message(&mut caller) else { return };
        let Ok(mut onward) = TcpStream::connect(peer) else { return };
        if onward.write_all(&request).is_err() {
            return;
        }
        let Some(reply) = message(&mut onward) else { return };
        let post = request.starts_with(b"POST ");
        if post && posts.fetch_add(1, Ordering::SeqCst) == 0 {
            // The peer has committed: its reply is complete. Nobody hears of it.
            let _ = caller.shutdown(Shutdown::Both);
            return;
        }
        if caller.write_all(&reply).is_err() {
            return;
        }
    }
}

/// One message with a Content-Length or without a body, as these peers write them.
fn message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut byte = [0_u8; 1];
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        bytes.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&bytes).to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|value| value.trim().parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    bytes.extend(body);
    Some(bytes)
}

#[test]
fn stripe_python_stops_at_an_unknown_outcome_and_the_customer_exists_once() {
    let _beside = beside();
    let Some((python, server)) = stripe_tools() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (_peer, peer) = localstripe(&server, folder.path());
    let (between, posts) = losing(peer);
    contracts::write(folder.path(), "stripe", between, CUSTOMERS);
    let gateway = gateway(folder.path());

    let base = format!("http://{}/stripe", gateway.data);
    let said = said(Command::new(&python).arg(script("stripe_customer.py")).arg(&base));

    // This client repeats every status from 500 on, unless the reply carries the provider's stop field.
    assert_eq!(posts.load(Ordering::SeqCst), 1, "nobody sent it again: {said}");
    assert_eq!(said["body"]["type"], "urn:outwright:problem:outcome-unknown", "{said}");
    assert_eq!(said["body"]["effect"], "unknown", "{said}");

    let list = Command::new("curl")
        .args(["-sS", "-u", "sk_test_12345:", &format!("http://{peer}/v1/customers")])
        .output()
        .unwrap();
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(list["data"].as_array().map(Vec::len), Some(1), "one customer: {list}");
}

#[test]
fn stripe_python_without_outwright_makes_two_customers_of_one_intent() {
    let _beside = beside();
    // The negative control: the very loss that the test above survives.
    let Some((python, server)) = stripe_tools() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (_peer, peer) = localstripe(&server, folder.path());
    let (between, posts) = losing(peer);
    let said = said(
        Command::new(&python).arg(script("stripe_customer.py")).arg(format!("http://{between}")),
    );
    assert!(said["id"].is_string(), "the client's own retry succeeded: {said}");
    assert_eq!(posts.load(Ordering::SeqCst), 2);
}
