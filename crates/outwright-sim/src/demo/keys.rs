//! F-25: what the provider remembers by idempotency key.

use std::collections::BTreeMap;
use std::time::Duration;

use outwright_core::time::Mono;
use serde::{Deserialize, Serialize};

use super::reply::Reply;
use super::units;

/// How idempotency keys are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "style", rename_all = "snake_case", deny_unknown_fields)]
pub enum KeyStyle {
    /// As Stripe documents it: optional, replayed, 400 for another payload, 409 while it runs.
    Stripe {
        /// How long a key is remembered; then the same key executes again.
        #[serde(rename = "retention_ms", with = "units")]
        retention: Duration,
    },
    /// As the IETF draft has it: 400 when missing, 422 for another payload, 409 while it runs.
    Draft {
        /// How long a key is remembered.
        #[serde(rename = "retention_ms", with = "units")]
        retention: Duration,
    },
    /// Keys are accepted and mean nothing.
    Ignore,
}

impl Default for KeyStyle {
    /// Stripe's, with the 24 h that its documentation names.
    fn default() -> Self {
        Self::Stripe { retention: Duration::from_secs(24 * 3600) }
    }
}

/// What is remembered of a key.
#[derive(Clone, Debug)]
struct Kept {
    at: Mono,
    busy_until: Mono,
    fingerprint: u64,
    reply: Reply,
}

/// What a key says about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing: perform it.
    New,
    /// It was done: this was the answer.
    Done(Reply),
    /// An answer that is due to the key itself.
    Refused(Reply),
}

/// The keys in memory: one per effect at most, so the ledger's bound is theirs.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys(BTreeMap<String, Kept>);

impl Keys {
    pub(super) fn look(
        &mut self,
        style: KeyStyle,
        key: Option<&str>,
        fingerprint: u64,
        now: Mono,
    ) -> Known {
        let (retention, mismatch) = match style {
            KeyStyle::Stripe { retention } => (retention, 400),
            KeyStyle::Draft { retention } => (retention, 422),
            KeyStyle::Ignore => return Known::New,
        };
        let Some(key) = key else {
            return match style {
                KeyStyle::Draft { .. } => refused(400, "this operation needs an Idempotency-Key"),
                KeyStyle::Stripe { .. } | KeyStyle::Ignore => Known::New,
            };
        };
        if key.len() > 255 {
            return refused(400, "an idempotency key has at most 255 characters");
        }
        match self.0.get(key).filter(|kept| now.since(kept.at) < retention) {
            None => Known::New,
            Some(kept) if kept.fingerprint != fingerprint => {
                refused(mismatch, "this key was used with other parameters")
            }
            Some(kept) if kept.busy_until > now => {
                refused(409, "a request with this key is in progress")
            }
            Some(kept) => Known::Done(kept.reply.clone().with("Idempotent-Replayed", "true")),
        }
    }

    pub(super) fn keep(
        &mut self,
        key: &str,
        fingerprint: u64,
        reply: &Reply,
        (at, busy_until): (Mono, Mono),
    ) {
        let kept = Kept { at, busy_until, fingerprint, reply: reply.clone() };
        self.0.insert(key.to_owned(), kept);
    }
}

fn refused(status: u16, message: &str) -> Known {
    Known::Refused(Reply::error(status, "idempotency_error", message))
}
