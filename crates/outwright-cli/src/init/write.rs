//! Files of a contract on disk: where they stand, and how they are written.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use outwright_contract::draft::File;

use crate::exit::Exit;

/// Where a contract is to be written.
pub(super) struct Target {
    /// The folder of contracts.
    pub(super) folder: PathBuf,
    /// The one file, where `--out` names a file.
    pub(super) file: Option<PathBuf>,
}

impl Target {
    /// `--out`: a file when it ends like one, else a folder.
    pub(super) fn of(out: &Path) -> Self {
        let ends = out.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
        if ends && !out.is_dir() {
            let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new(".")).to_path_buf();
            return Self { folder, file: Some(out.to_path_buf()) };
        }
        Self { folder: out.to_path_buf(), file: None }
    }

    /// The contract of a provider: its file, or its folder where it has one.
    pub(super) fn contract(&self, provider: &str) -> PathBuf {
        if let Some(file) = &self.file {
            return file.clone();
        }
        let folder = self.folder.join(provider);
        if folder.is_dir() { folder } else { self.folder.join(format!("{provider}.yaml")) }
    }

    /// The record of the last draft: beside the contract, and no YAML file, so that nobody takes it for a contract.
    pub(super) fn record(&self, provider: &str) -> PathBuf {
        self.folder.join(".outwright").join(format!("{provider}.import"))
    }

    /// Where the files of a draft go.
    ///
    /// # Errors
    ///
    /// One file was asked for, and one is not enough.
    pub(super) fn places(&self, files: Vec<File>) -> Result<Vec<(PathBuf, String)>, String> {
        match (&self.file, files.as_slice()) {
            (Some(file), [one]) => Ok(vec![(file.clone(), one.text.clone())]),
            (Some(_), _) => Err("it needs more than one file: name a folder with --out, or choose operations with --only".to_owned()),
            (None, _) => {
                Ok(files.into_iter().map(|file| (self.folder.join(file.name), file.text)).collect())
            }
        }
    }
}

/// Writes files, each as a whole or not at all.
///
/// # Errors
///
/// One could not be written; it has been said.
pub(super) fn all(files: &[(PathBuf, String)]) -> Result<(), Exit> {
    for (path, text) in files {
        if let Err(error) = whole(path, text) {
            eprintln!("error: cannot write {}: {error}", path.display());
            return Err(Exit::Environment);
        }
    }
    Ok(())
}

fn whole(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("contract");
    let beside = folder.join(format!(".{name}.new"));
    fs::write(&beside, text)?;
    fs::rename(&beside, path)
}

/// Refuses to replace what is there.
///
/// # Errors
///
/// One of the files is there already; it has been said.
pub(super) fn refuse_existing(files: &[(PathBuf, String)], force: Force) -> Result<(), Exit> {
    let there: Vec<&PathBuf> =
        files.iter().map(|(path, _)| path).filter(|path| path.exists()).collect();
    if there.is_empty() || force == Force::Yes {
        return Ok(());
    }
    for path in there {
        eprintln!("error: {} is there already", path.display());
    }
    eprintln!("help: write elsewhere with --out, or replace it with --force");
    Err(Exit::Refused)
}

/// Whether files may be replaced.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Force {
    Yes,
    No,
}
