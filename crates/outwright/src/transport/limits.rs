//! The bounds of HTTP/2 to providers, with their units and reasons.

use std::time::Duration;

/// Bytes of a stream that the provider may send before they are taken (chosen: the largest that is kept for an error rule,
/// four times over).
pub(super) const STREAM_WINDOW: u32 = 256 * 1024;
/// The same for all streams of a connection together (chosen: four streams at full speed).
pub(super) const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// Bytes of a response head (R-560: 64 KiB).
pub(super) const HEAD_BYTES_MAX: u32 = 64 * 1024;
/// Bytes of a request body that wait for the peer, per stream (chosen: a read of the caller's own connection).
pub(super) const SEND_BYTES_MAX: usize = 64 * 1024;
/// How old a connection may be and still take new streams (R-085: 5 min).
pub(super) const AGE_MAX: Duration = Duration::from_secs(300);
/// A peer that was not heard for so long is asked before it is sent anything more (R-078: 30 s).
pub(super) const TRUSTED_FOR: Duration = Duration::from_secs(30);
/// So long a peer may take to say that it is there (R-078: 10 s).
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How long a peer with calls may say nothing but that it is there, before it is asked for the first, the second time and
/// so on; the last one stands for all that follow (R-078: 30 s at first).
/// Servers of gRPC close a connection on the third PING in a row that comes within 5 min of the one before it (its
/// keepalive guide: 300,000 ms, two strikes), so that to ask every 30 s would end the very call that waits.
pub(super) const SILENCES: [Duration; 4] =
    [TRUSTED_FOR, Duration::from_secs(60), Duration::from_secs(120), Duration::from_secs(300)];
