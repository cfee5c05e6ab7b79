//! Fuzzing of the contract gate, with the fixtures of all rules to begin with.
//!
//! On the stable toolchain: a sanitizer is for `unsafe` code, and the product has none.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::job;

/// How long it goes on, and what.
#[derive(Args)]
pub(crate) struct Options {
    /// Seconds.
    #[arg(default_value_t = 300)]
    seconds: u64,
    /// The target, as `fuzz/fuzz_targets` names it.
    #[arg(long, default_value = "check")]
    target: String,
}

/// Runs it; whether nothing was found.
///
/// # Errors
///
/// When cargo-fuzz is missing, or the corpus cannot be written.
pub(crate) fn run(options: &Options) -> Result<bool, String> {
    if !job::installed("cargo-fuzz") {
        return Err("find cargo-fuzz: `cargo install cargo-fuzz` (fuzz/README.md)".to_owned());
    }
    let folder = job::target().join("fuzz");
    let corpus = folder.join("corpus").join(&options.target);
    let found = folder.join("found").join(&options.target);
    for folder in [&corpus, &found] {
        fs::create_dir_all(folder).map_err(|e| format!("write {}: {e}", folder.display()))?;
    }
    seed(&corpus).map_err(|e| format!("write the corpus: {e}"))?;
    let target = folder.join("build");
    let status = Command::new("cargo")
        // `-Z` of cargo-fuzz on a stable compiler.
        .env("RUSTC_BOOTSTRAP", "1")
        .args(["fuzz", "run", "--sanitizer", "none", "--target-dir"])
        .arg(&target)
        .arg(&options.target)
        .arg(&corpus)
        .arg("--")
        .arg(format!("-max_total_time={}", options.seconds))
        .arg(format!("-artifact_prefix={}/", found.display()))
        // Chosen: an answer to one input within 10 s and 1 GiB; larger inputs find little more.
        .args(["-timeout=10", "-rss_limit_mb=1024", "-max_len=16384"])
        .current_dir(job::root())
        .status()
        .map_err(|error| format!("run cargo: {error}"))?;
    Ok(status.success())
}

/// The fixtures of every rule, the sample and the starter contracts.
fn seed(corpus: &Path) -> std::io::Result<()> {
    let root = job::root();
    let mut folders: Vec<PathBuf> = vec![
        root.join("crates/outwright-contract/tests/it"),
        root.join("contracts"),
        root.join("facts"),
    ];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "yaml") {
                let name = path.strip_prefix(&root).unwrap_or(&path).to_string_lossy();
                fs::copy(&path, corpus.join(name.replace('/', "_")))?;
            }
        }
    }
    Ok(())
}
