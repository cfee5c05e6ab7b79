//! Clients that we did not write, unchanged but for the base URL: one effect, whatever is lost.
//!
//! The client libraries of providers have a file each; their peers are not ours either, and a small proxy between
//! outwright and a peer counts what arrives there and fails when a test says so.
//! Every test of a failure has its control: the same client at the same peer without outwright.

mod between;
pub(crate) mod described;
mod github;
mod openai;
mod peers;
mod slack;
mod stripe;
mod twilio;

use std::path::{Path, PathBuf};
use std::process::Command;

use outwright_gateway::demo::{Demo, Fault, Injection, Ports, Settings, Strikes};
use serde_json::Value;

use crate::contracts;
use crate::process::{Gateway, beside, gateway, gateway_with, tool};

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

/// What the guide shows for a client, and what its script does in the place.
const GUIDED: &[(&str, &[&str], &[&str])] = &[
    (
        "stripe_customer.py",
        &["stripe.StripeClient(", r#"base_addresses={"api": "http://127.0.0.1:4180/stripe"}"#],
        &["stripe.StripeClient(", r#"base_addresses={"api": sys.argv[1]}"#],
    ),
    (
        "stripe_customer.mjs",
        &[r#"new Stripe(key, { host: "127.0.0.1", port: "4190", protocol: "http" })"#],
        &[r#"new Stripe("sk_test_caller", { host, port, protocol: "http" })"#],
    ),
    (
        "openai_stream.py",
        &[r#"openai.OpenAI(api_key=key, base_url="http://127.0.0.1:4180/openai/v1")"#],
        &[r#"openai.OpenAI(api_key="sk-of-the-caller", base_url=sys.argv[1])"#],
    ),
    (
        "twilio_messages.py",
        &["Client(account, token)", "client.api.base_url = ", "client.messaging.base_url = "],
        &["Client(account, ", "client.api.base_url = ", "client.messaging.base_url = "],
    ),
    (
        "slack_python.py",
        &[r#"WebClient(token=token, base_url="http://127.0.0.1:4180/slack/api/")"#],
        &[r#"WebClient(token="xoxb-of-the-caller", base_url=base)"#],
    ),
    (
        "slack_node.mjs",
        &["new WebClient(token, {", "slackApiUrl: ", "retryConfig: { retries: 0 }"],
        &[
            r#"new WebClient("xoxb-of-the-caller", {"#,
            "slackApiUrl,",
            "retryConfig: { retries: 0 }",
        ],
    ),
    (
        "github_issue.py",
        &["Github(base_url=\"http://127.0.0.1:4190\", auth=Auth.Token(token), retry=None)"],
        &["Github(base_url=sys.argv[1], auth=Auth.Token(", r#""off": {"retry": None}"#],
    ),
];

#[test]
fn the_guide_shows_the_lines_that_the_clients_are_run_with() {
    let guide = include_str!("../../../../docs/guides/client-libraries.md");
    let blocks = guide.split("```python\n").count() + guide.split("```javascript\n").count() - 2;
    assert_eq!(blocks, GUIDED.len(), "each block of code has its row");
    for (name, shown, run) in GUIDED {
        let text = std::fs::read_to_string(script(name)).unwrap();
        for (shown, run) in shown.iter().zip(*run) {
            assert!(guide.contains(shown), "the guide lacks {shown}");
            assert!(text.contains(run), "{name} lacks {run}");
        }
    }
}
