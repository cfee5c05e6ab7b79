//! Secrets in files: read only where nobody else can have written them.
//!
//! Refused are files that others can write, that stand in a folder that others can write, or that a link puts on
//! another mount.
//! A file that others can read is refused on an ordinary disk; on a memory file system or a read-only mount it is
//! how orchestrators hand secrets over, and is accepted.
//! The swap of a `..data` link, by which they replace them, is followed.

use std::fmt;
use std::fs::{self, File, Metadata};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::StatVfsMountFlags;

use super::secret::Secret;

/// Largest secret, in bytes: chosen; keys and tokens are far smaller.
const BYTES_MAX: u64 = 64 * 1024;

/// Write permission of group and others; read permission of others.
const OTHERS_WRITE: u32 = 0o022;
const OTHERS_READ: u32 = 0o004;
const ANYBODY_WRITES: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// File systems that live in memory (linux/magic.h: TMPFS_MAGIC, RAMFS_MAGIC).
const IN_MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];

/// Why a file is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is no such file.
    Missing(Box<str>),
    /// It cannot be opened or read.
    Unreadable(Box<str>, ErrorKind),
    /// It is not a file.
    NotAFile(Box<str>),
    /// Group or others can write it, or replace it.
    OthersWrite(Box<str>),
    /// Others can read it, on an ordinary disk.
    OthersRead(Box<str>),
    /// A link leads to another mount.
    LeavesMount(Box<str>),
    /// It is larger than any secret.
    TooLarge(Box<str>),
    /// Nothing but white space is in it.
    Empty(Box<str>),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(f, "{path} does not exist"),
            Self::Unreadable(path, kind) => write!(f, "{path} cannot be read: {kind}"),
            Self::NotAFile(path) => write!(f, "{path} is not a file"),
            Self::OthersWrite(path) => write!(f, "others can write {path}: chmod go-w it"),
            Self::OthersRead(path) => {
                write!(f, "others can read {path}: chmod o-r it, or say mode_ok and a because")
            }
            Self::LeavesMount(path) => write!(f, "{path} is a link that leaves its mount"),
            Self::TooLarge(path) => write!(f, "{path} has more than {BYTES_MAX} bytes"),
            Self::Empty(path) => write!(f, "{path} is empty"),
        }
    }
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    mode: u32,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// What a look at a file gave.
#[derive(Debug)]
pub(super) enum Read {
    /// It is as it was.
    Same,
    /// It is another one now.
    New(Secret, Stamp),
}

/// Reads a file unless it is as it was. What is checked is what is read: one open file.
pub(super) fn read(path: &Path, mode_ok: bool, seen: Option<&Stamp>) -> Result<Read, Refused> {
    let shown = || path.display().to_string().into_boxed_str();
    let unreadable = |error: &std::io::Error| {
        let kind = error.kind();
        let missing = kind == ErrorKind::NotFound;
        if missing { Refused::Missing(shown()) } else { Refused::Unreadable(shown(), kind) }
    };
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    let meta = file.metadata().map_err(|error| unreadable(&error))?;
    let stamp = stamp(&meta);
    if seen == Some(&stamp) {
        return Ok(Read::Same);
    }
    if !meta.is_file() {
        return Err(Refused::NotAFile(shown()));
    }
    let folder = fs::metadata(folder(path)).map_err(|error| unreadable(&error))?;
    if folder.dev() != meta.dev() {
        return Err(Refused::LeavesMount(shown()));
    }
    let replaceable = folder.mode() & ANYBODY_WRITES != 0 && folder.mode() & STICKY == 0;
    if meta.mode() & OTHERS_WRITE != 0 || replaceable {
        return Err(Refused::OthersWrite(shown()));
    }
    if meta.mode() & OTHERS_READ != 0 && !mode_ok && !handed_over(&file) {
        return Err(Refused::OthersRead(shown()));
    }
    let mut bytes = Vec::new();
    (&file).take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(Refused::TooLarge(shown()));
    }
    Secret::new(bytes).map(|secret| Read::New(secret, stamp)).ok_or_else(|| Refused::Empty(shown()))
}

/// The folder in which a path stands, before its last link is followed.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether the file is on a mount by which secrets are handed over: in memory, or read-only.
fn handed_over(file: &File) -> bool {
    let in_memory = rustix::fs::fstatfs(file)
        .is_ok_and(|stat| IN_MEMORY.contains(&u64::try_from(stat.f_type).unwrap_or(0)));
    let read_only = rustix::fs::fstatvfs(file)
        .is_ok_and(|stat| stat.f_flag.contains(StatVfsMountFlags::RDONLY));
    in_memory || read_only
}

fn stamp(meta: &Metadata) -> Stamp {
    Stamp {
        device: meta.dev(),
        inode: meta.ino(),
        bytes: meta.size(),
        mode: meta.mode(),
        modified: (meta.mtime(), meta.mtime_nsec()),
        changed: (meta.ctime(), meta.ctime_nsec()),
    }
}
