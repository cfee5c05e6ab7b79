//! Descriptions that providers publish, imported, decided, and served against a mock that is made from the same file.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::peers;
use crate::contracts::private;
use crate::process::{alone, beside, gateway, outwright, tool};

/// The description of Stripe that `OUTWRIGHT_DATA` holds; without it the test is skipped, loudly.
fn stripe() -> Option<PathBuf> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let data = std::env::var_os("OUTWRIGHT_DATA").map_or_else(default, PathBuf::from);
    let file = data.join("specs/stripe-spec3-v1-2020-11-17.yaml");
    if file.is_file() {
        return Some(file);
    }
    eprintln!("SKIPPED Stripe's description: {} is not there", file.display());
    None
}

/// Runs `init --from-openapi` in a folder; its report.
fn imported(folder: &Path, description: &Path, more: &[&str]) -> Value {
    let output = outwright()
        .args(["init", "--format", "json", "--from-openapi"])
        .arg(description)
        .args(more)
        .current_dir(folder)
        .output()
        .expect("the binary under test starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    serde_json::from_slice(&output.stdout).expect("the report is JSON")
}

fn checked(folder: &Path) -> Value {
    let output = outwright().args(["check", "--format", "json"]).current_dir(folder).output();
    serde_json::from_slice(&output.expect("it starts").stdout).expect("the report is JSON")
}

/// Every operation is in one of the two lists, and check finds what init counted, and nothing else.
fn accounted(folder: &Path, report: &Value, operations: usize) {
    let list = |at: &str| report.pointer(at).and_then(Value::as_array).map_or(0, Vec::len);
    assert_eq!(report["description"]["total"], operations);
    assert_eq!(list("/description/drafted") + list("/description/left_out"), operations);
    let check = checked(folder);
    let findings = check["findings"].as_array().expect("a list");
    let errors: Vec<&Value> = findings.iter().filter(|f| f["severity"] == "error").collect();
    assert!(errors.iter().all(|finding| finding["code"] == "OW113"), "{errors:?}");
    assert_eq!(errors.len(), list("/undecided"));
    assert!(errors.len() > 25, "{}", errors.len());
}

/// What a person would decide, as a script: by key, the same for every operation.
fn decide(contract: &Path, peer: SocketAddr, secret: &Path) {
    let secret = format!("{{ file: {} }}", secret.display());
    let text = fs::read_to_string(contract).unwrap();
    let mut out = "egress: { private: [127.0.0.0/8], plain_http: loopback }\n".to_owned();
    let mut under = String::new();
    for line in text.lines() {
        let key = line.trim_start().split(':').next().unwrap_or_default();
        let line = match line.split('#').next().unwrap_or_default().trim_end() {
            open if open.ends_with(": UNDECIDED") => {
                open.replace("UNDECIDED", &decision(key, &under, &secret))
            }
            base if base.starts_with("base_url:") => format!("base_url: http://{peer}"),
            item if under == "hosts" && item.trim_start().starts_with("- ") => {
                "      - \"127.0.0.1\"".to_owned()
            }
            _ => line.to_owned(),
        };
        if line.split('#').next().unwrap_or_default().trim_end().ends_with(':') {
            key.clone_into(&mut under);
        }
        out.push_str(&line);
        out.push('\n');
    }
    fs::write(contract, out).unwrap();
}

/// What a team would say, by key.
pub(crate) fn decision(key: &str, under: &str, secret: &str) -> String {
    match (key, under) {
        ("tier", _) => "important",
        ("reviewed", _) => "2026-11-01",
        ("availability", _) => "99%",
        ("p99" | "attempt", _) => "8s",
        ("connect", _) => "1s",
        ("first_byte" | "idle", _) => "5s",
        ("total", _) => "30s",
        ("attempts", _) => "3",
        ("base", _) => "100ms",
        ("cap", _) => "2s",
        ("ratio", _) => "20%",
        ("burst", _) => "20",
        ("windows", _) => "[]",
        ("source", _) => secret,
        ("inject", _) => "{ bearer: {} }",
        ("strategy", _) => "dual",
        ("max_age" | "notice", _) => "90d",
        ("revoke", _) => "{ manual: https://example.com/keys }",
        ("fallback", _) => "none",
        ("plan", _) => "once",
        ("max", _) => "15m",
        ("hosts", _) => "[\"127.0.0.1\"]",
        _ => "tests",
    }
    .to_owned()
}

/// One call through a gateway under the decided contract: status and body.
fn called(folder: &Path, provider: &str, path: &str) -> (String, String) {
    let gateway = gateway(folder);
    let output = Command::new("curl")
        .args(["-sS", "-w", "\n%{http_code}"])
        .arg(format!("http://{}/{provider}{path}", gateway.data))
        .output()
        .expect("curl is on every machine of the test command");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (body, status) = text.rsplit_once('\n').expect("a status stands behind the body");
    (status.to_owned(), body.to_owned())
}

fn secret(folder: &Path) -> PathBuf {
    let secret = folder.join("secret");
    fs::write(&secret, "sk_test_12345\n").unwrap();
    private(&secret);
    secret
}

/// What one operation's good answer leads to, out of a description that Prism does not get ready for in five minutes:
/// the schemas of Stripe's errors lead in circles through all others.
fn cut(description: &Path, path: &str, folder: &Path) -> PathBuf {
    let text = fs::read_to_string(description).unwrap();
    let whole: Value = serde_saphyr::from_str(&text).expect("it is YAML");
    let mut operation = whole["paths"][path]["get"].clone();
    operation["responses"].as_object_mut().unwrap().retain(|status, _| status == "200");
    let mut kept = json!({
        "openapi": whole["openapi"],
        "info": whole["info"],
        "security": whole["security"],
        "components": { "schemas": {}, "securitySchemes": whole["components"]["securitySchemes"] },
    });
    let mut names = references(&operation);
    while let Some(name) = names.pop() {
        let schema = &whole["components"]["schemas"][&name];
        if kept["components"]["schemas"].get(&name).is_none() {
            names.extend(references(schema));
            kept["components"]["schemas"][&name] = schema.clone();
        }
    }
    kept["paths"] = json!({ path: { "get": operation } });
    let file = folder.join("cut.json");
    fs::write(&file, kept.to_string()).unwrap();
    file
}

/// The schemas that a part of a description refers to.
fn references(part: &Value) -> Vec<String> {
    let text = part.to_string();
    let after = text.split("\"#/components/schemas/").skip(1);
    after.filter_map(|rest| rest.split('"').next().map(str::to_owned)).collect()
}

fn serves(description: &Path, (provider, operations): (&str, usize), path: &str, mark: &str) {
    let folder = tempfile::tempdir().unwrap();
    let report = imported(folder.path(), description, &["--provider", provider]);
    accounted(folder.path(), &report, operations);
    let mocked = match provider {
        "stripe" => cut(description, path, folder.path()),
        _ => description.to_owned(),
    };
    let Some(peer) = peers::prism_on(&mocked) else { return };
    let contract = folder.path().join(format!("contracts/{provider}.yaml"));
    decide(&contract, peer.address, &secret(folder.path()));
    let check = checked(folder.path());
    assert_eq!(check["errors"], 0, "{check:#}");
    let (status, body) = called(folder.path(), provider, path);
    assert_eq!(status, "200", "{body}");
    assert!(body.contains(mark), "{mark} in {body}");
}

#[test]
fn stripes_description_is_imported_decided_and_served() {
    let _beside = beside();
    let Some(description) = stripe() else { return };
    serves(&description, ("stripe", 362), "/v1/balance", "\"object\":\"balance\"");
}

#[test]
fn githubs_description_is_imported_decided_and_served() {
    let _beside = beside();
    let Some(description) = peers::github_description() else { return };
    serves(&description, ("github", 1223), "/emojis", "{");
}

/// Runs a command, and says how long it took and the most memory that it held, in KiB.
const MEASURE: &str = "import resource, subprocess, sys, time
began = time.monotonic()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";

/// The bounds of the issue; a build without optimisation has ten times the time.
#[test]
fn the_largest_description_is_imported_within_its_bounds() {
    let Some(python) = tool("import within bounds", "OUTWRIGHT_PYTHON") else { return };
    let Some(description) = peers::github_description() else { return };
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(python)
        .args(["-c", MEASURE, env!("CARGO_BIN_EXE_outwright"), "init", "--from-openapi"])
        .arg(&description)
        .current_dir(folder.path())
        .output()
        .expect("python starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<f64> = text.split_whitespace().filter_map(|n| n.parse().ok()).collect();
    let [seconds, kib] = figures.as_slice() else { panic!("it did not end well: {output:?}") };
    eprintln!("imported in {seconds:.2} s, with at most {:.0} MB", kib * 1024.0 / 1e6);
    let bound = if cfg!(debug_assertions) { 30.0 } else { 3.0 };
    assert!(*seconds < bound, "{seconds} s");
    assert!(kib * 1024.0 < 500e6, "{kib} KiB");
}
