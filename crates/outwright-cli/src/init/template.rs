//! `init --template`: a contract that is shipped, with its facts beside it.

use std::path::{Path, PathBuf};

use super::write::{self, Force, Target};
use super::{open, say, wrong_use};
use crate::args::InitArgs;
use crate::exit::Exit;

/// Every contract and facts file of the repository: folder, name, text.
const SHIPPED: &[(&str, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/templates.rs"));

fn shipped(folder: &str, name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(f, n, _)| *f == folder && *n == name).map(|(_, _, text)| *text)
}

fn names() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().filter(|(folder, ..)| *folder == "contracts").map(|(_, name, _)| *name)
}

/// Prints what there is, one name a line.
pub(super) fn list() -> Exit {
    for name in names() {
        println!("{name}");
    }
    Exit::Fine
}

/// Writes the contract and its facts.
pub(super) fn write(args: &InitArgs, name: &str) -> Exit {
    let Some(contract) = shipped("contracts", name) else {
        let all: Vec<&str> = names().collect();
        return wrong_use(&format!("there is no template `{name}`; there are {}", all.join(", ")));
    };
    let provider = args.provider.as_deref().unwrap_or(name);
    if outwright_contract::draft::safe(provider) != provider {
        return wrong_use(&format!("`{provider}` is no name of a provider"));
    }
    let target = Target::of(&args.out);
    let path =
        target.file.clone().unwrap_or_else(|| target.folder.join(format!("{provider}.yaml")));
    let named = contract.lines().find_map(|line| line.strip_prefix("facts: "));
    let facts = named.and_then(|file| shipped("facts", stem(file)));
    let mut files = vec![(path.clone(), renamed(contract, name, provider))];
    if let Some(facts) = facts {
        let folder = beside(&target.folder).join("facts");
        files.push((folder.join(format!("{provider}.yaml")), renamed(facts, name, provider)));
    }
    let force = if args.force { Force::Yes } else { Force::No };
    let done = write::refuse_existing(&files, force).and_then(|()| write::all(&files));
    match done.and_then(|()| open(&path)) {
        Ok(open) => {
            say(args.format, &files, &open, &path);
            Exit::Fine
        }
        Err(exit) => exit,
    }
}

/// The name of a file without its folder and ending.
fn stem(file: &str) -> &str {
    let file = file.split('#').next().unwrap_or_default().trim();
    Path::new(file).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
}

/// The folder above the folder of contracts: facts stand beside it.
fn beside(folder: &Path) -> PathBuf {
    match folder.parent() {
        Some(above) if folder.file_name().is_some() => above.to_path_buf(),
        Some(_) | None => folder.to_path_buf(),
    }
}

/// The text for a provider of another name.
fn renamed(text: &str, from: &str, to: &str) -> String {
    if from == to {
        return text.to_owned();
    }
    let changed = |line: &str| match line.split_once(": ") {
        Some(("provider" | "facts", value)) => {
            let (value, comment) = value.split_once('#').map_or((value, ""), |(v, c)| (v, c));
            let value = value.replace(from, to);
            let comment = if comment.is_empty() { String::new() } else { format!("#{comment}") };
            let key = line.split(':').next().unwrap_or_default();
            format!("{key}: {value}{comment}")
        }
        Some(_) | None => line.to_owned(),
    };
    text.lines().map(|line| changed(line) + "\n").collect()
}
