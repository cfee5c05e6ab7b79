//! OW701: a base URL that is not usable.

use crate::finding::{Rule, Severity};

/// A base URL that is not usable.
pub static BASE_URL: Rule = Rule {
    code: "OW701",
    severity: Severity::Error,
    waivable: false,
    title: "a base URL that is not usable",
    what: "Finds a contract without `base_url`, and one that holds userinfo, a query, a fragment, capitals, an empty part of a path or a port that is none.",
    why: "userinfo leaks secrets, a query or fragment is never sent as written, and two spellings of one host are two hosts to every list",
    help: "write `https://host[:port][/path]`, in small letters",
    bad: "base_url: https://API.acme.example/?v=1
",
    good: "base_url: https://api.acme.example
",
    sources: &["R-011", "R-544", "RFC 9110 section 4.2.4"],
};
