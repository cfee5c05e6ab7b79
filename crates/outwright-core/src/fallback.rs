//! What a read says when the provider cannot; a mutation never gets a made-up success.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;

/// What the contract decided; there is no default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The honest failure.
    None,
    /// The last good answer, if it is no older, marked as stale.
    Stale {
        /// Oldest answer that may be shown.
        age_max: Duration,
    },
    /// A fixed answer, marked as such.
    Static {
        /// Its status, 200–299.
        status: u16,
        /// Its content type.
        content_type: HeaderValue,
        /// Its body.
        body: Bytes,
    },
}
