//! Contracts from text to findings and providers.

mod demo;
mod hostile;
mod rules;
mod sample;
