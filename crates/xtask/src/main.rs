//! Automation of the repository: `cargo xtask test` and friends.
//!
//! Shell scripts hold no logic here; what a machine must do for us is Rust.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod bench;
mod deps;
mod fuzz;
mod job;
mod requirements;
mod sabotage;
mod soak;
mod test;
mod tools;

/// Automation of the repository.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The one test command: format, lints, all tests, tidy, documents, dependencies.
    Test(test::Options),
    /// Every numbered requirement with the tests that cite it, or the issue it waits for.
    Requirements(requirements::Options),
    /// Side-by-side benchmarks and the counted gates on speed.
    Bench(bench::Options),
    /// Breaks promises in copies of the sources and demands that a check notices each.
    Sabotage(sabotage::Options),
    /// Mixed hostile traffic for an hour, or as many minutes as are named: flat memory, no stuck call, no lost slot.
    Soak(soak::Options),
    /// Any bytes for contracts, for five minutes, or as many seconds as are named.
    Fuzz(fuzz::Options),
    /// Licences, sources and bans of every package, from the lock file and `deny.toml`.
    Deps,
    /// Adds new codes of findings and refusals to their lock file.
    Codes,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Test(options) => test::run(&options),
        Command::Requirements(options) => requirements::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Sabotage(options) => sabotage::run(&options),
        Command::Soak(options) => soak::run(&options),
        Command::Fuzz(options) => fuzz::run(&options),
        Command::Deps => deps::run(),
        Command::Codes => codes(),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(why) => {
            eprintln!("cannot go on: {why}");
            ExitCode::from(4)
        }
    }
}

fn codes() -> Result<bool, String> {
    let tree = tidy::Tree::read(&job::root()).map_err(|e| format!("read the repository: {e}"))?;
    let file = job::root().join(tidy::codes::LOCK);
    std::fs::write(&file, tidy::codes::completed(&tree))
        .map_err(|e| format!("write the lock: {e}"))?;
    Ok(true)
}
