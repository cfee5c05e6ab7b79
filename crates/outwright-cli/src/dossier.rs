//! `outwright dossier`: what the contracts decide, for people who were not there.

use std::fs;
use std::path::Path;

use outwright_contract::{Options, load};
use outwright_render::dossier as made;
use outwright_render::dossier::File;
use serde_json::json;

use crate::args::{DossierArgs, DossierFormat};
use crate::exit::Exit;
use crate::load as contracts;

/// Prints the dossier, or writes it into a folder.
///
/// Contracts with errors have a dossier too, which says what is undecided; the exit code says that there are some.
pub(crate) fn dossier(args: &DossierArgs) -> Exit {
    let sources = match contracts::sources(&args.paths) {
        Ok(sources) => sources,
        Err(exit) => return exit,
    };
    let options =
        contracts::options(Options::check(contracts::today()), args.environment.as_deref());
    let loaded = load(&sources, &options);
    let profiles = loaded.profiles(&options);
    if profiles.is_empty() {
        contracts::tell(&loaded);
        eprintln!("error: there is no contract that could be read");
        return if loaded.report.errors() > 0 { Exit::NotFine } else { Exit::Nothing };
    }
    let dossier = made(&profiles);
    let written = match &args.out {
        None => {
            match args.format {
                DossierFormat::Markdown => print!("{}", dossier.markdown()),
                DossierFormat::Html => print!("{}", dossier.html()),
                DossierFormat::Json => {
                    let all: Vec<_> = profiles.iter().map(|profile| profile.json()).collect();
                    println!("{}", json!({ "version": 1, "providers": all }));
                }
            }
            Exit::Fine
        }
        Some(folder) if args.check => compare(folder, &dossier.files()),
        Some(folder) => write(folder, &dossier.files()),
    };
    if written != Exit::Fine {
        return written;
    }
    if loaded.report.errors() > 0 {
        eprintln!(
            "note: these contracts have errors, which the dossier names; see `outwright check`"
        );
        return Exit::NotFine;
    }
    Exit::Fine
}

/// Writes every file, and says which.
fn write(folder: &Path, files: &[File]) -> Exit {
    for file in files {
        let path = folder.join(&file.path);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all);
        if let Err(error) = made.and_then(|()| fs::write(&path, &file.text)) {
            eprintln!("error: cannot write {}: {error}", path.display());
            return Exit::Environment;
        }
        println!("{}", path.display());
    }
    Exit::Fine
}

/// Says which files are not what would be written.
fn compare(folder: &Path, files: &[File]) -> Exit {
    let mut stale = 0_usize;
    for file in files {
        let path = folder.join(&file.path);
        match fs::read_to_string(&path) {
            Ok(text) if text == file.text => {}
            Ok(_) => {
                println!("{}: differs", path.display());
                stale += 1;
            }
            Err(error) => {
                println!("{}: {error}", path.display());
                stale += 1;
            }
        }
    }
    if stale == 0 {
        return Exit::Fine;
    }
    eprintln!("error: {stale} of {} files are not what the contracts say now", files.len());
    eprintln!("help: outwright dossier -o {}", folder.display());
    Exit::NotFine
}
