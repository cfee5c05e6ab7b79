//! The words of the rows of the eligibility matrix, as contracts name them.

use outwright_core::retry::matrix::Signal;

const WORDS: &[(&str, Signal)] = &[
    ("dns_temporary", Signal::DnsTemporary),
    ("dns_not_found", Signal::DnsNotFound),
    ("connect_refused", Signal::ConnectRefused),
    ("connect_timeout", Signal::ConnectTimeout),
    ("tls_transport", Signal::TlsTransport),
    ("tls_refused", Signal::TlsRefused),
    ("stale_connection", Signal::StaleConnection),
    ("reset", Signal::Reset),
    ("goaway_above", Signal::GoawayAbove),
    ("goaway_below", Signal::GoawayBelow),
    ("refused_stream", Signal::RefusedStream),
    ("stream_reset", Signal::StreamReset),
    ("first_byte_timeout", Signal::FirstByteTimeout),
    ("malformed", Signal::Malformed),
    ("body_truncated", Signal::BodyTruncated),
    ("body_idle", Signal::BodyIdle),
    ("body_too_large", Signal::BodyTooLarge),
    ("408_unsent", Signal::S408Unsent),
    ("408", Signal::S408),
    ("409", Signal::S409),
    ("409_in_progress", Signal::S409InProgress),
    ("413_retry_after", Signal::S413RetryAfter),
    ("417", Signal::S417),
    ("421", Signal::S421),
    ("425", Signal::S425),
    ("429", Signal::S429),
    ("exhausted", Signal::Exhausted),
    ("403_throttled", Signal::S403Throttled),
    ("401", Signal::S401),
    ("4xx", Signal::S4xx),
    ("500", Signal::S500),
    ("501", Signal::S501),
    ("502", Signal::S502),
    ("503", Signal::S503),
    ("503_retry_after", Signal::S503RetryAfter),
    ("504", Signal::S504),
    ("507", Signal::S507),
    ("508", Signal::S508),
    ("511", Signal::S511),
    ("52x", Signal::S52x),
    ("521", Signal::S521),
    ("overloaded", Signal::Overloaded),
    ("3xx", Signal::S3xx),
    ("success_with_error", Signal::SuccessWithError),
];

/// The signal of a word.
pub(crate) fn find(word: &str) -> Option<Signal> {
    WORDS.iter().find(|(w, _)| *w == word).map(|(_, signal)| *signal)
}

/// Every word.
pub(crate) fn words() -> impl Iterator<Item = &'static str> {
    WORDS.iter().map(|(word, _)| *word)
}
