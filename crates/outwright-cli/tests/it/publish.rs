//! Differences, schemas, completions and manual pages, as commands.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::words::{code, err, out, project, said};

/// the exit code says whether somebody should approve it, only where it is asked to.
#[test]
fn a_difference_of_two_folders_says_what_it_loosens() {
    let (old, new) = (project(), project());
    let path = new.path().join("contracts/demo.yaml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("total: 10s", "total: 31s")).unwrap();
    let old = old.path().join("contracts");
    let old = old.to_str().unwrap();
    let output = said(new.path(), &["diff", old, "contracts"]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let wanted = "demo: loosening\n";
    assert!(out(&output).starts_with(wanted), "{}", out(&output));
    assert!(out(&output).contains("timeouts.total: 10s -> 31s: a caller may wait longer"));
    assert_eq!(code(&said(new.path(), &["diff", old, "contracts", "--detailed-exitcode"])), 1);
    assert_eq!(code(&said(new.path(), &["diff", "contracts", old, "--detailed-exitcode"])), 0);
    let json = said(new.path(), &["diff", old, "contracts", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&out(&json)).expect("stdout is JSON");
    assert_eq!(json["tendency"], "loosening");
    let table = said(new.path(), &["diff", old, "contracts", "--format", "markdown"]);
    assert!(out(&table).contains("| loosening | timeouts.total | 10s | 31s |"), "{}", out(&table));
}

fn git(folder: &Path, args: &[&str]) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
    let output = Command::new("git").args(identity).args(args).current_dir(folder).output();
    let output = output.expect("git is there: this is a repository");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_revision_of_git_is_compared_without_a_checkout() {
    let folder = project();
    let path = folder.path().join("contracts/demo.yaml");
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["add", "contracts"]);
    git(folder.path(), &["commit", "-qm", "a"]);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("attempts: 3", "attempts: 2")).unwrap();
    let output = said(folder.path(), &["diff", "HEAD:contracts", "contracts"]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert!(out(&output).contains("retry.attempts: 3 -> 2"), "{}", out(&output));
    let file = said(folder.path(), &["diff", "HEAD:contracts/demo.yaml", "contracts/demo.yaml"]);
    assert_eq!(out(&file), out(&output));
    for (old, exit) in [("nothing:contracts", 4), ("HEAD:elsewhere", 3), ("-x:contracts", 2)] {
        let output = said(folder.path(), &["diff", "--", old, "contracts"]);
        assert_eq!(code(&output), exit, "{old}: {}", err(&output));
        assert!(err(&output).starts_with("error: "), "{old}: {}", err(&output));
    }
}

#[test]
fn what_cannot_be_read_is_not_compared() {
    let folder = project();
    fs::write(folder.path().join("bad.yaml"), "outwright: 1\nprovider: [\n").unwrap();
    let output = said(folder.path(), &["diff", "contracts", "bad.yaml"]);
    assert!(matches!(code(&output), 1 | 3), "{}", err(&output));
    assert_eq!(out(&output), "");
}

#[test]
fn schemas_are_printed_as_json() {
    let folder = tempfile::tempdir().unwrap();
    for of in ["contract", "facts", "config"] {
        let output = said(folder.path(), &["schema", of]);
        assert_eq!(code(&output), 0);
        let schema: serde_json::Value = serde_json::from_str(&out(&output)).expect("it is JSON");
        assert_eq!(schema["$id"], format!("urn:outwright:schema:{of}"));
    }
}

/// What a shell would run: each script is read by its own shell where that is installed.
#[test]
fn completions_are_scripts_that_their_shell_reads() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = said(folder.path(), &["completions", shell]);
        assert_eq!(code(&output), 0, "{shell}: {}", err(&output));
        assert!(out(&output).contains("explain"), "{shell}");
        let script = folder.path().join(shell);
        fs::write(&script, out(&output)).unwrap();
        if let "bash" | "zsh" | "fish" = shell {
            match Command::new(shell).arg("-n").arg(&script).output() {
                Ok(read) => assert!(read.status.success(), "{shell}: {read:?}"),
                Err(_) => eprintln!("{shell} is not installed: its script is not read"),
            }
        }
    }
    assert_eq!(code(&said(folder.path(), &["completions", "csh"])), 2);
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let page = said(folder.path(), &["man"]);
    assert_eq!(code(&page), 0);
    assert!(out(&page).contains(".TH outwright 1"), "{}", out(&page));
    assert_eq!(code(&said(folder.path(), &["man", "-o", "pages/man1"])), 0);
    for command in ["outwright", "outwright-check", "outwright-diff", "outwright-man"] {
        let path = folder.path().join(format!("pages/man1/{command}.1"));
        let page =
            fs::read_to_string(&path).unwrap_or_else(|_| panic!("{} is there", path.display()));
        assert!(page.contains(".TH"), "{command}");
    }
    fs::write(folder.path().join("file"), "").unwrap();
    let output = said(folder.path(), &["man", "-o", "file"]);
    assert_eq!(code(&output), 4, "{}", err(&output));
}
