//! Hostile providers: every call ends within its deadline, and memory stays bounded.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use outwright_gateway::demo::{Demo, Ports, Preset, Settings};

use crate::contracts;
use crate::process::{Gateway, alone, gateway};

/// One provider each, so that no breaker spares the gateway what is to be shown.
const PROVIDERS: usize = 24;
/// Calls of each provider, one after the other.
const ROUNDS: usize = 4;
/// What callers give a call.
const DEADLINE: Duration = Duration::from_millis(600);
/// How late an answer may be at the 99th percentile, and at most: what the product promises its callers.
const LATE_P99: Duration = Duration::from_millis(10);
const LATE_MAX: Duration = Duration::from_millis(50);
/// What a call in flight may hold beside declared buffers: the bound that is promised.
const CALL_BYTES: u64 = 64 * 1024;
/// Declared buffers: the kept part of a reply (64 KiB a call), the log's two (64 KiB each), tables of the allocator.
const DECLARED_BYTES: u64 = 64 * 1024 * PROVIDERS as u64 + 4 * 1024 * 1024;

const READ: &str = "  list:
    request: GET /v1/charges
    needs: [all]
    fallback: none
";

/// A call as a plain socket makes it: how long until the gateway ended it.
fn call(gateway: SocketAddr, provider: usize) -> Duration {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(gateway).expect("the gateway accepts");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("ten seconds are not zero");
    let request = format!(
        "GET /p{provider}/v1/charges HTTP/1.1\r\nHost: {gateway}\r\nOutwright-Timeout: {}ms\r\nConnection: close\r\n\r\n",
        DEADLINE.as_millis()
    );
    stream.write_all(request.as_bytes()).expect("the gateway reads");
    let mut sink = vec![0; 64 * 1024];
    // A cut stream ends in an error or in order; either way it is over.
    while stream.read(&mut sink).is_ok_and(|bytes| bytes > 0) {}
    begun.elapsed()
}

/// A figure of /proc/PID/status, in bytes.
fn memory(gateway: &Gateway, name: &str) -> u64 {
    let path = format!("/proc/{}/status", gateway.process.0.id());
    let text = fs::read_to_string(path).expect("the gateway runs");
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").trim().parse::<u64>().ok())
        .expect("the kernel names it")
        * 1024
}

/// Every call ends within its deadline and memory stays bounded, whatever the provider does.
#[test]
fn a_hostile_provider_costs_neither_time_nor_memory() {
    let _alone = alone();
    for preset in
        [Preset::Tarpit, Preset::SlowLoris, Preset::Truncating, Preset::Resetting, Preset::Flooding]
    {
        let demo = Demo::spawn_thread(Ports::default(), Settings::default()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        for provider in 0..PROVIDERS {
            contracts::write(folder.path(), &format!("p{provider}"), demo.plain(), READ);
        }
        let gateway = gateway(folder.path());
        // Warm: code and pools are in memory before anything is measured.
        for provider in 0..PROVIDERS {
            call(gateway.data, provider);
        }
        let idle = memory(&gateway, "VmRSS");
        demo.preset(preset, 1_000);

        let data = gateway.data;
        let mut took: Vec<Duration> = std::thread::scope(|scope| {
            let callers: Vec<_> = (0..PROVIDERS)
                .map(|provider| {
                    scope.spawn(move || {
                        (0..ROUNDS).map(|_| call(data, provider)).collect::<Vec<_>>()
                    })
                })
                .collect();
            callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
        });
        took.sort_unstable();
        let late = |took: Duration| took.saturating_sub(DEADLINE);
        let p99 = late(took[took.len() * 99 / 100 - 1]);
        let worst = late(*took.last().unwrap());
        let grown = memory(&gateway, "VmHWM").saturating_sub(idle);
        println!("{preset:?}: late p99 {p99:?}, at most {worst:?}; grown by {} KiB", grown / 1024);
        assert!(p99 <= LATE_P99, "{preset:?}: {p99:?} late at p99");
        assert!(worst <= LATE_MAX, "{preset:?}: {worst:?} late");
        let bound = CALL_BYTES * PROVIDERS as u64 + DECLARED_BYTES;
        assert!(grown <= bound, "{preset:?}: grown by {grown} bytes of {bound}");

        // The pool is healthy afterwards: the next call of each provider is an ordinary one.
        demo.clear_faults();
        assert!(call(gateway.data, 0) < DEADLINE);
    }
}

/// A reply that is far larger than what the sockets in between hold, in bytes; below what an operation allows.
const FLOOD_BYTES: usize = 48 * 1024 * 1024;
/// What a reply that nobody takes may hold in the process: chosen, what a first call needs, a few reads, one write buffer.
const UNTAKEN_BYTES: u64 = 2 * 1024 * 1024;
/// From when on a provider that cannot write is taken for held back.
const HELD_BACK: Duration = Duration::from_millis(500);

/// Sends one endless reply; says how many bytes of it were taken before its writes were held back.
fn flood(provider: &TcpListener) -> usize {
    let (mut stream, _) = provider.accept().expect("the gateway connects");
    stream.set_write_timeout(Some(HELD_BACK)).expect("not zero");
    let _head = stream.read(&mut [0; 4 * 1024]).expect("a request");
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {FLOOD_BYTES}\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("a head is small");
    let part = vec![b'x'; 64 * 1024];
    let mut sent = 0;
    while sent < FLOOD_BYTES {
        match stream.write(&part) {
            Ok(bytes) => sent += bytes,
            Err(_) => break,
        }
    }
    sent
}

/// A caller that has asked and reads nothing.
fn asked(gateway: &Gateway) -> TcpStream {
    let mut caller = TcpStream::connect(gateway.data).unwrap();
    write!(caller, "GET /p0/v1/charges HTTP/1.1\r\nHost: {}\r\n\r\n", gateway.data).unwrap();
    caller
}

/// A call with a small reply, after which its connection to the provider is over.
fn call_that_is_answered(gateway: &Gateway, provider: &TcpListener) -> TcpStream {
    let mut caller = asked(gateway);
    let (mut stream, _) = provider.accept().unwrap();
    let _head = stream.read(&mut [0; 4 * 1024]).expect("a request");
    stream
        .write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nfine")
        .unwrap();
    let mut text = Vec::new();
    while !text.ends_with(b"fine") {
        let mut part = [0; 1_024];
        let bytes = caller.read(&mut part).expect("an answer");
        assert!(bytes > 0, "the answer ended early");
        text.extend_from_slice(&part[..bytes]);
    }
    caller
}

/// A caller that takes nothing holds its provider back, not the reply in our memory.
#[test]
fn a_reply_that_nobody_takes_stays_with_the_provider() {
    let _alone = alone();
    let provider = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    contracts::write(folder.path(), "p0", provider.local_addr().unwrap(), READ);
    let gateway = gateway(folder.path());
    // What a first call needs once, its code included, is there after it.
    drop(call_that_is_answered(&gateway, &provider));
    let idle = memory(&gateway, "VmRSS");
    let _caller = asked(&gateway);
    let sent = flood(&provider);
    assert!(sent < FLOOD_BYTES, "all of it was taken from the provider");
    let grown = memory(&gateway, "VmHWM").saturating_sub(idle);
    println!("{} KiB were taken from the provider; grown by {} KiB", sent / 1024, grown / 1024);
    assert!(grown <= UNTAKEN_BYTES, "grown by {grown} bytes");
}
