//! The mixed hostile traffic of the test suite, for as long as it is asked to go on.

use std::process::Command;

use clap::Args;

use crate::job;

/// How long the soak takes.
#[derive(Args)]
pub(crate) struct Options {
    /// Minutes of traffic.
    #[arg(default_value_t = 60)]
    minutes: u64,
}

/// Runs it; whether nothing was left behind.
///
/// # Errors
///
/// When cargo cannot be run.
pub(crate) fn run(options: &Options) -> Result<bool, String> {
    let seconds = options.minutes.saturating_mul(60);
    let arguments = [
        "test",
        "--quiet",
        "--locked",
        "-p",
        "outwright-cli",
        "--test",
        "it",
        "soak",
        "--",
        "--nocapture",
    ];
    let status = Command::new("cargo")
        .args(arguments)
        .env("OUTWRIGHT_SOAK_SECONDS", seconds.to_string())
        .current_dir(job::root())
        .status()
        .map_err(|error| format!("run cargo: {error}"))?;
    Ok(status.success())
}
