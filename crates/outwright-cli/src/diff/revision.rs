//! Contracts as they were at a revision of git: read from its objects, nothing is checked out.

use std::path::{Path, PathBuf};
use std::process::Command;

use outwright::files::places;
use outwright_contract::{Source, mentions};

use crate::exit::Exit;

/// The contracts at a path of a revision, with the facts that they name and the `outwright.yaml` beside them.
///
/// # Errors
///
/// No git, no such revision, nothing there; it has been said on stderr.
pub(crate) fn sources(revision: &str, path: &str) -> Result<Vec<Source>, Exit> {
    // A revision that looks like an option is no revision.
    if revision.is_empty() || revision.starts_with('-') {
        eprintln!("error: `{revision}` is no revision of git");
        return Err(Exit::WrongUse);
    }
    let folder = path.trim_end_matches('/').trim_start_matches("./");
    let tree = Tree::of(revision)?;
    let contracts: Vec<&PathBuf> = tree.files.iter().filter(|file| is_in(file, folder)).collect();
    if contracts.is_empty() {
        eprintln!("error: no contract (*.yaml) in {revision}:{path}");
        return Err(Exit::Nothing);
    }
    let mut sources: Vec<Source> = Vec::new();
    let mut add = |path: &Path| -> Result<(), Exit> {
        let name = path.to_string_lossy();
        if !sources.iter().any(|source| source.path == name) {
            sources.push(Source::new(name, tree.read(path)?));
        }
        Ok(())
    };
    for contract in contracts {
        let source = Source::new(contract.to_string_lossy(), tree.read(contract)?);
        let named = mentions(&source).into_iter().chain(["outwright.yaml".to_owned()]);
        for named in named {
            if let Some(found) = places(contract, &named).into_iter().find(|at| tree.has(at)) {
                add(&found)?;
            }
        }
        add(contract)?;
    }
    Ok(sources)
}

fn is_in(file: &Path, folder: &str) -> bool {
    let yaml = file.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
    file == Path::new(folder) || (yaml && (matches!(folder, "" | ".") || file.starts_with(folder)))
}

/// The files of a revision, below the folder that the command is run in.
struct Tree<'a> {
    revision: &'a str,
    files: Vec<PathBuf>,
}

impl<'a> Tree<'a> {
    fn of(revision: &'a str) -> Result<Self, Exit> {
        let listed = git(&["ls-tree", "-r", "-z", "--name-only", revision])?;
        let names = listed.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        let files = names.map(|name| PathBuf::from(String::from_utf8_lossy(name).as_ref()));
        Ok(Self { revision, files: files.collect() })
    }

    fn has(&self, path: &Path) -> bool {
        self.files.iter().any(|file| file == path)
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, Exit> {
        // `./`: names are those of the folder that the command is run in.
        git(&["cat-file", "blob", &format!("{}:./{}", self.revision, path.display())])
    }
}

/// What git says.
fn git(args: &[&str]) -> Result<Vec<u8>, Exit> {
    let output = Command::new("git").args(args).output().map_err(|error| {
        eprintln!("error: cannot run git: {error}");
        Exit::Environment
    })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    eprintln!("error: {}", said.trim().trim_start_matches("fatal: "));
    Err(Exit::Environment)
}
