//! Running other programs: in the root of the repository, with their output kept.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest.ancestors().nth(2).map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// The target directory, wherever the machine put it.
pub(crate) fn target() -> PathBuf {
    let named = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    named.map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// How a program ended.
pub(crate) struct Ended {
    /// Whether it exited with 0.
    pub ok: bool,
    /// Everything it said, in the order in which it came.
    pub said: String,
}

/// Runs a program and keeps what it says; `echo` shows each line as well.
///
/// # Errors
///
/// When it cannot be started or read.
pub(crate) fn run(command: &mut Command, echo: bool) -> io::Result<Ended> {
    let mut child = command
        .current_dir(command.get_current_dir().map_or_else(root, Path::to_path_buf))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| io::Error::other(format!("start {}: {e}", name(command))))?;
    let (lines, all) = mpsc::channel();
    std::thread::scope(|scope| {
        if let Some(out) = child.stdout.take() {
            let lines = lines.clone();
            scope.spawn(move || forward(out, &lines));
        }
        if let Some(err) = child.stderr.take() {
            let lines = lines.clone();
            scope.spawn(move || forward(err, &lines));
        }
        drop(lines);
        let mut said = String::new();
        for line in all {
            if echo {
                let _gone = writeln!(io::stderr(), "{line}");
            }
            said.push_str(&line);
            said.push('\n');
        }
        let ok = child.wait()?.success();
        Ok(Ended { ok, said })
    })
}

fn forward(from: impl Read, lines: &mpsc::Sender<String>) {
    for line in BufReader::new(from).split(b'\n') {
        let Ok(line) = line else { return };
        if lines.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
            return;
        }
    }
}

/// A program and its arguments, as one would type them.
pub(crate) fn name(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for arg in command.get_args() {
        name.push(' ');
        name.push_str(&arg.to_string_lossy());
    }
    name
}

/// A cargo command; its output is plain and nothing of the cargo that started us leaks in.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(args).env("CARGO_TERM_COLOR", "never");
    // Set by the `cargo run` that started us; a nested cargo must not inherit them.
    for name in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "CARGO_PKG_VERSION", "CARGO_MANIFEST_PATH"]
    {
        command.env_remove(name);
    }
    command
}

/// Whether a program can be found.
pub(crate) fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    places.map(|place| place.join(program)).any(|file| file.is_file())
}
