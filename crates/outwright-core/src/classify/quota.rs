//! What a provider says is left of a quota; read only when somebody asks.

use std::time::Duration;

use http::HeaderMap;

use super::dialect::{Profile, Share, Window};
use super::{Received, ResetUnit, date, text};

/// What a provider says is left of one quota: a hint, never a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Which quota, in the provider's words; empty where it has only one.
    pub name: Box<str>,
    /// Its size.
    pub limit: Option<u64>,
    /// What is left of it.
    pub remaining: Option<u64>,
    /// Until it is full again, from now.
    pub reset: Option<Duration>,
}

impl Quota {
    /// Whether nothing is left, as far as it says.
    pub(super) fn is_spent(&self) -> bool {
        self.remaining.is_none_or(|left| left == 0)
    }
}

/// Every quota that the fields of a profile speak of.
pub(super) fn read(
    profile: &Profile,
    declared: Option<ResetUnit>,
    headers: &HeaderMap,
    received: &Received<'_>,
) -> Vec<Quota> {
    let windows =
        profile.windows.iter().filter_map(|window| one(window, declared, headers, received));
    let shares = profile.shares.iter().filter_map(|part| share(part, headers));
    windows.chain(shares).collect()
}

fn one(
    window: &Window,
    declared: Option<ResetUnit>,
    headers: &HeaderMap,
    received: &Received<'_>,
) -> Option<Quota> {
    let number = |name: &str| text(headers, name)?.trim().parse::<u64>().ok();
    let name = match text(headers, window.named_by) {
        Some(name) => name,
        None => window.name,
    };
    let quota = Quota {
        name: name.into(),
        limit: number(window.limit),
        remaining: number(window.remaining),
        reset: text(headers, window.reset)
            .zip(window.unit.or(declared))
            .and_then(|(text, unit)| until(text.trim(), unit, received)),
    };
    let says = quota.limit.is_some() || quota.remaining.is_some() || quota.reset.is_some();
    says.then_some(quota)
}

/// `32/40`, or `api-usage=18/5000` among others.
fn share(share: &Share, headers: &HeaderMap) -> Option<Quota> {
    let line = text(headers, share.field)?;
    let part = line.split([',', ';']).find_map(|part| match share.key {
        "" => Some(part),
        key => part.trim().strip_prefix(key)?.strip_prefix('='),
    })?;
    let (used, size) = part.trim().split_once('/')?;
    let (used, size) = (used.parse::<u64>().ok()?, size.parse::<u64>().ok()?);
    Some(Quota {
        name: share.key.into(),
        limit: Some(size),
        remaining: Some(size.saturating_sub(used)),
        reset: None,
    })
}

/// How long until a reset that is written in a known unit; none when it has passed.
pub(super) fn until(text: &str, unit: ResetUnit, received: &Received<'_>) -> Option<Duration> {
    let from_epoch_ms = |ms: f64| {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit a double")]
        let now = received.provider_ms() as f64;
        date::seconds((ms - now) / 1000.0)
    };
    match unit {
        ResetUnit::EpochS => from_epoch_ms(date::decimal(text)? * 1000.0),
        ResetUnit::EpochMs => from_epoch_ms(date::decimal(text)?),
        ResetUnit::DeltaS => date::seconds(date::decimal(text)?),
        ResetUnit::DeltaMs => date::seconds(date::decimal(text)? / 1000.0),
        ResetUnit::Duration => date::duration(text),
        ResetUnit::Rfc3339 => {
            date::rfc3339(text)?.checked_sub(received.provider_ms()).map(Duration::from_millis)
        }
    }
}
