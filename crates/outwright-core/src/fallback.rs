//! What a read says when the provider cannot; a mutation never gets a made-up success.
//!
//! # Guards against
//!
//! An outage of a provider becoming an outage of everything that reads from it, and an old or invented answer that
//! nobody can tell from a real one.
//!
//! # Rule
//!
//! The contract decides per read what to say when no attempt succeeded: nothing, the last good answer up to an age,
//! or a fixed answer. Whatever is not the provider's answer of now is marked.
//!
//! # States
//!
//! None: a policy is read after the last attempt.
//!
//! # Units and bounds
//!
//! An age is a duration; a fixed answer has a status of 200–299.
//!
//! # Says
//!
//! [`Policy`], as the contract wrote it.
//!
//! # Sources
//!
//! RFC 9111 section 4.2.4 (serving stale); RFC 5861 section 4 (stale-if-error).

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
