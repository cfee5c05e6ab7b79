//! A Unix socket for callers.

use std::path::Path;

use outwright_gateway::{Config, Server, StartError};

use super::{curl, status};
use crate::peer::{Peer, Says};
use crate::stage::Stage;

fn stage(path: &Path, change: impl FnOnce(String) -> String) -> (Peer, Stage) {
    let peer = Peer::start(vec![Says::ok("", "fine")]);
    let stage = Stage::set_up(&peer, change, |config| config.socket = Some(path.to_owned()));
    (peer, stage)
}

/// the same doors and the same guard, and no token; what no page could reach needs no port in its name.
#[test]
fn callers_come_in_through_a_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outwright.sock");
    let (peer, mut stage) = stage(&path, |contract| {
        contract.replace("\negress:", "\nlisten: { host: demo.localhost }\negress:")
    });
    let socket = path.display().to_string();
    let ask = |more: &[&str]| curl(&[&["--unix-socket", &socket][..], more].concat());
    for url in ["http://localhost/demo/v1/charges", "http://demo.localhost/v1/charges"] {
        let said = ask(&[url]);
        assert_eq!(status(&said), "200 1.1", "{url}: {said:?}");
    }
    let said = ask(&["--http2-prior-knowledge", "http://localhost/demo/v1/charges"]);
    assert_eq!(status(&said), "200 2");
    for (refused, url) in [
        ("421 1.1", "http://evil.example/demo/v1/charges"),
        ("403 1.1", "http://localhost/demo/v1/unheard"),
        ("404 1.1", "http://localhost/v1/charges"),
    ] {
        assert_eq!(status(&ask(&[url])), refused, "{url}");
    }
    let page = ["-H", "Origin: http://localhost", "http://localhost/demo/v1/charges"];
    assert_eq!(status(&ask(&page)), "403 1.1");
    assert_eq!(peer.seen().len(), 3);
    let lines = stage.log();
    assert_eq!(lines.len(), 7, "each of them has its line");
    assert!(!path.exists(), "it is gone at the end");
}

#[test]
fn a_socket_that_is_in_use_is_refused_and_a_dead_one_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outwright.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "a process that died leaves it behind");
    let (_peer, stage) = stage(&path, |contract| contract);
    let free = "127.0.0.1:0".parse().unwrap();
    let config =
        Config { data: free, admin: free, socket: Some(path.clone()), ..Config::default() };
    let shared = std::sync::Arc::clone(stage.gateway().shared());
    let refused = Server::start(&config, shared);
    assert!(matches!(refused, Err(StartError::Socket(_, _))), "{refused:?}");
    let socket = path.display().to_string();
    let said = curl(&["--unix-socket", &socket, "http://localhost/demo/v1/charges"]);
    assert_eq!(status(&said), "200 1.1", "the first one still serves");
}
