//! Chance of the provider: a draw depends on the seed and the request's number alone.

use outwright_core::dice::{Dice, Draw, Salt};

/// What a draw is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    /// Whether a brownout strikes.
    Brownout,
    /// How long an answer takes.
    Latency,
}

/// The draw for this request and purpose. The salt keeps purposes apart; the seed is the provider's own,
/// so that draws of the engine under test are never repeated here.
pub(super) const fn draw(seed: u64, request: u64, purpose: Purpose) -> Draw {
    let dice = Dice::new(seed ^ 0x6465_6d6f);
    match purpose {
        Purpose::Brownout => dice.draw(request, Salt::Ramp(1)),
        Purpose::Latency => dice.draw(request, Salt::Backoff(1)),
    }
}
