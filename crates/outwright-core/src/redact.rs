//! What is shown in place of a secret: nothing of it, not even its length.

use std::fmt;

/// The mark that stands where a secret would stand.
pub const MARK: &str = "[redacted]";

/// Prints as [`MARK`], whatever it holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Redacted<T>(T);

impl<T> Redacted<T> {
    /// Wraps a value that no output may show.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, for the one place that may use it.
    pub const fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MARK)
    }
}

impl<T> fmt::Display for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MARK)
    }
}
