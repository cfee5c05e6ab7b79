//! Contracts from disk to providers, with every finding told.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use outwright_contract::{Colour, Date, Loaded, Options, Source, load, mentions};
use outwright_core::provider::Provider;

use crate::exit::Exit;
use crate::files::{self, ReadError};

/// The day on which contracts are looked at.
pub(crate) fn today() -> Date {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Date::from_unix(since.as_secs())
}

/// Whether findings are coloured: on a terminal, unless `NO_COLOR` says otherwise.
pub(crate) fn colour(terminal: bool) -> Colour {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if terminal && !refused { Colour::On } else { Colour::Off }
}

/// The contracts at these paths, with the facts that they name and the `outwright.yaml` beside them.
///
/// # Errors
///
/// Nothing there, or something that cannot be read; it has been said on stderr.
pub(crate) fn sources(paths: &[PathBuf]) -> Result<Vec<Source>, Exit> {
    try_sources(paths).map_err(told)
}

/// The same for who says himself what went wrong.
///
/// # Errors
///
/// Nothing there, or something that cannot be read.
pub(crate) fn try_sources(paths: &[PathBuf]) -> Result<Vec<Source>, ReadError> {
    let read = files::contracts(paths)?;
    let mut sources: Vec<Source> = Vec::new();
    let mut add = |path: &Path, bytes: Vec<u8>| {
        let path = path.to_string_lossy().into_owned();
        let known = sources.iter().any(|source: &Source| source.path == path);
        if !known {
            sources.push(Source::new(path, bytes));
        }
    };
    for file in read {
        let source = Source::new(file.path.to_string_lossy(), file.bytes.clone());
        for facts in mentions(&source) {
            if let Some(found) = beside(&file.path, &facts) {
                let read = files::read(&found)?;
                add(&read.path, read.bytes);
            }
        }
        if let Some(deployment) = beside(&file.path, "outwright.yaml") {
            let read = files::read(&deployment)?;
            add(&read.path, read.bytes);
        }
        add(&file.path, file.bytes);
    }
    Ok(sources)
}

/// Where the `outwright.yaml` of the contracts at a path may stand.
pub(crate) fn deployments(contracts: &Path) -> impl Iterator<Item = PathBuf> {
    let folder = if contracts.is_dir() { Some(contracts) } else { contracts.parent() };
    let above = folder.and_then(Path::parent);
    let places = [above, folder, Some(Path::new(""))];
    places.into_iter().flatten().map(|folder| folder.join("outwright.yaml"))
}

/// A file that a contract names: looked for from the folder above the contract's, then from its own, then from here.
fn beside(contract: &Path, named: &str) -> Option<PathBuf> {
    let folder = contract.parent().unwrap_or(Path::new(""));
    let above = folder.parent().map(|above| above.join(named));
    let places = [above, Some(folder.join(named)), Some(PathBuf::from(named))];
    places.into_iter().flatten().find(|place| place.is_file())
}

fn told(error: ReadError) -> Exit {
    eprintln!("error: {error}");
    match error {
        ReadError::Nothing(_) => {
            eprintln!("help: name a contract or a folder of contracts");
            Exit::Nothing
        }
        ReadError::TooLarge(..) => Exit::NotFine,
        ReadError::Unreadable(..) => Exit::Environment,
    }
}

/// Contracts that are only looked at; findings that stop them are told.
///
/// # Errors
///
/// As [`sources`], and a contract with an error.
pub(crate) fn for_reading(
    contracts: &Path,
    environment: Option<&str>,
) -> Result<Vec<Provider>, Exit> {
    let sources = sources(&[contracts.to_path_buf()])?;
    let loaded = load(&sources, &options(Options::check(today()), environment).dev(true));
    if loaded.report.errors() > 0 {
        tell(&loaded);
        return Err(Exit::NotFine);
    }
    Ok(loaded.providers)
}

/// Options with an environment, where one is given.
pub(crate) fn options(options: Options, environment: Option<&str>) -> Options {
    match environment {
        Some(name) => options.environment(name),
        None => options,
    }
}

/// Every finding, on stderr.
pub(crate) fn tell(loaded: &Loaded) {
    use std::io::IsTerminal as _;
    eprint!("{}", loaded.report.text(colour(std::io::stderr().is_terminal())));
}
