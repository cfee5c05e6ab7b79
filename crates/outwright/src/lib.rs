//! Act: the library that drives calls with real clock, transport and wallet.
//!
//! A process makes one [`Shared`] of its providers, every thread one [`Core`] of it, and every call goes through
//! [`Core::call`].

mod clock;
mod dns;
mod driver;
pub mod telemetry;
mod transport;
pub mod wallet;

pub use driver::{
    Answer, BrokenOff, Caller, CallerFacts, Core, Misuse, Outbound, Outcome, Outlet, Outlets, Own,
    PoolCounts, ReplyBody, Roster, Settings, SetupError, Shared, TrustError, Unnamed,
};
