//! The shape of source files: size, head, and who may do what.

use crate::source::{Source, contains_word};
use crate::tree::{Complaint, Tree, crate_of, is_test};

/// Longest file, in lines of code without tests, blank lines and comments (style guide, section 8).
pub const LINES_MAX: usize = 500;

/// No file is longer than [`LINES_MAX`].
#[must_use]
pub fn sizes(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (path, text) in tree.rust().filter(|(p, _)| !is_test(p)) {
        let code = Source::product(text).code;
        let lines = code.lines().filter(|l| !l.trim().is_empty()).count();
        if lines > LINES_MAX {
            let what = format!("{lines} lines of code, at most {LINES_MAX}: two things live here");
            complaints.push(Complaint::new(path, 0, what));
        }
    }
    complaints
}

/// `foo.rs` beside `foo/`, never `foo/mod.rs`.
#[must_use]
pub fn no_mod_rs(tree: &Tree) -> Vec<Complaint> {
    let what = "name the file after its folder and put it beside it";
    tree.ending("/mod.rs").map(|(path, _)| Complaint::new(path, 0, what)).collect()
}

/// Every module begins with `//!`; a file `tests.rs` is told by the module it tests.
#[must_use]
pub fn heads(tree: &Tree) -> Vec<Complaint> {
    tree.rust()
        .filter(|(path, text)| !text.starts_with("//!") && !path.ends_with("/tests.rs"))
        .map(|(path, _)| Complaint::new(path, 1, "begin with `//!`: what this module is for"))
        .collect()
}

/// Tasks and threads start only where somebody awaits them.
#[must_use]
pub fn spawns(tree: &Tree) -> Vec<Complaint> {
    let allowed = |name: &str| ["outwright", "outwright-gateway"].contains(&name);
    // Processes are started by automation and by tests; they are not tasks.
    let automation = |name: &str| name == "xtask";
    let words = ["spawn", "spawn_local", "spawn_blocking", "spawn_scoped"];
    product_lines(tree, |path, line| {
        let name = crate_of(path)?;
        let found = !allowed(name) && !automation(name);
        let found = found && words.iter().any(|w| contains_word(line, &format!("{w}(")));
        found.then(|| "only outwright and outwright-gateway start tasks".to_owned())
    })
}

/// `expose` of a secret only in the wallet and the transport.
#[must_use]
pub fn exposures(tree: &Tree) -> Vec<Complaint> {
    product_lines(tree, |path, line| {
        let allowed = path.starts_with("crates/outwright/src/wallet")
            || path.starts_with("crates/outwright/src/transport");
        let found = !allowed && contains_word(line, ".expose(");
        found.then(|| "a secret is exposed only in wallet and transport".to_owned())
    })
}

/// Names of metrics stand only in the telemetry files of the library; what is published (dossier, alerts) repeats names that stand there.
#[must_use]
pub fn metric_names(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = published_names(tree);
    for (path, text) in tree.rust().filter(|(path, _)| crate_of(path) != Some(PUBLISHER)) {
        let telemetry = path.starts_with("crates/outwright/src/telemetry");
        let automation = ["tidy", "xtask"].contains(&crate_of(path).unwrap_or_default());
        if telemetry || automation || is_test(path) {
            continue;
        }
        for (n, line) in Source::product(text).literals.lines().enumerate() {
            if line.split_whitespace().any(is_metric) {
                let what = "metric names stand in crates/outwright/src/telemetry only";
                complaints.push(Complaint::new(path, n + 1, what));
            }
        }
    }
    complaints
}

/// The crate that writes what others read metrics with.
const PUBLISHER: &str = "outwright-render";

/// Names in what is published that no metric has.
fn published_names(tree: &Tree) -> Vec<Complaint> {
    let families = tree.get("crates/outwright/src/telemetry/families.rs").unwrap_or_default();
    let mut complaints = Vec::new();
    let published = tree.rust().filter(|(path, _)| crate_of(path) == Some(PUBLISHER));
    for (path, text) in published.filter(|(path, _)| !is_test(path)) {
        for (n, line) in Source::product(text).literals.lines().enumerate() {
            for word in line.split_whitespace() {
                let name = word.split('{').next().unwrap_or_default();
                let known = families.contains(&format!("\"{name}\""));
                if name.starts_with("outwright_") && !known {
                    let what = format!("no metric is called `{name}`");
                    complaints.push(Complaint::new(path, n + 1, what));
                }
            }
        }
    }
    complaints
}

fn is_metric(word: &str) -> bool {
    let units = ["_total", "_seconds", "_bytes", "_ratio", "_info", "_bucket", "_count", "_sum"];
    let name = word.split('{').next().unwrap_or_default();
    name.starts_with("outwright_") && units.iter().any(|u| name.ends_with(u))
}

/// A TODO names its issue.
#[must_use]
pub fn todos(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let marks = ["TODO", "FIXME", "XXX", "HACK"];
    for (path, text) in tree.rust().filter(|(p, _)| !p.starts_with("crates/tidy/")) {
        for (n, line) in Source::of(text).comments.lines().enumerate() {
            let marked = marks.iter().any(|m| contains_word(line, m));
            let names_issue = line.contains("issue ") || line.contains('#');
            if marked && !names_issue {
                complaints.push(Complaint::new(path, n + 1, "name the issue, or do it now"));
            }
        }
    }
    complaints
}

/// Comments hold sentences, not code that was switched off.
#[must_use]
pub fn dead_code(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (path, text) in tree.rust() {
        for (n, line) in Source::of(text).comments.lines().enumerate() {
            let line = line.trim();
            let plain =
                line.starts_with("//") && !line.starts_with("///") && !line.starts_with("//!");
            let said = line.trim_start_matches('/').trim();
            let statement = [";", "{", "};", "},"].iter().any(|e| said.ends_with(e));
            let starts =
                ["let ", "if ", "for ", "fn ", "use ", "pub ", "return ", "match ", "self."];
            let code = starts.iter().any(|s| said.starts_with(s)) || said.contains("();");
            if plain && statement && code {
                complaints.push(Complaint::new(path, n + 1, "code in a comment: delete it"));
            }
        }
    }
    complaints
}

fn product_lines(tree: &Tree, check: impl Fn(&str, &str) -> Option<String>) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (path, text) in tree.rust().filter(|(p, _)| !is_test(p)) {
        for (n, line) in Source::product(text).code.lines().enumerate() {
            complaints.extend(check(path, line).map(|what| Complaint::new(path, n + 1, what)));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(path: &str, text: &str) -> Tree {
        Tree::of(&[(path, text)])
    }

    #[test]
    fn a_long_file_is_refused_and_its_tests_do_not_count() {
        let code = "fn f() {}\n".repeat(LINES_MAX);
        let tests = format!("{code}#[cfg(test)]\nmod tests {{\n{code}}}\n");
        let longer = format!("{code}fn g() {{}}\n");
        assert!(sizes(&one("crates/outwright/src/a.rs", &tests)).is_empty());
        assert_eq!(sizes(&one("crates/outwright/src/a.rs", &longer)).len(), 1);
    }

    #[test]
    fn a_mod_rs_and_a_headless_module_are_refused() {
        let tree = one("crates/outwright/src/pool/mod.rs", "fn f() {}\n");
        assert_eq!(no_mod_rs(&tree).len(), 1);
        assert_eq!(heads(&tree).len(), 1);
    }

    #[test]
    fn a_task_started_by_the_engine_is_refused() {
        let code = "//! x\nfn f() { tokio::spawn(async {}); }\n";
        assert_eq!(spawns(&one("crates/outwright-sim/src/a.rs", code)).len(), 1);
        assert!(spawns(&one("crates/outwright-gateway/src/a.rs", code)).is_empty());
    }

    #[test]
    fn a_secret_exposed_in_the_door_is_refused() {
        let code = "//! x\nfn f(s: Secret) { log(s.expose()); }\n";
        assert_eq!(exposures(&one("crates/outwright-gateway/src/door.rs", code)).len(), 1);
        assert!(exposures(&one("crates/outwright/src/wallet/slot.rs", code)).is_empty());
    }

    #[test]
    fn a_metric_named_beside_the_code_it_counts_is_refused() {
        let code = "//! x\nfn f() { count(\"outwright_calls_total\"); }\n";
        assert_eq!(metric_names(&one("crates/outwright/src/pool.rs", code)).len(), 1);
        assert!(metric_names(&one("crates/outwright/src/telemetry.rs", code)).is_empty());
    }

    #[test]
    fn a_published_metric_that_does_not_exist_is_refused() {
        let families = ("crates/outwright/src/telemetry/families.rs", "A = \"outwright_a_total\"");
        let page = |name: &str| format!("//! x\nfn f() {{ row(\"{name}\"); }}\n");
        let told = |name: &str| {
            let text = page(name);
            let file = ("crates/outwright-render/src/signals.rs", text.as_str());
            metric_names(&Tree::of(&[families, file])).len()
        };
        assert_eq!(told("outwright_b_total"), 1);
        assert_eq!(told("outwright_a_total"), 0);
    }

    #[test]
    fn a_todo_without_an_issue_is_refused() {
        assert_eq!(todos(&one("crates/outwright/src/a.rs", "// TODO later\n")).len(), 1);
        assert!(todos(&one("crates/outwright/src/a.rs", "// TODO issue 7: rotate\n")).is_empty());
    }

    #[test]
    fn code_in_a_comment_is_refused_and_a_sentence_is_not() {
        let code = "// let a = compute();\n";
        assert_eq!(dead_code(&one("crates/outwright/src/a.rs", code)).len(), 1);
        let sentence = "// The caller may be gone; then the slot returns.\n";
        assert!(dead_code(&one("crates/outwright/src/a.rs", sentence)).is_empty());
    }
}
