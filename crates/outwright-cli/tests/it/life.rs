//! A gateway that changes under load, and one that ends under load: no call is lost by either.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use outwright_gateway::demo::{Demo, Ports, Settings};

use crate::contracts;
use crate::process::{Gateway, alone, beside, gateway};

const OPERATIONS: &str = "  list:
    request: GET /v1/charges
    needs: [all]
    fallback: none
  stream:
    request: GET /v1/stream
    needs: [all]
    stream: { max: 15m }
    fallback: none
  create_charge:
    request: POST /v1/charges
    needs: [all]
    idempotency: { plan: once }
";
const MORE: &str = "  one:
    request: GET /v1/charges/{charge}
    needs: [all]
    fallback: none
";
const IN_FORCE: &str = "new contracts are in force";
const STAYS: &str = "the last good contracts stay in force";

/// Replaces a contract as a deployment does: whole, in one step.
fn write(folder: &Path, text: &str) {
    let (new, place) = (folder.join("new"), folder.join("contracts/demo.yaml"));
    fs::write(&new, text).expect("the world of a test works");
    fs::rename(&new, place).expect("the world of a test works");
}

/// A demo provider, a gateway in front of it, and its contract.
fn stage() -> (Demo, Gateway, tempfile::TempDir, String) {
    let demo = Demo::spawn_thread(Ports::default(), Settings::default())
        .expect("the world of a test works");
    let folder = tempfile::tempdir().expect("the world of a test works");
    contracts::write(folder.path(), "demo", demo.plain(), OPERATIONS);
    let gateway = gateway(folder.path());
    let text = fs::read_to_string(folder.path().join("contracts/demo.yaml"))
        .expect("the world of a test works");
    (demo, gateway, folder, text)
}

/// A request of a plain socket, without its end.
fn ask(gateway: SocketAddr, line: &str, fields: &str) -> Option<BufReader<TcpStream>> {
    let mut stream = TcpStream::connect(gateway).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("the world of a test works");
    write!(stream, "{line} HTTP/1.1\r\nHost: {gateway}\r\n{fields}\r\n").ok()?;
    Some(BufReader::new(stream))
}

/// Reads a stream of events to its proper end; says whether it had all of them.
fn streams(gateway: SocketAddr, events: usize, every_ms: u64) -> bool {
    let line = format!("GET /demo/v1/stream?events={events}&every_ms={every_ms}");
    let Some(mut answer) = ask(gateway, &line, "Connection: close\r\n") else { return false };
    let mut text = String::new();
    let read = answer.read_to_string(&mut text);
    let came = text.matches("data: ").count();
    // A chunked body that was cut has no last chunk.
    read.is_ok() && came == events && text.ends_with("0\r\n\r\n")
}

/// What `number` of a thousand contracts says; every tenth is no contract.
fn version(number: usize, contract: &str) -> String {
    match number % 10 {
        9 if number % 20 == 9 => contract.replace("first_byte: 1s, ", ""),
        9 => contract[..contract.len() / 2].to_owned() + "\n  {",
        limits if limits % 2 == 1 => {
            let slots = format!("max: {}", 300 + number % 100);
            let windows = format!(
                "limits: {{ dialect: stripe, windows: [{{ name: account, requests: {}, per: 1s }}] }}\noperations:\n",
                20_000 + number
            );
            contract.replace("max: 400", &slots).replace("operations:\n", &windows)
        }
        more if more % 4 == 0 => contract.to_owned() + MORE,
        _ => contract.replace("min_calls: 20", &format!("min_calls: {}", 20 + number % 7)),
    }
}

/// 2,000 requests a second from a client that is not ours, until told to stop; says how many it made.
fn load(data: SocketAddr, stop: &AtomicBool) -> usize {
    const REQUESTS: usize = 4_000;
    let url = format!("http://{data}/demo/v1/charges");
    let mut made = 0;
    while !stop.load(Ordering::Relaxed) {
        let count = REQUESTS.to_string();
        let arguments = ["--h1", "-n", &count, "-c", "20", "--rps", "100", &url];
        let output = Command::new("h2load").args(arguments).output().expect("h2load starts");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let whole = format!("{REQUESTS} succeeded, 0 failed, 0 errored, 0 timeout");
        assert!(text.contains(&whole), "{text}");
        assert!(text.contains(&format!("{REQUESTS} 2xx, 0 3xx, 0 4xx, 0 5xx")), "{text}");
        made += REQUESTS;
    }
    made
}

/// R-656, under load.
#[test]
fn a_thousand_reloads_lose_no_call_and_no_stream() {
    if Command::new("h2load").arg("--version").output().is_err() {
        eprintln!("SKIPPED h2load: it is not installed; `cargo xtask test` installs it");
        assert!(std::env::var_os("CI").is_none(), "h2load may not be skipped in CI");
        return;
    }
    let _alone = alone();
    let (_demo, mut gateway, folder, contract) = stage();
    let (data, stop) = (gateway.data, AtomicBool::new(false));
    let (mut taken, mut refused) = (0, 0);
    let (made, streamed) = std::thread::scope(|scope| {
        let load = scope.spawn(|| load(data, &stop));
        let open: Vec<_> = (0..50)
            .map(|_| {
                scope.spawn(|| {
                    let mut whole = 0;
                    while !stop.load(Ordering::Relaxed) {
                        assert!(streams(data, 20, 100), "a stream lost something");
                        whole += 1;
                    }
                    whole
                })
            })
            .collect();
        for number in 0..1_000 {
            write(folder.path(), &version(number, &contract));
            gateway.signal("HUP");
            let said = gateway.says(&[IN_FORCE, STAYS]);
            let good = said.contains(IN_FORCE);
            assert_eq!(good, number % 10 != 9, "{number}: {said}");
            if good { taken += 1 } else { refused += 1 }
        }
        stop.store(true, Ordering::Relaxed);
        let streamed: usize =
            open.into_iter().map(|stream| stream.join().expect("the world of a test works")).sum();
        (load.join().expect("the world of a test works"), streamed)
    });
    let mut page = String::new();
    let mut answer = ask(gateway.admin, "GET /metrics", "Connection: close\r\n")
        .expect("the world of a test works");
    answer.read_to_string(&mut page).expect("the world of a test works");
    for row in ["outwright_bugs_total 0", "outwright_contracts_last_reload_successful 0"] {
        assert!(page.contains(row), "{page}");
    }
    let counted = format!(
        "outwright_calls_total{{provider=\"demo\",operation=\"list\",outcome=\"success\"}} {made}\n"
    );
    assert!(page.contains(&counted), "{made} were made: {page}");
    println!("{taken} taken over, {refused} refused; {made} calls, {streamed} streams, all whole");
    assert_eq!((taken, refused), (900, 100));
}

/// What became of the requests of one caller.
#[derive(Default)]
struct Tally {
    answered: usize,
    /// Written on a connection that was closed before it was taken.
    untaken: usize,
}

/// Charges on one connection until it ends, as often as it is taken.
fn charge(data: SocketAddr, made: &AtomicUsize) -> Tally {
    const BODY: &str = r#"{"amount":1200,"currency":"eur"}"#;
    let mut tally = Tally::default();
    let Ok(stream) = TcpStream::connect(data) else { return tally };
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("the world of a test works");
    let mut answers = BufReader::new(stream.try_clone().expect("the world of a test works"));
    let mut stream = stream;
    loop {
        let head = format!(
            "POST /demo/v1/charges HTTP/1.1\r\nHost: {data}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{BODY}",
            BODY.len()
        );
        let mut line = String::new();
        let written = stream.write_all(head.as_bytes());
        let read = written.and_then(|()| answers.read_line(&mut line));
        if read.is_err() || line.is_empty() {
            tally.untaken += 1;
            return tally;
        }
        assert!(line.starts_with("HTTP/1.1 200"), "{line}");
        let (mut length, mut last) = (0, false);
        loop {
            let mut field = String::new();
            assert!(
                answers.read_line(&mut field).expect("the world of a test works") > 0,
                "a head that was cut"
            );
            let field = field.trim_end().to_ascii_lowercase();
            if let Some(bytes) = field.strip_prefix("content-length: ") {
                length = bytes.parse().expect("the world of a test works");
            }
            last |= field == "connection: close";
            if field.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        answers.read_exact(&mut body).expect("a body that was cut");
        tally.answered += 1;
        made.fetch_add(1, Ordering::Relaxed);
        if last {
            return tally;
        }
    }
}

/// R-655, as far as nothing has to be kept on disk.
#[test]
fn a_gateway_that_is_told_to_end_under_load_ends_no_call() {
    let _alone = alone();
    let (demo, mut gateway, _folder, _) = stage();
    let (data, made) = (gateway.data, AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let open: Vec<_> = (0..50).map(|_| scope.spawn(|| streams(data, 20, 100))).collect();
        let callers: Vec<_> = (0..32).map(|_| scope.spawn(|| charge(data, &made))).collect();
        while made.load(Ordering::Relaxed) < 2_000 {
            std::thread::yield_now();
        }
        gateway.signal("TERM");
        let tallies: Vec<_> = callers
            .into_iter()
            .map(|caller| caller.join().expect("the world of a test works"))
            .collect();
        let answered: usize = tallies.iter().map(|tally| tally.answered).sum();
        let untaken: usize = tallies.iter().map(|tally| tally.untaken).sum();
        println!("{answered} charges answered, {untaken} requests not taken");
        for stream in open {
            assert!(stream.join().expect("the world of a test works"), "a stream was cut");
        }
        assert_eq!(demo.effects().count(), answered, "what was taken was answered");
    });
    let status = gateway.process.0.wait().expect("the world of a test works");
    assert!(status.success(), "{status}");
    assert!(TcpStream::connect(data).is_err(), "nobody listens any more");
}

#[test]
fn a_changed_file_takes_over_by_itself_and_says_what_changed() {
    let _beside = beside();
    let (_demo, mut gateway, folder, contract) = stage();
    let changed = contract.replace("max: 400", "max: 7").replace("attempts: 3", "attempts: 2");
    write(folder.path(), &(changed + MORE));
    let said = gateway.says(&[IN_FORCE]);
    assert!(said.contains("3 values changed"), "{said}");
    let said = gateway.says(&["demo: operations.one: GET /v1/charges/{charge} (added)"]);
    for line in ["demo: concurrency.max: 400 -> 7", "demo: retry.attempts: 3 -> 2"] {
        assert!(said.contains(line), "{said}");
    }
    write(folder.path(), &contract.replace("attempts: 3", "attempts: many"));
    let said = gateway.says(&[STAYS]);
    assert!(said.contains("the new contracts are not in force: they have errors"), "{said}");
    assert!(said.contains("demo.yaml:9:"), "it says where: {said}");
    let mut answer = ask(gateway.data, "GET /demo/v1/charges/none", "Connection: close\r\n")
        .expect("the world of a test works");
    let mut text = String::new();
    answer.read_to_string(&mut text).expect("the world of a test works");
    assert!(text.contains("outwright-origin: provider"), "its operation is there: {text}");
}

/// Base URLs and secrets of another environment are no change that callers of this one asked for.
#[test]
fn another_environment_changes_nothing_while_it_runs() {
    let _beside = beside();
    let (_demo, mut gateway, folder, contract) = stage();
    let deployment = |text: &str| {
        fs::write(folder.path().join("outwright.yaml"), text).expect("the world of a test works");
    };
    deployment("outwright: 1\nenvironment: sandbox\n");
    write(folder.path(), &contract.replace("max: 400", "max: 7"));
    gateway.signal("HUP");
    let said = gateway.says(&[STAYS, IN_FORCE]);
    let why = "the new contracts are not in force: another `environment` takes a restart";
    assert!(said.contains(why), "{said}");
    // Without it the same change is taken.
    deployment("outwright: 1\n");
    gateway.signal("HUP");
    let said = gateway.says(&[STAYS, IN_FORCE]);
    assert!(said.contains(IN_FORCE), "{said}");
    gateway.says(&["demo: concurrency.max: 400 -> 7"]);
}
