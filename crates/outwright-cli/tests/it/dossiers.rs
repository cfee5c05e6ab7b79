//! `outwright dossier` as its guide tells it.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::process::outwright;

const GUIDE: &str = include_str!("../../../../docs/guides/dossier.md");
const DEMO: &str = include_str!("../../../../contracts/demo.yaml");

/// A folder with the demo's contract.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("contracts")).unwrap();
    fs::write(folder.path().join("contracts/demo.yaml"), DEMO).unwrap();
    folder
}

fn said(folder: &Path, args: &[&str]) -> Output {
    outwright().args(args).current_dir(folder).output().expect("the binary under test starts")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it ended by itself")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Every command of the guide, with what it is said to print.
fn sessions() -> Vec<(Vec<&'static str>, String)> {
    let blocks = GUIDE.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    let one = |block: &'static str| {
        let (command, printed) = block.split_once('\n').expect("a command, then what it prints");
        let words = command.trim_start_matches("$ outwright ").split(' ').collect();
        (words, printed.to_owned())
    };
    blocks.map(one).collect()
}

#[test]
fn the_commands_of_the_guide_do_what_it_says() {
    let folder = project();
    let sessions = sessions();
    assert_eq!(sessions.len(), 2, "{sessions:?}");
    for (words, printed) in sessions {
        let ended = said(folder.path(), &words);
        assert_eq!((code(&ended), out(&ended)), (0, printed), "{words:?}");
    }
    let page = fs::read_to_string(folder.path().join("dossier/index.html")).unwrap();
    assert!(page.starts_with("<!doctype html>"), "{page}");
}

#[test]
fn a_dossier_that_is_not_what_the_contracts_say_fails_the_build() {
    let folder = project();
    assert_eq!(code(&said(folder.path(), &["dossier", "-o", "d"])), 0);
    let contract = folder.path().join("contracts/demo.yaml");
    fs::write(&contract, DEMO.replace("attempts: 3", "attempts: 2")).unwrap();
    fs::remove_file(folder.path().join("d/demo/security.md")).unwrap();
    let compared = said(folder.path(), &["dossier", "-o", "d", "--check"]);
    assert_eq!(code(&compared), 1);
    let told = out(&compared);
    assert!(told.contains("d/demo/limits.md: differs"), "{told}");
    assert!(told.contains("d/demo/security.md: "), "{told}");
    assert!(!told.contains("signals.md"), "{told}");
}

#[test]
fn a_contract_with_errors_has_a_dossier_and_an_exit_code_that_says_so() {
    let folder = project();
    let contract = folder.path().join("contracts/demo.yaml");
    fs::write(&contract, DEMO.replace("tier: best_effort\n", "")).unwrap();
    let ended = said(folder.path(), &["dossier"]);
    assert_eq!(code(&ended), 1);
    assert!(out(&ended).contains("UNDECIDED"), "{}", out(&ended));
}

#[test]
fn programs_get_every_value_with_its_place() {
    let folder = project();
    let ended = said(folder.path(), &["dossier", "--format", "json"]);
    let printed: serde_json::Value = serde_json::from_str(&out(&ended)).expect("it is JSON");
    let values = printed["providers"][0]["values"].as_array().expect("it lists values");
    let total = values.iter().find(|value| value["key"] == "timeouts.total").expect("it has one");
    assert_eq!(total["value"], "4s");
    assert_eq!(total["spot"], "contracts/demo.yaml:13:84");
}

#[test]
fn wrong_use_nothing_to_look_at_and_a_folder_that_cannot_be_written_are_told_apart() {
    let folder = project();
    assert_eq!(code(&said(folder.path(), &["dossier", "--check"])), 2);
    assert_eq!(code(&said(folder.path(), &["dossier", "--format", "pdf"])), 2);
    fs::create_dir(folder.path().join("empty")).unwrap();
    assert_eq!(code(&said(folder.path(), &["dossier", "empty/"])), 3);
    assert_eq!(code(&said(folder.path(), &["dossier", "nowhere/"])), 4);
    fs::write(folder.path().join("taken"), "a file").unwrap();
    let ended = said(folder.path(), &["dossier", "-o", "taken"]);
    assert_eq!(code(&ended), 4);
    assert!(String::from_utf8_lossy(&ended.stderr).contains("cannot write taken"));
    fs::write(folder.path().join("contracts/demo.yaml"), "provider: [").unwrap();
    assert_eq!(code(&said(folder.path(), &["dossier"])), 1, "nothing in it could be read");
}
