//! The import table of the style guide, section 2.

use crate::source::{Source, words};
use crate::tree::{Complaint, Tree, crate_of, is_test};

/// Each crate and the crates of ours that it may import.
pub const MAP: &[(&str, &[&str])] = &[
    ("outwright-core", &[]),
    ("outwright-contract", &["outwright-core"]),
    ("outwright-store", &["outwright-core"]),
    ("outwright", &["outwright-contract", "outwright-store", "outwright-core"]),
    ("outwright-sim", &["outwright-contract", "outwright-store", "outwright-core"]),
    ("outwright-render", &["outwright-contract", "outwright-core"]),
    ("outwright-verify", &["outwright-contract", "outwright-core"]),
    ("outwright-gateway", GATEWAY),
    ("outwright-cli", CLI),
    ("tidy", &[]),
    ("xtask", &["tidy"]),
];
const GATEWAY: &[&str] = &[
    "outwright",
    "outwright-sim",
    "outwright-render",
    "outwright-verify",
    "outwright-contract",
    "outwright-core",
];
const CLI: &[&str] = &[
    "outwright-gateway",
    "outwright",
    "outwright-sim",
    "outwright-render",
    "outwright-verify",
    "outwright-store",
    "outwright-contract",
    "outwright-core",
];

/// Manifests and sources import only what [`MAP`] allows; core has no development import either.
#[must_use]
pub fn map(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (path, text) in tree.ending("/Cargo.toml") {
        if let Some(name) = crate_of(path) {
            manifest(path, text, name, &mut complaints);
        }
    }
    for (path, text) in tree.rust() {
        if let Some(name) = crate_of(path).filter(|_| !is_test(path)) {
            source(path, text, name, &mut complaints);
        }
    }
    complaints
}

fn allowed(name: &str) -> Option<&'static [&'static str]> {
    MAP.iter().find(|(n, _)| *n == name).map(|(_, may)| *may)
}

fn is_ours(name: &str) -> bool {
    MAP.iter().any(|(n, _)| *n == name)
}

fn manifest(path: &str, text: &str, name: &str, complaints: &mut Vec<Complaint>) {
    let Some(may) = allowed(name) else {
        complaints.push(Complaint::new(
            path,
            1,
            "a new crate needs a decision page and a row here",
        ));
        return;
    };
    let mut section = "";
    for (n, line) in text.lines().enumerate() {
        if line.starts_with('[') {
            section = line.trim();
            continue;
        }
        let Some(import) = line.split(['.', '=', ' ']).next().filter(|i| is_ours(i)) else {
            continue;
        };
        let development = section == "[dev-dependencies]";
        let product = section.ends_with("dependencies]") && !development;
        if (product && !may.contains(&import)) || (development && name == "outwright-core") {
            let what = format!("{name} may not import {import} (style guide, section 2)");
            complaints.push(Complaint::new(path, n + 1, what));
        }
    }
}

fn source(path: &str, text: &str, name: &str, complaints: &mut Vec<Complaint>) {
    let Some(may) = allowed(name) else { return };
    for (n, line) in Source::product(text).code.lines().enumerate() {
        for word in words(line) {
            let import = word.replace('_', "-");
            let import = import.as_str();
            let path_of_crate = line.contains(&format!("{word}::"));
            if path_of_crate && import != name && is_ours(import) && !may.contains(&import) {
                let what = format!("{name} may not import {import} (style guide, section 2)");
                complaints.push(Complaint::new(path, n + 1, what));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_that_imports_the_contract_is_refused() {
        let tree = Tree::of(&[(
            "crates/outwright-core/Cargo.toml",
            "[dependencies]\noutwright-contract.workspace = true\n",
        )]);
        assert_eq!(map(&tree).len(), 1);
    }

    #[test]
    fn a_sideways_development_import_is_fine_but_not_out_of_core() {
        let toml = "[dev-dependencies]\noutwright-gateway.workspace = true\n";
        let sideways = Tree::of(&[("crates/outwright/Cargo.toml", toml)]);
        let out_of_core = Tree::of(&[("crates/outwright-core/Cargo.toml", toml)]);
        assert!(map(&sideways).is_empty());
        assert_eq!(map(&out_of_core).len(), 1);
    }

    #[test]
    fn a_use_line_against_the_map_is_refused() {
        let tree =
            Tree::of(&[("crates/outwright-sim/src/world.rs", "use outwright_gateway::door;\n")]);
        assert_eq!(map(&tree).len(), 1);
    }

    #[test]
    fn an_unknown_crate_is_refused() {
        let tree = Tree::of(&[("crates/outwright-utils/Cargo.toml", "[package]\n")]);
        assert_eq!(map(&tree).len(), 1);
    }
}
