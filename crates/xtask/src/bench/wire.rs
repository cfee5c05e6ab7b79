//! The wire check: before anything is measured, every target must have done the same work once.

use std::fs;
use std::time::Duration;

use super::capture::Capture;
use super::case::{PLAIN, Wire};
use super::peers::{Program, Role, SECRET, Target};
use super::rounds::Bench;
use super::talk::{self, Line, PROVIDER_PATH};

/// Longest wait for a log datagram.
const PATIENCE: Duration = Duration::from_secs(5);
/// Fields that carry a call's id to the provider.
const IDS: [&str; 3] = ["x-request-id", "outwright-call", "traceparent"];

/// Sends one call through each target and looks at what the provider and the log got.
///
/// # Errors
///
/// What a target did differently.
pub(crate) fn check(bench: &Bench) -> Result<(), String> {
    let capture = Capture::start()?;
    for target in &bench.targets {
        one(bench, &capture, target).map_err(|e| format!("wire check of {}: {e}", target.name))?;
        eprintln!("wire check: {} does the work", target.name);
    }
    Ok(())
}

fn one(bench: &Bench, capture: &Capture, target: &Target) -> Result<(), String> {
    let none = bench.dir.join("no-certificate");
    let scene = bench.scene(PLAIN, capture.port(), &none);
    let peer = target.start(&scene)?;
    capture.take();
    let reply = Line::connect(peer.port)?.call(&talk::request(peer.port, "/bench"))?;
    if reply.body_bytes != 1024 {
        return Err(format!("a body of {} bytes, not 1,024", reply.body_bytes));
    }
    let heads = capture.take();
    let head =
        heads.iter().find(|h| h.starts_with("GET ")).ok_or("nothing reached the provider")?;
    expect_head(head, &Wire::Plain.host(capture.port()))?;
    if target.role == Role::Plain {
        return peer.running.stop();
    }
    let has_id = |text: &str| IDS.iter().any(|id| talk::field(text, id).is_some());
    if !has_id(head) && !has_id(&reply.head) {
        return Err(format!("no id of the call, neither in\n{head}nor in\n{}", reply.head));
    }
    // Buffered logs are written at the end at the latest.
    peer.running.stop()?;
    match (target.program, &peer.log) {
        (Program::Haproxy, _) => datagram(bench),
        (_, Some(log)) => logged(&fs::read_to_string(log).unwrap_or_default()),
        (_, None) => Err("no log to look at".to_owned()),
    }
}

/// The head that the provider must have read.
fn expect_head(head: &str, host: &str) -> Result<(), String> {
    let start = format!("GET {PROVIDER_PATH} HTTP/1.1\r\n");
    if !head.starts_with(&start) {
        return Err(format!("the provider must read `{}`, it read\n{head}", start.trim()));
    }
    let wanted = [("Host", host.to_owned()), ("Authorization", format!("Bearer {SECRET}"))];
    for (name, value) in wanted {
        if talk::field(head, name) != Some(value.as_str()) {
            return Err(format!("the provider must read `{name}: {value}`, it read\n{head}"));
        }
    }
    let kept = talk::FIELDS.iter().find(|(n, v)| talk::field(head, n) != Some(v));
    kept.map_or(Ok(()), |(name, _)| Err(format!("`{name}` was lost on the way:\n{head}")))
}

/// One line of JSON about this call.
fn logged(log: &str) -> Result<(), String> {
    let is_call = |line: &str| {
        serde_json::from_str::<serde_json::Value>(line).is_ok() && line.contains("200")
    };
    if log.lines().any(is_call) { Ok(()) } else { Err(format!("no JSON line in its log: {log}")) }
}

fn datagram(bench: &Bench) -> Result<(), String> {
    let sink = bench.sink();
    sink.set_read_timeout(Some(PATIENCE)).map_err(|e| e.to_string())?;
    let mut buffer = [0; 4096];
    let n = sink.recv(&mut buffer).map_err(|e| format!("no log datagram came: {e}"))?;
    let text = String::from_utf8_lossy(buffer.get(..n).unwrap_or_default()).into_owned();
    logged(text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(host: &str, secret: &str) -> String {
        let mut head = format!("GET {PROVIDER_PATH} HTTP/1.1\r\nhost: {host}\r\n");
        for (name, value) in talk::FIELDS {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        format!("{head}authorization: Bearer {secret}\r\n\r\n")
    }

    #[test]
    fn work_that_differs_is_noticed() {
        assert_eq!(expect_head(&head("h:1", SECRET), "h:1"), Ok(()));
        assert!(expect_head(&head("other", SECRET), "h:1").is_err());
        assert!(expect_head(&head("h:1", "wrong"), "h:1").is_err());
        assert!(expect_head(&head("h:1", SECRET).replace("/v1", "/bench/v1"), "h:1").is_err());
        assert!(expect_head(&head("h:1", SECRET).replace("X-Tenant", "X-Other"), "h:1").is_err());
    }

    #[test]
    fn a_dead_log_is_noticed() {
        assert!(logged("").is_err());
        assert!(logged("not json 200\n").is_err());
        assert!(logged("{\"status\":200}\n").is_ok());
    }
}
