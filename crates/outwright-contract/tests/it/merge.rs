//! A second import: what is new is added, what people decided stays.

use outwright_contract::draft::Draft;
use outwright_contract::draft::merge::{Done, Merged, merge, record, recorded};
use outwright_contract::{Options, Severity, Source, load};

use crate::description::{ACME, drafted, wishes};
use crate::sample::TODAY;

fn hand(draft: &Draft, edits: &[(&str, &str)]) -> String {
    let mut text = draft.text();
    for (from, to) in edits {
        assert!(text.contains(from), "{from} in\n{text}");
        text = text.replacen(from, to, 1);
    }
    text
}

fn again(hand: &str, old: &Draft, new: &Draft) -> Merged {
    let sources = [Source::new("contracts/acme.yaml", hand)];
    merge(&sources, &record(old, &[]), new).expect("all of it is readable")
}

fn subjects(merged: &Merged, done: Done) -> Vec<&str> {
    merged.remarks.iter().filter(|r| r.done == done).map(|r| r.subject.as_str()).collect()
}

#[test]
fn the_same_description_changes_nothing() {
    let draft = drafted(ACME, &wishes());
    let hand = hand(&draft, &[("team: UNDECIDED", "team: shop")]);
    let merged = again(&hand, &draft, &draft);
    assert!(merged.files.is_empty() && merged.remarks.is_empty(), "{merged:?}");
}

#[test]
fn a_decision_is_never_overwritten_and_what_nobody_touched_follows_the_description() {
    let old = drafted(ACME, &wishes());
    let changed = ACME
        .replace("https://api.acme.example/v2/\n", "https://api2.acme.example/v2/\n")
        .replace("name: Idempotency-Key, in", "name: Acme-Idempotency-Key, in");
    let new = drafted(&changed, &wishes());
    let untouched = hand(&old, &[("team: UNDECIDED", "team: shop # ours")]);
    let merged = again(&untouched, &old, &new);
    let text = &merged.files.first().expect("the contract changed").text;
    assert!(
        text.contains("base_url: https://api2.acme.example/v2")
            && text.contains("team: shop # ours"),
        "{text}"
    );
    assert!(text.contains("header: Acme-Idempotency-Key"), "{text}");
    let decided = hand(
        &old,
        &[("base_url: https://api.acme.example/v2", "base_url: https://eu.acme.example")],
    );
    let merged = again(&decided, &old, &new);
    let text = &merged.files.first().expect("the key's field changed").text;
    assert!(text.contains("base_url: https://eu.acme.example"), "{text}");
    assert!(subjects(&merged, Done::Kept).contains(&"base_url"), "{merged:?}");
    let open = hand(&old, &[("fallback: UNDECIDED", "fallback: none")]);
    let merged = again(&open, &old, &new);
    assert!(merged.files.first().is_some_and(|file| file.text.contains("fallback: none")));
}

#[test]
fn new_operations_are_added_gone_ones_are_told_and_removed_ones_stay_away() {
    let old = drafted(ACME, &wishes());
    let changed = ACME.replace(
        "  /refunds:\n",
        "  /invoices:\n    get:\n      operationId: orders/list\n      responses: { \"200\": { description: fine } }\n  /returns:\n",
    );
    let new = drafted(&changed, &wishes());
    let text = old.text();
    let start = text.find("  events_follow:").unwrap();
    let end = start + text[start..].find("  files_get:").unwrap();
    let hand = format!(
        "{}  by_hand: # of ours\n    request: GET /v2/by-hand\n    fallback: none\n{}\n# the end\nwaivers: []\n",
        &text[..start],
        &text[end..]
    );
    let merged = again(&hand, &old, &new);
    assert_eq!(subjects(&merged, Done::Gone), ["operations.refunds_create"]);
    let added = subjects(&merged, Done::Added);
    assert!(added.contains(&"operations.orders_list_2") && added.len() == 2, "{added:?}");
    let text = &merged.files.first().expect("operations were added").text;
    assert!(
        text.contains("by_hand: # of ours") && text.ends_with("# the end\nwaivers: []\n"),
        "{text}"
    );
    assert!(!text.contains("events_follow"), "somebody removed it: {text}");
    let loaded = load(&[Source::new("contracts/acme.yaml", text.as_str())], &Options::check(TODAY));
    assert!(
        loaded
            .report
            .findings
            .iter()
            .filter(|f| f.severity == Severity::Error)
            .all(|f| f.rule.code == "OW113"),
        "{}",
        loaded.report.text(outwright_contract::Colour::Off)
    );
    let names = loaded.names();
    let (_, operations) = names.first().expect("one provider");
    assert!(
        operations.contains(&"orders_list_2") && operations.contains(&"refunds_create"),
        "{operations:?}"
    );
}

#[test]
fn a_contract_in_several_files_and_of_another_style_is_merged_too() {
    let old = drafted(ACME, &wishes());
    let new = drafted(&ACME.replace("  /nothing: {}\n", "  /more: { get: {} }\n"), &wishes());
    let text = old.text();
    let (head, operations) = text.split_once("operations:\n").unwrap();
    let deeper: String = operations.lines().map(|line| format!("  {line}\n")).collect();
    let part = format!("outwright: 1\nprovider: acme\noperations:\n{}", deeper.trim_end());
    let sources = [Source::new("c/acme/acme.yaml", head), Source::new("c/acme/more.yaml", part)];
    let merged = merge(&sources, &record(&old, &[]), &new).unwrap();
    let file = merged.files.first().expect("it has one more operation");
    assert_eq!(file.name, "c/acme/more.yaml");
    assert!(file.text.contains("\n    get_more:"), "{}", file.text);
}

#[test]
fn a_record_keeps_what_was_asked_for() {
    let draft = drafted(ACME, &wishes());
    let only = vec!["orders/*".to_owned(), "a \"b\"".to_owned()];
    assert_eq!(recorded(&record(&draft, &only)), only);
    assert!(recorded("provider: acme\n").is_empty());
    let broken = [Source::new("contracts/acme.yaml", "provider: [")];
    let why = merge(&broken, &record(&draft, &[]), &draft).expect_err("it is no YAML");
    assert!(why.starts_with("contracts/acme.yaml cannot be read"), "{why}");
}
