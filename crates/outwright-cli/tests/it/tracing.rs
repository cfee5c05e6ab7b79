//! T-13: the trace-context harness of the W3C, with outwright between its service and its callbacks.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::contracts;
use crate::process::{Running, beside, gateway, tool};

const CALLBACKS: &str = "  list:
    request: GET /v1/none
    needs: [all]
    fallback: none
  callback:
    request: POST /{callback}
    needs: [all]
    idempotency: { plan: once }
";

fn harness() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/trace-context/test.py")
}

/// What the harness says of a gateway whose contract has this word for traces: tests that ran, and those that failed.
fn run(python: &str, word: &str) -> (usize, Vec<String>) {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap();
    drop(free);
    let folder = tempfile::tempdir().unwrap();
    contracts::write(folder.path(), "harness", port, CALLBACKS);
    let file = folder.path().join("contracts/harness.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let fields = format!("fields: {{ trace: {word} }}\nowner:");
    std::fs::write(&file, text.replacen("owner:", &fields, 1)).unwrap();
    let gateway = gateway(folder.path());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/clients/trace_service.py");
    let mut service = Command::new(python)
        .arg(script)
        .args([&gateway.data.to_string(), "/harness"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(service.stdout.take().unwrap()).read_line(&mut said).unwrap();
    let _service = Running(service);
    let output = Command::new(python)
        .arg(harness())
        .arg(said.trim())
        .env("HARNESS_PORT", port.port().to_string())
        .env("SPEC_LEVEL", "2")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let ran =
        text.lines().find_map(|line| line.strip_prefix("Ran ")?.split(' ').next()?.parse().ok());
    let fault = |line: &str| {
        line.strip_prefix("FAIL: ").or(line.strip_prefix("ERROR: ")).map(str::to_owned)
    };
    let failed = text.lines().filter_map(fault);
    (ran.unwrap_or_else(|| panic!("the harness ran nothing: {text}")), failed.collect())
}

/// a trace that a contract hands on is the caller's, with a parent of our own.
#[test]
fn the_harness_finds_no_fault_with_a_trace_that_is_forwarded() {
    let _beside = beside();
    let Some(python) = tool("trace-context harness", "OUTWRIGHT_PYTHON") else { return };
    assert_eq!(run(&python, "forward"), (41, Vec::new()));
}

/// R-247, and the control of the test above: where a contract does not hand it on, the harness misses it.
#[test]
fn the_harness_misses_a_trace_that_stays_behind() {
    let _beside = beside();
    let Some(python) = tool("trace-context harness", "OUTWRIGHT_PYTHON") else { return };
    let (ran, failed) = run(&python, "off");
    assert_eq!((ran, failed.len()), (41, 41), "{failed:?}");
}
