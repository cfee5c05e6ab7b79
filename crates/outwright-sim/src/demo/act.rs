//! What the provider does on a connection: the whole truth of an answer, as steps that a socket carries out.

use std::time::Duration;

use bytes::Bytes;

/// One step on the wire. Sockets execute it and decide nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Write these bytes and flush them.
    Write(Bytes),
    /// Write these bytes one by one, with this pause after each.
    Drip {
        /// What is written.
        bytes: Bytes,
        /// The pause after each byte.
        every: Duration,
    },
    /// Write the same bytes again and again, with this pause after each time.
    Repeat {
        /// What is written each time.
        bytes: Bytes,
        /// The pause after each time; zero writes as fast as the peer reads.
        every: Duration,
        /// How often; [`ENDLESS`] ends only when the peer leaves.
        times: u64,
    },
    /// Do nothing for this long; the peer may leave meanwhile.
    Pause(Duration),
    /// Read and throw away what is left of the request body, so that the connection can go on.
    Drain,
    /// Say nothing more and read on until the peer leaves.
    Silence,
    /// Say nothing more and read nothing more: to the peer the line is dead.
    Freeze,
    /// End the connection in order: TLS `close_notify`, then FIN.
    Close,
    /// End it with FIN and, under TLS, without `close_notify` (RFC 8446 section 6.1 calls that truncation).
    Cut,
    /// End it with RST.
    Reset,
}

/// A number of times that ends only when the peer leaves.
pub const ENDLESS: u64 = u64::MAX;

impl Act {
    /// Whether nothing can follow this step on its connection.
    #[must_use]
    pub const fn ends(&self) -> bool {
        match self {
            Self::Write(_) | Self::Drip { .. } | Self::Pause(_) | Self::Drain => false,
            Self::Repeat { times, .. } => *times == ENDLESS,
            Self::Silence | Self::Freeze | Self::Close | Self::Cut | Self::Reset => true,
        }
    }
}

/// Every byte that a script writes, with each repetition once: for assertions on what it says.
#[must_use]
pub fn written(acts: &[Act]) -> Vec<u8> {
    let mut all = Vec::new();
    for act in acts {
        match act {
            Act::Write(bytes) | Act::Drip { bytes, .. } | Act::Repeat { bytes, .. } => {
                all.extend_from_slice(bytes);
            }
            Act::Pause(_)
            | Act::Drain
            | Act::Silence
            | Act::Freeze
            | Act::Close
            | Act::Cut
            | Act::Reset => {}
        }
    }
    all
}
