//! `cargo xtask sabotage`: does anybody notice when a promise is broken?
//!
//! The sources are copied under `target/sabotage/`, one promise is broken there by a textual patch,
//! and a check must fail on the result. A patch that does not compile proves nothing and is an error,
//! as is a patch whose text no longer stands in the sources exactly once.
//! The unpatched copy runs first and must pass, so that a check that always fails proves nothing either.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use clap::Args;

use crate::job;
use patches::SABOTAGES;

mod patches;

/// Longest run of a check in seconds; a check that hangs has noticed (chosen).
const CHECK_S_MAX: &str = "600";
/// Longest build in seconds; a build that takes longer is an error (chosen).
const BUILD_S_MAX: &str = "3000";
/// What is not copied.
const SKIPPED: &[&str] = &[".git", "target", "node_modules"];

/// Options of `cargo xtask sabotage`.
#[derive(Args)]
pub(crate) struct Options {
    /// Only the sabotages of these names.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Show the output of every build and check.
    #[arg(long)]
    verbose: bool,
}

/// One broken promise.
pub(crate) struct Sabotage {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// Which promise is broken.
    pub(crate) what: &'static str,
    /// What is changed.
    pub(crate) edits: &'static [Edit],
    /// What must notice.
    pub(crate) check: Check,
}

/// One textual change; `find` stands in the file exactly once.
pub(crate) struct Edit {
    /// Path from the root.
    pub(crate) file: &'static str,
    /// The promise.
    pub(crate) find: &'static str,
    /// The broken promise.
    pub(crate) replace: &'static str,
}

/// What must notice; compared to run each control once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// The simulation tests whose name contains this.
    Simulation(&'static str),
    /// The demo's story.
    Demo,
}

/// Runs the controls and the sabotages.
///
/// # Errors
///
/// When the copy cannot be made, a patch does not fit, or a build fails.
pub(crate) fn run(options: &Options) -> Result<bool, String> {
    let wanted =
        |s: &&Sabotage| options.names.is_empty() || options.names.iter().any(|n| n == s.name);
    let chosen: Vec<&Sabotage> = SABOTAGES.iter().filter(wanted).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = SABOTAGES.iter().map(|s| s.name).collect();
        return Err(format!("no sabotage of that name; there are {}", names.join(", ")));
    }
    let yard = Yard { root: job::root(), place: job::target().join("sabotage") };
    let mut checks: Vec<Check> = Vec::new();
    for sabotage in &chosen {
        if !checks.contains(&sabotage.check) {
            checks.push(sabotage.check);
        }
    }
    yard.refresh(&[])?;
    let mut fine = true;
    for check in checks {
        let started = Instant::now();
        let passed = yard.passes(check, options.verbose)?;
        fine &= passed;
        let said = if passed { "passes, as it must" } else { "FAILS without any sabotage" };
        println!("control  {check:?}: {said}, {:.0} s", started.elapsed().as_secs_f64());
    }
    for sabotage in chosen {
        let started = Instant::now();
        yard.refresh(sabotage.edits)?;
        let noticed = !yard.passes(sabotage.check, options.verbose)?;
        fine &= noticed;
        let said = if noticed { "noticed" } else { "NOT NOTICED" };
        let (name, check) = (sabotage.name, sabotage.check);
        let took = started.elapsed().as_secs_f64();
        println!("{said}  {name}: {} (by {check:?}, {took:.0} s)", sabotage.what);
    }
    yard.refresh(&[])?;
    Ok(fine)
}

/// Where the copies are broken.
struct Yard {
    root: PathBuf,
    place: PathBuf,
}

impl Yard {
    /// Makes the copy equal to the sources but for the edits; unchanged files keep their times, so that
    /// only what changed is built again.
    fn refresh(&self, edits: &[Edit]) -> Result<(), String> {
        let to = self.place.join("src");
        copy(&self.root, &to, &self.place).map_err(|e| format!("copy the sources: {e}"))?;
        for edit in edits {
            let file = to.join(edit.file);
            let text = fs::read_to_string(&file).map_err(|e| format!("{}: {e}", edit.file))?;
            let patched = edit.apply(&text)?;
            fs::write(&file, patched).map_err(|e| format!("{}: {e}", edit.file))?;
        }
        Ok(())
    }

    /// Builds, then runs the check; a build that fails is an error, not a notice.
    fn passes(&self, check: Check, verbose: bool) -> Result<bool, String> {
        let tests = |package| ["test", "--quiet", "--locked", "-p", package, "--test", "it"];
        let (build, run) = match check {
            Check::Simulation(filter) => {
                with(&tests("outwright-sim"), &["--no-run"], &["--", filter])
            }
            Check::Demo => {
                let cli = ["--quiet", "--locked", "-p", "outwright-cli"];
                let build = [&["build"][..], &cli].concat();
                (build, [&["run"][..], &cli, &["--", "demo", "--once"]].concat())
            }
        };
        let built = self.cargo(&build, BUILD_S_MAX, verbose)?;
        if !built.ok {
            return Err(format!("build the copy ({check:?}):\n{}", built.said));
        }
        let ended = self.cargo(&run, CHECK_S_MAX, verbose)?;
        let ran_nothing = check != Check::Demo && ended.said.contains("running 0 tests");
        if ended.ok && ran_nothing {
            return Err(format!("{check:?} runs no test"));
        }
        Ok(ended.ok)
    }

    fn cargo(&self, args: &[&str], seconds: &str, verbose: bool) -> Result<job::Ended, String> {
        let cargo = job::cargo(args);
        let mut bounded = Command::new("timeout");
        bounded.arg("--kill-after=5").arg(seconds).arg(cargo.get_program()).args(args);
        for (name, value) in cargo.get_envs() {
            match value {
                Some(value) => bounded.env(name, value),
                None => bounded.env_remove(name),
            };
        }
        bounded.env("CARGO_TARGET_DIR", self.place.join("target"));
        bounded.current_dir(self.place.join("src"));
        job::run(&mut bounded, verbose).map_err(|e| e.to_string())
    }
}

/// A command twice: with the arguments of the build, and with those of the run.
fn with<'a>(both: &[&'a str], build: &[&'a str], run: &[&'a str]) -> (Vec<&'a str>, Vec<&'a str>) {
    ([both, build].concat(), [both, run].concat())
}

impl Edit {
    /// The text with the promise broken.
    ///
    /// # Errors
    ///
    /// When the promise does not stand in the text exactly once.
    fn apply(&self, text: &str) -> Result<String, String> {
        let found = text.matches(self.find).count();
        if found == 1 {
            return Ok(text.replacen(self.find, self.replace, 1));
        }
        Err(format!(
            "{}: the text to sabotage stands there {found} times:\n{}",
            self.file, self.find
        ))
    }
}

/// Copies a folder; writes only what differs and removes what is gone.
fn copy(from: &Path, to: &Path, yard: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let target = to.join(&name);
        let skipped = SKIPPED.iter().any(|s| name == *s) || entry.path() == yard;
        if skipped {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target, yard)?;
        } else {
            let bytes = fs::read(entry.path())?;
            if fs::read(&target).ok().as_ref() != Some(&bytes) {
                fs::write(&target, bytes)?;
            }
        }
    }
    for entry in fs::read_dir(to)? {
        let entry = entry?;
        let gone = !from.join(entry.file_name()).exists();
        if gone && entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else if gone {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_patch_fits_the_sources_as_they_are() {
        for sabotage in SABOTAGES {
            for edit in sabotage.edits {
                let text = fs::read_to_string(job::root().join(edit.file)).unwrap();
                let patched = edit.apply(&text).unwrap();
                assert_ne!(patched, text, "{}", sabotage.name);
            }
        }
    }

    #[test]
    fn a_patch_that_fits_twice_or_never_is_refused() {
        let edit = Edit { file: "x.rs", find: "a", replace: "b" };
        assert_eq!(edit.apply("xax").as_deref(), Ok("xbx"));
        assert!(edit.apply("xaxa").is_err());
        assert!(edit.apply("x").is_err());
    }
}
