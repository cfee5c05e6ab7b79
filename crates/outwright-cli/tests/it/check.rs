//! `check` as its users meet it: formats, what is shown, repairs in files, and bad input.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::words::{broken, code, err, out, project, said};

const CONTRACT: &str = "contracts/demo.yaml";

fn contract(folder: &Path) -> String {
    fs::read_to_string(folder.join(CONTRACT)).expect("the contract is there")
}

/// Each format ends with the same code.
#[test]
fn every_format_exits_alike() {
    let folder = broken("jitter: full", "jitter: none");
    for format in ["text", "json", "sarif", "github"] {
        let output = said(folder.path(), &["check", "--format", format]);
        assert_eq!(code(&output), 1, "{format}: {}", err(&output));
        assert!(out(&output).contains("OW312"), "{format}: {}", out(&output));
        assert_eq!(err(&output), "", "{format}");
    }
    let folder = project();
    for format in ["text", "json", "sarif", "github"] {
        assert_eq!(code(&said(folder.path(), &["check", "--format", format])), 0, "{format}");
    }
}

#[test]
fn what_is_not_shown_fails_all_the_same() {
    let folder = broken("jitter: full", "jitter: none");
    let output = said(folder.path(), &["check", "--select", "OW1,OW9", "--ignore", "OW1"]);
    assert_eq!(code(&output), 1);
    assert_eq!(out(&output).lines().count(), 1, "{}", out(&output));
    assert!(out(&output).contains("1 error") && out(&output).contains("not shown"));
    let unknown = said(folder.path(), &["check", "--select", "OW31l"]);
    assert_eq!(code(&unknown), 2);
    assert!(err(&unknown).contains("did you mean `OW310`?"), "{}", err(&unknown));
    let sarif = said(folder.path(), &["check", "--statistics", "--format", "sarif"]);
    assert_eq!(code(&sarif), 2);
    let counted = said(folder.path(), &["check", "--statistics"]);
    assert!(out(&counted).contains("1  OW312  error"), "{}", out(&counted));
}

#[test]
fn a_warning_fails_where_it_is_to_fail() {
    let folder = broken("reviewed: 2026-11-01\n", "");
    assert_eq!(code(&said(folder.path(), &["check"])), 0);
    assert_eq!(code(&said(folder.path(), &["check", "--fail-on", "warning"])), 1);
}

#[test]
fn a_safe_repair_is_shown_first_and_written_then() {
    let folder = broken("owner: {", "ownr: {");
    let before = contract(folder.path());
    let shown = said(folder.path(), &["check", "--diff"]);
    assert_eq!(code(&shown), 1, "nothing is repaired yet");
    assert!(out(&shown).contains("\n-ownr: {") && out(&shown).contains("\n+owner: {"));
    assert!(err(&shown).contains("1 finding would be repaired"), "{}", err(&shown));
    assert_eq!(contract(folder.path()), before, "nothing is written");

    let fixed = said(folder.path(), &["check", "--fix"]);
    assert_eq!(code(&fixed), 0, "{}{}", out(&fixed), err(&fixed));
    assert!(err(&fixed).contains("repaired contracts/demo.yaml:4:1: write `owner` (OW102)"));
    assert_eq!(contract(folder.path()), before.replace("ownr: {", "owner: {"));
    let names: Vec<_> = fs::read_dir(folder.path().join("contracts")).unwrap().collect();
    assert_eq!(names.len(), 1, "nothing is left beside it");
}

#[test]
fn what_is_a_decision_stays_with_its_author() {
    let folder = broken("    idempotency: { plan: once }\n", "");
    let before = contract(folder.path());
    let output = said(folder.path(), &["check", "--fix"]);
    assert_eq!(code(&output), 1);
    assert!(out(&output).contains("+     idempotency: { plan: once }"), "{}", out(&output));
    assert_eq!(contract(folder.path()), before);
}

/// Files that hold no contract are not a check that passed.
#[test]
fn a_folder_without_a_contract_has_nothing_to_look_at() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("contracts")).unwrap();
    for (name, text) in [("outwright.yaml", "outwright: 1\n"), ("a.yaml", "facts: a\n")] {
        fs::write(folder.path().join("contracts").join(name), text).unwrap();
        let output = said(folder.path(), &["check"]);
        assert_eq!(code(&output), 3, "{name}: {}{}", out(&output), err(&output));
        assert!(err(&output).contains("help: "), "{}", err(&output));
    }
}

/// Whatever stands where a contract is expected: a finding or one line with its place, and a code that says which.
#[test]
fn bad_input_is_answered_with_its_place() {
    let bomb = format!("a: &a [x]\nb: &b [{0}]\nc: [{1}]\n", "*a, ".repeat(50), "*b, ".repeat(50));
    let nested = "[".repeat(200_000);
    for (what, bytes, exit, says) in [
        ("binary", vec![0, 159, 146, 150], 1, "bad.yaml:1:"),
        ("invalid UTF-8", b"outwright: 1\nprovider: \xc3\x28\n".to_vec(), 1, "bad.yaml:2:"),
        ("tabs", b"outwright: 1\nowner:\n\tteam: a\n".to_vec(), 1, "bad.yaml:3:1"),
        ("an alias bomb", bomb.into_bytes(), 1, "OW104"),
        ("nesting", nested.into_bytes(), 1, "OW105"),
        ("empty", Vec::new(), 1, "bad.yaml:1:1"),
        ("NUL", b"outwright: 1\n\0".to_vec(), 1, "bad.yaml:2:1"),
    ] {
        // Beside a good contract: what is bad is not passed over in silence.
        let folder = project();
        fs::write(folder.path().join("contracts/bad.yaml"), bytes).unwrap();
        let output = said(folder.path(), &["check"]);
        assert_eq!(code(&output), exit, "{what}: {}", err(&output));
        assert!(out(&output).contains(says), "{what}: {}", out(&output));
    }
}

#[test]
fn a_file_of_a_hundred_megabytes_is_refused_unread() {
    let folder = project();
    let file = fs::File::create(folder.path().join("contracts/large.yaml")).unwrap();
    file.set_len(100 << 20).unwrap();
    let output = said(folder.path(), &["check"]);
    assert_eq!(code(&output), 1);
    assert_eq!(err(&output), "error: contracts/large.yaml has more than 8388608 bytes\n");
    let endless = said(folder.path(), &["check", "/dev/zero"]);
    assert_eq!(code(&endless), 1, "{}", err(&endless));
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = project();
    std::os::unix::fs::symlink("nowhere", folder.path().join("contracts/gone.yaml")).unwrap();
    let output = said(folder.path(), &["check"]);
    assert_eq!(code(&output), 4);
    assert!(err(&output).starts_with("error: cannot read contracts/gone.yaml: "));
    assert_eq!(out(&output), "", "no part of it passes");
    let folder = project();
    std::os::unix::fs::symlink("..", folder.path().join("contracts/loop")).unwrap();
    let output = said(folder.path(), &["check"]);
    assert_eq!(code(&output), 1, "{}", out(&output));
    assert!(err(&output).contains("nested deeper than 8 folders"), "{}", err(&output));
}

/// Rules that nothing may weaken (product paper, section 2), each with the code that holds it.
const ROWS: &[(&str, &[&str])] = &[
    ("explicit timeouts", &["OW201", "OW202"]),
    ("an idempotency plan", &["OW301", "OW302"]),
    ("bounded retries that fit", &["OW311", "OW312", "OW203"]),
    ("degradation is decided", &["OW501", "OW502"]),
    ("owner, tier, SLO, alerts, runbook", &["OW801", "OW802", "OW803"]),
    ("rotation and revocation", &["OW603"]),
    ("the provider's notices", &["OW901"]),
    ("no secret in plain sight", &["OW601"]),
    ("a credential's hosts and scopes", &["OW604", "OW605"]),
];

/// Writes a rule's bad fixture into the folder.
fn violate(code: &str, folder: &Path) {
    let fixtures =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../outwright-contract/tests/it/rules");
    let text = fs::read_to_string(fixtures.join(code).join("bad.yaml")).unwrap();
    fs::create_dir(folder.join("contracts")).unwrap();
    let mut path = folder.join("contracts/acme.yaml");
    let mut file = String::new();
    for line in text.split_inclusive('\n').chain(["#=== end"]) {
        let Some(next) = line.strip_prefix("#=== ") else {
            file.push_str(line);
            continue;
        };
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, std::mem::take(&mut file)).unwrap();
        path = folder.join(next.trim());
    }
}

/// Applies the edits of a report as a program does: from the last byte to the first.
fn follow(report: &serde_json::Value, folder: &Path) -> usize {
    let mut edits: Vec<(String, usize, usize, String)> = Vec::new();
    for finding in report["findings"].as_array().unwrap() {
        for edit in finding["fix"]["edits"].as_array().into_iter().flatten() {
            let at = |key: &str| usize::try_from(edit[key].as_u64().unwrap()).unwrap();
            let word = |key: &str| edit[key].as_str().unwrap().to_owned();
            edits.push((word("file"), at("start"), at("end"), word("text")));
        }
    }
    edits.sort();
    edits.dedup();
    for (file, start, end, text) in edits.iter().rev() {
        let path = folder.join(file);
        let mut bytes = fs::read(&path).unwrap();
        bytes.splice(start..end, text.bytes());
        fs::write(&path, bytes).unwrap();
    }
    edits.len()
}

#[test]
fn each_rule_that_nothing_may_weaken_is_broken_found_and_repaired_by_its_own_help() {
    for (rule, codes) in ROWS {
        for wanted in *codes {
            let folder = tempfile::tempdir().unwrap();
            violate(wanted, folder.path());
            let broken = said(folder.path(), &["check", "--format", "json"]);
            assert_eq!(code(&broken), 1, "{rule}: {wanted}");
            let report: serde_json::Value = serde_json::from_str(&out(&broken)).unwrap();
            let found = report["findings"].as_array().unwrap();
            assert!(found.iter().any(|f| f["code"] == **wanted), "{rule}: {wanted}\n{report:#}");
            assert!(follow(&report, folder.path()) > 0, "{rule}: {wanted}");
            let kept = said(folder.path(), &["check"]);
            assert_eq!(code(&kept), 0, "{rule}: {wanted}\n{}", out(&kept));
        }
    }
}

/// What the excerpt of the README leaves out, reviewed today.
fn rest() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    let today = outwright_contract::Date::from_unix(since.as_secs());
    format!(
        "reviewed: {today}
slo: {{ availability: 99.9%, latency: {{ p99: 8s }}, window: 30d }}
alerts: {{ page: checkout-pager, ticket: checkout-queue, runbook: docs/runbooks/payments.md }}
checked: 2026-11-01
docs: https://docs.payments.example
idempotency: {{ header: Idempotency-Key, methods: [POST], retention: 24h }}
limits: {{ windows: [{{ name: account, requests: 100, per: 1s }}] }}
lifecycle: {{ notice: 90d }}
version: {{ header: Payments-Version, value: v1 }}
errors: []
data: {{ classes: [payment], because: \"it is what they are paid for\", redact: [/card] }}
"
    )
}

/// The README shows what the command prints for its own contract.
#[test]
fn the_transcript_of_the_readme_is_what_is_printed() {
    let readme = include_str!("../../../../README.md");
    let block = |fence: &str, of: &str| {
        let mut blocks = readme.split(fence).skip(1);
        let block = blocks.find(|block| block.starts_with(of)).expect("the README shows it");
        block.split("```").next().unwrap_or_default().to_owned()
    };
    let excerpt = block("```yaml\n", "# contracts/payments.yaml");
    let plan = "    idempotency: { plan: provider_key, key: required }\n";
    assert!(excerpt.ends_with(plan), "the plan is its last line");
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("contracts")).unwrap();
    let path = folder.path().join("contracts/payments.yaml");
    fs::write(&path, excerpt.replace(plan, "") + &rest()).unwrap();
    let output = said(folder.path(), &["check"]);
    assert_eq!(code(&output), 1);
    let shown = block("```console\n", "$ outwright check\n");
    let printed = out(&output);
    assert_eq!(shown, format!("$ outwright check\n{printed}"), "{printed}");
    fs::write(&path, excerpt + &rest()).unwrap();
    assert_eq!(code(&said(folder.path(), &["check"])), 0);
}
