//! Repaired contracts back into their files: whole or not at all, and never over somebody else's change.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use outwright_contract::{Repaired, Source};
use similar::TextDiff;

use crate::exit::Exit;

/// Prints what would change, as a unified diff.
pub(crate) fn preview(before: &[Source], repaired: &Repaired) {
    for (old, new) in changed(before, repaired) {
        let (from, to) = (String::from_utf8_lossy(&old.bytes), String::from_utf8_lossy(&new.bytes));
        let diff = TextDiff::from_lines(from.as_ref(), to.as_ref());
        print!("{}", diff.unified_diff().header(&old.path, &new.path));
    }
    eprintln!("{} would be repaired", count(repaired));
}

/// Writes every file that changed, and says what was repaired.
///
/// # Errors
///
/// A file that is not any more what was checked, or that cannot be written; what was written before it stays.
pub(crate) fn write(before: &[Source], repaired: &Repaired) -> Result<(), Exit> {
    let files: Vec<_> = changed(before, repaired).collect();
    for (old, _) in &files {
        unchanged(old)?;
    }
    for (old, new) in files {
        unchanged(old)?;
        replace(Path::new(&new.path), &new.bytes).map_err(|error| {
            eprintln!("error: cannot write {}: {error}", new.path);
            Exit::Environment
        })?;
    }
    for done in &repaired.done {
        eprintln!("repaired {}: {} ({})", done.spot, done.title, done.code);
    }
    if !repaired.done.is_empty() {
        eprintln!("{} repaired", count(repaired));
    }
    Ok(())
}

fn count(repaired: &Repaired) -> String {
    match repaired.done.len() {
        1 => "1 finding".to_owned(),
        n => format!("{n} findings"),
    }
}

fn changed<'a>(
    before: &'a [Source],
    repaired: &'a Repaired,
) -> impl Iterator<Item = (&'a Source, &'a Source)> {
    before.iter().zip(&repaired.sources).filter(|(old, new)| old.bytes != new.bytes)
}

/// Whether a file still holds what was checked.
fn unchanged(source: &Source) -> Result<(), Exit> {
    if fs::read(&source.path).is_ok_and(|now| now == source.bytes) {
        return Ok(());
    }
    eprintln!("error: {} changed while it was checked; nothing is written over it", source.path);
    eprintln!("help: run the command again");
    Err(Exit::Refused)
}

/// Through a file beside it that takes its place: a reader sees the old text or the new one.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link stays a link: what it points at is replaced.
    let target = fs::canonicalize(path)?;
    let beside = beside(&target)?;
    let written =
        fs::File::options().write(true).create_new(true).open(&beside).and_then(|mut file| {
            file.write_all(bytes)?;
            file.set_permissions(fs::metadata(&target)?.permissions())?;
            file.sync_all()
        });
    let moved = written.and_then(|()| fs::rename(&beside, &target));
    if moved.is_err() {
        // It may never have been made; the first error is the one to tell.
        let _left = fs::remove_file(&beside);
    }
    moved
}

fn beside(target: &Path) -> io::Result<PathBuf> {
    let name = target.file_name().ok_or(io::ErrorKind::InvalidFilename)?.to_string_lossy();
    // Not `.yaml`: a gateway that watches the folder must not take it for a contract.
    Ok(target.with_file_name(format!(".{name}.{}.repaired", std::process::id())))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_file_is_replaced_behind_its_link_with_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("a.yaml"), folder.path().join("link.yaml"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&file, &link).unwrap();
        replace(&link, b"new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside it");
    }

    #[test]
    fn a_file_that_changed_meanwhile_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        fs::write(&path, "somebody else's").unwrap();
        let old = Source::new(path.to_string_lossy(), "as it was checked");
        let new = Source::new(path.to_string_lossy(), "repaired");
        let repaired =
            Repaired { sources: vec![new], done: Vec::new(), report: Default::default() };
        assert_eq!(write(&[old], &repaired), Err(Exit::Refused));
        assert_eq!(fs::read_to_string(&path).unwrap(), "somebody else's");
    }
}
