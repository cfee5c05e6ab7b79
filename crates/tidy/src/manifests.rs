//! The workspace manifest and the lock file.

use crate::tree::{Complaint, Tree};

/// Where packages of the lock file may come from.
const INDEX: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Every foreign dependency of the workspace says in one line why it is there; members take it from there.
#[must_use]
pub fn reasons(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let mut section = String::new();
    for (n, line) in tree.get("Cargo.toml").unwrap_or_default().lines().enumerate() {
        if line.starts_with('[') {
            line.trim().clone_into(&mut section);
        } else if section == "[workspace.dependencies]" && line.contains('=') {
            let ours = line.contains("path = \"crates/");
            if !ours && !line.contains(" # ") {
                complaints.push(Complaint::new(
                    "Cargo.toml",
                    n + 1,
                    "say in a comment what it is for",
                ));
            }
        }
    }
    for (path, text) in tree.ending("/Cargo.toml").filter(|(p, _)| p.starts_with("crates/")) {
        complaints.extend(inherited(path, text));
    }
    complaints
}

fn inherited(path: &str, text: &str) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let mut inside = false;
    for (n, line) in text.lines().enumerate() {
        if line.starts_with('[') {
            inside = line.trim().ends_with("dependencies]");
        } else if inside && line.contains('=') && !line.contains("workspace = true") {
            let what = "take the dependency from the workspace: `name.workspace = true`";
            complaints.push(Complaint::new(path, n + 1, what));
        }
    }
    complaints
}

/// The lock file knows one registry, and no file of ours names another.
#[must_use]
pub fn sources(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (n, line) in tree.get("Cargo.lock").unwrap_or_default().lines().enumerate() {
        if line.starts_with("source = ") && line != format!("source = \"{INDEX}\"") {
            complaints.push(Complaint::new("Cargo.lock", n + 1, "only crates.io is allowed"));
        }
    }
    for (path, text) in tree.all().filter(|(p, _)| !p.starts_with("crates/tidy/")) {
        for (n, line) in text.lines().enumerate() {
            let foreign = ["index-url", "replace-with =", "[source.", "registry=http"];
            if foreign.iter().any(|f| line.trim_start().trim_start_matches("--").starts_with(f)) {
                complaints.push(Complaint::new(
                    path,
                    n + 1,
                    "a registry is the machine's business",
                ));
            }
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_without_a_reason_is_refused() {
        let toml = "[workspace.dependencies]\nserde = \"1\"\nhttp = \"1\" # types\n";
        assert_eq!(reasons(&Tree::of(&[("Cargo.toml", toml)])).len(), 1);
    }

    #[test]
    fn a_member_with_its_own_version_is_refused() {
        let toml = "[dependencies]\nserde = \"1\"\nhttp.workspace = true\n";
        assert_eq!(reasons(&Tree::of(&[("crates/outwright/Cargo.toml", toml)])).len(), 1);
    }

    #[test]
    fn a_package_from_elsewhere_is_refused() {
        let lock = "source = \"git+https://example.com/x\"\n";
        let config = "[source.other]\n";
        let tree = Tree::of(&[("Cargo.lock", lock), (".cargo/config.toml", config)]);
        assert_eq!(sources(&tree).len(), 2);
    }
}
