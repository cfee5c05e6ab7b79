//! The closed-loop load over HTTP/2: h2load with one thread on the load core, as many calls at once as the other load.

use std::process::Command;
use std::time::Duration;

use super::machine::LOAD_CORE;
use super::talk;
use super::wrk::{CONNECTIONS, Load};

/// Streams at once on each of its connections (chosen: what common callers use, and few enough connections to share reads).
const STREAMS: usize = 16;

/// Loads a target for a while.
///
/// # Errors
///
/// When h2load fails, or when any reply was not 2xx, or a connection broke.
pub(crate) fn load(port: u16, length: Duration) -> Result<Load, String> {
    let mut h2load = Command::new("taskset");
    let connections = (CONNECTIONS / STREAMS).to_string();
    let seconds = length.as_secs().max(1).to_string();
    h2load.args(["-c", LOAD_CORE, "h2load", "-t1", "-c", &connections]);
    h2load.args(["-m", &STREAMS.to_string(), "-D", &seconds]);
    for (name, value) in talk::FIELDS {
        h2load.arg("-H").arg(format!("{name}: {value}"));
    }
    h2load.arg(format!("http://127.0.0.1:{port}/bench{}", talk::PROVIDER_PATH));
    let output = h2load.output().map_err(|e| format!("start h2load: {e}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        return Err(format!("h2load failed: {}", String::from_utf8_lossy(&output.stderr)));
    }
    read(&said)
}

fn read(said: &str) -> Result<Load, String> {
    let unreadable = || format!("cannot read what h2load said: {said}");
    let line = |start: &str| said.lines().find_map(|line| line.trim().strip_prefix(start));
    // `10 total, 10 started, 10 done, 10 succeeded, 0 failed, 0 errored, 0 timeout`, and the same of `2xx` to `5xx`.
    let count = |line: &str, what: &str| {
        let part = line.split(", ").find_map(|part| part.trim().strip_suffix(what));
        part.and_then(|number| number.trim().parse::<u64>().ok()).ok_or_else(unreadable)
    };
    let requests = line("requests: ").ok_or_else(unreadable)?;
    let statuses = line("status codes: ").ok_or_else(unreadable)?;
    for (of, what) in [
        (requests, " failed"),
        (requests, " errored"),
        (requests, " timeout"),
        (statuses, " 3xx"),
        (statuses, " 4xx"),
        (statuses, " 5xx"),
    ] {
        if count(of, what)? > 0 {
            return Err(format!("the target did not do the work: {requests}; {statuses}"));
        }
    }
    let rate = line("finished in ").and_then(|rest| rest.split(", ").nth(1));
    let rate = rate.and_then(|rate| rate.trim_end_matches(" req/s").parse::<f64>().ok());
    match (count(requests, " succeeded")?, rate) {
        (requests, Some(per_second)) if requests > 0 => Ok(Load { requests, per_second }),
        _ => Err(unreadable()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "finished in 2.01s, 21500.50 req/s, 2.30MB/s\n\
        requests: 43001 total, 43001 started, 43001 done, 43001 succeeded, 0 failed, 0 errored, 0 timeout\n\
        status codes: 43001 2xx, 0 3xx, 0 4xx, 0 5xx\n";

    #[test]
    fn a_clean_run_gives_its_counts() {
        assert_eq!(read(GOOD), Ok(Load { requests: 43_001, per_second: 21_500.5 }));
    }

    #[test]
    fn a_run_with_one_bad_reply_is_no_run() {
        assert!(read(&GOOD.replace("0 failed", "1 failed")).is_err());
        assert!(read(&GOOD.replace("0 5xx", "1 5xx")).is_err());
        assert!(read("nothing").is_err());
    }
}
