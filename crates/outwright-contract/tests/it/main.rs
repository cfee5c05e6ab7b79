//! Contracts from text to findings and providers.

mod demo;
mod description;
mod docs;
mod hostile;
mod layers;
mod matrix;
mod merge;
mod pages;
mod rules;
mod sample;
mod starters;
mod undecided;
