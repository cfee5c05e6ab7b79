//! The parts of the test command: one row each.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::tools::{self, CLIENTS, H2, LLMOCK, LOCALSTRIPE, Missing, NODE_CLIENTS, NODE_PEERS};

/// Settings that a part's tools come with.
pub(crate) type Needs = Vec<(&'static str, OsString)>;

/// One part.
pub(crate) struct Part {
    /// Its name, for `--part`, the table and `SKIPPED <name>: ...`.
    pub name: &'static str,
    /// What it does, for the person who watches.
    pub what: &'static str,
    /// Whether it belongs to the quick round.
    pub quick: bool,
    /// How long it may take on two cores, in seconds (chosen; all parts together at most 45 minutes).
    pub budget_s: u32,
    /// Finds or installs what it needs; the answer says what is missing.
    pub needs: fn() -> Result<Needs, Missing>,
    /// What it runs, in order; all of them run even if one fails.
    pub commands: &'static [Line],
}

/// What the library has for callers who speak another crate's types; off unless it is asked for.
const ADAPTERS: &str = "outwright/reqwest";

/// A cargo command.
pub(crate) struct Line {
    /// Its arguments.
    pub args: &'static [&'static str],
    /// Its settings.
    pub env: &'static [(&'static str, &'static str)],
}

/// A command without settings.
const fn run(args: &'static [&'static str]) -> Line {
    Line { args, env: &[] }
}

/// All parts, in the order in which they run: what fails fast comes first.
pub(crate) const PARTS: &[Part] = &[
    Part {
        name: "format",
        what: "every file is formatted",
        quick: true,
        budget_s: 15,
        needs: nothing,
        commands: &[run(&["fmt", "--all", "--check"])],
    },
    Part {
        name: "lints",
        what: "clippy on everything, warnings as errors",
        quick: true,
        budget_s: 420,
        needs: nothing,
        commands: &[run(&[
            "clippy",
            "--quiet",
            "--workspace",
            "--features",
            ADAPTERS,
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ])],
    },
    Part {
        name: "units",
        what: "unit tests of all crates, simulations, examples in the documentation",
        quick: true,
        budget_s: 600,
        needs: nothing,
        commands: &[
            run(&[
                "test",
                "--quiet",
                "--workspace",
                "--features",
                ADAPTERS,
                "--lib",
                "--bins",
                "--locked",
                "--no-fail-fast",
                "--",
                "--show-output",
            ]),
            run(&[
                "test",
                "--quiet",
                "--locked",
                "--no-fail-fast",
                "-p",
                "outwright-core",
                "-p",
                "outwright-contract",
                "-p",
                "outwright-sim",
                "--tests",
                "--",
                "--show-output",
            ]),
        ],
    },
    Part {
        name: "tidy",
        what: "the repository keeps its own rules",
        quick: true,
        budget_s: 30,
        needs: nothing,
        commands: &[run(&["test", "--quiet", "--locked", "-p", "tidy", "--test", "it"])],
    },
    Part {
        name: "dependencies",
        what: "licences, sources and bans of all packages",
        quick: true,
        budget_s: 15,
        needs: nothing,
        commands: &[run(&["run", "--quiet", "--locked", "-p", "xtask", "--", "deps"])],
    },
    Part {
        name: "documents",
        what: "the documentation builds without a warning, its examples run",
        quick: false,
        budget_s: 180,
        needs: nothing,
        commands: &[
            Line {
                args: &[
                    "doc",
                    "--quiet",
                    "--workspace",
                    "--features",
                    ADAPTERS,
                    "--no-deps",
                    "--locked",
                    "--document-private-items",
                ],
                env: &[("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links")],
            },
            run(&["test", "--quiet", "--workspace", "--features", ADAPTERS, "--doc", "--locked"]),
        ],
    },
    Part {
        name: "wire",
        what: "driver, door and command line over real sockets",
        quick: false,
        budget_s: 480,
        needs: wire,
        commands: &[run(&[
            "test",
            "--quiet",
            "--locked",
            "--no-fail-fast",
            "-p",
            "outwright",
            "-p",
            "outwright-gateway",
            "-p",
            "outwright-cli",
            "--features",
            ADAPTERS,
            "--tests",
            "--",
            "--show-output",
            "--skip",
            CLIENT_TESTS,
        ])],
    },
    Part {
        name: "clients",
        what: "client libraries of providers, unchanged, at peers that others wrote",
        quick: false,
        budget_s: 300,
        needs: clients,
        commands: &[run(&[
            "test",
            "--quiet",
            "--locked",
            "--no-fail-fast",
            "-p",
            "outwright-cli",
            "--test",
            "it",
            CLIENT_TESTS,
            "--",
            "--show-output",
        ])],
    },
    Part {
        name: "gates",
        what: "a call as it is shipped costs no more instructions and system calls than before",
        quick: false,
        budget_s: 600,
        needs: counters,
        commands: &[run(&[
            "run", "--quiet", "--locked", "-p", "xtask", "--", "bench", "gateway", "--gate",
        ])],
    },
    Part {
        name: "demo",
        what: "the demo keeps its promises, as it is shipped",
        quick: false,
        budget_s: 600,
        needs: nothing,
        commands: &[run(&[
            "run",
            "--quiet",
            "--release",
            "--locked",
            "-p",
            "outwright-cli",
            "--",
            "demo",
            "--once",
        ])],
    },
    Part {
        name: "sabotage",
        what: "broken promises are noticed",
        quick: false,
        budget_s: 600,
        needs: nothing,
        commands: &[run(&["run", "--quiet", "--locked", "-p", "xtask", "--", "sabotage"])],
    },
];

fn nothing() -> Result<Needs, Missing> {
    Ok(Vec::new())
}

/// What counts instructions and system calls.
fn counters() -> Result<Needs, Missing> {
    tools::ensure_apt(&["valgrind", "strace", "nginx", "openssl"])?;
    Ok(Vec::new())
}

/// Tests of this name have a part of their own.
const CLIENT_TESTS: &str = "clients::";

/// curl, openssl and nghttp2, and Python with the client libraries and with HTTP/2.
fn wire() -> Result<Needs, Missing> {
    tools::ensure_apt(&["curl", "openssl", "nghttp2-client", "nghttp2-server"])?;
    let mut needs = Needs::new();
    for (name, pins) in [("OUTWRIGHT_PYTHON", CLIENTS), ("OUTWRIGHT_PYTHON_H2", H2)] {
        needs.push((name, tools::ensure_venv(pins)?.join("bin/python").into()));
    }
    Ok(needs)
}

/// curl, the client libraries of Python and Node, and the servers that speak like providers.
fn clients() -> Result<Needs, Missing> {
    tools::ensure_apt(&["curl"])?;
    let bin = |folder: Result<PathBuf, Missing>, name: &str| Ok(folder?.join("bin").join(name));
    let wanted = [
        ("OUTWRIGHT_PYTHON", bin(tools::ensure_venv(CLIENTS), "python")),
        ("OUTWRIGHT_NODE", tools::ensure_node()),
        ("OUTWRIGHT_NODE_CLIENTS", tools::ensure_npm(NODE_CLIENTS)),
        ("OUTWRIGHT_LOCALSTRIPE", bin(tools::ensure_venv(LOCALSTRIPE), "localstripe")),
        ("OUTWRIGHT_LLMOCK", bin(tools::ensure_venv(LLMOCK), "llmock")),
        ("OUTWRIGHT_NODE_PEERS", tools::ensure_npm(NODE_PEERS)),
        ("OUTWRIGHT_JAVA", tools::ensure_java()),
    ];
    let mut needs = Needs::new();
    for (name, tool) in wanted {
        match tool {
            Ok(path) => needs.push((name, path.into())),
            // The tests that need it say so, and are counted.
            Err(missing) => eprintln!("missing: {missing}"),
        }
    }
    Ok(needs)
}
