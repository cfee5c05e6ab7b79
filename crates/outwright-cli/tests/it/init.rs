//! `outwright init`: what it writes, what it never replaces, and what it says of wrong use.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::process::{outwright, tool};

const DESCRIPTION: &str = r#"{ "openapi": "3.0.3", "info": { "title": "Acme" },
  "servers": [{ "url": "https://api.acme.example" }],
  "components": { "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } } },
  "security": [{ "token": [] }],
  "paths": { "/v1/orders": { "get": { "operationId": "list_orders" }, "post": { "operationId": "create_order" } } } }"#;

fn said(folder: &Path, args: &[&str]) -> Output {
    outwright().args(args).current_dir(folder).output().expect("the binary under test starts")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
fn ends(folder: &Path, args: &[&str], code: i32, part: &str) -> Output {
    let output = said(folder, args);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {}", err(&output));
    assert!(err(&output).contains(part), "{args:?}: {part:?} in\n{}", err(&output));
    output
}

fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("acme.json"), DESCRIPTION).unwrap();
    folder
}

const IMPORT: [&str; 3] = ["init", "--from-openapi", "acme.json"];

#[test]
fn a_draft_is_written_and_never_runs_before_it_is_decided() {
    let folder = project();
    let output = ends(folder.path(), &IMPORT, 0, "decisions are open");
    assert_eq!(out(&output), "contracts/acme.yaml\n");
    let check = said(folder.path(), &["check", "--format", "json"]);
    assert_eq!(check.status.code(), Some(1));
    let report: Value = serde_json::from_str(&out(&check)).unwrap();
    let open = format!("{} decisions are open", report["errors"]);
    assert!(err(&output).contains(&open), "{open} in {}", err(&output));
    let run = ["run", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--state", "state"];
    ends(folder.path(), &run, 5, "OW113");
}

#[test]
fn a_second_import_merges_and_force_replaces() {
    let folder = project();
    let contract = folder.path().join("contracts/acme.yaml");
    ends(folder.path(), &IMPORT, 0, "");
    let decided = fs::read_to_string(&contract).unwrap().replace("team: UNDECIDED", "team: shop");
    fs::write(&contract, &decided).unwrap();
    ends(folder.path(), &IMPORT, 0, "nothing changed");
    assert_eq!(fs::read_to_string(&contract).unwrap(), decided);
    let more = DESCRIPTION.replace("\"paths\": {", "\"paths\": { \"/v1/more\": { \"get\": {} },");
    fs::write(folder.path().join("acme.json"), more).unwrap();
    ends(folder.path(), &IMPORT, 0, "added: operations.get_v1_more: GET /v1/more");
    let merged = fs::read_to_string(&contract).unwrap();
    assert!(merged.contains("team: shop") && merged.contains("get_v1_more:"), "{merged}");
    fs::remove_dir_all(folder.path().join("contracts/.outwright")).unwrap();
    ends(folder.path(), &IMPORT, 5, "--force");
    assert_eq!(fs::read_to_string(&contract).unwrap(), merged);
    ends(folder.path(), &[&IMPORT[..], &["--force"]].concat(), 0, "");
    assert!(fs::read_to_string(&contract).unwrap().contains("team: UNDECIDED"));
}

#[test]
fn what_was_asked_for_once_is_asked_for_again() {
    let folder = project();
    ends(folder.path(), &[&IMPORT[..], &["--only", "list*"]].concat(), 0, "1 not asked for");
    let output = ends(folder.path(), &[&IMPORT[..], &["--format", "json"]].concat(), 0, "");
    let report: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(report["description"]["drafted"].as_array().map(Vec::len), Some(1), "{report:#}");
    assert_eq!(report["merge"], Value::Array(Vec::new()));
    ends(folder.path(), &[&IMPORT[..], &["--only", "nobody*"]].concat(), 3, "--only");
}

#[test]
fn a_template_comes_as_it_is_shipped_and_under_another_name() {
    let folder = project();
    let names = out(&said(folder.path(), &["init", "--list"]));
    assert!(names.lines().any(|name| name == "demo"), "{names}");
    for name in names.lines() {
        ends(
            folder.path(),
            &["init", "--template", name, "--out", &format!("{name}/contracts")],
            0,
            "",
        );
        let check = said(folder.path(), &["check", &format!("{name}/contracts")]);
        assert_eq!(check.status.code(), Some(0), "{name}: {}", out(&check));
        ends(
            folder.path(),
            &["init", "--template", name, "--out", &format!("{name}/contracts")],
            5,
            "there already",
        );
        let other = format!("{name}/other/contracts");
        ends(
            folder.path(),
            &["init", "--template", name, "--provider", "partner", "--out", &other],
            0,
            "",
        );
        let check = said(folder.path(), &["check", &other]);
        assert_eq!(check.status.code(), Some(0), "{name}: {}", out(&check));
        let text = fs::read_to_string(folder.path().join(other).join("partner.yaml")).unwrap();
        assert!(text.lines().any(|line| line.starts_with("provider: partner")), "{text}");
    }
    ends(folder.path(), &["init", "--template", "nobody"], 2, "there are");
}

#[test]
fn answers_as_flags_draft_by_hand() {
    let folder = project();
    let args = [
        "init",
        "--provider",
        "partner",
        "--base-url",
        "https://api.partner.example",
        "--team",
        "shop",
        "--contact",
        "shop@example.com",
        "--tier",
        "important",
        "--key",
        "header:Partner-Key",
        "--money",
        "no",
        "--operation",
        "GET /v1/stock/{item}",
        "--operation",
        "POST /v1/orders",
    ];
    ends(folder.path(), &args, 0, "decisions are open");
    let text = fs::read_to_string(folder.path().join("contracts/partner.yaml")).unwrap();
    for line in [
        "provider: partner",
        "  team: shop",
        "        name: Partner-Key",
        "      plan: once",
        "    request: GET /v1/stock/{item}",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let check: Value =
        serde_json::from_str(&out(&said(folder.path(), &["check", "--format", "json"]))).unwrap();
    let findings = check["findings"].as_array().unwrap();
    let errors = findings.iter().filter(|f| f["severity"] == "error");
    assert!(
        errors.clone().count() > 15 && errors.clone().all(|f| f["code"] == "OW113"),
        "{check:#}"
    );
}

#[test]
fn wrong_use_has_an_answer() {
    let folder = project();
    let path = folder.path();
    for (args, code, part) in [
        (&["init"][..], 2, "--from-openapi FILE"),
        (&["init", "--operation", "GET /a"], 2, "--provider"),
        (&["init", "--provider", "a", "--operation", "GET"], 2, "method and a path"),
        (&["init", "--provider", "a b", "--operation", "GET /a"], 2, "no name"),
        (&["init", "--provider", "a", "--operation", "LOOK /a"], 2, "LOOK"),
        (
            &["init", "--provider", "a", "--operation", "GET /a", "--key", "cookie"],
            2,
            "bearer, basic",
        ),
        (
            &["init", "--provider", "a", "--operation", "GET /a", "--base-url", "ftp://a"],
            2,
            "--base-url",
        ),
        (&["init", "--from-openapi", "nowhere.json"], 4, "nowhere.json"),
        (&["init", "--from-openapi", "."], 2, "folder"),
        (&["init", "--only", "a"], 2, "--from-openapi"),
        (&["init", "--list", "--template", "demo"], 2, "cannot be used with"),
    ] {
        ends(path, args, code, part);
    }
    fs::write(path.join("bad.yaml"), "openapi: 3.0.0\npaths: null\n").unwrap();
    ends(path, &["init", "--from-openapi", "bad.yaml"], 1, "bad.yaml: `paths` is nothing");
    fs::write(path.join("cut.json"), "{\n  \"openapi\": \"3.0.0\",\n").unwrap();
    ends(path, &["init", "--from-openapi", "cut.json"], 1, "cut.json:3:");
    let large = fs::File::create(path.join("large.json")).unwrap();
    large.set_len(100 << 20).unwrap();
    ends(path, &["init", "--from-openapi", "large.json"], 1, "at most 33554432");
    assert!(!path.join("contracts").exists(), "nothing was written");
}

/// The commands of the guide, in its order, as they stand there.
#[test]
fn the_guide_can_be_followed_literally() {
    let guide = include_str!("../../../../docs/guides/first-contract.md");
    let description = include_str!("../../../outwright-contract/tests/it/descriptions/acme.yaml");
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("specs")).unwrap();
    fs::write(folder.path().join("specs/acme.yaml"), description).unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_outwright")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());
    let blocks: Vec<&str> =
        guide.split("```sh\n").skip(1).filter_map(|b| b.split("```").next()).collect();
    assert!(blocks.len() >= 5, "{blocks:?}");
    for block in blocks {
        let mut shell = Command::new("sh");
        let output =
            shell.args(["-e", "-c", block]).env("PATH", &path).current_dir(folder.path()).output();
        let output = output.expect("there is a shell");
        let expected = i32::from(block.trim() == "outwright check");
        assert_eq!(output.status.code(), Some(expected), "{block}{}", err(&output));
    }
    let draft = fs::read_to_string(folder.path().join("contracts/acme.yaml")).unwrap();
    let shown = guide.split("```text\n").nth(1).and_then(|b| b.split("```").next()).unwrap();
    for line in shown.lines() {
        assert!(draft.contains(line), "{line} in\n{draft}");
    }
}

#[test]
fn questions_on_a_terminal_draft_what_their_answers_say() {
    let Some(python) = tool("questions on a terminal", "OUTWRIGHT_PYTHON") else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/init/answers.py");
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(python)
        .arg(script)
        .args([env!("CARGO_BIN_EXE_outwright"), "init"])
        .current_dir(folder.path())
        .output()
        .expect("python starts");
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    assert!(out(&output).contains("is no operation"), "{}", out(&output));
    let text = fs::read_to_string(folder.path().join("contracts/partner.yaml")).unwrap();
    for line in [
        "base_url: https://api.partner.example",
        "  team: shop",
        "  contact: UNDECIDED",
        "tier: important",
        "      bearer: {}",
        "    request: GET /v1/stock",
        "      plan: once",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}
