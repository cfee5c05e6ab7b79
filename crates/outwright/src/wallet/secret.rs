//! A secret in memory: wiped when it is dropped, shown to nobody.

use std::fmt;

use outwright_core::redact::MARK;
use zeroize::Zeroizing;

/// The bytes of a secret. Prints as a mark, compares without stopping early, is wiped on drop.
pub struct Secret(Zeroizing<Box<[u8]>>);

impl Secret {
    /// The bytes without the white space at their end that editors and `echo` leave; none when nothing is left.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        let bytes = Zeroizing::new(bytes);
        let text = bytes.trim_ascii_end();
        (!text.is_empty()).then(|| Self(Zeroizing::new(text.into())))
    }

    /// The bytes themselves. For the wallet, which puts them on a request, and for nobody else.
    pub(super) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        let differing =
            self.0.iter().zip(other.0.iter()).fold(0, |sum, (ours, theirs)| sum | (ours ^ theirs));
        self.0.len() == other.0.len() && differing == 0
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MARK)
    }
}
