//! Rehearse: a seeded world around the same engine, and the demo provider's behaviour.

pub mod demo;
