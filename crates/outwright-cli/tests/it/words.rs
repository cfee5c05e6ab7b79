//! Exit codes, stdout and stderr of every command, on good and bad input.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::contracts;
use crate::process::outwright;

pub(crate) fn said(folder: &Path, args: &[&str]) -> Output {
    outwright().args(args).current_dir(folder).output().expect("the binary under test starts")
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().expect("it ended by itself")
}

pub(crate) fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const READ: &str = "  list:
    request: GET /v1/charges
    needs: [all]
    fallback: none
  pay:
    request: POST /v1/charges/{charge}
    needs: [all]
    idempotency: { plan: once }
";

pub(crate) fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    contracts::write(folder.path(), "demo", "127.0.0.1:1".parse().unwrap(), READ);
    folder
}

/// The same contract with one thing wrong.
pub(crate) fn broken(from: &str, to: &str) -> tempfile::TempDir {
    let folder = project();
    let path = folder.path().join("contracts/demo.yaml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "the contract says {from}");
    fs::write(&path, text.replacen(from, to, 1)).unwrap();
    folder
}

#[test]
fn a_good_contract_passes_check() {
    let output = said(project().path(), &["check"]);
    assert_eq!(code(&output), 0, "{}{}", out(&output), err(&output));
}

#[test]
fn a_contract_with_an_error_is_found_with_its_place_and_its_help_and_does_not_run() {
    let folder = broken("first_byte: 1s, ", "");
    let output = said(folder.path(), &["check"]);
    assert_eq!(code(&output), 1);
    let text = out(&output);
    for part in ["OW2", "contracts/demo.yaml:", "first_byte", "help"] {
        assert!(text.contains(part), "{part:?} in\n{text}");
    }
    let run = said(
        folder.path(),
        &["run", "--dev", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--state", "state"],
    );
    assert_eq!(code(&run), 5, "{}", err(&run));
    assert!(err(&run).contains("first_byte"), "{}", err(&run));
}

#[test]
fn check_in_json_gives_code_and_place_to_programs() {
    let folder = broken("jitter: full", "jitter: none");
    let output = said(folder.path(), &["check", "--format", "json"]);
    assert_eq!(code(&output), 1);
    let report: serde_json::Value = serde_json::from_str(&out(&output)).expect("stdout is JSON");
    let finding = &report["findings"][0];
    assert!(finding["code"].as_str().is_some_and(|code| code.starts_with("OW")), "{report}");
    assert!(finding["line"].as_u64().is_some() || report.to_string().contains("line"), "{report}");
}

#[test]
fn a_mutation_without_a_plan_is_refused() {
    let folder = broken("    idempotency: { plan: once }\n", "");
    let output = said(folder.path(), &["check"]);
    assert_eq!(code(&output), 1);
    assert!(out(&output).contains("idempotency"), "{}", out(&output));
}

#[test]
fn a_provider_in_the_clear_runs_only_for_development() {
    let output = said(
        project().path(),
        &["run", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--state", "state"],
    );
    assert_eq!(code(&output), 5, "{}", err(&output));
    assert!(err(&output).contains("--dev"), "{}", err(&output));
}

#[test]
fn nothing_to_look_at_has_its_own_code() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("contracts")).unwrap();
    assert_eq!(code(&said(folder.path(), &["check"])), 3);
    assert_eq!(code(&said(folder.path(), &["check", "nowhere.yaml"])), 4);
}

#[test]
fn a_word_that_does_not_exist_is_wrong_use() {
    let output = said(project().path(), &["chekc"]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("check"), "it says what was meant: {}", err(&output));
}

#[test]
fn help_names_every_exit_code() {
    let output = said(project().path(), &["--help"]);
    assert_eq!(code(&output), 0);
    for line in [" 0  fine", " 5  refused for safety", "70  a bug of outwright"] {
        assert!(out(&output).contains(line), "{line:?} in\n{}", out(&output));
    }
}

#[test]
fn explain_says_every_value_with_its_origin() {
    let output = said(project().path(), &["explain", "demo", "pay"]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let text = out(&output);
    for part in
        ["The whole call ends after 10s", "contracts/demo.yaml:", "default", "worst case", "once"]
    {
        assert!(text.contains(part), "{part:?} in\n{text}");
    }
    let unknown = said(project().path(), &["explain", "demo", "steal"]);
    assert_eq!(code(&unknown), 3);
    assert!(err(&unknown).contains("list, pay"), "{}", err(&unknown));
}

#[test]
fn explain_says_what_a_rule_is_for() {
    let folder = tempfile::tempdir().unwrap();
    let output = said(folder.path(), &["explain", "ow203"]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let page = include_str!("../../../../docs/reference/rules/OW203.md");
    assert_eq!(out(&output), page, "the page of the reference, word for word");
    let output = said(folder.path(), &["explain", "OW203", "--format", "json"]);
    let rule: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!((&rule["code"], &rule["severity"]), (&"OW203".into(), &"error".into()));
    let list = said(folder.path(), &["explain", "--list"]);
    assert!(out(&list).contains("OW203 (error): the attempts do not fit"), "{}", out(&list));
}

#[test]
fn a_rule_that_does_not_exist_is_nothing_to_look_at() {
    let output = said(project().path(), &["explain", "OW2033"]);
    assert_eq!((code(&output), out(&output).as_str()), (3, ""));
    assert!(err(&output).contains("outwright explain OW203"), "{}", err(&output));
    assert_eq!(code(&said(project().path(), &["explain"])), 2);
}

#[test]
fn call_names_what_it_needs_and_says_when_no_gateway_answers() {
    let folder = project();
    let output = said(folder.path(), &["call", "demo", "pay"]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("--param charge"), "{}", err(&output));
    let unknown = said(folder.path(), &["call", "demo", "steal"]);
    assert_eq!(code(&unknown), 2);
    let nobody = said(folder.path(), &["call", "demo", "list", "--gateway", "127.0.0.1:1"]);
    assert_eq!(code(&nobody), 4, "{}", err(&nobody));
}

#[test]
fn status_without_a_gateway_says_so() {
    let folder = project();
    let output = said(folder.path(), &["status", "--admin", "127.0.0.1:1", "--state", "state"]);
    assert_eq!(code(&output), 4);
    assert!(err(&output).contains("--state"), "{}", err(&output));
}
