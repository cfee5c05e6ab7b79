//! Reports for other programs: SARIF held against its own schema, GitHub's commands, what a selection leaves out.

use outwright_contract::{Colour, Options, Report, Selection, Severity, Source, load, rules};
use serde_json::Value;

use crate::hostile::GOOD;
use crate::rules::sources as fixture;
use crate::sample::TODAY;

const SARIF: &str = include_str!("../../../../vectors/sarif/sarif-2.1.0.json");

fn report(text: &str) -> Report {
    load(&[Source::new("contracts/acme.yaml", text)], &Options::check(TODAY)).report
}

fn validator() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(SARIF).expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("the schema is one")
}

#[track_caller]
fn valid(validator: &jsonschema::Validator, log: &Value) {
    let wrong: Vec<String> =
        validator.iter_errors(log).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A log of every rule's bad fixture meets the schema of SARIF 2.1.0; a log with a mistake does not.
#[test]
fn what_is_printed_as_sarif_is_sarif() {
    let validator = validator();
    for rule in rules::ALL {
        let loaded = load(&fixture(rule.code, "bad.yaml"), &Options::check(TODAY));
        valid(&validator, &loaded.report.sarif());
    }
    let mut wrong = report(&GOOD.replace("tier:", "teir:")).sarif();
    wrong["runs"][0]["results"][0]["level"] = Value::from("fatal");
    assert!(!validator.is_valid(&wrong), "the schema notices nothing");
}

#[test]
fn a_result_carries_its_rule_place_and_fix() {
    let log = report(&GOOD.replace("tier:", "teir:")).sarif();
    let run = &log["runs"][0];
    let result = run["results"].as_array().unwrap();
    let result = result.iter().find(|result| result["ruleId"] == "OW102").expect("it is found");
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    let rule = &run["tool"]["driver"]["rules"][index];
    assert_eq!(rule["id"], "OW102");
    assert!(rule["helpUri"].as_str().unwrap().ends_with("docs/reference/rules/OW102.md"));
    assert!(rule["help"]["markdown"].as_str().unwrap().contains("## What breaks it"));
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "contracts/acme.yaml");
    assert_eq!(
        (&place["region"]["startLine"], &place["region"]["endColumn"]),
        (&5.into(), &5.into())
    );
    let change = &result["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(change["insertedContent"]["text"], "tier");
    assert_eq!(change["deletedRegion"]["startColumn"], 1);
    assert_eq!(result["suppressions"], Value::Array(Vec::new()));
}

/// A finding keeps its fingerprint when lines above it come and go, and two alike have two.
#[test]
fn a_fingerprint_does_not_depend_on_lines() {
    let prints = |text: &str| -> Vec<String> {
        let log = report(text).sarif();
        let results = log["runs"][0]["results"].as_array().unwrap().clone();
        let print =
            |r: &Value| r["partialFingerprints"]["outwright/v1"].as_str().unwrap().to_owned();
        results.iter().map(print).collect()
    };
    let wrong = GOOD.replace("    fallback: none\n", "").replace("tier:", "teir:");
    let moved = wrong.replace("outwright: 1", "# a comment\n\noutwright: 1");
    assert_eq!(prints(&wrong), prints(&moved));
    let mut all = prints(&wrong);
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
}

fn waived() -> String {
    let waiver = "waivers:\n  - { rule: OW203, place: operations, reason: \"moving: soon, 100%\", owner: shop, until: 2026-12-31 }\n";
    GOOD.replace("total: 12s", "total: 9s") + waiver
}

#[test]
fn what_is_waived_is_suppressed_with_its_reason() {
    let report = report(&waived());
    assert_eq!((report.errors(), report.warnings()), (0, 0));
    let log = report.sarif();
    valid(&validator(), &log);
    let result = &log["runs"][0]["results"][0];
    assert_eq!((&result["ruleId"], &result["level"]), (&"OW203".into(), &"error".into()));
    let suppression = &result["suppressions"][0];
    assert_eq!(suppression["kind"], "inSource");
    assert_eq!(suppression["justification"], "moving: soon, 100% (shop, until 2026-12-31)");
    assert_eq!(suppression["location"]["physicalLocation"]["region"]["startLine"], 39);
    assert_eq!(report.json()["findings"][0]["waiver"]["owner"], "shop");
    assert_eq!(report.github(), "", "nobody is bothered with it");
}

#[test]
fn a_github_command_names_line_and_column_and_escapes_what_would_end_it() {
    let wrong = GOOD.replace("availability: 99.9%", "availability: \"99,9%: all\"");
    let commands = report(&wrong).github();
    let line = commands.lines().next().expect("one command");
    assert!(
        line.starts_with("::error file=contracts/acme.yaml,line=7,endLine=7,col=22,endColumn=34,title=OW107 wrong form or unit::"),
        "{line}"
    );
    assert!(line.contains("99,9%25: all") && line.contains("%0Ahelp: "), "{line}");
    assert_eq!(commands.lines().count(), report(&wrong).errors());
}

#[test]
fn what_is_not_shown_counts_all_the_same() {
    let wrong = GOOD.replace("    fallback: none\n", "").replace("reviewed: 2026-11-01\n", "");
    for (select, ignore, shown) in [
        (vec![], vec![], vec!["OW904", "OW501"]),
        (vec!["OW5"], vec![], vec!["OW501"]),
        (vec!["ow501"], vec![], vec!["OW501"]),
        (vec![], vec!["OW501"], vec!["OW904"]),
        (vec!["OW"], vec!["OW9", "OW5"], vec![]),
    ] {
        let codes =
            |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
        let mut report = report(&wrong);
        report.show(&Selection::new(&codes(&select), &codes(&ignore)).unwrap());
        let seen: Vec<_> = report.findings.iter().map(|f| f.rule.code).collect();
        assert_eq!(seen, shown, "{select:?} {ignore:?}");
        assert_eq!((report.errors(), report.warnings()), (1, 1));
        let hidden = 2 - shown.len();
        assert_eq!(report.json()["hidden"], hidden);
        let text = report.text(Colour::Off);
        assert!(hidden == 0 || text.contains(&format!("{hidden} not shown")), "{text}");
    }
}

#[test]
fn statistics_count_by_rule() {
    let text =
        report(&GOOD.replace("    fallback: none\n", "").replace("tier:", "teir:")).statistics();
    insta::assert_snapshot!(text);
}

#[test]
fn a_way_out_is_drawn_as_the_lines_to_add() {
    let wrong = GOOD.replace("    idempotency: { plan: provider_key, key: required }\n", "");
    let report = report(&wrong);
    assert!(report.findings.iter().all(|f| f.severity == Severity::Error));
    insta::assert_snapshot!(report.text(Colour::Off));
}
