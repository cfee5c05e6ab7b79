//! `outwright explain`: the effective policy, with the origin of every value.

use outwright_contract::{Options, load};

use crate::args::{ExplainArgs, Format};
use crate::exit::Exit;
use crate::load as contracts;

/// Explains a provider, or one of its operations.
pub(crate) fn explain(args: &ExplainArgs) -> Exit {
    let sources = match contracts::sources(std::slice::from_ref(&args.contracts)) {
        Ok(sources) => sources,
        Err(exit) => return exit,
    };
    let options =
        contracts::options(Options::check(contracts::today()), args.environment.as_deref());
    let loaded = load(&sources, &options);
    let explained = loaded.explain(&args.provider, args.operation.as_deref(), &options);
    let Some(explained) = explained else {
        unknown(args, &loaded.names());
        return Exit::Nothing;
    };
    match args.format {
        Format::Json => println!("{}", explained.json()),
        Format::Text => print!("{}", explained.text()),
    }
    if loaded.report.errors() > 0 {
        eprintln!("note: these contracts have errors; see `outwright check`");
        return Exit::NotFine;
    }
    Exit::Fine
}

fn unknown(args: &ExplainArgs, names: &[(&str, Vec<&str>)]) {
    let provider = names.iter().find(|(name, _)| *name == args.provider);
    let (what, known) = match (provider, &args.operation) {
        (Some((_, operations)), Some(operation)) => {
            (format!("{} has no operation `{operation}`", args.provider), operations.join(", "))
        }
        (None, _) | (Some(_), None) => (
            format!("no contract names the provider `{}`", args.provider),
            names.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "),
        ),
    };
    eprintln!("error: {what}");
    eprintln!("help: known are {known}");
}
