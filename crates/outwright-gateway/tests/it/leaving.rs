//! Calls under way when the process ends, and callers that go before theirs is over.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use outwright_gateway::demo::{Fault, Injection, Latency, Settings, Strikes};

use super::stage::{LONG, Stage, ask};

fn slow(by: Duration) -> Settings {
    Settings { latency: Latency { base: by, ..Latency::default() }, ..Settings::default() }
}

#[test]
fn a_call_that_is_under_way_is_finished_at_the_end() {
    let mut stage = Stage::new(slow(Duration::from_millis(300)));
    let address = stage.data();
    let caller = std::thread::spawn(move || {
        ask(address, &address.to_string(), "GET /demo/v1/charges", &[], "")
    });
    stage.until_arrived(1);
    let log = stage.log();
    assert_eq!(caller.join().unwrap().status, 200);
    assert_eq!(log.len(), 1, "its line is the last thing that was written: {log:?}");
    assert!(TcpStream::connect(address).is_err(), "nobody new is let in");
}

/// R-610: a line does not wait until a buffer is full.
#[test]
fn a_line_of_the_log_is_written_soon() {
    let stage = Stage::new(Settings::default());
    assert_eq!(stage.ask("GET /demo/v1/charges", &[], "").status, 200);
    let began = Instant::now();
    while std::fs::read_to_string(stage.log_path()).unwrap().is_empty() {
        assert!(began.elapsed() < LONG, "no line came");
        std::thread::yield_now();
    }
}

#[test]
fn a_caller_that_goes_gives_its_slot_back() {
    let stage = Stage::new(Settings::default());
    let silent = Fault::Silent { strikes: Strikes::BeforeEffect };
    stage.demo.fault(Injection::always(silent));
    let mut socket = TcpStream::connect(stage.data()).unwrap();
    let request = format!("GET /demo/v1/charges HTTP/1.1\r\nHost: {}\r\n\r\n", stage.data());
    socket.write_all(request.as_bytes()).unwrap();
    stage.until_arrived(1);
    stage.until(r#"outwright_concurrency_used{provider="demo"}"#, "1");
    drop(socket);
    stage.until(r#"outwright_concurrency_used{provider="demo"}"#, "0");
    let row =
        r#"outwright_calls_total{provider="demo",operation="list_charges",outcome="cancelled"}"#;
    stage.until(row, "1");
    stage.until(r#"outwright_calls_in_flight{provider="demo"}"#, "0");
}

/// Found by a caller of HTTP/2: the answer of a mutation was dropped with its caller, and the call stayed in flight.
#[test]
fn a_mutation_that_fails_after_its_caller_left_is_over() {
    let stage = Stage::new(Settings::default());
    stage.demo.fault(Injection::once(Fault::Silent { strikes: Strikes::AfterEffect }));
    let mut caller = TcpStream::connect(stage.data()).unwrap();
    let host = stage.data();
    let text =
        format!("POST /demo/v1/orders HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1\r\n\r\nx");
    caller.write_all(text.as_bytes()).unwrap();
    stage.until_arrived(1);
    drop(caller);
    let row =
        r#"outwright_calls_total{provider="demo",operation="create_order",outcome="cancelled"}"#;
    stage.until(row, "1");
    stage.until(r#"outwright_calls_in_flight{provider="demo"}"#, "0");
}
