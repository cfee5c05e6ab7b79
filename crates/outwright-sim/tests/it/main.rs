//! Stories and simulations of the real engine in virtual time.
#![cfg(test)]

mod breaker;
mod chaos;
#[path = "../../../outwright-core/tests/it/contracts.rs"]
mod contracts;
mod degraded;
mod outage;
mod quota;
mod shares;
mod stories;
mod worlds;
