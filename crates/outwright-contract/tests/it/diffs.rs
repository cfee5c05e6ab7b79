//! What a change of contracts does, as it is printed: golden texts.

use outwright_contract::{Diff, Options, Source, Tendency, load};

use crate::docs::{examples, with};
use crate::hostile::GOOD;
use crate::sample::TODAY;

fn diff(before: &str, after: &str) -> Diff {
    let state = |text: &str| load(&[Source::new("c/acme.yaml", text)], &Options::check(TODAY));
    Diff::of(&state(before), &state(after))
}

#[test]
fn nothing_changed_is_said_so() {
    let diff = diff(GOOD, &GOOD.replace("provider: acme", "provider: acme # the shop's"));
    assert_eq!(diff.text(), "nothing that is in force differs\n");
    assert_eq!(diff.tendency(), Tendency::Neutral);
}

/// R-024: longer, oftener and more are loosening, and the figures that follow are said per operation.
#[test]
fn what_lets_more_happen_is_loosening() {
    let after = GOOD
        .replace("attempts: 3", "attempts: 6")
        .replace("total: 12s", "total: 31s")
        .replace("requests: 100", "requests: 300")
        .replace("plan: provider_key, key: required", "plan: provider_key, key: per_call");
    let diff = diff(GOOD, &after);
    assert_eq!(diff.tendency(), Tendency::Loosening);
    insta::assert_snapshot!("loosening_text", diff.text());
    insta::assert_snapshot!("loosening_markdown", diff.markdown());
    insta::assert_snapshot!("loosening_json", format!("{:#}", diff.json()));
}

/// R-024: the reverse is tightening.
#[test]
fn what_lets_less_happen_is_tightening() {
    let before = GOOD.replace("attempts: 3", "attempts: 4").replace("total: 12s", "total: 20s");
    let diff = diff(&before, GOOD);
    assert_eq!(diff.tendency(), Tendency::Tightening);
    insta::assert_snapshot!("tightening_text", diff.text());
}

/// R-024: a plan under which a failure is repeated that was not repeated before.
#[test]
fn retries_that_include_more_failures_are_named() {
    let before = GOOD.replace("{ plan: provider_key, key: required }", "{ plan: once }");
    let diff = diff(&before, GOOD);
    assert_eq!(diff.tendency(), Tendency::Loosening);
    insta::assert_snapshot!("repeats_text", diff.text());
}

/// R-024: what one of many is looser in is not made up for by another that is tighter.
#[test]
fn a_change_in_both_directions_is_loosening() {
    let after = GOOD
        .replace("total: 12s", "total: 11s")
        .replace("hosts: [api.acme.example]", "hosts: [api.acme.example, files.acme.example]");
    assert_eq!(diff(GOOD, &after).tendency(), Tendency::Loosening);
}

#[test]
fn operations_and_providers_come_and_go() {
    let more = "  get_order:\n    request: GET /v1/orders/{order}\n    needs: [orders]\n    fallback: none\n";
    let after = GOOD.replace("  create_order:", &format!("{more}  create_order:"));
    let text = diff(GOOD, &after).text();
    assert!(text.contains("acme.get_order: loosening\n  loosening   GET /v1/orders/{order} (added): the operation can be called"), "{text}");
    assert_eq!(diff(&after, GOOD).tendency(), Tendency::Tightening);
    let other = GOOD.replace("provider: acme", "provider: other");
    let text = diff(GOOD, &other).text();
    assert!(text.contains("acme: tightening") && text.contains("other: loosening"), "{text}");
}

/// What holds in one environment only is told under its name, and nothing is told twice.
#[test]
fn a_change_of_one_environment_is_told_under_its_name() {
    let with = |host: &str| {
        format!(
            "{GOOD}environments:\n  sandbox:\n    base_url: https://{host}\n    credentials: {{ main: {{ hosts: [{host}] }} }}\n"
        )
    };
    let state = load(&[Source::new("c/acme.yaml", with("a.acme.example"))], &Options::check(TODAY));
    assert_eq!(state.report.errors(), 0, "{}", state.report.text(outwright_contract::Colour::Off));
    let text = diff(&with("a.acme.example"), &with("b.acme.example")).text();
    assert!(text.starts_with("acme (sandbox): loosening\n"), "{text}");
    let longer = with("a.acme.example").replace("total: 12s", "total: 13s");
    let text = diff(&with("a.acme.example"), &longer).text();
    assert_eq!(text.matches("timeouts.total: 12s -> 13s").count(), 1, "{text}");
}

#[test]
fn a_table_of_a_review_is_not_ended_by_a_value() {
    let after = GOOD.replace("shop@example.com", "\"a|b *c* <d>\"");
    let markdown = diff(GOOD, &after).markdown();
    assert!(markdown.contains("a\\|b \\*c\\* \\<d\\>"), "{markdown}");
}

/// The page shows what it says: its two fragments, laid over a whole contract, give its text.
#[test]
fn the_example_of_the_page_is_what_is_printed() {
    const PAGE: &str = include_str!("../../../../docs/reference/diff.md");
    let [before, after] = examples(PAGE)[..] else { panic!("a fragment before, one after") };
    let printed = diff(&with(before), &with(after)).text();
    let shown = PAGE.rsplit("```text\n").next().and_then(|rest| rest.split("```").next());
    assert_eq!(shown, Some(printed.as_str()), "{printed}");
}
