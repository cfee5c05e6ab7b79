//! The pages of the rules are made of the rules, and the examples on them do what they are examples of.
//!
//! `OUTWRIGHT_BLESS=1 cargo test -p outwright-contract --test it pages` writes them anew.

#![expect(clippy::disallowed_methods, reason = "the pages are files")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use outwright_contract::{Colour, Loaded, Options, Report, Severity, Source, load, page, rules};

use crate::sample::TODAY;

/// A whole contract without a finding, over which the examples are laid.
const BASE: &str = include_str!("base.yaml");
const CONTRACT: &str = "contracts/acme.yaml";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/rules")
}

fn check(name: &str, text: &str) {
    let path = folder().join(name);
    if std::env::var_os("OUTWRIGHT_BLESS").is_some() {
        std::fs::create_dir_all(folder()).expect("the folder of the pages can be made");
        std::fs::write(&path, text).expect("the page can be written");
    }
    let stands = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(stands == text, "{name} is stale; the head of this file says how to renew it");
}

/// The files of an example, with the keys that it takes from the whole contract.
fn files(example: &str) -> (Vec<(String, String)>, Vec<&str>) {
    let mut files = vec![(CONTRACT.to_owned(), String::new())];
    let mut without = Vec::new();
    for line in example.split_inclusive('\n') {
        let comment = line.trim_end().strip_prefix("# ");
        if let Some(path) = comment.filter(|text| text.ends_with(".yaml") && !text.contains(' ')) {
            files.push((path.to_owned(), String::new()));
        } else if let Some(key) = comment.and_then(|text| text.strip_prefix("without ")) {
            without.push(key);
        } else if let Some((_, text)) = files.last_mut() {
            text.push_str(line);
        }
    }
    (files, without)
}

fn key(line: &str) -> Option<&str> {
    let starts = line.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
    starts.then(|| line.split(':').next().unwrap_or_default())
}

/// The whole contract with these top-level keys in place of its own.
fn laid_over(base: &str, part: &str, without: &[&str]) -> String {
    let replaced: BTreeSet<&str> =
        part.lines().filter_map(key).chain(without.iter().copied()).collect();
    let mut keep = true;
    let mut out = String::new();
    for line in base.lines() {
        keep = key(line).map_or(keep, |key| !replaced.contains(key));
        if keep {
            out.push_str(line);
            out.push('\n');
        }
    }
    out + part
}

fn run(example: &str) -> Loaded {
    let (files, without) = files(example);
    let mut contract = BASE.to_owned();
    let mut sources = Vec::new();
    for (path, text) in files {
        if path == CONTRACT {
            contract = laid_over(&contract, &text, &without);
        } else {
            sources.push(Source::new(path, text));
        }
    }
    sources.insert(0, Source::new(CONTRACT, contract));
    load(&sources, &Options::check(TODAY))
}

fn codes(report: &Report) -> BTreeSet<&'static str> {
    report.findings.iter().map(|finding| finding.rule.code).collect()
}

/// What an example breaks besides its own rule, because it cannot be broken alone.
fn besides(code: &str) -> &'static [&'static str] {
    match code {
        // A second contract that is not whole.
        "OW109" => &[
            "OW112", "OW314", "OW108", "OW201", "OW311", "OW405", "OW501", "OW701", "OW801",
            "OW802", "OW803", "OW901", "OW904",
        ],
        // No lookup is executed yet, and no token asked for.
        "OW307" | "OW310" => &["OW191"],
        "OW613" => &["OW190"],
        _ => &[],
    }
}

#[test]
fn the_contract_under_the_examples_has_no_finding() {
    let report = run("").report;
    assert!(report.findings.is_empty(), "{}", report.text(Colour::Off));
}

#[test]
fn what_a_page_shows_as_breaking_its_rule_breaks_it_and_no_other() {
    let mut wrong = String::new();
    for rule in rules::ALL {
        let report = run(rule.bad).report;
        let mut found = codes(&report);
        let broken = found.remove(rule.code);
        found.retain(|code| !besides(rule.code).contains(code));
        if !broken || !found.is_empty() {
            wrong += &format!("{} is broken: {broken}, besides {found:?}\n", rule.code);
            wrong += &report.text(Colour::Off);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_a_page_shows_as_keeping_its_rule_keeps_every_rule() {
    let mut wrong = String::new();
    for rule in rules::ALL {
        let report = run(rule.good).report;
        let mut found = codes(&report);
        found.retain(|code| !besides(rule.code).contains(code) || *code == rule.code);
        let waived = report.findings.iter().all(|finding| finding.severity == Severity::Waived);
        if !found.is_empty() && !waived {
            wrong += &format!("{}: {found:?}\n{}", rule.code, report.text(Colour::Off));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_rule_says_everything_that_its_page_shows() {
    for rule in rules::ALL {
        let texts = [rule.title, rule.what, rule.why, rule.help, rule.bad, rule.good];
        assert!(texts.iter().all(|text| !text.trim().is_empty()), "{}", rule.code);
        assert!(!rule.sources.is_empty(), "{}", rule.code);
        assert!(rule.bad.ends_with('\n') && rule.good.ends_with('\n'), "{}", rule.code);
        assert!(rule.what.lines().all(|line| line.ends_with('.')), "{}", rule.code);
    }
}

#[test]
fn the_pages_of_the_rules_are_those_of_the_code() {
    let mut pages = BTreeSet::from(["README.md".to_owned()]);
    for rule in rules::ALL {
        let name = format!("{}.md", rule.code);
        check(&name, &rule.page());
        pages.insert(name);
    }
    let index = format!(
        "# Rules\n\n\
         What a contract is held to, by hundreds.\n\
         A code is never renamed and never used again.\n\
         `outwright explain CODE` prints the page of a rule, `outwright explain --list` this list.\n\
         The examples on the pages show the keys that differ: the rest of the contract is whole.\n\n\
         These pages are made from `crates/outwright-contract/src/rules/`.\n{}",
        page::list(|code| format!("[{code}]({code}.md)"))
    );
    check("README.md", &index);
    let stand: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    assert_eq!(stand, pages, "a page without its rule");
}
