//! Names of a draft: made of what the description calls things, safe, and without collisions.

use std::collections::BTreeSet;

use super::{Base, NoDraft, Wishes};
use crate::description::{Description, Operation};

/// Longest name of the contract format.
const NAME_MAX: usize = 64;
/// Labels in front of a host that say nothing about whose it is.
const GENERIC: [&str; 7] = ["api", "www", "rest", "gateway", "app", "open", "apis"];

/// The provider's name: the one that is wished, else that of its host, else that of its title.
pub(super) fn provider(
    description: &Description,
    wishes: &Wishes,
    base: &Base,
) -> Result<String, NoDraft> {
    if let Some(name) = &wishes.provider {
        let fits = !name.is_empty() && safe(name) == *name;
        return if fits { Ok(name.clone()) } else { Err(NoDraft::Name(name.clone())) };
    }
    let server = base.server.as_ref().map(|server| server.example.as_str());
    let host = server.and_then(|url| url.split_once("://")).map(|(_, rest)| rest);
    let host = host.and_then(|rest| rest.split(['/', ':']).next());
    let title = description.title.split_whitespace().next().map(str::to_ascii_lowercase);
    let name = host.and_then(of_host).or(title).map(|name| safe(&name));
    name.filter(|name| name != "_").ok_or(NoDraft::Nameless)
}

/// `stripe` of `api.stripe.com`: the label before the last one, unless the host says no more than `localhost`.
fn of_host(host: &str) -> Option<String> {
    if host.parse::<std::net::IpAddr>().is_ok() {
        return None;
    }
    let labels: Vec<&str> = host.split('.').filter(|label| !label.is_empty()).collect();
    let known = labels.split_last().map(|(_, rest)| rest).unwrap_or_default();
    // `api.example.co.uk`: the short label before the last one belongs to the registry.
    let country = labels.last().is_some_and(|last| last.len() == 2);
    let known = match known {
        [rest @ .., last] if country && last.len() <= 3 && !rest.is_empty() => rest,
        all => all,
    };
    known.iter().rev().find(|label| !GENERIC.contains(*label)).map(|label| (*label).to_owned())
}

/// A name of the contract format: other characters become `_`, what is too long is cut and told apart by a digest.
#[must_use]
pub fn safe(text: &str) -> String {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut name: String = text.chars().map(|c| if fine(c) { c } else { '_' }).collect();
    let start = name.trim_start_matches(['_', '-', '.']);
    name = if start.is_empty() { "_".to_owned() } else { start.to_owned() };
    if name.len() > NAME_MAX {
        name.truncate(NAME_MAX - 9);
        name = format!("{name}_{:08x}", digest(text));
    }
    name
}

/// A safe name that nobody takes for a secret: long words of mixed letters and digits become small words.
pub(super) fn plain(text: &str) -> String {
    let name = safe(text);
    if !looks_secret(&name) {
        return name;
    }
    let name = safe(&small_words(text).join("_"));
    if looks_secret(&name) { format!("name_{:08x}", digest(text)) } else { name }
}

/// Whether check would take a text for a secret.
pub(super) fn looks_secret(text: &str) -> bool {
    !crate::secrets::mask(text.to_owned()).1.is_empty()
}

/// The words of `getUserById`, `get-user_by-id`, in small letters.
pub(super) fn small_words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in text.chars() {
        if !c.is_ascii_alphanumeric() || c.is_ascii_uppercase() {
            words.push(String::new());
        }
        if c.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(c.to_ascii_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The operation's id, else its method and path.
pub(super) fn operation(operation: &Operation, taken: &mut BTreeSet<String>) -> String {
    let made = || format!("{} {}", operation.method.to_ascii_lowercase(), operation.path);
    let text = operation.id.clone().unwrap_or_else(made);
    let mut name = plain(&squeezed(&text));
    if name == "_" {
        name = plain(&squeezed(&made()));
    }
    free(name, taken)
}

/// Runs of what is no part of a name as one `_`.
fn squeezed(text: &str) -> String {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let words: Vec<&str> = text.split(|c| !fine(c)).filter(|word| !word.is_empty()).collect();
    words.join("_")
}

/// The name itself, or with the first number that makes it another one.
pub(super) fn free(name: String, taken: &mut BTreeSet<String>) -> String {
    let mut number = 1;
    let mut free = name.clone();
    while !taken.insert(free.clone()) {
        number += 1;
        let end = format!("_{number}");
        let mut cut = name.clone();
        cut.truncate(NAME_MAX - end.len());
        free = cut + &end;
    }
    free
}

/// FNV-1a with its published constants, 32 bits.
fn digest(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Whether one of the patterns fits one of the words; `*` stands for anything, also nothing.
pub(super) fn wished(patterns: &[String], words: &[&str]) -> bool {
    patterns.is_empty()
        || patterns.iter().any(|pattern| words.iter().any(|word| fits(pattern, word)))
}

fn fits(pattern: &str, text: &str) -> bool {
    let parts: Vec<&str> = pattern.split('*').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else {
        return false;
    };
    for part in middle {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_says_whose_it_is() {
        for (host, name) in [
            ("api.stripe.com", Some("stripe")),
            ("acme.example", Some("acme")),
            ("api.bank.co.uk", Some("bank")),
            ("localhost", None),
            ("10.0.0.1", None),
        ] {
            assert_eq!(of_host(host).as_deref(), name, "{host}");
        }
    }

    #[test]
    fn names_are_safe_short_and_apart() {
        let mut taken = BTreeSet::new();
        let mut name = |id: &str| {
            let one = Operation { id: Some(id.to_owned()), ..Operation::default() };
            operation(&one, &mut taken)
        };
        assert_eq!(name("repos/get"), "repos_get");
        assert_eq!(name("repos get"), "repos_get_2");
        assert_eq!(name("repos.get"), "repos.get");
        assert_eq!(
            name("PutV2ProjectsJobQueueWorkflowByKey7Xml"),
            "put_v2_projects_job_queue_workflow_by_key7_xml",
            "it looked like a secret"
        );
        let long = "x".repeat(200);
        assert_eq!(name(&long).len(), NAME_MAX);
        assert_ne!(name(&format!("{long}y")), name(&long));
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, fit) in [
            ("*", "", true),
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "ab", true),
            ("*b", "ab", true),
            ("a*a", "a", false),
            ("/v1/charges*", "/v1/charges/{charge}", true),
            ("*x*", "axb", true),
            ("*x*y", "axb", false),
        ] {
            assert_eq!(fits(pattern, text), fit, "{pattern} {text}");
        }
    }
}
