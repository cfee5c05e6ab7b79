//! Every rule with a contract that breaks it and one that keeps it: `rules/OWnnn/{bad,good}.yaml`.
//!
//! A fixture may hold several files: a line `#=== path` begins the next one.

use std::collections::BTreeSet;
use std::path::PathBuf;

use outwright_contract::{Colour, Loaded, Options, Source, load, rules};

use crate::sample::TODAY;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/rules")
}

#[expect(clippy::disallowed_methods, reason = "the fixtures are files")]
fn text(code: &str, which: &str) -> String {
    std::fs::read_to_string(folder().join(code).join(which)).expect("each rule has both fixtures")
}

#[expect(clippy::disallowed_methods, reason = "the fixtures are files")]
fn folders() -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder()).expect("the fixtures are beside this file");
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter(|name| name.starts_with("OW")).collect()
}

/// The files of a fixture.
pub(crate) fn sources(code: &str, which: &str) -> Vec<Source> {
    let text = text(code, which);
    let mut sources = vec![(format!("{code}/{which}"), String::new())];
    for line in text.split_inclusive('\n') {
        match (line.strip_prefix("#=== "), sources.last_mut()) {
            (Some(path), _) => sources.push((path.trim().to_owned(), String::new())),
            (None, Some((_, text))) => text.push_str(line),
            (None, None) => {}
        }
    }
    sources.into_iter().map(|(path, text)| Source::new(path, text)).collect()
}

fn read(code: &str, which: &str) -> Loaded {
    load(&sources(code, which), &Options::check(TODAY))
}

fn codes(loaded: &Loaded) -> BTreeSet<&'static str> {
    loaded.report.findings.iter().map(|f| f.rule.code).collect()
}

#[test]
fn every_rule_has_a_contract_that_breaks_it_and_one_that_keeps_it() {
    let listed: BTreeSet<String> = rules::ALL.iter().map(|rule| rule.code.to_owned()).collect();
    assert_eq!(listed, folders());
}

/// each has its rule and fixture.
#[test]
fn a_broken_rule_is_found_where_it_is_broken() {
    for rule in rules::ALL {
        let loaded = read(rule.code, "bad.yaml");
        let text = loaded.report.text(Colour::Off);
        assert!(codes(&loaded).contains(rule.code), "{} is not found:\n{text}", rule.code);
        insta::assert_snapshot!(rule.code, text);
    }
}

#[test]
fn a_kept_rule_is_not_found() {
    for rule in rules::ALL {
        let loaded = read(rule.code, "good.yaml");
        let waived =
            |f: &&outwright_contract::Finding| f.severity > outwright_contract::Severity::Waived;
        let found: Vec<_> = loaded.report.findings.iter().filter(waived).collect();
        let text = loaded.report.text(Colour::Off);
        assert!(found.iter().all(|f| f.rule.code != rule.code), "{} is found:\n{text}", rule.code);
        assert_eq!(loaded.report.errors(), 0, "{}:\n{text}", rule.code);
    }
}
