//! `outwright explain`: a rule, or the effective policy with the origin of every value.

use outwright_contract::{Options, load, page, rules};
use serde_json::Value;

use crate::args::{ExplainArgs, Format};
use crate::exit::Exit;
use crate::load as contracts;

/// Explains a rule, all rules, a provider, or one of its operations.
pub(crate) fn explain(args: &ExplainArgs) -> Exit {
    match args.subject.as_deref() {
        None => all(args.format),
        Some(code) if page::is_code(code) => rule(code, args.format),
        Some(provider) => policy(provider, args),
    }
}

fn all(format: Format) -> Exit {
    match format {
        Format::Json => {
            let list: Vec<Value> = rules::ALL.iter().map(|rule| rule.json()).collect();
            println!("{}", Value::from(list));
        }
        Format::Text => print!("# Rules\n{}", page::list(str::to_owned)),
    }
    Exit::Fine
}

fn rule(code: &str, format: Format) -> Exit {
    let Some(rule) = rules::find(code) else {
        eprintln!("error: there is no rule `{code}`");
        match page::near(code) {
            Some(near) => eprintln!("help: did you mean `outwright explain {near}`?"),
            None => eprintln!("help: `outwright explain --list` names all rules"),
        }
        return Exit::Nothing;
    };
    match format {
        Format::Json => println!("{}", rule.json()),
        Format::Text => print!("{}", rule.page()),
    }
    Exit::Fine
}

fn policy(provider: &str, args: &ExplainArgs) -> Exit {
    let sources = match contracts::sources(std::slice::from_ref(&args.contracts)) {
        Ok(sources) => sources,
        Err(exit) => return exit,
    };
    let options =
        contracts::options(Options::check(contracts::today()), args.environment.as_deref());
    let loaded = load(&sources, &options);
    let operation = args.operation.as_deref();
    let Some(explained) = loaded.explain(provider, operation, &options) else {
        unknown(provider, operation, &loaded.names());
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

fn unknown(provider: &str, operation: Option<&str>, names: &[(&str, Vec<&str>)]) {
    let found = names.iter().find(|(name, _)| *name == provider);
    let (what, known) = match (found, operation) {
        (Some((_, operations)), Some(operation)) => {
            (format!("{provider} has no operation `{operation}`"), operations.join(", "))
        }
        (None, _) | (Some(_), None) => (
            format!("no contract names the provider `{provider}`"),
            names.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "),
        ),
    };
    eprintln!("error: {what}");
    eprintln!("help: known are {known}");
}
