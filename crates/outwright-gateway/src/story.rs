//! The story of `outwright demo --once`: four bad days, each with and without outwright.
//!
//! Every number comes from the provider's own effect ledger and wire log, or from what a caller saw;
//! none from outwright's counters.
//! The line "without outwright" is a plain client against the same faults, on a second provider of the same seed.
//! An act makes promises; the story holds when each of them was kept.

mod brownout;
mod caller;
mod lost;
mod outage;
mod throttle;

use std::fmt::{self, Write as _};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde::Serialize;

pub use caller::{Caller, Saw};

use crate::demo::Demo;

/// What the story is played on: two equal providers, and a gateway in front of the first.
#[derive(Debug)]
pub struct Stage {
    /// The provider behind the gateway.
    pub provider: Demo,
    /// Its twin, which the plain client calls.
    pub twin: Demo,
    /// The gateway's data port.
    pub gateway: SocketAddr,
}

/// One act: what was done, what came of it, what was promised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Act {
    /// What happens to the provider.
    pub title: &'static str,
    /// What came of it with outwright.
    pub with: String,
    /// What came of it with a plain client.
    pub without: String,
    /// What was promised.
    pub promises: Vec<Promise>,
}

/// A promise, and whether it was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Promise {
    /// What.
    pub what: String,
    /// Whether.
    pub kept: bool,
}

impl Promise {
    fn new(what: impl Into<String>, kept: bool) -> Self {
        Self { what: what.into(), kept }
    }
}

/// The whole story.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Story {
    /// Its acts, in order.
    pub acts: Vec<Act>,
}

impl Story {
    /// Whether every promise was kept.
    #[must_use]
    pub fn kept(&self) -> bool {
        self.acts.iter().all(|act| act.promises.iter().all(|promise| promise.kept))
    }
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, act) in self.acts.iter().enumerate() {
            writeln!(f, "{}. {}", index + 1, act.title)?;
            writeln!(f, "   with outwright     {}", act.with)?;
            writeln!(f, "   without outwright  {}", act.without)?;
            for promise in &act.promises {
                let mark = if promise.kept { "kept  " } else { "BROKEN" };
                writeln!(f, "   {mark}             {}", promise.what)?;
            }
            f.write_char('\n')?;
        }
        let promises = self.acts.iter().flat_map(|act| &act.promises);
        let (kept, all) = promises
            .fold((0, 0), |(kept, all), promise| (kept + usize::from(promise.kept), all + 1));
        writeln!(f, "{kept} of {all} promises kept.")
    }
}

/// Plays the story on a stage; `tell` hears each act as soon as it is over.
///
/// # Errors
///
/// When the gateway or a provider cannot be reached at all.
pub async fn play(stage: &Stage, mut tell: impl FnMut(usize, &Act)) -> io::Result<Story> {
    let mut story = Story::default();
    for number in 0..4 {
        for demo in [&stage.provider, &stage.twin] {
            demo.clear_faults();
            demo.forget();
        }
        let act = match number {
            0 => lost::play(stage).await?,
            1 => throttle::play(stage).await?,
            2 => brownout::play(stage).await?,
            _ => outage::play(stage).await?,
        };
        tell(number, &act);
        story.acts.push(act);
    }
    Ok(story)
}

/// A duration as people read it.
fn short(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{:.2} s", duration.as_secs_f64())
    }
}

/// A ratio with two digits; 0 of 0 is 0.
#[expect(clippy::cast_precision_loss, reason = "counts of a story are far below 2^52")]
fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
