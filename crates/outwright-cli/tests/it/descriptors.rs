//! A gateway with few file descriptors: it takes all that the machine lets it have, and outlives the want of them.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use outwright_gateway::demo::{Demo, Ports, Settings};

use crate::contracts;
use crate::process::{beside, gateway_of};

const LIST: &str = "  list:
    request: GET /v1/charges
    needs: [all]
    fallback: none
";
/// Files that the machine lets the gateway have, and those that it is given at first.
const HARD: u32 = 64;
const SOFT: u32 = 48;
/// Ends a test that waits for what never comes; long enough for a busy machine.
const LONG: Duration = Duration::from_secs(60);

fn connect(gateway: SocketAddr, text: &str) -> TcpStream {
    let mut caller = TcpStream::connect(gateway).expect("the system keeps it until it is accepted");
    caller.set_read_timeout(Some(LONG)).expect("a minute is not zero");
    caller.write_all(text.as_bytes()).expect("the system keeps that, too");
    caller
}

fn answer(mut caller: TcpStream) -> String {
    let mut text = String::new();
    caller.read_to_string(&mut text).expect("the connection ends in order");
    text
}

/// without a descriptor nobody is accepted, and everything else goes on: bounds of those who are there are kept,
/// whoever waits is served once files are closed, and the process ends when it is told to.
#[test]
fn a_gateway_without_descriptors_keeps_its_bounds_and_serves_again() {
    let _beside = beside();
    let demo = Demo::spawn_thread(Ports::default(), Settings::default()).expect("a port is free");
    let folder = tempfile::tempdir().expect("the machine has room");
    contracts::write(folder.path(), "demo", demo.plain(), LIST);
    let mut limited = std::process::Command::new("sh");
    let limits = format!("ulimit -Sn {SOFT} && ulimit -Hn {HARD} && exec \"$0\" \"$@\"");
    limited.args(["-c", &limits, env!("CARGO_BIN_EXE_outwright")]);
    let mut gateway = gateway_of(limited, folder.path());
    let said = gateway.says(&["files may be open"]);
    assert!(said.contains("outwright: 64 files may be open"), "{said}");
    let said = gateway.says(&["help: "]);
    assert!(said.contains("warning: that is enough for 1 calls"), "{said}");

    let request = format!(
        "GET /demo/v1/charges HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        gateway.data
    );
    let late = connect(gateway.data, "GET /demo/v1/ch");
    let begun = Instant::now();
    let idle: Vec<_> = (0..HARD).map(|_| connect(gateway.data, "")).collect();
    let waits = connect(gateway.data, &request);
    // The bound of a head is 10 s; nobody can be accepted meanwhile.
    assert!(answer(late).starts_with("HTTP/1.1 408 "), "the late one is told so");
    assert!(begun.elapsed() >= Duration::from_secs(10));
    drop(idle);
    // The first who are accepted may find no file left for the provider's side.
    assert!(answer(waits).starts_with("HTTP/1.1 "), "whoever waited is answered");
    let begun = Instant::now();
    while !answer(connect(gateway.data, &request)).starts_with("HTTP/1.1 200 ") {
        assert!(begun.elapsed() < LONG, "it does not serve again");
    }

    let _flood: Vec<_> = (0..2 * HARD).map(|_| connect(gateway.data, "")).collect();
    gateway.process.stop_within(LONG);
}
