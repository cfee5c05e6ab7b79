//! Documents: form, plain words, links, and nothing of the machine they were written on.

use crate::source::contains_word;
use crate::tree::{Complaint, Tree};

/// Longest architecture page in lines (style guide, section 9).
const ARCHITECTURE_LINES_MAX: usize = 300;

/// A line of prose, with inline code blanked.
struct Prose {
    number: usize,
    text: String,
}

/// The prose of a markdown text: no fences, tables, headings or comments.
fn prose(text: &str) -> Vec<Prose> {
    let mut lines = Vec::new();
    let mut fenced = false;
    for (n, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        if trimmed.starts_with("```") {
            fenced = !fenced;
        } else if !fenced && !trimmed.starts_with(['|', '#', '<']) && !trimmed.is_empty() {
            lines.push(Prose { number: n + 1, text: without_code(trimmed) });
        }
    }
    lines
}

fn without_code(line: &str) -> String {
    let part = |(n, part): (usize, &str)| if n % 2 == 0 { part.to_owned() } else { "x".into() };
    line.split('`').enumerate().map(part).collect()
}

fn markdown(tree: &Tree) -> impl Iterator<Item = (&str, &str)> {
    tree.ending(".md").filter(|(path, _)| !path.contains("/fixtures/"))
}

/// One sentence per line, so that a change of a sentence is a change of a line.
#[must_use]
pub fn sentences(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (path, text) in markdown(tree) {
        for line in prose(text) {
            if second_sentence(&line.text) {
                complaints.push(Complaint::new(path, line.number, "one sentence per line"));
            }
        }
    }
    complaints
}

/// Whether a sentence ends before the end of the line and another begins.
fn second_sentence(line: &str) -> bool {
    let marker = line.find(". ").is_some_and(|at| {
        line.get(..at).is_some_and(|head| head.chars().all(|c| c.is_ascii_digit()))
    });
    let line = if marker { line.split_once(". ").map_or(line, |(_, rest)| rest) } else { line };
    let ends = [". ", "! ", "? ", ".** ", ".) "];
    ends.iter().any(|end| {
        line.match_indices(end).any(|(at, found)| {
            let before = line.get(..at).unwrap_or_default();
            let after = line.get(at + found.len()..).unwrap_or_default();
            let short = ["e.g", "i.e", "etc", "vs", "cf", "No"];
            let abbreviation = short.iter().any(|s| before.ends_with(s));
            !abbreviation && after.trim_start_matches(['*', '_']).starts_with(char::is_uppercase)
        })
    })
}

/// Headings are sentences: only the first word and names begin with a capital.
#[must_use]
pub fn headings(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (path, text) in markdown(tree) {
        let mut fenced = false;
        for (n, line) in text.lines().enumerate() {
            fenced ^= line.trim_start().starts_with("```");
            let title = line.trim_start_matches('#');
            if fenced || title.len() == line.len() || !title.starts_with(' ') {
                continue;
            }
            let long: Vec<&str> =
                title.split_whitespace().skip(1).filter(|w| w.len() > 3).collect();
            if long.len() >= 2 && long.iter().all(|w| w.starts_with(char::is_uppercase)) {
                complaints.push(Complaint::new(path, n + 1, "headings are in sentence case"));
            }
        }
    }
    complaints
}

/// No word that belittles the reader's trouble, and no promise.
#[must_use]
pub fn plain(tree: &Tree) -> Vec<Complaint> {
    let banned =
        ["simply", "obviously", "of course", "coming soon", "in the future", "will support"];
    let mut complaints = Vec::new();
    for (path, text) in markdown(tree) {
        for line in prose(text) {
            let lower = line.text.to_lowercase();
            for word in banned.iter().filter(|w| contains_word(&lower, w)) {
                complaints.push(Complaint::new(path, line.number, format!("leave out \"{word}\"")));
            }
        }
    }
    complaints
}

/// Links to files of the repository lead to files of the repository.
#[must_use]
pub fn links(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (path, text) in markdown(tree) {
        for line in prose(text) {
            for target in targets(&line.text) {
                if !leads_somewhere(tree, path, target) {
                    let what = format!("the link to {target} leads nowhere");
                    complaints.push(Complaint::new(path, line.number, what));
                }
            }
        }
    }
    complaints
}

fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

fn leads_somewhere(tree: &Tree, from: &str, target: &str) -> bool {
    let foreign = target.contains("://") || target.starts_with("mailto:");
    let file = target.split('#').next().unwrap_or_default();
    if foreign || file.is_empty() {
        return true;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in file.trim_end_matches('/').split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    tree.has(&parts.join("/"))
}

/// No file names a folder of the machine it was written on.
#[must_use]
pub fn machine_paths(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (path, text) in tree.all().filter(|(p, _)| !p.starts_with("crates/tidy/")) {
        for (n, line) in text.lines().enumerate() {
            let found = ["/work/", "/root/"].iter().any(|p| {
                let inside = |c: char| c.is_alphanumeric() || "._-*}".contains(c);
                line.match_indices(p)
                    .any(|(at, _)| !line.get(..at).unwrap_or_default().ends_with(inside))
            });
            if found {
                complaints.push(Complaint::new(path, n + 1, "a path of one machine"));
            }
        }
    }
    complaints
}

/// `ARCHITECTURE.md` is short, names things without linking, and gives each crate an invariant.
#[must_use]
pub fn architecture(tree: &Tree) -> Vec<Complaint> {
    let path = "ARCHITECTURE.md";
    let text = tree.get(path).unwrap_or_default();
    let mut complaints = Vec::new();
    if text.lines().count() >= ARCHITECTURE_LINES_MAX {
        complaints.push(Complaint::new(path, 0, "stay under 300 lines"));
    }
    if text.contains("](") {
        complaints.push(Complaint::new(
            path,
            0,
            "name things, do not link them: names survive moves",
        ));
    }
    let manifests = tree.ending("/Cargo.toml").filter(|(p, _)| p.starts_with("crates/"));
    for (manifest, _) in manifests {
        let name = crate::tree::crate_of(manifest).unwrap_or_default();
        let section = text.split("\n### ").find(|s| s.starts_with(&format!("`{name}`")));
        if !section.is_some_and(|s| s.contains("Invariant:")) {
            complaints.push(Complaint::new(
                path,
                0,
                format!("give {name} a section with \"Invariant:\""),
            ));
        }
    }
    complaints
}

/// Every decision has its own number and stands in the index.
#[must_use]
pub fn decisions(tree: &Tree) -> Vec<Complaint> {
    let folder = "docs/decisions/";
    let index = tree.get("docs/decisions/README.md").unwrap_or_default();
    let mut complaints = Vec::new();
    let mut last = "";
    for (path, _) in tree.all().filter(|(p, _)| p.starts_with(folder)) {
        let name = path.strip_prefix(folder).unwrap_or_default();
        let number = name.split('-').next().unwrap_or_default();
        if name == "README.md" {
            continue;
        }
        if number == last {
            complaints.push(Complaint::new(path, 0, format!("{number} is taken: take the next")));
        }
        if !index.contains(&format!("({name})")) {
            complaints.push(Complaint::new(path, 0, "add a row to docs/decisions/README.md"));
        }
        last = number;
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> Tree {
        Tree::of(&[("docs/page.md", text)])
    }

    #[test]
    fn two_sentences_in_a_line_are_refused() {
        assert_eq!(sentences(&page("One thing. Another thing.\n")).len(), 1);
        assert!(sentences(&page("1. One thing, e.g. Stripe, v1.2 of it.\n")).is_empty());
        assert!(sentences(&page("```\nOne. Two.\n```\n| a. B | c |\n")).is_empty());
    }

    #[test]
    fn a_title_in_capitals_is_refused() {
        assert_eq!(headings(&page("# How To Write Contracts\n")).len(), 1);
        assert!(headings(&page("# How to write contracts for Stripe\n")).is_empty());
    }

    #[test]
    fn belittling_words_and_promises_are_refused() {
        assert_eq!(plain(&page("Simply run it.\nThis is coming soon.\n")).len(), 2);
    }

    #[test]
    fn a_link_to_nothing_is_refused() {
        let text = "[a](page.md) [b](../docs/page.md#x) [c](https://example.com) [d](gone.md)\n";
        assert_eq!(links(&page(text)).len(), 1);
    }

    #[test]
    fn a_path_of_a_machine_is_refused() {
        assert_eq!(machine_paths(&page("see /work/x\n")).len(), 1);
        assert!(machine_paths(&page("crates/work/x\n")).is_empty());
    }

    #[test]
    fn a_decision_outside_the_index_or_with_a_taken_number_is_refused() {
        let tree = Tree::of(&[
            ("docs/decisions/0001-a.md", ""),
            ("docs/decisions/0001-b.md", ""),
            ("docs/decisions/README.md", "| [0001](0001-a.md) | a |\n"),
        ]);
        assert_eq!(decisions(&tree).len(), 2);
    }

    #[test]
    fn an_architecture_without_an_invariant_is_refused() {
        let manifest = ("crates/outwright/Cargo.toml", "");
        let good = "# A\n\n### `outwright`: act\n\nInvariant: nothing waits under a lock.\n";
        assert!(architecture(&Tree::of(&[("ARCHITECTURE.md", good), manifest])).is_empty());
        let bad = "# A\n\n### `outwright`: act\n\n[x](y)\n";
        assert_eq!(architecture(&Tree::of(&[("ARCHITECTURE.md", bad), manifest])).len(), 2);
    }
}
