//! Who may come in, and how: sockets, TLS, tokens, and what a contract lets each caller do.

mod certificates;
mod rights;
mod sharing;
mod sockets;
mod tls;
mod tokens;

use std::process::{Command, Output};

/// What curl says to these arguments, with the status on a line of its own.
fn curl(arguments: &[&str]) -> Output {
    let mut command = Command::new("curl");
    command.args(["-sS", "--noproxy", "*", "-m", "20", "-w", "\n%{http_code} %{http_version}"]);
    command.args(arguments).output().expect("curl is on every machine of the test command")
}

/// The last line of it: status and version of HTTP.
fn status(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().last().unwrap_or_default().to_owned()
}
