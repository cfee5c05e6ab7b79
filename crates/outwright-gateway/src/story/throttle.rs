//! Act 2: the provider says 429 and for how long.

use std::io;
use std::time::Duration;

use http::Method;
use outwright_core::time::Mono;
use tokio::time::{Instant, interval_at};

use super::{Act, Caller, Promise, Stage, short};
use crate::demo::{Fault, Injection, Naive, NaiveKeys, RetryAfter, Seen};

/// Callers at once.
const CALLERS: usize = 8;
/// What the provider asks for, in seconds.
const WAIT_S: u64 = 1;
/// Between two callers.
const PACE: Duration = Duration::from_millis(100);
const PATH: &str = "/v1/charges";

pub(super) async fn play(stage: &Stage) -> io::Result<Act> {
    let fault = || Injection::once(Fault::throttled(429, RetryAfter::seconds(WAIT_S)));
    stage.provider.fault(fault());
    stage.twin.fault(fault());

    let caller = Caller { gateway: stage.gateway };
    let path = format!("/demo{PATH}");
    let first = caller.read(&path);
    let others = async {
        stage.provider.until(|provider| provider.arrived() >= 1).await;
        let mut calls = tokio::task::JoinSet::new();
        // They come one after the other, when the 429 has had the time to arrive.
        let mut pace = interval_at(Instant::now() + PACE, PACE);
        for _ in 1..CALLERS {
            pace.tick().await;
            let path = path.clone();
            calls.spawn(async move { caller.read(&path).await });
        }
        let mut good = 0;
        while let Some(joined) = calls.join_next().await {
            good += usize::from(joined.map_err(io::Error::other)??.status.is_success());
        }
        Ok::<usize, io::Error>(good)
    };
    let (first, others) = tokio::join!(first, others);
    let good = others? + usize::from(first?.status.is_success());

    let naive = Naive { keys: NaiveKeys::None, ..Naive::default() }
        .call(stage.twin.plain(), Method::GET, PATH, "")
        .await;
    let (early, first_after) = after_the_hint(&stage.provider.wire_log());
    let (twin_early, _) = after_the_hint(&stage.twin.wire_log());
    Ok(Act {
        title: "The provider says 429 and Retry-After: 1",
        with: format!(
            "{good} of {CALLERS} callers served, {early} sends before the wait was over, the next one {} after the 429",
            short(first_after)
        ),
        without: format!(
            "{twin_early} sends before the wait was over ({} sends for one call)",
            naive.attempts
        ),
        promises: vec![
            Promise::new("no send before Retry-After had passed", early == 0),
            Promise::new("every caller was served in the end", good == CALLERS),
        ],
    })
}

/// How many requests arrived before the wait was over, and how long after the 429 the next one did.
///
/// The provider logs when a request is complete; its 429 follows at once.
fn after_the_hint(log: &[Seen]) -> (usize, Duration) {
    let Some(told) = log.iter().position(|seen| seen.status == Some(429)) else {
        return (0, Duration::ZERO);
    };
    let at = log.get(told).map_or(Mono::ZERO, |seen| seen.at);
    let later: Vec<Duration> = log.iter().skip(told + 1).map(|seen| seen.at.since(at)).collect();
    let early = later.iter().filter(|wait| **wait < Duration::from_secs(WAIT_S)).count();
    (early, later.iter().min().copied().unwrap_or_default())
}
