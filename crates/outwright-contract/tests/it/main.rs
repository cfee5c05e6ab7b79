//! Contracts from text to findings and providers.

mod demo;
mod sample;
