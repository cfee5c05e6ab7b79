//! The gates as their users meet them: shared, waited for, left in a hurry.
#![cfg(test)]

mod call;
#[expect(dead_code, reason = "the simulator's tests use the rest")]
mod contracts;
mod fallback;
mod follow;
mod gates;
mod report;
mod shares;
mod succession;
mod threads;
mod windows;
