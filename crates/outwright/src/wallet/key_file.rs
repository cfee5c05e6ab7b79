//! The private key of a listener: read under the same rules as every other secret.

use std::fmt;
use std::path::{Path, PathBuf};

use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;

use super::file::{self, Read, Refused};

/// Why a key file is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyFault {
    /// The file is refused, or cannot be read.
    File(Refused),
    /// It holds no private key in PEM.
    NotAKey(PathBuf),
}

impl KeyFault {
    /// Whether the file is there and is not fit to be used, rather than out of reach.
    #[must_use]
    pub const fn is_unsafe(&self) -> bool {
        match self {
            Self::File(Refused::Missing(_) | Refused::Unreadable(..)) => false,
            Self::File(
                Refused::NotAFile(_)
                | Refused::OthersWrite(_)
                | Refused::OthersRead(_)
                | Refused::LeavesMount(_)
                | Refused::TooLarge(_)
                | Refused::Empty(_),
            )
            | Self::NotAKey(_) => true,
        }
    }
}

impl fmt::Display for KeyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // A key has no contract that could accept its mode.
            Self::File(Refused::OthersRead(path)) => {
                write!(f, "others can read {path}: chmod o-r it")
            }
            Self::File(refused) => refused.fmt(f),
            Self::NotAKey(path) => write!(f, "{} holds no private key in PEM", path.display()),
        }
    }
}

impl std::error::Error for KeyFault {}

/// The private key in a file. Blocks on the file.
///
/// # Errors
///
/// The file cannot be read, others can read or replace it, or it holds no key.
pub fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, KeyFault> {
    match file::read(path, false, None).map_err(KeyFault::File)? {
        Read::New(secret, _) => PrivateKeyDer::from_pem_slice(secret.expose())
            .map_err(|_| KeyFault::NotAKey(path.to_owned())),
        // Nothing was seen before.
        Read::Same => Err(KeyFault::NotAKey(path.to_owned())),
    }
}
