//! What a finding says to do, done as it is printed: edits applied as programs read them, then checked again.

use outwright_contract::{
    Colour, Grade, Loaded, Options, Severity, Source, apply, load, repair, rules,
};
use proptest::prelude::*;
use serde_json::Value;

use crate::hostile::GOOD;
use crate::rules::sources as fixture;
use crate::sample::TODAY;

/// Rules whose findings name no edit, and why nobody could write one.
const WITHOUT: &[(&str, &str)] = &[
    ("OW101", "what an unreadable text was to say is unknown"),
    ("OW104", "what an alias stands for is written out by its author"),
    ("OW105", "a file that is no text, or too large, has no line to edit"),
    ("OW109", "which of two contracts is meant is a decision"),
    ("OW112", "who looked a fact up knows where and when"),
    ("OW113", "an open decision is taken by people"),
    ("OW190", "what this version cannot execute has no other form"),
    ("OW191", "nothing has to be changed"),
    ("OW204", "whether a call may be handed over is a decision"),
    ("OW308", "which of the two figures is wrong is a decision"),
    ("OW309", "how long the ledger remembers is a decision"),
    ("OW310", "what gives way, drain or quota, is a decision"),
    ("OW314", "how a provider tells errors stands in its documentation"),
    ("OW402", "the unit of a reset field is never guessed"),
    ("OW407", "how a provider is split is a decision"),
    ("OW408", "what may be spent is a decision"),
    ("OW409", "how large a response may be is a decision"),
    ("OW611", "how long the way of a secret takes is known to its keeper"),
    ("OW613", "which grant the provider offers instead stands in its documentation"),
    ("OW614", "which scopes are meant is known to the owner"),
    ("OW615", "how long a secret may live is a decision"),
    ("OW616", "another secret has to be made first"),
    ("OW707", "who gets less is a decision"),
    ("OW708", "which data goes out is known to the owner"),
    ("OW709", "which network is the partner's is known to the owner"),
    ("OW805", "who answers is known to the team"),
    ("OW806", "what gives way, promise or fallback, is a decision"),
    ("OW905", "which version is meant is a decision"),
];

fn read(sources: &[Source]) -> Loaded {
    load(sources, &Options::check(TODAY))
}

/// Applies the edits of a report in JSON that do not touch each other, as a program would; says whether there were any.
fn follow(report: &Value, sources: &mut [Source]) -> bool {
    let mut edits: Vec<(String, usize, usize, String)> = Vec::new();
    for finding in report["findings"].as_array().expect("a list") {
        if finding["severity"] == "waived" || finding["fix"].is_null() {
            continue;
        }
        let mut own = Vec::new();
        for edit in finding["fix"]["edits"].as_array().expect("a list") {
            let at = |key: &str| usize::try_from(edit[key].as_u64().unwrap()).unwrap();
            let word = |key: &str| edit[key].as_str().unwrap().to_owned();
            own.push((word("file"), at("start"), at("end"), word("text")));
        }
        let apart = own.iter().all(|new| {
            edits.iter().all(|old| {
                old == new
                    || old.0 != new.0
                    || (old.1 != new.1 && (old.1 >= new.2 || new.1 >= old.2))
            })
        });
        if apart {
            edits.extend(own);
        }
    }
    edits.sort();
    edits.dedup();
    for (file, start, end, text) in edits.iter().rev() {
        let source = sources.iter_mut().find(|source| source.path == *file).expect("a file of it");
        source.bytes.splice(start..end, text.bytes());
    }
    !edits.is_empty()
}

#[track_caller]
fn followed(mut sources: Vec<Source>) -> (Loaded, Vec<Source>) {
    for _ in 0..6 {
        let loaded = read(&sources);
        if loaded.report.errors() + loaded.report.warnings() == 0
            || !follow(&loaded.report.json(), &mut sources)
        {
            break;
        }
    }
    (read(&sources), sources)
}

fn texts(sources: &[Source]) -> String {
    sources.iter().map(|s| format!("{}:\n{}", s.path, String::from_utf8_lossy(&s.bytes))).collect()
}

/// the printed way out of each leads out.
#[test]
fn a_contract_that_breaks_a_rule_keeps_it_once_the_help_is_followed_literally() {
    for rule in rules::ALL {
        let sources = fixture(rule.code, "bad.yaml");
        let (loaded, sources) = followed(sources);
        let found = loaded.report.findings.iter().any(|f| f.rule == *rule);
        let without = WITHOUT.iter().any(|(code, _)| *code == rule.code);
        let text = loaded.report.text(Colour::Off);
        assert_eq!(found, without, "{}:\n{}\n{text}", rule.code, texts(&sources));
        if !without {
            assert_eq!(loaded.report.errors(), 0, "{}:\n{}\n{text}", rule.code, texts(&sources));
        }
    }
}

#[test]
fn no_rule_is_excused_that_names_an_edit() {
    for (code, why) in WITHOUT {
        let loaded = read(&fixture(code, "bad.yaml"));
        let of_rule = loaded.report.findings.iter().filter(|f| f.rule.code == *code);
        for finding in of_rule {
            assert!(finding.fix.is_none(), "{code} is excused ({why}), but names an edit");
        }
    }
}

fn repaired(text: &str) -> (String, Vec<String>) {
    let sources = [Source::new("c/acme.yaml", text)];
    let repaired = repair(&sources, &Options::check(TODAY));
    let text = String::from_utf8(repaired.sources[0].bytes.clone()).unwrap();
    (text, repaired.done.into_iter().map(|done| format!("{} {}", done.code, done.title)).collect())
}

#[test]
fn a_safe_repair_touches_nothing_but_its_own_word() {
    let wrong = GOOD
        .replace("owner: {", "ownr:   {   # who")
        .replace("attempts: 3", "attempts: \"3\"")
        .replace("jitter: full", "jitter: FULL")
        .replace("tier: important", "tier: important   # for now\ntier: important");
    let wanted = GOOD
        .replace("owner: {", "owner:   {   # who")
        .replace("tier: important", "tier: important   # for now");
    // The brace behind the comment stands on the next line.
    let (wrong, wanted) = (wrong.replace("# who", ""), wanted.replace("# who", ""));
    let (text, done) = repaired(&wrong);
    assert_eq!(text, wanted, "{done:?}");
    assert_eq!(
        done,
        ["OW102 write `owner`", "OW103 remove the second", "OW107 write `3`", "OW107 write `full`"]
    );
}

#[test]
fn what_is_a_decision_is_not_repaired_by_itself() {
    for (from, to) in [
        ("attempt: 3s, ", ""),
        ("connect: 1s", "connect: 1"),
        ("    idempotency: { plan: provider_key, key: required }\n", ""),
        ("jitter: full", "jitter: ful"),
        ("owner: {", "ownerr: {"),
        ("lifecycle: { notice: 90d }\n", ""),
    ] {
        assert!(GOOD.contains(from), "{from}");
        let wrong = GOOD.replacen(from, to, 1);
        let (text, done) = repaired(&wrong);
        let decided = !(done.is_empty() && text == wrong);
        assert_eq!(decided, to.starts_with("ownerr"), "{to}: {done:?}");
    }
}

/// A key that is there already, or a value that does not fit, means something else.
#[test]
fn a_misspelt_key_is_repaired_only_where_nothing_else_can_be_meant() {
    for wrong in [
        GOOD.replace("tier: important", "tier: important\nteir: critical"),
        GOOD.replace("tier: important", "teir: [a, b]"),
    ] {
        let (text, done) = repaired(&wrong);
        assert_eq!((text.as_str(), done.len()), (wrong.as_str(), 0));
    }
}

#[test]
fn an_insertion_follows_the_layout_that_is_there() {
    for (from, to, wanted) in [
        // Into a flow map, in the order of the reference.
        ("attempt: 3s, ", "", "idle: 2s, attempt: 3500ms, total: 12s }"),
        // Below an operation, in its indentation.
        (
            "    idempotency: { plan: provider_key, key: required }\n",
            "",
            "    needs: [orders]\n    idempotency: { plan: provider_key, key: required }\n",
        ),
        // Between two keys of the contract, behind a comment.
        ("alerts: { page", "#alerts: { page", "\nalerts: { page: example-pager"),
        // At the very end, without a line end.
        ("lifecycle: { notice: 90d }\n", "", "key: required }\nlifecycle: { notice: 90d }"),
        // A key without a value.
        (
            "slo: { availability: 99.9%, latency: { p99: 2s }, window: 30d }",
            "slo: { latency: { p99: 2s } }",
            "slo: { availability: 99.9%, latency: { p99: 2s }, window: 30d }",
        ),
    ] {
        assert!(GOOD.contains(from), "{from}");
        let wrong = GOOD.replacen(from, to, 1);
        let wrong = if to.is_empty() { wrong.trim_end().to_owned() } else { wrong };
        let (loaded, sources) = followed(vec![Source::new("c/acme.yaml", wrong)]);
        let text = texts(&sources);
        assert!(text.contains(wanted), "{wanted:?} in\n{text}");
        assert_eq!(loaded.report.errors(), 0, "{text}");
    }
}

#[test]
fn lines_that_end_with_a_return_go_on_doing_so() {
    let wrong = GOOD.replace("tier: important\n", "").replace('\n', "\r\n");
    let (loaded, sources) = followed(vec![Source::new("c/acme.yaml", wrong)]);
    let text = texts(&sources);
    assert_eq!(loaded.report.errors(), 0, "{text}");
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count() + 1, "{text:?}");
}

#[test]
fn repairs_that_touch_the_same_bytes_are_not_made_together() {
    let wrong = GOOD.replace("base: 100ms", "base: 9s").replace("attempts: 3", "attempts: 99");
    let sources = [Source::new("c/acme.yaml", wrong)];
    let report = read(&sources).report;
    let fixes: Vec<_> = report.findings.iter().filter_map(|f| f.fix.as_ref()).collect();
    let twice: Vec<_> = fixes.iter().chain(&fixes).copied().collect();
    let (once, _) = apply(&sources, &fixes);
    let (again, made) = apply(&sources, &twice);
    assert_eq!(once, again, "the same edit is made once");
    assert!(made.iter().any(|made| *made));
}

/// Text that is cut or pasted into: whatever the repairs are, they lie in the text, and safe ones leave no more errors.
fn holds(text: &str) {
    let sources = [Source::new("c/acme.yaml", text)];
    let report = read(&sources).report;
    for finding in &report.findings {
        for edit in finding.fix.iter().flat_map(|fix| &fix.edits) {
            let range = edit.place.start as usize..edit.place.end as usize;
            assert!(text.get(range).is_some(), "{edit:?} in {text:?}");
        }
    }
    let after = repair(&sources, &Options::check(TODAY));
    assert!(after.report.errors() <= report.errors());
    let left = after.report.findings.iter().filter(|f| f.severity != Severity::Waived);
    let left = left.filter_map(|f| f.fix.as_ref()).filter(|fix| fix.grade == Grade::Safe).count();
    assert!(left == 0 || after.done.len() >= left, "{text}");
    let _drawn = (report.text(Colour::Off), report.sarif(), report.github());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_cut_or_paste_makes_a_repair_miss(at in 0..GOOD.len(), length in 0_usize..60, put in "[{}\\[\\]:,&*!#\"'|>%@` \n\t0-9a-zé]{0,6}") {
        let end = (at + length).min(GOOD.len());
        holds(&format!("{}{put}{}", &GOOD[..at], &GOOD[end..]));
    }
}
