//! Act: the library that drives calls with real clock, transport and wallet.
//!
//! Programs call providers in process through [`Outwright`]: contracts in, and then calls as of any HTTP client.
//!
//! The gateway is made of the same parts: a process makes one [`Shared`] of its providers, every thread one [`Core`] of
//! it, and every call goes through [`Core::call`].

pub mod asked;
mod clock;
mod dns;
pub mod dress;
mod driver;
mod ear;
pub mod files;
mod library;
pub mod telemetry;
mod transport;
pub mod wallet;

pub use dress::Origin;
pub use driver::{
    Answer, BrokenOff, Caller, CallerFacts, Core, Handed, Held, Misuse, Outbound, Outcome, Outlet,
    Outlets, Own, PoolCounts, ReplyBody, Roster, Settings, SetupError, Shared, TrustError, Unnamed,
};
pub use ear::Ear;
pub use library::{
    Account, Body, Calls, Elsewhere, Error, Failed, OpenError, Outwright, Routed, RoutedError,
    Router, Setup, Terms, Why,
};
pub use outwright_contract::{Change, Colour, Finding, Report, Severity, Source};
pub use outwright_core::cache::Directive;
pub use outwright_core::outcome::{Class, Effect, Fault};
pub use outwright_core::provider::Priority;
pub use outwright_core::refusal::Reason;
pub use outwright_core::step::Skip;
pub use telemetry::LogTarget;
