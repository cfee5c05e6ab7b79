//! `outwright diff`: what a change of contracts does, before it is in force.

mod revision;

use std::path::PathBuf;

use outwright_contract::{Diff, Loaded, Options, Severity, Source, Tendency, load};

use crate::args::{Comparison, DiffArgs};
use crate::exit::Exit;
use crate::load as contracts;

/// Compares two states of contracts.
pub(crate) fn diff(args: &DiffArgs) -> Exit {
    match compared(args) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn compared(args: &DiffArgs) -> Result<Exit, Exit> {
    let (before, after) = (state(args, &args.old)?, state(args, &args.new)?);
    for (side, loaded) in [(&args.old, &before), (&args.new, &after)] {
        if loaded.names().is_empty() {
            eprintln!("error: no contract in {side}");
            return Err(Exit::Nothing);
        }
        unreadable(side, loaded)?;
    }
    let diff = Diff::of(&before, &after);
    match args.format {
        Comparison::Text => print!("{}", diff.text()),
        Comparison::Json => println!("{}", diff.json()),
        Comparison::Markdown => print!("{}", diff.markdown()),
    }
    let looser = args.detailed_exitcode && diff.tendency() == Tendency::Loosening;
    Ok(if looser { Exit::NotFine } else { Exit::Fine })
}

/// A file, a folder, or either at a revision of git, as `revision:path`.
fn state(args: &DiffArgs, side: &str) -> Result<Loaded, Exit> {
    let sources: Vec<Source> = match side.split_once(':') {
        // A file of that name is meant, if there is one.
        Some((revision, path)) if !PathBuf::from(side).exists() => {
            revision::sources(revision, path)?
        }
        Some(_) | None => contracts::sources(&[PathBuf::from(side)])?,
    };
    let options = Options::check(contracts::today());
    Ok(load(&sources, &contracts::options(options, args.environment.as_deref())))
}

/// What cannot be read cannot be compared; what is unsafe can.
fn unreadable(side: &str, loaded: &Loaded) -> Result<(), Exit> {
    let form = |code: &str| code.starts_with("OW1");
    let mut errors = loaded.report.findings.iter().filter(|f| f.severity == Severity::Error);
    match errors.find(|finding| form(finding.rule.code)) {
        None => Ok(()),
        Some(finding) => {
            let spot = loaded.report.spot(finding.place);
            eprintln!("error: {side} cannot be compared: {spot}: {}", finding.message);
            eprintln!("help: `outwright check` names everything that is wrong with it");
            Err(Exit::NotFine)
        }
    }
}
