//! The gates as their users meet them: shared, waited for, left in a hurry.
#![cfg(test)]

mod contracts;
mod gates;
mod threads;
