//! Rehearse: a seeded world around the same engine, and the demo provider's behaviour.
//!
//! [`world::World`] drives the real `Call` and `Gates` in virtual time against a [`peer::Peer`] under a script.
//! Equal times are ordered by a number, chance comes from the seed, so that a seed names one run for ever.

pub mod demo;
pub mod peer;
pub mod world;
