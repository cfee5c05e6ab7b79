//! Act 4: the provider is gone for a while, and comes back.

use std::io;
use std::time::Duration;

use http::{Method, StatusCode};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::{Act, Caller, Promise, Saw, Stage, ratio, short};
use crate::demo::{Ending, Fault, Naive, NaiveKeys, Strikes};

/// How long the outage lasts.
const OUTAGE: Duration = Duration::from_secs(5);
/// One call each: 40 per second.
const PACE: Duration = Duration::from_millis(25);
/// How long callers go on after the provider is back, at most.
const AFTER: Duration = Duration::from_secs(15);
/// Sends per call that a total outage may cost at 10 calls per second and more: the goal for retry amplification.
const AMPLIFICATION: f64 = 1.02;
/// Good calls in a row that count as recovered.
const STEADY: usize = 40;
/// A refused call says so at once.
const AT_ONCE: Duration = Duration::from_millis(100);
const PATH: &str = "/v1/charges";

pub(super) async fn play(stage: &Stage) -> io::Result<Act> {
    let outage =
        || Some(Fault::Unanswered { ending: Ending::Reset, strikes: Strikes::BeforeEffect });
    stage.provider.change(|settings| settings.outage = outage()).await;
    stage.twin.change(|settings| settings.outage = outage()).await;

    let during = calls_for(stage, OUTAGE, |_| false).await?;
    let sends = stage.provider.wire_log().len();
    let refused: Vec<&Saw> = during
        .iter()
        .filter(|saw| {
            saw.status == StatusCode::SERVICE_UNAVAILABLE
                && saw.headers.contains_key("retry-after")
                && saw.headers.get("outwright-attempts").is_some_and(|sends| sends == "0")
                && saw.took <= AT_ONCE
        })
        .collect();
    let mut waits: Vec<Duration> = refused.iter().map(|saw| saw.took).collect();
    waits.sort_unstable();
    let typical = waits.get(waits.len() / 2).copied().unwrap_or_default();

    let mut plain_sends = 0;
    let plain_calls = 20;
    for _ in 0..plain_calls {
        let naive = Naive { keys: NaiveKeys::None, ..Naive::default() };
        plain_sends += naive.call(stage.twin.plain(), Method::GET, PATH, "").await.attempts;
    }

    stage.provider.change(|settings| settings.outage = None).await;
    stage.twin.change(|settings| settings.outage = None).await;
    let back = Instant::now();
    let mut run = 0;
    calls_for(stage, AFTER, |saw| {
        run = if saw.status.is_success() { run + 1 } else { 0 };
        run == STEADY
    })
    .await?;
    let recovered = back.elapsed();

    let amplification = ratio(sends, during.len());
    Ok(Act {
        title: "The provider is gone for 5 s and comes back",
        with: format!(
            "{:.2} sends per call; {} of {} calls refused at once (typically {}); {STEADY} good calls in a row {} after it was back",
            amplification,
            refused.len(),
            during.len(),
            short(typical),
            short(recovered)
        ),
        without: format!(
            "{:.2} sends per call for as long as it lasts",
            ratio(plain_sends as usize, plain_calls)
        ),
        promises: vec![
            Promise::new("at most 1.02 sends per call", amplification <= AMPLIFICATION),
            Promise::new(
                "the breaker opened: most callers were told at once, with Retry-After",
                refused.len() * 2 > during.len(),
            ),
            Promise::new("it recovered by itself", run >= STEADY),
        ],
    })
}

/// Calls at a steady pace, each on its own, until the time is over or `enough` of the calls that ended.
async fn calls_for(
    stage: &Stage,
    time: Duration,
    mut enough: impl FnMut(&Saw) -> bool,
) -> io::Result<Vec<Saw>> {
    let caller = Caller { gateway: stage.gateway };
    let mut calls = tokio::task::JoinSet::new();
    let mut saw = Vec::new();
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let begun = Instant::now();
    while begun.elapsed() < time {
        tokio::select! {
            _tick = pace.tick() => {
                calls.spawn(async move { caller.read(&format!("/demo{PATH}")).await });
            }
            Some(joined) = calls.join_next() => {
                let one = joined.map_err(io::Error::other)??;
                let done = enough(&one);
                saw.push(one);
                if done {
                    return Ok(saw);
                }
            }
        }
    }
    while let Some(joined) = calls.join_next().await {
        saw.push(joined.map_err(io::Error::other)??);
    }
    Ok(saw)
}
