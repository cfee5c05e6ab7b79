//! The words of the rows of the eligibility matrix, as contracts name them.

use outwright_core::retry::matrix::Signal;

/// The signal of a word.
pub(crate) fn find(word: &str) -> Option<Signal> {
    Signal::ALL.into_iter().find(|signal| signal.word() == word)
}

/// Every word.
pub(crate) fn words() -> impl Iterator<Item = &'static str> {
    Signal::ALL.into_iter().map(Signal::word)
}
