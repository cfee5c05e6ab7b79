//! Licences, sources and bans of every package, as `deny.toml` says.
//!
//! The lists stand in the format of cargo-deny, so that it can be used as well; this check needs no network
//! and no tool that a fresh machine lacks. Vulnerability databases are outside its reach.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::job;

/// What `deny.toml` allows and bans.
struct Policy {
    licences: BTreeSet<String>,
    sources: BTreeSet<String>,
    banned: BTreeSet<String>,
}

/// Checks all packages; says what is wrong with which.
///
/// # Errors
///
/// When `deny.toml` or the metadata cannot be read.
pub(crate) fn run() -> Result<bool, String> {
    let text = std::fs::read_to_string(job::root().join("deny.toml"));
    let policy = Policy::of(&text.map_err(|e| format!("read deny.toml: {e}"))?);
    let metadata = job::cargo(&["metadata", "--format-version", "1", "--locked", "--all-features"])
        .current_dir(job::root())
        .output()
        .map_err(|e| format!("run cargo metadata: {e}"))?;
    if !metadata.status.success() {
        return Err(String::from_utf8_lossy(&metadata.stderr).into_owned());
    }
    let metadata: Value = serde_json::from_slice(&metadata.stdout).map_err(|e| e.to_string())?;
    let packages = metadata.get("packages").and_then(Value::as_array);
    let packages = packages.ok_or("cargo metadata without packages")?;
    let complaints: Vec<String> = packages.iter().filter_map(|p| policy.complaint(p)).collect();
    for complaint in &complaints {
        println!("{complaint}");
    }
    println!("{} packages, {} complaints", packages.len(), complaints.len());
    Ok(complaints.is_empty())
}

impl Policy {
    fn of(text: &str) -> Self {
        Self {
            licences: strings(text, "licenses", "allow"),
            sources: strings(text, "sources", "allow-registry"),
            banned: strings(text, "bans", "deny"),
        }
    }

    fn complaint(&self, package: &Value) -> Option<String> {
        let field = |name: &str| package.get(name).and_then(Value::as_str);
        let name = field("name").unwrap_or_default();
        let version = field("version").unwrap_or_default();
        let licence = field("license").unwrap_or("none");
        if self.banned.contains(name) {
            return Some(format!("{name} {version} is banned"));
        }
        // A package without a source is one of ours.
        let known = |s: &str| s.strip_prefix("registry+").is_some_and(|s| self.sources.contains(s));
        if let Some(source) = field("source").filter(|s| !known(s)) {
            return Some(format!("{name} {version} comes from {source}"));
        }
        (!self.permits(licence)).then(|| format!("{name} {version} has the licence {licence}"))
    }

    /// Whether an SPDX expression can be met with allowed licences alone.
    fn permits(&self, expression: &str) -> bool {
        let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
        let tokens: Vec<&str> = spaced.split_whitespace().collect();
        let mut at = 0;
        let permitted = self.either(&tokens, &mut at);
        permitted && at == tokens.len()
    }

    fn either(&self, tokens: &[&str], at: &mut usize) -> bool {
        let mut fine = self.both(tokens, at);
        while tokens.get(*at) == Some(&"OR") {
            *at += 1;
            fine |= self.both(tokens, at);
        }
        fine
    }

    fn both(&self, tokens: &[&str], at: &mut usize) -> bool {
        let mut fine = self.one(tokens, at);
        while tokens.get(*at) == Some(&"AND") {
            *at += 1;
            fine &= self.one(tokens, at);
        }
        fine
    }

    fn one(&self, tokens: &[&str], at: &mut usize) -> bool {
        let token = tokens.get(*at).copied().unwrap_or_default();
        *at += 1;
        if token == "(" {
            let fine = self.either(tokens, at);
            *at += 1;
            return fine;
        }
        let mut licence = token.to_owned();
        if tokens.get(*at) == Some(&"WITH") {
            licence = format!("{token} WITH {}", tokens.get(*at + 1).unwrap_or(&""));
            *at += 2;
        }
        self.licences.contains(&licence)
    }
}

/// The strings of `key = [...]` in `[section]`; comments are left out.
fn strings(text: &str, section: &str, key: &str) -> BTreeSet<String> {
    let mut inside = false;
    let mut open = false;
    let mut found = BTreeSet::new();
    for line in text.lines().map(|l| l.split('#').next().unwrap_or_default().trim()) {
        if line.starts_with('[') && !open {
            inside = line == format!("[{section}]");
        }
        let assigned =
            line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
        open |= inside && assigned;
        if open {
            found.extend(line.split('"').skip(1).step_by(2).map(str::to_owned));
            open = !line.ends_with(']');
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TEXT: &str = "[licenses]\nallow = [\n  \"MIT\", # x\n  \"Apache-2.0\",\n]\n\
        [bans]\ndeny = [\"openssl\"]\n\
        [sources]\nallow-registry = [\"https://github.com/rust-lang/crates.io-index\"]\n";

    #[test]
    fn an_expression_is_met_by_one_side_of_or_and_both_of_and() {
        let policy = Policy::of(TEXT);
        for fine in ["MIT", "GPL-3.0 OR MIT", "MIT/Apache-2.0", "MIT AND (Apache-2.0 OR GPL-3.0)"] {
            assert!(policy.permits(fine), "{fine}");
        }
        for bad in ["GPL-3.0", "none", "MIT AND GPL-3.0", "MIT WITH x", "MIT MIT", ""] {
            assert!(!policy.permits(bad), "{bad}");
        }
    }

    #[test]
    fn a_banned_a_foreign_and_an_unlicensed_package_are_refused() {
        let policy = Policy::of(TEXT);
        let index = "registry+https://github.com/rust-lang/crates.io-index";
        let package = |name: &str, source: &str, licence: &str| {
            policy.complaint(
                &json!({"name": name, "version": "1", "source": source, "license": licence}),
            )
        };
        assert_eq!(package("http", index, "MIT"), None);
        assert!(package("openssl", index, "MIT").is_some());
        assert!(package("http", "git+https://example.com/http", "MIT").is_some());
        assert!(package("http", index, "GPL-3.0").is_some());
    }
}
