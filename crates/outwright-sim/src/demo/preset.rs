//! Hostile providers ready-made: for tests of deadlines and memory.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::fault::{AtConnect, Ending, Endless, Fault, Part, Strikes};
use super::injection::Injection;

/// A hostile way to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Takes every request and answers none.
    Tarpit,
    /// Answers one byte per 100 ms.
    SlowLoris,
    /// Ends every answer before its promised length.
    Truncating,
    /// Resets every connection, some at once, some after the head.
    Resetting,
    /// Sends bodies, heads and interim answers without end, as fast as they are read.
    Flooding,
    /// All of these in turn, a good answer in each round.
    Mixed,
}

impl Preset {
    /// Every preset, for tables of tests.
    pub const ALL: [Self; 6] = [
        Self::Tarpit,
        Self::SlowLoris,
        Self::Truncating,
        Self::Resetting,
        Self::Flooding,
        Self::Mixed,
    ];

    /// The faults of this preset, met in turn.
    #[must_use]
    pub fn faults(self) -> Vec<Fault> {
        let drip = Duration::from_millis(100);
        match self {
            Self::Tarpit => vec![Fault::Silent { strikes: Strikes::BeforeEffect }],
            Self::SlowLoris => vec![
                Fault::Drip { every: drip, part: Part::Whole },
                Fault::Drip { every: drip, part: Part::Body },
                Fault::EndlessHead { every: drip },
            ],
            Self::Truncating => vec![
                Fault::ShortBody { missing_bytes: 1 },
                Fault::ShortBody { missing_bytes: usize::MAX },
                Fault::EndAfterHead { ending: Ending::Close },
            ],
            Self::Resetting => vec![
                Fault::Unanswered { ending: Ending::Reset, strikes: Strikes::BeforeEffect },
                Fault::EndAfterHead { ending: Ending::Reset },
                Fault::AtConnect { how: AtConnect::Reset },
            ],
            Self::Flooding => vec![
                Fault::EndlessBody { framing: Endless::Chunked, every: Duration::ZERO },
                Fault::EndlessBody { framing: Endless::UntilClose, every: Duration::ZERO },
                Fault::EndlessHead { every: Duration::ZERO },
                Fault::EndlessInterim { every: Duration::ZERO },
                Fault::LongLine { bytes: 1 << 20 },
                Fault::HeaderFlood { fields: 10_000 },
                Fault::GzipBomb { decoded_bytes: 1 << 30 },
            ],
            Self::Mixed => {
                let one_each = [
                    Self::Tarpit,
                    Self::SlowLoris,
                    Self::Truncating,
                    Self::Resetting,
                    Self::Flooding,
                ];
                let mut faults: Vec<Fault> =
                    one_each.iter().flat_map(|preset| preset.faults()).collect();
                faults.push(Fault::Slow { by: Duration::ZERO });
                faults
            }
        }
    }

    /// Commands for this many rounds of its faults.
    #[must_use]
    pub fn rounds(self, rounds: u32) -> Vec<Injection> {
        let faults = self.faults();
        (0..rounds).flat_map(|_| faults.iter().cloned().map(Injection::once)).collect()
    }
}
