//! `cargo xtask requirements`: the numbered requirements, and which tests hold them.

use std::collections::BTreeMap;

use clap::Args;
use tidy::Tree;
use tidy::requirements::{read, tests_by_number};

use crate::job;

/// Options of `cargo xtask requirements`.
#[derive(Args)]
pub(crate) struct Options {
    /// Show only requirements of this issue.
    #[arg(long)]
    issue: Option<u32>,
    /// Show only requirements that no test cites.
    #[arg(long)]
    open: bool,
}

/// Prints the table and the counts.
///
/// # Errors
///
/// When the repository or its list cannot be read.
pub(crate) fn run(options: &Options) -> Result<bool, String> {
    let tree = Tree::read(&job::root()).map_err(|e| format!("read the repository: {e}"))?;
    let list = read(&tree).map_err(|n| format!("{}, line {n}", tidy::requirements::LIST))?;
    let cited = tests_by_number(&tree);
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for row in &list {
        let tests = cited.get(row.number).map_or(&[][..], Vec::as_slice);
        let (held, all) = counts.entry(row.priority).or_default();
        *all += 1;
        *held += usize::from(!tests.is_empty());
        let hidden = options.issue.is_some_and(|i| i != row.issue);
        if hidden || (options.open && !tests.is_empty()) {
            continue;
        }
        println!("{}  {}  {:<62} {}", row.number, row.priority, row.words, state(row.issue, tests));
    }
    println!();
    for (priority, (held, all)) in counts {
        println!("{priority}: {held} of {all} cited by tests");
    }
    Ok(true)
}

fn state(issue: u32, tests: &[tidy::requirements::Citation]) -> String {
    if tests.is_empty() {
        return format!("waits for issue {issue}");
    }
    let place = |c: &tidy::requirements::Citation| format!("{}:{} {}", c.path, c.line, c.test);
    tests.iter().map(place).collect::<Vec<_>>().join(&format!("\n{:75}", ""))
}
