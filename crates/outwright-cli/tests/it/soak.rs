//! Mixed hostile traffic, bounded and on loopback only: slow, broken, huge and cancelled, on both sides at once.
//!
//! A short round belongs to every test run; `cargo xtask soak` makes it as long as it is asked to.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use outwright_gateway::demo::{Demo, Ports, Preset, Settings};

use crate::contracts;
use crate::process::{Gateway, alone, gateway};

/// How long the traffic goes on where nobody says: enough for each of its kinds to come many times.
const SECONDS: u64 = 15;
/// Callers at once.
const CALLERS: u64 = 12;
/// How much more memory the last third may use than the first (chosen: the spread between two rounds of the same load).
const GROWN_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// How long what is under way may take to end once nobody calls any more.
const REST: Duration = Duration::from_secs(30);

const OPERATIONS: &str = "  list:
    request: GET /v1/charges
    needs: [all]
    fallback: none
  create_charge:
    request: POST /v1/charges
    needs: [all]
    idempotency: { plan: provider_key, header: Idempotency-Key, key: per_call }
";

/// Numbers that follow from a seed (Marsaglia's xorshift, 64 bits).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Reads for at most so long; what comes is not looked at.
fn listen(stream: &mut TcpStream, for_at_most: Duration) {
    let until = Instant::now() + for_at_most;
    let mut sink = [0; 16 * 1024];
    while let Some(left) =
        until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    {
        stream.set_read_timeout(Some(left)).expect("not zero");
        if !stream.read(&mut sink).is_ok_and(|bytes| bytes > 0) {
            return;
        }
    }
}

/// One visit of a caller that means no good, or of one that does.
fn visit(data: SocketAddr, provider: usize, chance: &mut Chance) {
    let Ok(mut stream) = TcpStream::connect(data) else { return };
    stream.set_write_timeout(Some(Duration::from_millis(300))).expect("not zero");
    let short = Duration::from_millis(50 + chance.below(400));
    let long = Duration::from_secs(3);
    let get = format!(
        "GET /p{provider}/v1/charges HTTP/1.1\r\nHost: {data}\r\nOutwright-Timeout: 600ms\r\n"
    );
    let post = format!(
        "POST /p{provider}/v1/charges HTTP/1.1\r\nHost: {data}\r\nOutwright-Timeout: 600ms\r\n"
    );
    // Whatever fails here has been cut by the gateway, which is its right.
    let mut say = |bytes: &[u8]| stream.write_all(bytes).is_ok();
    let wait = match chance.below(14) {
        0..=2 => {
            say(format!("{get}Connection: close\r\n\r\n").as_bytes());
            long
        }
        3 => {
            say(format!("{post}Connection: close\r\nContent-Length: 2\r\n\r\n{{}}").as_bytes());
            long
        }
        // Gone before the answer, or in the middle of it.
        4 => {
            say(format!("{get}\r\n").as_bytes());
            Duration::ZERO
        }
        5 => {
            say(format!("{get}\r\n").as_bytes());
            short
        }
        // Half a head, half a body, and nothing more.
        6 => {
            say(get.as_bytes());
            short
        }
        7 => {
            say(format!("{post}Content-Length: 5000\r\n\r\n{{").as_bytes());
            short
        }
        // What two readers could read differently.
        8 => {
            say(format!("{post}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
                .as_bytes());
            long
        }
        9 => {
            say(format!("{post}Transfer-Encoding: chunked\r\n\r\nzz\r\n").as_bytes());
            long
        }
        // Too large: a head, a target, a body.
        10 => {
            say(format!("{get}X-Large: {}\r\n\r\n", "x".repeat(80 * 1024)).as_bytes());
            long
        }
        11 => {
            say(format!("{post}Connection: close\r\nContent-Length: 20000000\r\n\r\n").as_bytes());
            let part = vec![b'x'; 64 * 1024];
            while say(&part) {}
            short
        }
        // HTTP/2, and then no HTTP/2.
        12 => {
            say(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\xff\xff\xff\xff");
            short
        }
        _ => {
            say(format!("{get}\r\n").as_bytes());
            let _half = stream.shutdown(Shutdown::Write);
            long
        }
    };
    listen(&mut stream, wait);
}

/// A figure of /proc/PID/status, in bytes.
fn memory(gateway: &Gateway) -> u64 {
    let path = format!("/proc/{}/status", gateway.process.0.id());
    let text = fs::read_to_string(path).expect("the gateway runs");
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok());
    kib.expect("the kernel names it") * 1024
}

fn files(gateway: &Gateway) -> usize {
    let path = format!("/proc/{}/fd", gateway.process.0.id());
    fs::read_dir(path).expect("the gateway runs").count()
}

fn metrics(gateway: &Gateway) -> String {
    let mut stream = TcpStream::connect(gateway.admin).expect("the admin port is served");
    let head =
        format!("GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", gateway.admin);
    stream.write_all(head.as_bytes()).expect("it reads");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("it answers");
    text
}

/// Rows of gauges that have to be zero when nobody calls.
fn not_at_rest(gateway: &Gateway) -> Vec<String> {
    let names = [
        "outwright_calls_in_flight{",
        "outwright_concurrency_used{",
        "outwright_queue_depth{",
        "outwright_bugs_total",
    ];
    let page = metrics(gateway);
    let rows = page.lines().filter(|row| names.iter().any(|name| row.starts_with(name)));
    rows.filter(|row| !row.ends_with(" 0")).map(str::to_owned).collect()
}

fn until_at_rest(gateway: &Gateway) {
    let began = Instant::now();
    loop {
        let left = not_at_rest(gateway);
        if left.is_empty() {
            return;
        }
        assert!(began.elapsed() < REST, "stuck: {left:#?}");
        std::thread::yield_now();
    }
}

#[test]
fn hostile_traffic_leaves_no_call_no_slot_and_no_memory_behind() {
    let _alone = alone();
    let seconds = std::env::var("OUTWRIGHT_SOAK_SECONDS").ok().and_then(|text| text.parse().ok());
    let lasts = Duration::from_secs(seconds.unwrap_or(SECONDS));
    let presets = [
        None,
        Some(Preset::Tarpit),
        Some(Preset::SlowLoris),
        Some(Preset::Truncating),
        Some(Preset::Resetting),
        Some(Preset::Flooding),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let demos: Vec<Demo> = presets
        .iter()
        .enumerate()
        .map(|(number, preset)| {
            let demo = Demo::spawn_thread(Ports::default(), Settings::default()).expect("ports");
            contracts::write(folder.path(), &format!("p{number}"), demo.plain(), OPERATIONS);
            if let Some(preset) = preset {
                demo.preset(*preset, 1_000);
            }
            demo
        })
        .collect();
    let gateway = gateway(folder.path());
    let (data, stop, visits) = (gateway.data, AtomicBool::new(false), AtomicU64::new(0));
    let mut samples = Vec::new();
    let (over, told) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        for number in 0..CALLERS {
            let (stop, visits, over) = (&stop, &visits, over.clone());
            scope.spawn(move || {
                let mut chance = Chance(0x9e37_79b9_7f4a_7c15 ^ (number + 1));
                while !stop.load(Ordering::Relaxed) {
                    let provider = usize::try_from(chance.below(6)).expect("small");
                    visit(data, provider, &mut chance);
                    visits.fetch_add(1, Ordering::Relaxed);
                }
                drop(over);
            });
        }
        let began = Instant::now();
        while began.elapsed() < lasts {
            // Nobody says anything before all have stopped: this waits for the next sample.
            let _silence = told.recv_timeout((lasts / 60).max(Duration::from_millis(200)));
            samples.push(memory(&gateway));
        }
        stop.store(true, Ordering::Relaxed);
    });
    until_at_rest(&gateway);
    let third = samples.len() / 3;
    let most = |part: &[u64]| part.iter().copied().max().unwrap_or(0);
    let (first, last) =
        (most(&samples[..third.max(1)]), most(&samples[samples.len() - third.max(1)..]));
    let visits = visits.load(Ordering::Relaxed);
    println!(
        "{visits} visits in {lasts:?}; memory at most {} KiB in the first third, {} KiB in the last; {} files open",
        first / 1024,
        last / 1024,
        files(&gateway),
    );
    assert!(last <= first + GROWN_BYTES_MAX, "grown from {first} to {last} bytes");
    assert!(files(&gateway) < 100, "{} files are open", files(&gateway));
    drop(demos);
}
