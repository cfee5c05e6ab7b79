//! `docs/reference/sources.md`: what the product was built after, and where each reference lives on: requirements, rules, tests.
//!
//! The page is made from three things that change by themselves: the list of requirements, the pages of the rules, the tests that cite numbers.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::requirements::{LIST, Requirement, numbers, read, tests_by_number};
use crate::tree::{Complaint, Tree};

/// Where the page stands.
pub const PAGE: &str = "docs/reference/sources.md";
/// Where the pages of the rules stand.
const RULES: &str = "docs/reference/rules/OW";

/// A text that the product was built after.
struct Reference {
    title: &'static str,
    url: &'static str,
    /// What it asks for, in a sentence of our own.
    asks: &'static str,
    /// Ranges of requirements that come from it, first and last.
    requirements: &'static [(u16, u16)],
    /// Words by which rules name it among their sources.
    named: &'static [&'static str],
}

const REFERENCES: &[Reference] = &[
    Reference {
        title: "AWS Builders' Library: Timeouts, retries, and backoff with jitter",
        url: "https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/",
        asks: "Every remote call has a timeout; retries are few, capped, spread by jitter and paid from a budget; only one layer retries.",
        requirements: &[(1, 3), (91, 91), (100, 112)],
        named: &["AWS Builders' Library"],
    },
    Reference {
        title: "Azure: circuit breaker pattern",
        url: "https://learn.microsoft.com/azure/architecture/patterns/circuit-breaker",
        asks: "Stop calling what is down, let a few calls try whether it is back, tell operators, and keep what is per resource apart.",
        requirements: &[(113, 123), (206, 206)],
        named: &["Circuit Breaker", "Azure"],
    },
    Reference {
        title: "RFC 6585: additional status codes of HTTP",
        url: "https://www.rfc-editor.org/rfc/rfc6585",
        asks: "429 says that there were too many requests and may say how long to wait; 428, 431 and 511 have meanings of their own.",
        requirements: &[(65, 65), (130, 136), (197, 197)],
        named: &["RFC 6585"],
    },
    Reference {
        title: "Stripe: Idempotent requests",
        url: "https://docs.stripe.com/api/idempotent_requests",
        asks: "A key makes a repeat of a mutation safe for as long as the provider remembers it; another request under the same key is an error.",
        requirements: &[(150, 168)],
        named: &["Stripe", "idempotency-key", "Idempotency-Key"],
    },
    Reference {
        title: "RFC 9700: OAuth 2.0 security",
        url: "https://www.rfc-editor.org/rfc/rfc9700",
        asks: "No password and no implicit grant; tokens are bound to those who may use them, narrow, short-lived and refreshed one at a time.",
        requirements: &[(16, 18), (41, 41), (98, 98), (450, 497)],
        named: &["RFC 9700"],
    },
    Reference {
        title: "OWASP: secrets management",
        url: "https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html",
        asks: "Secrets stand in one guarded place, are renewed and withdrawn by plan, never reach a log, and every use can be told afterwards.",
        requirements: &[(8, 9), (500, 538)],
        named: &["OWASP Secrets"],
    },
    Reference {
        title: "Pact Specification",
        url: "https://github.com/pact-foundation/pact-specification",
        asks: "What a consumer relies on is written down as examples with matchers, and the provider is held against them.",
        requirements: &[(226, 230)],
        named: &["Pact"],
    },
];

/// The page as it has to be.
#[must_use]
pub fn page(tree: &Tree) -> String {
    let mut out = String::from(
        "# Sources\n\n\
         What outwright was built after, and where each of these texts lives on: requirements of ours, rules of the check, tests.\n\
         A requirement without a test waits for the issue that is named.\n\n\
         This page is made by `OUTWRIGHT_BLESS=1 cargo test -p tidy` from the list of requirements, the pages of the rules and the tests that cite numbers.\n",
    );
    let list = read(tree).unwrap_or_default();
    let tests = tests_by_number(tree);
    let rules = rules(tree);
    for reference in REFERENCES {
        let Reference { title, url, asks, .. } = reference;
        let _ = write!(out, "\n## {title}\n\n<{url}>\n\n{asks}\n");
        let of: Vec<&Requirement<'_>> =
            list.iter().filter(|row| covers(reference, row.number)).collect();
        out.push_str("\n| requirement | rules | tests |\n| --- | --- | --- |\n");
        for row in of {
            let asked =
                rules.iter().filter(|(_, sources)| numbers(sources).any(|n| n == row.number));
            let asked: Vec<String> = asked.map(|(code, _)| link(code)).collect();
            let mut held: Vec<String> = tests
                .get(row.number)
                .into_iter()
                .flatten()
                .map(|c| format!("`{}` in {}", c.test, short(&c.path)))
                .collect();
            held.sort();
            held.dedup();
            let held = if held.is_empty() {
                format!("waits for issue {}", row.issue)
            } else {
                held.join("<br>")
            };
            let _ =
                writeln!(out, "| {} {} | {} | {held} |", row.number, row.words, asked.join(", "));
        }
        let by_name =
            rules.iter().filter(|(_, sources)| reference.named.iter().any(|n| sources.contains(n)));
        let by_name: Vec<String> = by_name.map(|(code, _)| link(code)).collect();
        if !by_name.is_empty() {
            let _ = write!(out, "\nRules that name it: {}.\n", by_name.join(", "));
        }
    }
    out
}

fn covers(reference: &Reference, number: &str) -> bool {
    let digits = number.trim_start_matches("R-").parse::<u16>();
    digits.is_ok_and(|n| reference.requirements.iter().any(|(from, to)| (*from..=*to).contains(&n)))
}

/// The sources of every rule, by code.
fn rules(tree: &Tree) -> BTreeMap<&str, &str> {
    let pages = tree.ending(".md").filter_map(|(path, text)| {
        let code = path.strip_prefix("docs/reference/rules/")?.strip_suffix(".md")?;
        let (_, sources) = text.split_once("\n## Sources\n")?;
        path.starts_with(RULES).then_some((code, sources))
    });
    pages.collect()
}

fn link(code: &str) -> String {
    format!("[{code}](rules/{code}.md)")
}

/// A path without the folder that all of them share.
fn short(path: &str) -> String {
    format!("`{}`", path.trim_start_matches("crates/"))
}

/// The page is what it has to be, and every reference is alive.
#[must_use]
pub fn sources(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    if !tree.has(LIST) {
        return complaints;
    }
    if tree.get(PAGE) != Some(page(tree).as_str()) {
        let what = "stale: OUTWRIGHT_BLESS=1 cargo test -p tidy writes it anew";
        complaints.push(Complaint::new(PAGE, 1, what));
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &str =
        "number\tpriority\tissue\twords\nR-001\tP0\t2\tfour timeouts\nR-002\tP0\t4\tthey fit\n";

    fn tree(page: &str) -> Tree {
        Tree::of(&[
            (LIST, ROWS),
            (
                "docs/reference/rules/OW201.md",
                "# OW201\n\n## Sources\n\n- R-001\n- AWS Builders' Library\n",
            ),
            ("crates/x/tests/it/a.rs", "/// R-001.\n#[test]\nfn a_timeout_is_there() {}\n"),
            (PAGE, page),
        ])
    }

    #[test]
    fn a_reference_leads_to_its_rules_and_tests_and_to_what_waits() {
        let page = page(&tree(""));
        assert!(page.contains("| R-001 four timeouts | [OW201](rules/OW201.md) | `a_timeout_is_there` in `x/tests/it/a.rs` |"), "{page}");
        assert!(page.contains("| R-002 they fit |  | waits for issue 4 |"), "{page}");
        assert!(page.contains("Rules that name it: [OW201](rules/OW201.md)."), "{page}");
    }

    #[test]
    fn a_stale_page_is_refused() {
        assert_eq!(sources(&tree("old")).len(), 1);
        let fresh = page(&tree(""));
        assert!(sources(&tree(&fresh)).is_empty());
    }
}
