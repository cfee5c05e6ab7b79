//! Contracts from text to findings and providers.

mod demo;
mod docs;
mod hostile;
mod layers;
mod matrix;
mod pages;
mod rules;
mod sample;
mod starters;
mod undecided;
