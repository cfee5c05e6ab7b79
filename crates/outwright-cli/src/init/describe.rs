//! `init --from-openapi`: a draft from the provider's own description, merged where there is a contract already.

use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use outwright::files;
use outwright_contract::Source;
use outwright_contract::description::{self, BYTES_MAX, Description};
use outwright_contract::draft::{Draft, Wishes, draft, merge};
use serde_json::{Value, json};

use super::write::{self, Force, Target};
use super::{open, tell};
use crate::args::{Format, InitArgs};
use crate::exit::Exit;

/// Descriptions from this size on take longer than a second on a slow machine (measured: 13 MB in about a second).
const SLOW_BYTES: u64 = 4 << 20;

/// Imports a description.
pub(super) fn import(args: &InitArgs, mut wishes: Wishes, file: &Path) -> Exit {
    let bar = bar(file);
    let result = read(file, &bar).and_then(|description| {
        wishes.source = Some(file.to_string_lossy().into_owned());
        let target = Target::of(&args.out);
        let record = recorded(&target, args, &wishes, &description);
        if let (Some((_, record)), true) = (&record, wishes.only.is_empty()) {
            wishes.only = merge::recorded(record);
        }
        bar.set_message("drafting");
        let drafted = draft(&description, &wishes).map_err(|(why, survey)| {
            bar.finish_and_clear();
            eprint!("{}", survey.text());
            eprintln!("error: {why}");
            eprintln!(
                "help: --provider names the provider, --only chooses operations by id, tag or path"
            );
            Exit::Nothing
        })?;
        let known = record.filter(|(provider, _)| *provider == drafted.provider);
        write_all(
            args,
            &wishes,
            (&target, &drafted),
            known.map(|(_, record)| record).as_deref(),
            &bar,
        )
    });
    bar.finish_and_clear();
    result.err().unwrap_or(Exit::Fine)
}

/// A bar on a terminal for what takes its time.
fn bar(file: &Path) -> ProgressBar {
    let bytes = std::fs::metadata(file).map_or(0, |meta| meta.len());
    if bytes < SLOW_BYTES {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn read(file: &Path, bar: &ProgressBar) -> Result<Description, Exit> {
    let shown = file.display().to_string();
    bar.set_message(format!("reading {shown}"));
    let unreadable = |error: std::io::Error| {
        bar.finish_and_clear();
        eprintln!("error: cannot read {shown}: {error}");
        Exit::Environment
    };
    let meta = std::fs::metadata(file).map_err(unreadable)?;
    if meta.is_dir() {
        bar.finish_and_clear();
        eprintln!("error: {shown} is a folder, not a description");
        return Err(Exit::WrongUse);
    }
    if usize::try_from(meta.len()).unwrap_or(usize::MAX) > BYTES_MAX {
        bar.finish_and_clear();
        eprintln!("error: {shown} has {} bytes; a description has at most {BYTES_MAX}", meta.len());
        return Err(Exit::NotFine);
    }
    let bytes = std::fs::read(file).map_err(unreadable)?;
    description::read(&bytes).map_err(|error| {
        bar.finish_and_clear();
        let spot = error.spot.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
        eprintln!("error: {shown}{spot}: {error}");
        Exit::NotFine
    })
}

/// The record of the last import of this provider, where there is one.
fn recorded(
    target: &Target,
    args: &InitArgs,
    wishes: &Wishes,
    description: &Description,
) -> Option<(String, String)> {
    if args.force {
        return None;
    }
    let provider = outwright_contract::draft::provider(description, wishes).ok()?;
    let text = std::fs::read_to_string(target.record(&provider)).ok()?;
    target.contract(&provider).exists().then_some((provider, text))
}

/// Writes a new contract, or merges into the one that is there.
fn write_all(
    args: &InitArgs,
    wishes: &Wishes,
    (target, drafted): (&Target, &Draft),
    known: Option<&str>,
    bar: &ProgressBar,
) -> Result<(), Exit> {
    bar.set_message("writing");
    let contract = target.contract(&drafted.provider);
    let mut remarks = Vec::new();
    let mut places = match known {
        Some(record) => {
            let merged = merged(&contract, record, drafted)?;
            remarks = merged.remarks;
            merged.files.into_iter().map(|file| (PathBuf::from(file.name), file.text)).collect()
        }
        None => {
            let places = target.places(drafted.files()).map_err(|why| {
                bar.finish_and_clear();
                eprintln!("error: {why}");
                Exit::WrongUse
            })?;
            let force = if args.force { Force::Yes } else { Force::No };
            write::refuse_existing(&places, force)?;
            places
        }
    };
    let written: Vec<PathBuf> = places.iter().map(|(path, _)| path.clone()).collect();
    places.push((target.record(&drafted.provider), merge::record(drafted, &wishes.only)));
    write::all(&places)?;
    bar.set_message("checking");
    let contract = target.contract(&drafted.provider);
    let open = open(&contract)?;
    bar.finish_and_clear();
    match args.format {
        Format::Json => println!("{}", report(drafted, &written, &remarks, &open)),
        Format::Text => {
            eprint!("{}", drafted.survey.text());
            for remark in &remarks {
                eprintln!("  {}: {}: {}", remark.done.word(), remark.subject, remark.what);
            }
            if known.is_some() && written.is_empty() {
                eprintln!("nothing changed in {}", contract.display());
            }
            tell(&open, &contract);
            for path in &written {
                println!("{}", path.display());
            }
        }
    }
    Ok(())
}

/// The contract as people left it, under the new draft.
fn merged(contract: &Path, record: &str, drafted: &Draft) -> Result<merge::Merged, Exit> {
    let sources = files::sources(&[contract.to_path_buf()]).map_err(|error| {
        eprintln!("error: {error}");
        Exit::Environment
    })?;
    let own = format!("provider: {}", drafted.provider);
    let hand: Vec<Source> = sources
        .into_iter()
        .filter(|source| {
            let text = String::from_utf8_lossy(&source.bytes);
            text.lines().any(|line| line.split('#').next().unwrap_or_default().trim() == own)
        })
        .collect();
    merge::merge(&hand, record, drafted).map_err(|why| {
        eprintln!("error: {why}");
        eprintln!("help: repair it first; `outwright check {}` says where", contract.display());
        Exit::NotFine
    })
}

fn report(
    drafted: &Draft,
    written: &[PathBuf],
    remarks: &[merge::Remark],
    open: &super::Open,
) -> Value {
    let remarks: Vec<Value> = remarks
        .iter()
        .map(|r| json!({ "done": r.done.word(), "subject": r.subject, "what": r.what }))
        .collect();
    json!({
        "version": 1,
        "provider": drafted.provider,
        "files": written.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
        "description": drafted.survey.json(),
        "merge": remarks,
        "undecided": open.json(),
        "other_errors": open.others,
        "warnings": open.warnings,
    })
}
