//! Contracts from text to findings and providers.

mod demo;
mod description;
mod diffs;
mod docs;
#[cfg(test)]
mod fixes;
mod formats;
mod hostile;
mod layers;
mod matrix;
mod merge;
mod pages;
mod rules;
mod sample;
mod schemas;
mod starters;
mod undecided;
