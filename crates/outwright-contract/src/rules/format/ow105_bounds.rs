//! OW105: outside the bounds of a contract.

use crate::finding::{Rule, Severity};

/// Size, depth, encoding, documents.
pub static BOUNDS: Rule = Rule {
    code: "OW105",
    severity: Severity::Error,
    waivable: false,
    title: "outside the bounds of a contract",
    what: "Finds a file that is not UTF-8, holds control characters, is larger than 1 MiB, nested deeper than 32, has more than 4096 entries in one map or list, or holds several documents.",
    why: "files are one UTF-8 document of at most 1 MiB, nested at most 32 deep",
    help: "split the contract: a folder's further files may add operations",
    bad: "changelog: https://acme.example/changes
---
notes: for later
",
    good: "changelog: https://acme.example/changes
",
    sources: &["chosen"],
};
