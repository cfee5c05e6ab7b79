//! The skill for coding assistants, followed literally: every command of it, in its order.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::clients::described::decision;
use crate::process::{gateway, outwright};

const SKILL: &str = include_str!("../../../../skills/outwright/SKILL.md");
const DESCRIPTION: &str =
    include_str!("../../../outwright-contract/tests/it/descriptions/acme.yaml");

/// Every command of the skill, for a provider called `acme`, by words.
fn commands() -> Vec<Vec<String>> {
    let blocks = SKILL.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines = blocks.flat_map(str::lines).map(|line| line.replace("PROVIDER", "acme"));
    lines.map(|line| line.split(' ').map(str::to_owned).collect()).collect()
}

fn said(folder: &Path, words: &[String]) -> Output {
    assert_eq!(words.first().map(String::as_str), Some("outwright"), "{words:?}");
    outwright().args(&words[1..]).current_dir(folder).output().expect("the binary starts")
}

/// What a team answers to the questions of the skill.
fn decide(contract: &Path) {
    let text = fs::read_to_string(contract).expect("init has written it");
    let mut out = String::new();
    for line in text.lines() {
        let plain = line.split('#').next().unwrap_or_default().trim_end();
        if plain.ends_with(": UNDECIDED") {
            let key = plain.trim_start().split(':').next().unwrap_or_default();
            let value = if key == "key" {
                "required".to_owned()
            } else {
                decision(key, "", "{ file: /run/secrets/acme }")
            };
            out.push_str(&plain.replace("UNDECIDED", &value));
        } else {
            out.push_str(line);
        }
        out.push('\n');
    }
    fs::write(contract, out).expect("it is the test's own");
}

#[test]
fn the_commands_of_the_skill_lead_from_a_description_to_a_dossier() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::create_dir(at.join("specs")).unwrap();
    fs::write(at.join("specs/acme.yaml"), DESCRIPTION).unwrap();
    let mut ended = Vec::new();
    for words in commands() {
        if words.join(" ") == "outwright check --diff" {
            decide(&at.join("contracts/acme.yaml"));
        }
        if words.join(" ") == "outwright run" {
            // On ports that are free here; it ends with the test.
            drop(gateway(at));
            ended.push((words.join(" "), 0));
            continue;
        }
        let output = said(at, &words);
        let code = output.status.code().expect("it ended by itself");
        if code > 1 {
            panic!("{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        ended.push((words.join(" "), code));
    }
    let failed: Vec<&str> =
        ended.iter().filter(|(_, code)| *code == 1).map(|(words, _)| words.as_str()).collect();
    assert_eq!(failed, ["outwright check --format json"], "only the open draft: {ended:?}");
    assert_eq!(ended.len(), 10, "{ended:?}");
    let overview = fs::read_to_string(at.join("dossier/README.md")).expect("it is written");
    assert!(overview.contains("## To be decided\n\nNothing.\n"), "{overview}");
}

/// The keys that the skill asks about are keys of contracts.
#[test]
fn the_skill_asks_about_keys_that_exist() {
    let reference = include_str!("../../../../docs/reference/contract.md");
    let rows = SKILL.lines().filter(|line| line.starts_with("| `"));
    let keys: Vec<&str> = rows
        .filter_map(|row| row.split('|').nth(1))
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    assert!(keys.len() > 10, "{keys:?}");
    for key in keys {
        let known = ["", "operations.NAME.", "credentials.NAME."]
            .iter()
            .any(|under| reference.contains(&format!("| `{under}{key}` |")));
        assert!(known, "`{key}` is no key of a contract");
    }
}
