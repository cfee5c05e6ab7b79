//! Who calls, where a deployment tells callers apart.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// A caller of the deployment: its name, and what its idempotency keys are made with.
pub struct Caller {
    name: Box<str>,
    salt: Zeroizing<[u8; 32]>,
}

impl Caller {
    /// The caller of this name.
    ///
    /// `secret` is the deployment's own: whoever does not know it cannot make the key of another caller, and with
    /// another one every key is another one.
    ///
    /// # Panics
    ///
    /// Never: HMAC takes keys of every length.
    #[must_use]
    pub fn new(name: &str, secret: &[u8]) -> Self {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of every length");
        mac.update(b"outwright caller 1");
        mac.update(name.as_bytes());
        Self { name: name.into(), salt: Zeroizing::new(mac.finalize().into_bytes().into()) }
    }

    /// Its name in `outwright.yaml`.
    #[must_use]
    pub const fn name(&self) -> &str {
        &self.name
    }

    /// What only keys of this caller are made with.
    pub(super) fn salt(&self) -> &[u8] {
        &*self.salt
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Caller").field(&self.name).finish()
    }
}
