//! `outwright check`: what is unsafe in contracts, all at once.

use std::io::IsTerminal as _;

use outwright_contract::{Options, load};

use crate::args::{CheckArgs, FailOn, Format};
use crate::exit::Exit;
use crate::load as contracts;

/// Checks and prints.
pub(crate) fn check(args: &CheckArgs) -> Exit {
    let sources = match contracts::sources(&args.paths) {
        Ok(sources) => sources,
        Err(exit) => return exit,
    };
    let options =
        contracts::options(Options::check(contracts::today()), args.environment.as_deref());
    let report = load(&sources, &options).report;
    match args.format {
        Format::Json => println!("{}", report.json()),
        Format::Text => {
            print!("{}", report.text(contracts::colour(std::io::stdout().is_terminal())));
        }
    }
    let failing = match args.fail_on {
        FailOn::Error => report.errors(),
        FailOn::Warning => report.errors() + report.warnings(),
    };
    if failing > 0 { Exit::NotFine } else { Exit::Fine }
}
