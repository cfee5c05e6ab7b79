//! Lists the contracts and facts that are shipped, so that `outwright init --template` can write them.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../..");
    let mut table = String::from("&[\n");
    for kind in ["contracts", "facts"] {
        let folder = root.join(kind);
        println!("cargo::rerun-if-changed={}", folder.display());
        for path in files(&folder)? {
            let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let path = path.canonicalize()?;
            writeln!(
                table,
                "    ({kind:?}, {name:?}, include_str!({:?})),",
                path.display().to_string()
            )?;
        }
    }
    table.push_str("]\n");
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("templates.rs"), table)?;
    Ok(())
}

/// The YAML files of a folder, in order of name; none where there is no folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "yaml") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
