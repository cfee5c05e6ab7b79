//! OW601: a literal secret.

use crate::finding::{Rule, Severity};

/// A literal secret.
pub static LITERAL: Rule = Rule {
    code: "OW601",
    severity: Severity::Error,
    waivable: false,
    title: "a literal secret",
    what: "Finds the form of a secret in the text, by the prefixes that providers give to them and by chance that no name has; it is masked wherever the text is shown.",
    why: "whoever reads the file has the secret, today and in every old copy",
    help: "withdraw it at the provider, and name a `source:` (file, exec, vault, store) instead",
    bad: "docs: https://reader:hunter2@docs.acme.example
",
    good: "docs: https://docs.acme.example
",
    sources: &["R-009", "OWASP Secrets Management Cheat Sheet 8.1", "OWASP ASVS 5.0 13.3.1"],
};
