//! Codes that others rely on: codes of findings, reasons of refusals, names of problems.
//!
//! They are never renamed and never used again for something else, so each stands in a lock file.
//! A code that is no longer made stays there, marked `retired`.

use std::collections::BTreeSet;

use crate::source::{Source, words};
use crate::tree::{Complaint, Tree};

/// Where all codes stand, one `kind code` per line, ordered.
pub const LOCK: &str = "docs/reference/codes.lock";

/// The lock file lists exactly the codes that the sources make, and those that are retired.
#[must_use]
pub fn locked(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let text = tree.get(LOCK).unwrap_or_default();
    let lines: Vec<&str> = text.lines().filter(|l| !l.starts_with('#')).collect();
    let active: BTreeSet<&str> =
        lines.iter().copied().filter(|l| !l.ends_with(" retired")).collect();
    let made = made(tree);
    for code in made.iter().filter(|c| !active.contains(c.as_str())) {
        let retired = lines.contains(&format!("{code} retired").as_str());
        let what =
            if retired { "is retired: take another code" } else { "add it: cargo xtask codes" };
        complaints.push(Complaint::new(LOCK, 0, format!("`{code}`: {what}")));
    }
    for code in active.iter().filter(|c| !made.contains(**c)) {
        let what = format!("`{code}` is made nowhere: codes are not renamed; mark it `retired`");
        complaints.push(Complaint::new(LOCK, 0, what));
    }
    if !lines.is_sorted() {
        complaints.push(Complaint::new(LOCK, 0, "keep the lines ordered"));
    }
    complaints
}

/// The lock file with the codes that it misses; it takes none away, because that is a decision.
#[must_use]
pub fn completed(tree: &Tree) -> String {
    let text = tree.get(LOCK).unwrap_or_default();
    let (head, lines): (Vec<&str>, Vec<&str>) = text.lines().partition(|l| l.starts_with('#'));
    let mut all: BTreeSet<String> = lines.into_iter().map(str::to_owned).collect();
    all.extend(made(tree).into_iter().filter(|code| !text.contains(&format!("{code} retired"))));
    head.into_iter().map(str::to_owned).chain(all).map(|line| format!("{line}\n")).collect()
}

/// The codes in the literals of the sources.
fn made(tree: &Tree) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for (path, text) in tree.rust() {
        let finding = path.starts_with("crates/outwright-contract/src/");
        let refusal = path == "crates/outwright-core/src/refusal.rs";
        if finding || refusal {
            let literals = Source::product(text).literals;
            if finding {
                let codes_of_findings = words(&literals).filter(|w| is_finding(w));
                codes.extend(codes_of_findings.map(|w| format!("finding {w}")));
            } else {
                codes.extend(words(&literals).map(|w| format!("refusal {w}")));
            }
        }
    }
    codes
}

fn is_finding(word: &str) -> bool {
    let digits = word.strip_prefix("OW").unwrap_or_default();
    digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSAL: &str = "//! x\nfn word() -> &'static str { \"hold\" }\n";

    fn complaints(lock: &str) -> usize {
        let rule = "//! x\nconst CODE: &str = \"OW203\";\n";
        locked(&Tree::of(&[
            (LOCK, lock),
            ("crates/outwright-core/src/refusal.rs", REFUSAL),
            ("crates/outwright-contract/src/rules/retry.rs", rule),
        ]))
        .len()
    }

    #[test]
    fn a_complete_lock_is_fine() {
        assert_eq!(complaints("finding OW203\nrefusal busy retired\nrefusal hold\n"), 0);
    }

    #[test]
    fn a_new_a_vanished_and_a_revived_code_are_refused() {
        assert_eq!(complaints("finding OW203\n"), 1);
        assert_eq!(complaints("finding OW203\nfinding OW204\nrefusal hold\n"), 1);
        assert_eq!(complaints("finding OW203\nrefusal hold retired\n"), 1);
    }

    #[test]
    fn completing_adds_and_takes_nothing_away() {
        let tree = Tree::of(&[
            (LOCK, "# x\nfinding OW204\n"),
            ("crates/outwright-core/src/refusal.rs", REFUSAL),
        ]);
        assert_eq!(completed(&tree), "# x\nfinding OW204\nrefusal hold\n");
    }

    #[test]
    fn an_unordered_lock_is_refused() {
        assert_eq!(complaints("refusal hold\nfinding OW203\n"), 1);
    }
}
