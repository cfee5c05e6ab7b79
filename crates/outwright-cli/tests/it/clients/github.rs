//! PyGithub, through a door of its own, against Prism on GitHub's description.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::between::{Between, Does, says};
use super::{peers, said, script};
use crate::contracts;
use crate::process::{beside, gateway, tool};

const ISSUES: &str = "  list:
    request: GET /user/repos
    needs: [all]
    fallback: none
  get_repository:
    request: GET /repos/{owner}/{repo}
    needs: [all]
    fallback: none
  list_issues:
    request: GET /repos/{owner}/{repo}/issues
    needs: [all]
    fallback: none
  create_issue:
    request: POST /repos/{owner}/{repo}/issues
    needs: [all]
    idempotency: { plan: once }
limits: { dialect: github }
";

/// PyGithub asserts that what bodies lead to is the host that it was given.
const LINKS: &str = "links: { json: [/url, /*/url] }\n";

/// Prism's examples speak of GitHub as it is in the world; here they speak of where the contract says that it is.
/// The page of the example is one that the description does not know, so it becomes the next page of issues.
fn speaks_of_itself(head: &str) -> Does {
    let host =
        head.lines().find_map(|line| line.strip_prefix("Host: ").or(line.strip_prefix("host: ")));
    let here = format!("http://{}", host.unwrap_or_default());
    let issues = format!("{here}/repos/octocat/Hello-World/issues");
    let names = [("https://api.github.com/resource", &issues), ("https://api.github.com", &here)];
    Does::Renames(names.map(|(from, to)| (from.to_owned(), to.clone())).to_vec())
}

/// The contract with a door and these further lines; the address of the door.
fn with_door(folder: &Path, between: &Between, lines: &str) -> SocketAddr {
    let door = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let text = format!("{ISSUES}{lines}listen: {{ port: {} }}\n", door.port());
    contracts::write(folder, "github", between.address, &text);
    door
}

fn client(name: &str, address: SocketAddr, further: &[&str]) -> Option<Value> {
    let python = tool("PyGithub", "OUTWRIGHT_PYTHON")?;
    let mut command = Command::new(python);
    command.arg(script(name)).arg(format!("http://{address}")).args(further);
    Some(said(&mut command))
}

/// What the access log says of the calls, once the gateway has ended.
fn operations(folder: &Path) -> Vec<(String, u64)> {
    let log = std::fs::read_to_string(folder.join("access.log")).unwrap();
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let call = |line: Value| {
        let status = line["http.response.status_code"].as_u64().unwrap_or_default();
        (line["operation"].as_str().unwrap_or_default().to_owned(), status)
    };
    lines.map(call).collect()
}

#[test]
fn pygithub_gets_page_two_through_outwright() {
    let _beside = beside();
    let Some(peer) = peers::prism() else { return };
    let between = Between::before(peer.address, speaks_of_itself);
    let folder = tempfile::tempdir().unwrap();
    let door = with_door(folder.path(), &between, LINKS);
    let gateway = gateway(folder.path());
    let Some(said) = client("github_issues.py", door, &[]) else { return };
    gateway.process.stop();
    assert_eq!(said["issues"].as_array().map(Vec::len), Some(2), "one per page: {said}");
    let lines: Vec<_> = between.heads("GET").iter().map(|head| line(head)).collect();
    let issues = "/repos/octocat/Hello-World/issues";
    assert_eq!(lines, ["/repos/octocat/Hello-World", issues, &format!("{issues}?page=2")]);
    // All three arrived at the provider with the contract's credential, and all three are in the log.
    let ours = |head: &String| head.to_lowercase().contains("bearer sk_test_12345");
    assert!(between.heads("GET").iter().all(ours));
    let calls = ["get_repository", "list_issues", "list_issues"].map(|name| (name.to_owned(), 200));
    assert_eq!(operations(folder.path()), calls);
}

/// The negative control: with links kept, the client refuses where the first answer leads.
#[test]
fn pygithub_does_not_get_there_when_links_are_kept() {
    let _beside = beside();
    let Some(peer) = peers::prism() else { return };
    let between = Between::before(peer.address, speaks_of_itself);
    let folder = tempfile::tempdir().unwrap();
    let door = with_door(folder.path(), &between, "");
    let gateway = gateway(folder.path());
    let Some(said) = client("github_issues.py", door, &[]) else { return };
    gateway.process.stop();
    assert_eq!(said["error"], "AssertionError", "{said}");
    assert_eq!(operations(folder.path()), [("get_repository".to_owned(), 200)]);
}

/// The target of a request line.
fn line(head: &str) -> String {
    head.split(' ').nth(1).unwrap_or_default().to_owned()
}

/// Fails every POST.
fn fails(head: &str) -> Does {
    if head.starts_with("POST ") {
        return says("502 Bad Gateway", r#"{"message":"Server Error"}"#);
    }
    speaks_of_itself(head)
}

/// This client knows no field that stops it: its own retries are a setting, and the guide names it.
#[test]
fn pygithub_sends_an_issue_once_with_its_retries_off() {
    let _beside = beside();
    let Some(peer) = peers::prism() else { return };
    let between = Between::before(peer.address, fails);
    let folder = tempfile::tempdir().unwrap();
    let door = with_door(folder.path(), &between, LINKS);
    let _gateway = gateway(folder.path());
    let Some(said) = client("github_issue.py", door, &["off"]) else { return };
    assert_eq!((&said["status"], &said["retry"]), (&502.into(), &"unsafe".into()), "{said}");
    assert_eq!(between.count("POST"), 1, "{said}");
}

/// The control: by itself it sends what may not be sent twice again and again.
#[test]
fn pygithub_without_outwright_sends_an_issue_as_often_as_its_retries_say() {
    let _beside = beside();
    let Some(peer) = peers::prism() else { return };
    let between = Between::before(peer.address, fails);
    let Some(_said) = client("github_issue.py", between.address, &["default"]) else { return };
    assert_eq!(between.count("POST"), 11, "the first and ten retries");
}
