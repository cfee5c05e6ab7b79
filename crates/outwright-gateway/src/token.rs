//! What a deployment makes for itself at its first start and keeps in files that only its owner can read: the admin
//! token, and what the keys of callers are made with.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// The file of the admin token in the state folder.
pub const TOKEN_FILE: &str = "admin-token";
/// The file in the state folder with what the idempotency keys of callers are made with.
pub(crate) const SALT_FILE: &str = "key-salt";
/// Random bytes of a token: as many as an attacker can never try.
const RANDOM_BYTES: usize = 32;

/// Random text of a deployment, such as the token of the admin port; prints as nothing that helps.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(Box<[u8]>);

impl Token {
    /// The text in a file of a state folder, made if there is none; without a folder, one that is never written.
    ///
    /// # Errors
    ///
    /// The folder or the file cannot be made or read, others could read the file, or it holds no token.
    pub(crate) fn of(
        state: Option<&Path>,
        name: &str,
    ) -> Result<(Self, Option<PathBuf>), (PathBuf, io::Error)> {
        let Some(folder) = state else {
            let token = Self::random().map_err(|cause| (PathBuf::from("(in memory)"), cause))?;
            return Ok((token, None));
        };
        let path = folder.join(name);
        match Self::read_or_make(folder, &path) {
            Ok(token) => Ok((token, Some(path))),
            Err(cause) => Err((path, cause)),
        }
    }

    /// Whether `offered` is it; takes the same time wherever they differ.
    pub(crate) fn matches(&self, offered: &[u8]) -> bool {
        let differences =
            self.0.iter().zip(offered).fold(0, |sum, (ours, theirs)| sum | (ours ^ theirs));
        self.0.len() == offered.len() && std::hint::black_box(differences) == 0
    }

    fn read_or_make(folder: &Path, path: &Path) -> io::Result<Self> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(folder)?;
        let mut options = OpenOptions::new();
        match options.write(true).create_new(true).mode(0o600).open(path) {
            Ok(mut file) => {
                let token = Self::random()?;
                file.write_all(&token.0)?;
                file.sync_all()?;
                // Its name too: after a power cut another salt would make other keys for the same repeats.
                File::open(folder)?.sync_all()?;
                Ok(token)
            }
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => Self::read(path),
            Err(cause) => Err(cause),
        }
    }

    fn read(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            let cause = "others can read it; run `chmod 600` on it, or delete it to have a new one";
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, cause));
        }
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let text = text.trim();
        if text.len() < RANDOM_BYTES {
            let cause = "it is too short to be one of ours; delete it to have a new one";
            return Err(io::Error::new(io::ErrorKind::InvalidData, cause));
        }
        Ok(Self(text.as_bytes().into()))
    }

    fn random() -> io::Result<Self> {
        let mut bytes = [0; RANDOM_BYTES];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self(text.into_bytes().into()))
    }

    /// The token itself, for the one who starts the process.
    pub(crate) fn reveal(&self) -> &str {
        std::str::from_utf8(&self.0).expect("it was made or read as text")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(outwright_core::redact::MARK)
    }
}

#[cfg(test)]
mod tests {
    use super::{TOKEN_FILE, Token};
    use std::io;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn the_second_start_finds_the_token_of_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let (first, path) = Token::of(Some(&state), TOKEN_FILE).unwrap();
        let (second, _) = Token::of(Some(&state), TOKEN_FILE).unwrap();
        assert_eq!(first.reveal(), second.reveal());
        assert_eq!(first.reveal().len(), 64);
        let mode = std::fs::metadata(path.unwrap()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(format!("{first:?}"), "[redacted]");
    }

    #[test]
    fn a_token_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (_, path) = Token::of(Some(folder.path()), TOKEN_FILE).unwrap();
        let open = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(path.unwrap(), open).unwrap();
        let (_, cause) = Token::of(Some(folder.path()), TOKEN_FILE).unwrap_err();
        assert_eq!(cause.kind(), io::ErrorKind::PermissionDenied);
    }

    #[test]
    fn only_the_whole_token_matches() {
        let (token, _) = Token::of(None, TOKEN_FILE).unwrap();
        let text = token.reveal().to_owned();
        assert!(token.matches(text.as_bytes()));
        assert!(!token.matches(&text.as_bytes()[..63]));
        assert!(!token.matches(b""));
        assert!(!token.matches(format!("{text}0").as_bytes()));
    }
}
