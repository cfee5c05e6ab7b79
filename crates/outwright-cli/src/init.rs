//! `outwright init`: a first contract, from a description, from a template, or from answers.
//!
//! It never replaces a file without `--force`, and never a decision: a second import of a description merges.

mod ask;
mod describe;
mod template;
mod write;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use outwright_contract::draft::{Decided, KeyKind, Wishes};
use outwright_contract::{Options, load};
use serde_json::{Value, json};

use crate::args::{Format, InitArgs, Money};
use crate::exit::Exit;
use crate::load as contracts;

/// Most open decisions that are listed; `outwright check` names all (chosen: a screen).
const SHOWN_MAX: usize = 20;
/// The rule of what is undecided.
const OPEN: &str = "OW113";

/// Writes a first contract.
pub(crate) fn init(args: &InitArgs) -> Exit {
    if args.list {
        return template::list();
    }
    if let Some(name) = &args.template {
        return template::write(args, name);
    }
    let wishes = match wishes(args) {
        Ok(wishes) => wishes,
        Err(cause) => return wrong_use(&cause),
    };
    if let Some(file) = &args.from_openapi {
        return describe::import(args, wishes, file);
    }
    if !args.operation.is_empty() {
        return ask::from_flags(args, wishes);
    }
    if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        return ask::on_terminal(args, wishes);
    }
    wrong_use("nothing says what to begin with, and nobody can be asked: this is no terminal")
}

/// What people have decided already, in words that a contract can have.
fn wishes(args: &InitArgs) -> Result<Wishes, String> {
    let name = |what: &str, name: &Option<String>| match name {
        Some(name) if outwright_contract::draft::safe(name) != *name || name.is_empty() => {
            Err(format!("`{name}` is no {what}: use 1 to 64 letters, digits, `_`, `-` or `.`"))
        }
        Some(_) | None => Ok(()),
    };
    name("name of a provider", &args.provider)?;
    name("name of a team", &args.team)?;
    if let Some(url) = &args.base_url {
        outwright_contract::url::base(url).map_err(|why| format!("--base-url: {why}"))?;
    }
    let key = args.key.as_deref().map(KeyKind::read).transpose()?;
    Ok(Wishes {
        provider: args.provider.clone(),
        only: args.only.clone(),
        source: None,
        decided: Decided {
            base_url: args.base_url.clone(),
            team: args.team.clone(),
            contact: args.contact.clone(),
            tier: args.tier.map(|tier| tier.word().to_owned()),
            key,
            money: args.money.map(|money| money == Money::Yes),
        },
    })
}

fn wrong_use(cause: &str) -> Exit {
    eprintln!("error: {cause}");
    eprintln!(
        "help: outwright init --from-openapi FILE       draft from the provider's own description"
    );
    eprintln!(
        "help: outwright init --template NAME           begin with a contract that is shipped (--list)"
    );
    eprintln!("help: outwright init --provider NAME --operation 'GET /v1/orders'   draft by hand");
    Exit::WrongUse
}

/// What is still to be decided in the contract at a path: each place with its key, and how many other errors there are.
pub(super) struct Open {
    pub(super) decisions: Vec<(String, String)>,
    pub(super) others: usize,
    pub(super) warnings: usize,
}

impl Open {
    pub(super) fn json(&self) -> Value {
        let one = |(spot, key): &(String, String)| json!({ "spot": spot, "key": key });
        self.decisions.iter().map(one).collect()
    }
}

/// Checks what was written, as `outwright check` would.
pub(super) fn open(path: &Path) -> Result<Open, Exit> {
    let sources = contracts::sources(&[path.to_path_buf()])?;
    let report = load(&sources, &Options::check(contracts::today())).report;
    let decisions: Vec<(String, String)> = report
        .findings
        .iter()
        .filter(|finding| finding.rule.code == OPEN)
        .map(|finding| (report.spot(finding.place), finding.subject.clone()))
        .collect();
    let others = report.errors().saturating_sub(decisions.len());
    Ok(Open { decisions, others, warnings: report.warnings() })
}

/// Says which files were written, and what is still to be decided in them.
pub(super) fn say(format: Format, files: &[(PathBuf, String)], open: &Open, path: &Path) {
    let paths: Vec<String> = files.iter().map(|(path, _)| path.display().to_string()).collect();
    match format {
        Format::Json => println!(
            "{}",
            json!({
                "version": 1,
                "files": paths,
                "undecided": open.json(),
                "other_errors": open.others,
                "warnings": open.warnings,
            })
        ),
        Format::Text => {
            tell(open, path);
            if open.warnings > 0 {
                eprintln!("{} warnings: `outwright check {}`", open.warnings, path.display());
            }
            for path in paths {
                println!("{path}");
            }
        }
    }
}

/// Says what is still to be decided, and what to do next.
pub(super) fn tell(open: &Open, path: &Path) {
    let path = path.display();
    for (spot, subject) in open.decisions.iter().take(SHOWN_MAX) {
        eprintln!("  {spot}: {subject}");
    }
    if open.decisions.len() > SHOWN_MAX {
        eprintln!("  and {} more", open.decisions.len() - SHOWN_MAX);
    }
    match (open.decisions.len(), open.others) {
        (0, 0) => eprintln!("it passes `outwright check {path}`"),
        (0, others) => eprintln!("{others} errors: `outwright check {path}` says which"),
        (decisions, 0) => {
            eprintln!(
                "{decisions} decisions are open: `outwright check {path}` says what each is about"
            );
        }
        (decisions, others) => eprintln!(
            "{decisions} decisions are open, and {others} other errors: `outwright check {path}` says which"
        ),
    }
}
