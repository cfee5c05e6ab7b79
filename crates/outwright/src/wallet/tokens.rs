//! Tokens by which callers are known: read as credentials are, kept as digests only.
//!
//! A token that two callers have names neither of them, and a caller whose token cannot be read is not known: both
//! fail closed, and [`Tokens::faults`] says so.

use std::fmt;
use std::hint::black_box;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use outwright_core::provider::Source;
use sha2::{Digest as _, Sha256};
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

use super::file::{self, Refused, Stamp};
use super::{Fault, LOOK_EVERY, Secret};
use crate::driver::Caller;

/// Shortest token, in bytes: chosen, 128 bits as the shortest text that carries them (RFC 6750 section 5.2 wants them unguessable).
const BYTES_MIN: usize = 16;
/// Longest token, in bytes: chosen; what is longer is refused before it is digested.
const BYTES_MAX: usize = 1_024;

type Digest = [u8; 32];

/// The tokens of all callers of a deployment.
#[derive(Debug)]
pub struct Tokens {
    callers: Box<[Arc<Caller>]>,
    /// By caller; none where its token names nobody.
    known: RwLock<Box<[Option<Digest>]>>,
    /// By caller: the token by which it was known before, or until its token could not be read.
    former: RwLock<Box<[Option<Digest>]>>,
    kept: Mutex<Box<[Kept]>>,
    dev: bool,
}

/// Where a caller's token is read, and what came of it.
struct Kept {
    source: Source,
    stamp: Option<Stamp>,
    read: Result<Digest, TokenFault>,
}

/// Why nobody is known by a token. Names its source, never the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenFault {
    /// It cannot be read.
    Source(Fault),
    /// It is shorter than 16 bytes, or longer than 1,024.
    Length,
    /// Another caller has it too.
    Shared,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("source", &self.source).finish_non_exhaustive()
    }
}

impl fmt::Display for TokenFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(fault) => fault.fmt(f),
            Self::Length => {
                write!(f, "it has less than {BYTES_MIN} bytes or more than {BYTES_MAX}")
            }
            Self::Shared => f.write_str("another caller has the same one"),
        }
    }
}

impl Tokens {
    /// Reads the token of every caller. Blocks on files.
    #[must_use]
    pub fn open(callers: Vec<(Arc<Caller>, Source)>, dev: bool) -> Self {
        let (callers, sources): (Vec<_>, Vec<_>) = callers.into_iter().unzip();
        let unread = || Err(TokenFault::Length);
        let kept = sources.into_iter().map(|source| Kept { source, stamp: None, read: unread() });
        let tokens = Self {
            known: RwLock::new(vec![None; callers.len()].into()),
            former: RwLock::new(vec![None; callers.len()].into()),
            callers: callers.into(),
            kept: Mutex::new(kept.collect()),
            dev,
        };
        tokens.reread();
        tokens
    }

    /// The caller that is known by this token.
    ///
    /// It takes the same time whoever it is, and whether there is one.
    #[must_use]
    pub fn find(&self, offered: &[u8]) -> Option<&Arc<Caller>> {
        if offered.len() < BYTES_MIN || offered.len() > BYTES_MAX {
            return None;
        }
        let offered: Digest = Sha256::digest(offered).into();
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = None;
        for (caller, digest) in self.callers.iter().zip(known.iter()) {
            let digest = digest.as_ref();
            if digest.is_some_and(|digest| black_box(differences(digest, &offered)) == 0) {
                found = Some(caller);
            }
        }
        found
    }

    /// Whether a caller was known by this token, and is no more: whoever shows it is not nobody.
    #[must_use]
    pub fn was_known(&self, offered: &[u8]) -> bool {
        if offered.len() < BYTES_MIN || offered.len() > BYTES_MAX {
            return false;
        }
        let offered: Digest = Sha256::digest(offered).into();
        let former = self.former.read().unwrap_or_else(PoisonError::into_inner);
        former.iter().flatten().any(|digest| black_box(differences(digest, &offered)) == 0)
    }

    /// The callers whose tokens name nobody, and why.
    #[must_use]
    pub fn faults(&self) -> Vec<(&str, TokenFault)> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut faults = Vec::new();
        for (at, (caller, kept)) in self.callers.iter().zip(kept.iter()).enumerate() {
            let fault = match &kept.read {
                Err(fault) => Some(fault.clone()),
                Ok(_) if self.is_unknown(at) => Some(TokenFault::Shared),
                Ok(_) => None,
            };
            faults.extend(fault.map(|fault| (caller.name(), fault)));
        }
        faults
    }

    /// Looks at every file and reads what changed. Blocks on files.
    pub fn reread(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter_mut().for_each(|kept| kept.look(self.dev));
        let digests: Vec<_> = kept.iter().map(|kept| kept.read.as_ref().ok().copied()).collect();
        let only = |digest: &Digest| digests.iter().flatten().filter(|d| *d == digest).count() == 1;
        let known: Box<[_]> = digests.iter().map(|digest| digest.filter(&only)).collect();
        let mut standing = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let mut former = self.former.write().unwrap_or_else(PoisonError::into_inner);
        for ((former, old), new) in former.iter_mut().zip(standing.iter()).zip(&known) {
            if old.is_some() && old != new {
                *former = *old;
            }
        }
        *standing = known;
    }

    fn is_unknown(&self, at: usize) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(at).is_none_or(Option::is_none)
    }
}

/// Looks at the files once a second, for ever, on a thread for blocking work.
pub async fn watch_tokens(tokens: Arc<Tokens>) {
    let mut every = interval(LOOK_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let looked = Arc::clone(&tokens);
        // It fails only when the runtime is ending, or when a look panicked: the next one is made all the same.
        let _looked = spawn_blocking(move || looked.reread()).await;
    }
}

impl Kept {
    fn look(&mut self, dev: bool) {
        let read = match &self.source {
            Source::File { path, mode_ok } => {
                match file::read(path, *mode_ok, self.stamp.as_ref()) {
                    Ok(file::Read::Same) => return,
                    Ok(file::Read::New(secret, stamp)) => {
                        self.stamp = Some(stamp);
                        Ok(secret)
                    }
                    // Too many open files, or a disk that is away, say nothing of the token.
                    Err(Refused::Unreadable(..)) if self.read.is_ok() => return,
                    Err(refused) => Err(self.refused(refused)),
                }
            }
            Source::Env(name) if !dev => Err(Fault::NotForDevelopment(name.clone())),
            Source::Env(name) => std::env::var_os(&**name)
                .and_then(|value| Secret::new(value.into_encoded_bytes()))
                .ok_or_else(|| Fault::NoVariable(name.clone())),
        };
        self.read = read.map_err(TokenFault::Source).and_then(|secret| digest(&secret));
    }

    fn refused(&mut self, refused: Refused) -> Fault {
        self.stamp = None;
        Fault::File(refused)
    }
}

fn digest(secret: &Secret) -> Result<Digest, TokenFault> {
    let bytes = secret.expose();
    if (BYTES_MIN..=BYTES_MAX).contains(&bytes.len()) {
        Ok(Sha256::digest(bytes).into())
    } else {
        Err(TokenFault::Length)
    }
}

/// Zero where both are the same; looks at every byte of both.
fn differences(ours: &Digest, theirs: &Digest) -> u8 {
    ours.iter().zip(theirs).fold(0, |sum, (ours, theirs)| sum | (ours ^ theirs))
}

#[cfg(test)]
mod tests;
