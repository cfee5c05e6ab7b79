//! `outwright check`: what is unsafe in contracts, all at once, and what can be repaired.

mod progress;
mod repair;

use std::io::IsTerminal as _;

use outwright_contract::{Loaded, Options, Report, Selection, Source, load};

use crate::args::{CheckArgs, FailOn, Findings};
use crate::exit::Exit;
use crate::load as contracts;

/// Checks, repairs where it is asked to, and prints.
pub(crate) fn check(args: &CheckArgs) -> Exit {
    match judged(args) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn judged(args: &CheckArgs) -> Result<Exit, Exit> {
    let selection = selection(args)?;
    if args.statistics && matches!(args.format, Findings::Sarif | Findings::Github) {
        eprintln!("error: `--statistics` is printed as text or JSON");
        return Err(Exit::WrongUse);
    }
    let mut sources = contracts::sources(&args.paths)?;
    let options =
        contracts::options(Options::check(contracts::today()), args.environment.as_deref());
    if args.fix || args.diff {
        let repaired = outwright_contract::repair(&sources, &options);
        if args.diff {
            repair::preview(&sources, &repaired);
            return Ok(exit(args, &load(&sources, &options).report));
        }
        repair::write(&sources, &repaired)?;
        sources = repaired.sources;
    }
    let mut loaded = progress::load(&sources, &options);
    if holds_nothing(&loaded) {
        eprintln!("error: no contract in {}", names(&sources));
        eprintln!("help: a contract is a file with `provider:`; name it, or its folder");
        return Err(Exit::Nothing);
    }
    loaded.report.show(&selection);
    print(args, &loaded.report);
    Ok(exit(args, &loaded.report))
}

fn selection(args: &CheckArgs) -> Result<Selection, Exit> {
    Selection::new(&args.select, &args.ignore).map_err(|unknown| {
        eprintln!("error: no rule has the code `{}`", unknown.code);
        match unknown.near {
            Some(near) => eprintln!("help: did you mean `{near}`?"),
            None => eprintln!("help: `outwright explain --list` names all rules"),
        }
        Exit::WrongUse
    })
}

/// Files that hold no contract pass nothing: a check that silently looks at nothing is no check.
fn holds_nothing(loaded: &Loaded) -> bool {
    loaded.names().is_empty() && loaded.report.findings.is_empty()
}

fn names(sources: &[Source]) -> String {
    sources.iter().map(|source| source.path.as_str()).collect::<Vec<_>>().join(", ")
}

fn print(args: &CheckArgs, report: &Report) {
    match (args.format, args.statistics) {
        (Findings::Json, true) => println!("{}", report.statistics_json()),
        (Findings::Json, false) => println!("{}", report.json()),
        (Findings::Sarif, _) => println!("{}", report.sarif()),
        (Findings::Github, _) => print!("{}", report.github()),
        (Findings::Text, true) => print!("{}", report.statistics()),
        (Findings::Text, false) => {
            print!("{}", report.text(contracts::colour(std::io::stdout().is_terminal())));
        }
    }
}

/// What counts is every finding, shown or not.
fn exit(args: &CheckArgs, report: &Report) -> Exit {
    let failing = match args.fail_on {
        FailOn::Error => report.errors(),
        FailOn::Warning => report.errors() + report.warnings(),
    };
    if failing > 0 { Exit::NotFine } else { Exit::Fine }
}
