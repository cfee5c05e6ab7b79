//! The rules that nothing may weaken: each of them broken in a contract ends `check` with 1, under its code.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::contracts;
use crate::process::outwright;

const OPERATIONS: &str = "  list:
    request: GET /v1/charges
    needs: [all]
    fallback: none
  pay:
    request: POST /v1/charges
    needs: [all]
    idempotency: { plan: once }
";

/// The rule in words, what of the contract is taken away, what stands there instead, and the code.
const BROKEN: &[(&str, &str, &str, &str)] = &[
    ("timeouts", "connect: 1s, ", "", "OW201"),
    ("timeouts", "first_byte: 1s, ", "", "OW201"),
    ("timeouts", "idle: 1s, ", "", "OW201"),
    ("timeouts", "attempt: 2s, ", "", "OW201"),
    ("timeouts", ", total: 10s", "", "OW201"),
    ("idempotency plan", "    idempotency: { plan: once }\n", "", "OW301"),
    ("finite attempts", "attempts: 3, ", "", "OW311"),
    ("a cap of delays", "cap: 500ms, ", "", "OW311"),
    ("jitter", "jitter: full", "jitter: none", "OW312"),
    ("a budget", ", budget: { ratio: 20%, burst: 20 }", "", "OW311"),
    ("attempts fit the total", "total: 10s", "total: 6s", "OW203"),
    (
        "transient failures only",
        "budget: { ratio: 20%, burst: 20 }",
        "budget: { ratio: 20%, burst: 20 }, rows: { \"500\": { as: unprocessed } }",
        "OW313",
    ),
    ("degradation is decided", "    fallback: none\n", "", "OW501"),
    (
        "no made-up success",
        "{ plan: once }\n",
        "{ plan: once }\n    fallback: { static: { body: '{}' } }\n",
        "OW502",
    ),
    ("an owner", "owner: { team: tests, contact: tests@example.com }\n", "", "OW801"),
    ("a tier", "tier: important\n", "", "OW801"),
    ("an SLO", "slo: { availability: 99%, latency: { p99: 8s }, window: 30d }\n", "", "OW802"),
    ("an alert route", "page: tests-pager, ", "", "OW803"),
    ("a runbook", ", runbook: docs/runbooks/tests.md", "", "OW803"),
    ("rotation", ", max_age: 90d", "", "OW603"),
    ("revocation", "    revoke: { manual: https://example.com/revoke }\n", "", "OW603"),
    ("notices of the provider", "lifecycle: { notice: 90d }\n", "", "OW901"),
    (
        "no secret in a file",
        "waivers: []\n",
        "waivers: []\ndocs: https://me:hunter2@example.com\n",
        "OW601",
    ),
    ("hosts of a credential", "hosts: [\"127.0.0.1\"]", "hosts: [api.example.com]", "OW604"),
    (
        "covered scopes",
        "    needs: [all]\n    fallback",
        "    needs: [more]\n    fallback",
        "OW605",
    ),
    (
        "a waiver has not expired",
        "waivers: []\n",
        "waivers:\n  - { rule: OW203, place: operations, reason: x, owner: y, until: 2026-01-31 }\n",
        "OW902",
    ),
];

fn check(folder: &Path, flags: &[&str]) -> Output {
    let mut command = outwright();
    command.arg("check").args(flags).args(["--format", "json"]).current_dir(folder);
    command.output().expect("the binary under test starts")
}

fn errors(output: &Output) -> Vec<String> {
    let report: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("the report is JSON");
    let findings = report["findings"].as_array().expect("a report has findings");
    let errors = findings.iter().filter(|finding| finding["severity"] == "error");
    errors.map(|f| f["code"].as_str().expect("a finding has a code").to_owned()).collect()
}

///
#[test]
fn each_rule_that_nothing_may_weaken_ends_a_check_with_its_code() {
    let folder = tempfile::tempdir().unwrap();
    contracts::write(folder.path(), "demo", "127.0.0.1:1".parse().unwrap(), OPERATIONS);
    let path = folder.path().join("contracts/demo.yaml");
    let good = fs::read_to_string(&path).unwrap();
    let output = check(folder.path(), &[]);
    assert_eq!((output.status.code(), errors(&output)), (Some(0), vec![]), "the good one");
    for (rule, from, to, code) in BROKEN {
        assert!(good.contains(from), "{rule}: {from}");
        fs::write(&path, good.replacen(from, to, 1)).unwrap();
        let output = check(folder.path(), &[]);
        let found = errors(&output);
        assert_eq!(output.status.code(), Some(1), "{rule}: {found:?}");
        assert!(found.iter().any(|c| c == code), "{rule}: {found:?}");
        assert!(found.iter().all(|c| c == code), "{rule}, and nothing else: {found:?}");
    }
}
