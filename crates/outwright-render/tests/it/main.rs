//! Dossiers of whole contracts.
#![cfg(test)]

mod dossiers;
