//! The binary `outwright`: words in, exit codes out.
//!
//! stdout is data, stderr is talk; every exit code is in [`exit`].

mod args;
mod call;
mod check;
mod demo;
mod diff;
mod dossier;
mod exit;
mod explain;
mod gateway;
mod init;
mod load;
mod publish;
mod run;
mod state;
mod status;

use std::process::ExitCode;

use clap::Parser as _;
use tikv_jemallocator::Jemalloc;

use crate::args::{Cli, Command};

/// Every call allocates and frees about a dozen blocks, two of them read buffers that glibc takes the long way for.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    let exit = match Cli::parse().command {
        Command::Init(args) => init::init(&args),
        Command::Check(args) => check::check(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Diff(args) => diff::diff(&args),
        Command::Dossier(args) => dossier::dossier(&args),
        Command::Schema(args) => publish::schema(&args),
        Command::Run(args) => run::run(&args),
        Command::Call(args) => call::call(&args),
        Command::Status(args) => status::status(&args),
        Command::Demo(args) => demo::demo(&args),
        Command::Completions(args) => publish::completions(&args),
        Command::Man(args) => publish::man(&args),
    };
    exit.into()
}
