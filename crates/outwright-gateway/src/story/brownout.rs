//! Act 3: one of four requests fails, at random.

use std::io;

use http::Method;

use super::{Act, Caller, Promise, Stage, ratio};
use crate::demo::{Brownout, Fault, Naive, NaiveKeys};

/// Calls of the act; enough that chance decides little.
const CALLS: usize = 240;
/// Callers at once.
const CALLERS: usize = 6;
/// Failing requests of 1,000.
const FAILING: u16 = 250;
/// Goals of a brownout of 30 %, which is worse: served calls per call, sends per call.
const SERVED: f64 = 0.965;
const SENDS: f64 = 1.40;
const PATH: &str = "/v1/charges";

pub(super) async fn play(stage: &Stage) -> io::Result<Act> {
    let brownout = || Some(Brownout { per_mille: FAILING, fault: Fault::status(500) });
    stage.provider.change(|settings| settings.brownout = brownout()).await;
    stage.twin.change(|settings| settings.brownout = brownout()).await;

    let caller = Caller { gateway: stage.gateway };
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..CALLERS {
        callers.spawn(async move {
            let mut served = 0;
            for _ in 0..CALLS / CALLERS {
                served +=
                    usize::from(caller.read(&format!("/demo{PATH}")).await?.status.is_success());
            }
            Ok::<usize, io::Error>(served)
        });
    }
    let mut served = 0;
    while let Some(joined) = callers.join_next().await {
        served += joined.map_err(io::Error::other)??;
    }
    let mut plain = 0;
    for _ in 0..CALLS {
        let end = Naive { attempts: 1, keys: NaiveKeys::None, ..Naive::default() }
            .call(stage.twin.plain(), Method::GET, PATH, "")
            .await;
        plain += usize::from(end.status.is_some_and(|status| status.is_success()));
    }
    stage.provider.change(|settings| settings.brownout = None).await;
    stage.twin.change(|settings| settings.brownout = None).await;

    let sends = stage.provider.wire_log().len();
    let twin_sends = stage.twin.wire_log().len();
    Ok(Act {
        title: "One of four requests fails",
        with: format!(
            "{:.1} % of {CALLS} calls served with {:.2} sends per call",
            100.0 * ratio(served, CALLS),
            ratio(sends, CALLS)
        ),
        without: format!(
            "{:.1} % of {CALLS} calls served with {:.2} sends per call, no retries",
            100.0 * ratio(plain, CALLS),
            ratio(twin_sends, CALLS)
        ),
        promises: vec![
            Promise::new("at least 96.5 % of the calls served", ratio(served, CALLS) >= SERVED),
            Promise::new("at most 1.40 sends per call", ratio(sends, CALLS) <= SENDS),
        ],
    })
}
