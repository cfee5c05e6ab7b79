//! Where state lives: `--state DIR`, else `$STATE_DIRECTORY`, else `$XDG_STATE_HOME/outwright`.

use std::env;
use std::path::{Path, PathBuf};

/// The folder of the gateway's state.
///
/// # Errors
///
/// Nothing says where it is: no flag, no variable, no home.
pub(crate) fn folder(flag: Option<&Path>) -> Result<PathBuf, String> {
    if let Some(folder) = flag {
        return Ok(folder.to_path_buf());
    }
    let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    if let Some(folder) = variable("STATE_DIRECTORY") {
        return Ok(folder.into());
    }
    if let Some(folder) = variable("XDG_STATE_HOME") {
        return Ok(Path::new(&folder).join("outwright"));
    }
    variable("HOME")
        .map(|home| Path::new(&home).join(".local/state/outwright"))
        .ok_or_else(|| "nothing says where state lives: give --state DIR".to_owned())
}

/// The admin token that a gateway left in its state folder.
///
/// # Errors
///
/// There is none, or it cannot be read.
pub(crate) fn admin_token(folder: &Path) -> Result<String, String> {
    let path = folder.join(outwright_gateway::TOKEN_FILE);
    std::fs::read_to_string(&path)
        .map(|text| text.trim().to_owned())
        .map_err(|error| format!("cannot read the admin token {}: {error}", path.display()))
}
