//! Act: the library that drives calls with real clock, transport and wallet.

pub mod telemetry;
pub mod wallet;
