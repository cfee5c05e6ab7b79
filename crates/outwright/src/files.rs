//! Reads contracts, facts and `outwright.yaml` from disk: the only place that does.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use outwright_contract::{Source, mentions};

/// Largest file that is read: past it a contract is refused unread (the parser's own bound is lower).
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// A file as it was read.
struct Read {
    /// As the user would write it.
    path: PathBuf,
    /// Its bytes; whether they are text is the parser's question.
    bytes: Vec<u8>,
}

/// Why files could not be read.
#[derive(Debug)]
pub enum ReadError {
    /// There is no contract at these paths.
    Nothing(Vec<PathBuf>),
    /// A path cannot be read.
    Unreadable(PathBuf, io::Error),
    /// A file is larger than any contract.
    TooLarge(PathBuf),
    /// A folder is nested deeper than any folder of contracts, perhaps by a link to one above it.
    TooDeep(PathBuf),
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
            Self::TooLarge(path) => {
                write!(f, "{} has more than {FILE_BYTES_MAX} bytes", path.display())
            }
            Self::TooDeep(path) => {
                write!(f, "{} is nested deeper than {DEPTH_MAX} folders", path.display())
            }
        }
    }
}

impl std::error::Error for ReadError {}

/// The contracts at these paths, with the facts that they name and the `outwright.yaml` beside them.
///
/// # Errors
///
/// Nothing there, or something that cannot be read.
pub fn sources(paths: &[PathBuf]) -> Result<Vec<Source>, ReadError> {
    let mut sources: Vec<Source> = Vec::new();
    let mut add = |path: &Path, bytes: Vec<u8>| {
        let path = path.to_string_lossy().into_owned();
        let known = sources.iter().any(|source: &Source| source.path == path);
        if !known {
            sources.push(Source::new(path, bytes));
        }
    };
    for file in contracts(paths)? {
        let source = Source::new(file.path.to_string_lossy(), file.bytes.clone());
        for facts in mentions(&source) {
            if let Some(found) = beside(&file.path, &facts) {
                let read = read(&found)?;
                add(&read.path, read.bytes);
            }
        }
        if let Some(deployment) = beside(&file.path, "outwright.yaml") {
            let read = read(&deployment)?;
            add(&read.path, read.bytes);
        }
        add(&file.path, file.bytes);
    }
    Ok(sources)
}

/// A file that a contract names, where there is one.
fn beside(contract: &Path, named: &str) -> Option<PathBuf> {
    places(contract, named).into_iter().find(|place| place.is_file())
}

/// Where a file that a contract names is looked for: from the folder above the contract's, then from its own, then from here.
#[must_use]
pub fn places(contract: &Path, named: &str) -> Vec<PathBuf> {
    let folder = contract.parent().unwrap_or(Path::new(""));
    let above = folder.parent().map(|above| above.join(named));
    let places = [above, Some(folder.join(named)), Some(PathBuf::from(named))];
    places.into_iter().flatten().collect()
}

/// What files were when they were last judged, so that a change is judged once, and never in the middle of it.
#[derive(Debug)]
pub struct Watched {
    /// What was last taken over or turned down.
    judged: Vec<Source>,
    /// What has changed since, and has to be the same at the next look: half a file is no contract.
    seen: Option<Vec<Source>>,
    /// The files as they were when they were last read.
    glimpse: Option<Glimpse>,
}

impl Watched {
    /// Of contracts that stand.
    #[must_use]
    pub const fn new(judged: Vec<Source>) -> Self {
        Self { judged, seen: None, glimpse: None }
    }

    /// Somebody asks for a judgement of what the files are now.
    pub fn judge(&mut self, sources: &[Source]) {
        self.seen = None;
        self.judged = sources.to_vec();
    }

    /// A look at the files, in their turn: whether they are to be judged now.
    pub fn look(&mut self, sources: &[Source]) -> Look {
        if sources == self.judged {
            self.seen = None;
            return Look::Same;
        }
        if self.seen.as_deref() != Some(sources) {
            self.seen = Some(sources.to_vec());
            return Look::Changing;
        }
        self.judge(sources);
        Look::Changed
    }

    /// Between two states of a folder files may be gone for a moment.
    pub fn nothing_there(&mut self) {
        (self.seen, self.glimpse) = (None, None);
    }

    /// Whether nothing has changed since the last look at these contracts, as far as can be told without reading.
    ///
    /// Reading all of it twice a second would be work; what stands still need not be read.
    pub fn stand_still(&mut self, contracts: &Path) -> bool {
        let read = self.judged.iter().map(|source| PathBuf::from(&source.path));
        let others: Vec<_> = read.chain(deployments(contracts)).collect();
        let now = glimpse(contracts, &others);
        let same = self.seen.is_none() && self.glimpse.as_ref() == Some(&now);
        self.glimpse = Some(now);
        same
    }
}

/// What tells whether files may have changed, without reading them: which there are, and when each was written.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Glimpse(Vec<(PathBuf, Option<Written>)>);

/// The file behind a path, through all links, and its last change.
type Written = (u64, u64, u64, i64, i64);

/// Looks at the contract files at a path and at these other files; what cannot be looked at is not there.
fn glimpse(contracts: &Path, others: &[PathBuf]) -> Glimpse {
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

/// Where the `outwright.yaml` of the contracts at a path may stand.
fn deployments(contracts: &Path) -> impl Iterator<Item = PathBuf> {
    let folder = if contracts.is_dir() { Some(contracts) } else { contracts.parent() };
    let above = folder.and_then(Path::parent);
    let places = [above, folder, Some(Path::new(""))];
    places.into_iter().flatten().map(|folder| folder.join("outwright.yaml"))
}

/// What a look at the files saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// What was judged already.
    Same,
    /// Something new, which has to stay as it is until the next look.
    Changing,
    /// Something new that stayed: it is to be judged now.
    Changed,
}

/// The contract files at these paths: a file is itself, a folder is every `*.yaml` and `*.yml` below it, in order of name.
fn contracts(paths: &[PathBuf]) -> Result<Vec<Read>, ReadError> {
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

/// How deep folders of contracts may be nested: chosen, against loops of links.
const DEPTH_MAX: usize = 8;

fn collect(folder: &Path, found: &mut Vec<PathBuf>, depth: usize) -> Result<(), ReadError> {
    if depth > DEPTH_MAX {
        // What is not looked at must not look like what is fine.
        return Err(ReadError::TooDeep(folder.to_path_buf()));
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
fn read(path: &Path) -> Result<Read, ReadError> {
    let unreadable = |error| ReadError::Unreadable(path.to_path_buf(), error);
    let file = fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    // Read to the bound, not asked for its length: a device says that it has none.
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(ReadError::TooLarge(path.to_path_buf()));
    }
    Ok(Read { path: path.to_path_buf(), bytes })
}

#[cfg(test)]
mod tests {
    use super::{Look, Watched};
    use outwright_contract::Source;

    #[test]
    fn what_is_still_being_written_is_not_judged() {
        let text = |text: &str| vec![Source::new("contracts/a.yaml", text)];
        let mut watched = Watched::new(text("one"));
        assert_eq!(watched.look(&text("one")), Look::Same);
        assert_eq!(watched.look(&text("tw")), Look::Changing);
        assert_eq!(watched.look(&text("two")), Look::Changing);
        assert_eq!(watched.look(&text("two")), Look::Changed);
        assert_eq!(watched.look(&text("two")), Look::Same, "it is judged once");
        assert_eq!(watched.look(&text("thr")), Look::Changing);
        watched.nothing_there();
        assert_eq!(watched.look(&text("thr")), Look::Changing, "it was gone in between");
    }
}
