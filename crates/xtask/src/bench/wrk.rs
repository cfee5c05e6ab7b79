//! The closed-loop load: wrk with one thread and 64 connections on the load core.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::machine::LOAD_CORE;
use super::talk;

/// Connections of the load.
pub(crate) const CONNECTIONS: usize = 64;

/// What wrk counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Load {
    /// Replies that it read.
    pub requests: u64,
    /// Replies per second.
    pub per_second: f64,
}

/// Loads a target for a while; a script may say what else than GET is asked for.
///
/// # Errors
///
/// When wrk fails, or when any reply was not 2xx, or a connection broke.
pub(crate) fn load(port: u16, length: Duration, script: Option<&Path>) -> Result<Load, String> {
    // wrk counts in whole seconds.
    let seconds = length.as_secs().max(1);
    let mut wrk = Command::new("taskset");
    wrk.args([
        "-c",
        LOAD_CORE,
        "wrk",
        "-t1",
        &format!("-c{CONNECTIONS}"),
        &format!("-d{seconds}s"),
    ]);
    for (name, value) in talk::FIELDS {
        wrk.arg("-H").arg(format!("{name}: {value}"));
    }
    if let Some(script) = script {
        wrk.arg("-s").arg(script);
    }
    wrk.arg(format!("http://127.0.0.1:{port}/bench{}", talk::PROVIDER_PATH));
    let output = wrk.output().map_err(|e| format!("start wrk: {e}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        return Err(format!("wrk failed: {}", String::from_utf8_lossy(&output.stderr)));
    }
    read(&said)
}

fn read(said: &str) -> Result<Load, String> {
    for line in said.lines().map(str::trim) {
        if line.starts_with("Non-2xx") || line.starts_with("Socket errors") {
            return Err(format!("the target did not do the work: {line}"));
        }
    }
    let before = |mark: &str| {
        let line = said.lines().find(|l| l.contains(mark))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    let rate = said.lines().find_map(|l| l.strip_prefix("Requests/sec:"));
    let rate = rate.and_then(|r| r.trim().parse::<f64>().ok());
    match (before(" requests in "), rate) {
        (Some(requests), Some(per_second)) if requests > 0 => Ok(Load { requests, per_second }),
        _ => Err(format!("cannot read what wrk said: {said}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "Running 2s test @ http://127.0.0.1:1/\n  1 threads and 64 connections\n  \
                        103212 requests in 2.00s, 130.2MB read\nRequests/sec:  51606.04\n";

    #[test]
    fn a_clean_run_gives_its_counts() {
        let load = read(GOOD).expect("a clean run");
        assert_eq!(load.requests, 103_212);
        assert!((load.per_second - 51606.04).abs() < 0.001);
    }

    #[test]
    fn a_run_with_one_bad_reply_is_no_run() {
        assert!(read(&format!("{GOOD}  Non-2xx or 3xx responses: 1\n")).is_err());
        assert!(read(&format!("{GOOD}  Socket errors: connect 0, read 1, write 0\n")).is_err());
        assert!(read("nothing").is_err());
    }
}
