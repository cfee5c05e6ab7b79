//! Contracts from disk to providers, with every finding told.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use outwright::files::{self, ReadError};
use outwright_contract::{Colour, Date, Loaded, Options, Source, load};
use outwright_core::provider::Provider;

use crate::exit::Exit;

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
    files::sources(paths).map_err(told)
}

fn told(error: ReadError) -> Exit {
    eprintln!("error: {error}");
    match error {
        ReadError::Nothing(_) => {
            eprintln!("help: name a contract or a folder of contracts");
            Exit::Nothing
        }
        ReadError::TooLarge(_) | ReadError::TooDeep(_) => Exit::NotFine,
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
