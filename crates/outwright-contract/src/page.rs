//! The text of a rule: its page in the reference, and what `outwright explain CODE` prints.
//!
//! Its examples are parts of a contract: they are laid over a whole one, key by key at the top, and the same test runs them that keeps the pages fresh.
//! A line `# file.yaml` in an example begins another file, a line `# without key` takes a key away.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::finding::{Rule, Severity};
use crate::rules::ALL;
use crate::shape::nearest;

/// What the hundreds are about, by their first digit.
const HUNDREDS: [(char, &str); 9] = [
    ('1', "Format"),
    ('2', "Time"),
    ('3', "Retry and idempotency"),
    ('4', "Limits"),
    ('5', "Degradation"),
    ('6', "Credentials"),
    ('7', "Egress and callers"),
    ('8', "Signals"),
    ('9', "Lifecycle"),
];

impl Rule {
    /// What is to know about the rule, in markdown.
    #[must_use]
    pub fn page(&self) -> String {
        let mut page =
            format!("# {}: {}\n\n{}\n{}\n", self.code, self.title, self.kind(), self.what);
        let _ = write!(page, "\n## Why\n\n{}.\n", capital(self.why));
        let _ = write!(page, "\n## What to do\n\n{}.\n", capital(self.help));
        let _ = write!(page, "\n## What breaks it\n\n```yaml\n{}```\n", self.bad);
        let _ = write!(page, "\n## What keeps it\n\n```yaml\n{}```\n", self.good);
        page.push_str("\n## Sources\n\n");
        for source in self.sources {
            let _ = writeln!(page, "- {source}");
        }
        page
    }

    /// The same for programs; its shape is in `docs/reference/contract.md`.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "code": self.code,
            "severity": self.severity.word(),
            "waivable": self.waivable,
            "title": self.title,
            "what": self.what,
            "why": self.why,
            "help": self.help,
            "bad": self.bad,
            "good": self.good,
            "sources": self.sources,
        })
    }

    /// How bad a finding of it is, in a sentence.
    const fn kind(&self) -> &'static str {
        match (self.severity, self.waivable) {
            (Severity::Error, true) => "An error, unless a waiver of the contract covers it.",
            (Severity::Error, false) => "An error, which no waiver covers.",
            (Severity::Warning | Severity::Waived, _) => "A warning.",
        }
    }
}

/// Every rule with its severity, by hundreds, in markdown: each line begins with what `link` makes of a code.
#[must_use]
pub fn list(link: fn(&str) -> String) -> String {
    let mut list = String::new();
    for (digit, about) in HUNDREDS {
        let rules: Vec<_> = ALL.iter().filter(|rule| hundred(rule) == Some(digit)).collect();
        let _ = write!(list, "\n## {digit}xx: {}\n\n", about.to_lowercase());
        for rule in rules {
            let severity = rule.severity.word();
            let _ = writeln!(list, "- {} ({severity}): {}", link(rule.code), rule.title);
        }
    }
    list
}

/// Whether a word has the form of a code.
#[must_use]
pub fn is_code(word: &str) -> bool {
    let (letters, digits) = word.split_at_checked(2).unwrap_or_default();
    letters.eq_ignore_ascii_case("OW")
        && !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit())
}

/// The code that is most like one that does not exist.
#[must_use]
pub fn near(code: &str) -> Option<&'static str> {
    nearest(&code.to_ascii_uppercase(), ALL.iter().map(|rule| rule.code))
}

fn hundred(rule: &Rule) -> Option<char> {
    rule.code.chars().nth(2)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_told_from_the_name_of_a_provider() {
        assert!(is_code("OW201") && is_code("ow2"));
        assert!(!is_code("owner") && !is_code("OW") && !is_code("öw201") && !is_code(""));
    }

    #[test]
    fn a_code_that_does_not_exist_has_a_near_one() {
        assert_eq!(near("ow2011"), Some("OW201"));
        assert_eq!(near("OW000000000"), None);
    }
}
