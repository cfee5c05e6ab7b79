//! Reads contracts, facts and `outwright.yaml` from disk: the only place that does.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Largest file that is read: past it a contract is refused unread (the parser's own bound is lower).
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// A file as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    /// As the user would write it.
    pub(crate) path: PathBuf,
    /// Its bytes; whether they are text is the parser's question.
    pub(crate) bytes: Vec<u8>,
}

/// Why files could not be read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// There is no contract at these paths.
    Nothing(Vec<PathBuf>),
    /// A path cannot be read.
    Unreadable(PathBuf, io::Error),
    /// A file is larger than any contract.
    TooLarge(PathBuf, u64),
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing(paths) => {
                let shown: Vec<String> =
                    paths.iter().map(|path| path.display().to_string()).collect();
                write!(f, "no contract (*.yaml) in {}", shown.join(", "))
            }
            Self::Unreadable(path, error) => write!(f, "cannot read {}: {error}", path.display()),
            Self::TooLarge(path, bytes) => write!(
                f,
                "{} has {bytes} bytes; a contract has at most {FILE_BYTES_MAX}",
                path.display()
            ),
        }
    }
}

/// The contract files at these paths: a file is itself, a folder is every `*.yaml` and `*.yml` below it, in order of name.
///
/// # Errors
///
/// A path that cannot be read, a file that is too large, no file at all.
pub(crate) fn contracts(paths: &[PathBuf]) -> Result<Vec<Read>, ReadError> {
    let mut found = Vec::new();
    for path in paths {
        let meta =
            fs::metadata(path).map_err(|error| ReadError::Unreadable(path.clone(), error))?;
        if meta.is_dir() {
            collect(path, &mut found, 0)?;
        } else {
            found.push(path.clone());
        }
    }
    found.sort();
    found.dedup();
    if found.is_empty() {
        return Err(ReadError::Nothing(paths.to_vec()));
    }
    found.iter().map(|path| read(path)).collect()
}

/// What tells whether files may have changed, without reading them: which there are, and when each was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Glimpse(Vec<(PathBuf, Option<Written>)>);

/// The file behind a path, through all links, and its last change.
type Written = (u64, u64, u64, i64, i64);

/// Looks at the contract files at a path and at these other files; what cannot be looked at is not there.
pub(crate) fn glimpse(contracts: &Path, others: &[PathBuf]) -> Glimpse {
    use std::os::unix::fs::MetadataExt as _;
    let mut found = Vec::new();
    if contracts.is_dir() {
        // A folder that cannot be listed is seen as an empty one.
        let _listed = collect(contracts, &mut found, 0);
    } else {
        found.push(contracts.to_path_buf());
    }
    found.extend(others.iter().cloned());
    found.sort();
    found.dedup();
    let written = |path: &PathBuf| {
        let meta = fs::metadata(path).ok()?;
        Some((meta.dev(), meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec()))
    };
    Glimpse(found.into_iter().map(|path| (path.clone(), written(&path))).collect())
}

/// How deep folders of contracts may be nested: chosen, against loops of links.
const DEPTH_MAX: usize = 8;

fn collect(folder: &Path, found: &mut Vec<PathBuf>, depth: usize) -> Result<(), ReadError> {
    if depth > DEPTH_MAX {
        return Ok(());
    }
    let unreadable = |error| ReadError::Unreadable(folder.to_path_buf(), error);
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            collect(&path, found, depth + 1)?;
        } else if path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
            found.push(path);
        }
    }
    Ok(())
}

/// One file, bounded.
///
/// # Errors
///
/// It cannot be read, or is too large.
pub(crate) fn read(path: &Path) -> Result<Read, ReadError> {
    let unreadable = |error| ReadError::Unreadable(path.to_path_buf(), error);
    let bytes = fs::metadata(path).map_err(unreadable)?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(ReadError::TooLarge(path.to_path_buf(), bytes));
    }
    Ok(Read { path: path.to_path_buf(), bytes: fs::read(path).map_err(unreadable)? })
}
