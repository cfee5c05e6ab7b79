//! Chance, as told to the engine: a draw depends on seed, call and purpose, never on the order of other calls.
//!
//! That gives the same draws to two policies under comparison, and a replay of one call alone.

use std::time::Duration;

/// What a draw is for; two purposes of one call never share a draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Salt {
    /// The delay before retry number n (from 1).
    Backoff(u8),
    /// The upward jitter on a provider's hint after attempt n.
    Hint(u8),
    /// How long a breaker that opens now stays open.
    OpenTime(u8),
    /// Whether the ramp after closing lets this call pass.
    Ramp(u8),
    /// The nth part of the ids under which a provider may trace this call.
    Trace(u8),
}

impl Salt {
    const fn number(self) -> u64 {
        match self {
            Self::Backoff(n) => 0x100 + n as u64,
            Self::Hint(n) => 0x200 + n as u64,
            Self::OpenTime(n) => 0x300 + n as u64,
            Self::Ramp(n) => 0x400 + n as u64,
            Self::Trace(n) => 0x500 + n as u64,
        }
    }
}

/// A seed and nothing else: `Copy`, no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dice(u64);

impl Dice {
    /// Dice of a seed: the operating system's in production, a printed one in simulation.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The draw of this call for this purpose: always the same one.
    #[must_use]
    pub const fn draw(self, call: u64, salt: Salt) -> Draw {
        let mixed =
            mix(self.0 ^ mix(call) ^ mix(salt.number().wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        Draw(mixed)
    }
}

/// One random number, 64 bits, uniform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw(u64);

impl Draw {
    /// A draw of a known value, for tables of cases.
    #[must_use]
    pub const fn of(bits: u64) -> Self {
        Self(bits)
    }

    /// All of it.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// In `[0, 1)`, 53 bits fine.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
    pub fn unit(self) -> f64 {
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in `[0, most]`, to the nanosecond.
    #[must_use]
    pub fn upto(self, most: Duration) -> Duration {
        let most = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX - 1).min(u64::MAX - 1);
        let scaled = (u128::from(self.0) * (u128::from(most) + 1)) >> 64;
        Duration::from_nanos(u64::try_from(scaled).unwrap_or(most))
    }
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): a bijection that scatters neighbouring inputs.
const fn mix(value: u64) -> u64 {
    let z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_depends_on_call_and_purpose_alone() {
        let dice = Dice::new(7);
        assert_eq!(dice.draw(1, Salt::Backoff(1)), dice.draw(1, Salt::Backoff(1)));
        assert_ne!(dice.draw(1, Salt::Backoff(1)), dice.draw(2, Salt::Backoff(1)));
        assert_ne!(dice.draw(1, Salt::Backoff(1)), dice.draw(1, Salt::Hint(1)));
    }

    #[test]
    fn a_scaled_draw_reaches_both_ends_and_stays_inside() {
        let most = Duration::from_millis(10);
        assert_eq!(Draw::of(0).upto(most), Duration::ZERO);
        assert_eq!(Draw::of(u64::MAX).upto(most), most);
        let mean: u128 = (0..10_000)
            .map(|call| Dice::new(1).draw(call, Salt::Backoff(1)).upto(most).as_nanos())
            .sum::<u128>()
            / 10_000;
        assert!((4_900_000..5_100_000).contains(&mean), "{mean}");
    }
}
