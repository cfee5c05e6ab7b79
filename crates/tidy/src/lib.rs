//! Tests of the repository itself: what the style guide promises and no compiler checks.
//!
//! Every check is a function from a [`Tree`] to [`Complaint`]s.
//! `tests/it/repository.rs` runs all of them on the real tree.
//! Beside each check stand negative controls: tiny invented trees that it must refuse.

pub mod codes;
pub mod documents;
pub mod imports;
pub mod manifests;
pub mod purity;
pub mod references;
pub mod requirements;
pub mod rooms;
pub mod shape;
pub mod source;
pub mod tree;
pub mod words;

pub use tree::{Complaint, File, Tree};

/// A check, by name.
pub struct Check {
    /// What it is about, for the report.
    pub name: &'static str,
    /// What it does.
    pub run: fn(&Tree) -> Vec<Complaint>,
}

/// All checks; a new one is one row.
pub const CHECKS: &[Check] = &[
    Check { name: "codes that others rely on stay", run: codes::locked },
    Check { name: "crates import only what the map allows", run: imports::map },
    Check { name: "dependencies carry a reason", run: manifests::reasons },
    Check { name: "packages come from the public registry", run: manifests::sources },
    Check { name: "clippy files of pure crates are complete", run: purity::clippy_files },
    Check { name: "pure crates touch no world", run: purity::world },
    Check { name: "rooms have the six headings", run: rooms::heads },
    Check { name: "rooms import no other room", run: rooms::apart },
    Check { name: "files are short enough", run: shape::sizes },
    Check { name: "no mod.rs", run: shape::no_mod_rs },
    Check { name: "modules say what they are", run: shape::heads },
    Check { name: "spawn only where tasks are awaited", run: shape::spawns },
    Check { name: "secrets are exposed only in wallet and transport", run: shape::exposures },
    Check { name: "metric names only in telemetry", run: shape::metric_names },
    Check { name: "a TODO names its issue", run: shape::todos },
    Check { name: "no code in comments", run: shape::dead_code },
    Check { name: "one word per thing", run: words::definitions },
    Check { name: "the glossary and this check agree", run: words::glossary },
    Check { name: "one sentence per line", run: documents::sentences },
    Check { name: "headings in sentence case", run: documents::headings },
    Check { name: "plain words in documents", run: documents::plain },
    Check { name: "links inside the repository lead somewhere", run: documents::links },
    Check { name: "decisions stand in their index", run: documents::decisions },
    Check { name: "no path of somebody's machine", run: documents::machine_paths },
    Check { name: "the architecture page is short and complete", run: documents::architecture },
    Check { name: "cited requirements exist", run: requirements::citations },
    Check { name: "the list of requirements is well formed", run: requirements::list },
    Check { name: "the page of sources is fresh", run: references::sources },
];
