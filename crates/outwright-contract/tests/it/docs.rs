//! The reference page: its examples are checked, its tables are those of the checker.

use outwright_contract::{Colour, Options, Source, load, reference};

use crate::hostile::GOOD;
use crate::sample::TODAY;

const PAGE: &str = include_str!("../../../../docs/reference/contract.md");

const CLIENTS: &str = include_str!("../../../../docs/guides/client-libraries.md");
const FIRST: &str = include_str!("../../../../docs/guides/first-contract.md");
const RUN: &str = include_str!("../../../../docs/guides/run.md");
const MACHINES: &str = include_str!("../../../../docs/guides/other-machines.md");

/// The blocks marked as YAML.
pub(crate) fn examples(page: &'static str) -> Vec<&'static str> {
    page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

/// The good contract with the top-level keys of a fragment in place of its own.
pub(crate) fn with(fragment: &str) -> String {
    let key = |line: &str| {
        let starts = line.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
        starts.then(|| line.split(':').next().unwrap_or_default().to_owned())
    };
    let replaced: Vec<String> = fragment.lines().filter_map(key).collect();
    let mut keep = true;
    let mut out = String::new();
    for line in GOOD.lines() {
        if let Some(key) = key(line) {
            keep = !replaced.contains(&key);
        }
        if keep {
            out.push_str(line);
            out.push('\n');
        }
    }
    if replaced.iter().any(|k| k == "credentials") && fragment.contains("credentials: {}") {
        out = out.replace("    needs: [orders]\n", "");
    }
    out + fragment
}

#[test]
fn every_example_of_the_reference_and_of_the_guide_has_no_error() {
    let examples = [PAGE, CLIENTS, MACHINES, FIRST, RUN].map(examples);
    assert!(examples[0].len() >= 10 && examples[1].len() >= 4, "{examples:?}");
    for example in examples.into_iter().flatten() {
        let sources = if example.starts_with("# outwright.yaml") {
            vec![Source::new("outwright.yaml", example), Source::new("contracts/acme.yaml", GOOD)]
        } else if example.starts_with("outwright: 1") {
            vec![Source::new("contracts/acme.yaml", example)]
        } else {
            vec![Source::new("contracts/acme.yaml", with(example))]
        };
        let loaded = load(&sources, &Options::check(TODAY));
        let text = loaded.report.text(Colour::Off);
        assert_eq!(loaded.report.errors(), 0, "{example}\n{text}");
        assert_eq!(loaded.providers.len(), 1, "{example}\n{text}");
    }
}

/// The excerpt of the README, with the keys that it leaves out, passes; each of the three mistakes that it names does not.
#[test]
fn the_contract_of_the_readme_says_what_the_readme_says() {
    let readme = include_str!("../../../../README.md");
    let excerpt = readme.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next());
    let excerpt = excerpt.expect("the README shows a contract");
    let errors = |excerpt: &str| {
        let contract = with(excerpt).replace("    needs: [orders]\n", "");
        let loaded =
            load(&[Source::new("contracts/payments.yaml", contract)], &Options::check(TODAY));
        (loaded.report.errors(), loaded.report.text(Colour::Off))
    };
    let excerpt = format!(
        "{excerpt}    needs: [orders]\n  list_charges:\n    request: GET /v1/charges\n    fallback: none\ncredentials: {{}}\n"
    );
    let (count, text) = errors(&excerpt);
    assert_eq!(count, 0, "{text}");
    for (good, bad, code) in [
        ("    idempotency: { plan: provider_key, key: required }\n", "", "OW301"),
        ("attempts: 3", "attempts: 9", "OW2"),
        ("tier: critical", "tier: critical\nkey: sk_live_4eC39HqLyjWDarjtT1zdp7dc", "OW6"),
    ] {
        assert!(excerpt.contains(good), "{good}");
        let (count, text) = errors(&excerpt.replace(good, bad));
        assert!(count > 0 && text.contains(code), "{bad}: {text}");
    }
}

/// Printed by the failure: put it behind the heading "Keys".
#[test]
fn the_reference_lists_every_key_of_the_checker() {
    let mut tables = String::new();
    for (file, table) in reference() {
        tables.push_str(&format!("### `{file}`\n\n{table}\n"));
    }
    let (_, page) = PAGE.split_once("## Keys\n").expect("the page has its tables");
    assert!(page.contains(tables.trim_end()), "the tables are stale; write:\n{tables}");
}
