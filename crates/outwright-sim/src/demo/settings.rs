//! The lasting state of the provider, as opposed to faults that are used up.

use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::fault::Fault;
use super::injection::Moment;
use super::keys::KeyStyle;
use super::manners::Manners;
use super::quota::Quota;
use super::reply::RetryAfter;
use super::units;

/// How the provider behaves until told otherwise. The default is a healthy provider that answers at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Decides every draw: the same seed and requests give the same answers.
    pub seed: u64,
    /// How long answers take.
    pub latency: Latency,
    /// The rate limit; none when absent.
    pub quota: Option<Quota>,
    /// A share of requests that meets a fault.
    pub brownout: Option<Brownout>,
    /// A fault that every request meets.
    pub outage: Option<Fault>,
    /// What becomes of connections.
    pub door: Door,
    /// How idempotency keys are understood.
    pub keys: KeyStyle,
    /// What is as another provider does it.
    pub manners: Manners,
    /// How far the provider's clock is off.
    pub date_skew_s: i64,
}

/// How long answers take: a script for the first ones, then base and jitter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Latency {
    /// The least.
    #[serde(rename = "base_ms", with = "units")]
    pub base: Duration,
    /// Up to this much more, drawn evenly.
    #[serde(rename = "jitter_ms", with = "units")]
    pub jitter: Duration,
    /// Milliseconds of the first answers, in order.
    pub script_ms: Vec<u64>,
}

/// A share of requests that meets a fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brownout {
    /// How many of 1,000 requests meet it, drawn by seed and request number.
    pub per_mille: u16,
    /// The fault: one that whole requests meet, not connections or heads.
    #[serde(default = "Brownout::unavailable", deserialize_with = "of_requests")]
    pub fault: Fault,
}

impl Brownout {
    /// 503 for so many of 1,000 requests, before the effect.
    #[must_use]
    pub fn of(per_mille: u16) -> Self {
        Self { per_mille, fault: Self::unavailable() }
    }

    fn unavailable() -> Fault {
        Fault::status(503)
    }
}

fn of_requests<'de, D: Deserializer<'de>>(from: D) -> Result<Fault, D::Error> {
    let fault = Fault::deserialize(from)?;
    if Moment::of(&fault) == Moment::Request {
        Ok(fault)
    } else {
        Err(D::Error::custom("a brownout needs a fault that whole requests meet"))
    }
}

/// What becomes of connections (F-02).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// They are accepted.
    #[default]
    Open,
    /// The port refuses them.
    Refuse,
    /// The handshake of TCP is never answered.
    BlackHole,
}

impl Fault {
    /// This status and nothing else of note, before the effect.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::throttled(status, RetryAfter::default())
    }

    /// This status with `Retry-After`, before the effect.
    #[must_use]
    pub fn throttled(status: u16, retry_after: RetryAfter) -> Self {
        Self::Status {
            status,
            retry_after,
            headers: Vec::new(),
            body: None,
            date_skew_s: 0,
            strikes: super::fault::Strikes::BeforeEffect,
        }
    }
}
