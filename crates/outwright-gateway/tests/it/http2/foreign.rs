//! A caller that others wrote: the `h2` library of Python.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::peer::{Peer, Says};
use crate::stage::Stage;

/// What came of each play of the caller; none where its library is not there.
fn plays(stage: &Stage) -> Option<Value> {
    let Some(python) = std::env::var_os("OUTWRIGHT_PYTHON_H2") else {
        eprintln!("SKIPPED python h2: it is not installed; `cargo xtask test` installs it");
        assert!(std::env::var_os("CI").is_none(), "python h2 may not be skipped in CI");
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/http2/caller.py");
    let port = stage.data().port().to_string();
    let said = Command::new(python).arg(script).arg(port).output().expect("python starts");
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    Some(serde_json::from_str(&text).unwrap_or_else(|_| panic!("{said:?}")))
}

/// R-574: many streams, priorities, large heads, a window of one byte and resets within the bounds are all served.
#[test]
fn whatever_it_may_do_it_is_served() {
    let peer = Peer::start(vec![Says::ok("", "fine")]);
    let stage = Stage::before(&peer, |contract| {
        let more = contract.replace("requests: 500", "requests: 100000");
        more.replace("max: 20, queue: 40", "max: 150, queue: 150")
    });
    let Some(said) = plays(&stage) else { return };
    let fine = |count: u32| json!({ "fine": count, "gone": null });
    assert_eq!(said["many"], fine(300));
    assert_eq!(said["priorities"], fine(3));
    assert_eq!(said["continuation"], fine(2));
    assert_eq!(said["window"], json!({ "fine": 1, "gone": null, "frames": 4 }));
    assert_eq!(said["resets"], fine(1));
    stage.until(r#"outwright_calls_in_flight{provider="demo"}"#, "0");
}
