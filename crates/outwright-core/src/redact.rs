//! What is shown in place of a secret: nothing of it, not even its length.

/// The mark that stands where a secret would stand.
pub const MARK: &str = "[redacted]";
