//! Values that nobody has decided yet: told once, with what may stand there, instead of by every rule that misses them.

use super::{Need, Shape};
use crate::finding::Finding;
use crate::node::{Kind, Node, UNDECIDED};
use crate::rules::format;

/// Marks a value that is undecided and says so; whether it was one.
pub(super) fn mark(
    node: &mut Node,
    shape: &Shape,
    path: &str,
    findings: &mut Vec<Finding>,
) -> bool {
    if node.text() != Some(UNDECIDED) {
        return false;
    }
    let message = format!("`{path}` is undecided");
    let help = format!("decide, and write in its place {}", allowed(shape));
    findings.push(Finding::new(&format::OPEN, node.at, message).on(path).help(help));
    node.kind = Kind::Undecided;
    true
}

/// What is to be decided, said beside each open value under a key; the innermost key says it first.
pub(super) fn about(about: &str, findings: &mut [Finding], before: usize) {
    let own = |f: &&mut Finding| f.rule == &format::OPEN && f.label.is_empty();
    for finding in findings.iter_mut().skip(before).filter(own) {
        finding.label = about.trim_end_matches('.').to_owned();
    }
}

/// What may stand there, with examples.
pub(crate) fn allowed(shape: &Shape) -> String {
    match shape {
        Shape::Map(fields) => {
            let keys: Vec<String> = fields.iter().map(|field| format!("`{}`", field.key)).collect();
            if keys.is_empty() {
                "`{}`".to_owned()
            } else {
                format!("a map with {}", either(&keys, "and"))
            }
        }
        Shape::Named(inner) => format!("a map by name, each {}", allowed(inner)),
        Shape::OneOf(fields) => {
            let chosen = fields.iter().filter(|field| field.need != Need::Also);
            let forms: Vec<String> = chosen
                .map(|field| format!("`{{ {}: … }}` ({})", field.key, field.shape.unit()))
                .collect();
            either(&forms, "or")
        }
        Shape::List(inner) => format!("a list, each item {}", allowed(inner)),
        Shape::MapOr(map, other) => format!("{}, or {}", allowed(other), allowed(map)),
        Shape::ListOr(list, other) => format!("{}, or {}", allowed(list), allowed(other)),
        Shape::Duration => "a duration such as `250ms`, `6s`, `10m` or `90d`".to_owned(),
        Shape::Ratio => "a percentage such as `20%` or `99.9%`".to_owned(),
        Shape::Bytes => "a size such as `64KiB` or `8MiB`".to_owned(),
        Shape::Count(low, high) => format!("a whole number from {low} to {high}"),
        Shape::Flag => "`true` or `false`".to_owned(),
        Shape::Date => "a date such as `2026-11-01`".to_owned(),
        Shape::Network => "an address block such as `10.1.0.0/16`".to_owned(),
        Shape::Word(words) => words_of(words),
        Shape::WordOr(words, inner) => format!("{}, or {}", words_of(words), allowed(inner)),
        Shape::Text | Shape::Any => "text".to_owned(),
        Shape::Name => "a name such as `payments`".to_owned(),
    }
}

fn words_of(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    either(&words, "or")
}

/// `a, b or c`.
fn either(items: &[String], joint: &str) -> String {
    match items.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} {joint} {last}", rest.join(", ")),
        None => String::new(),
    }
}
