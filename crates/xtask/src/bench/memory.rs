//! Resident memory per call in flight: calls by the thousand that wait for a slow provider, the same for every peer.
//!
//! A fresh process of each target gets its calls one by one; what it grew by, divided by the calls, is the figure.
//! The provider and all callers stand in this program, so that half of its descriptors bounds the load.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use super::case::{Load, Wire};
use super::hold::Holding;
use super::peers::{Peer, Program, Role, Scene, TARGETS, Target};
use super::provider::Provider;
use super::{Gateway, cpu, gate, rounds, talk};
use crate::{job, tools};

/// Calls in flight (performance paper, goals: 9,500 slow calls).
const CALLS: usize = 9_500;
/// The same where it is only shown that it works.
const CALLS_QUICK: usize = 200;
/// Descriptors that are left for everything but callers and provider (performance paper, recipe 7).
const SPARE: usize = 1_000;
/// What must hold and the goal, in KiB per call (performance paper, goals).
const BAR: (f64, f64) = (32.0, 12.0);
/// So long after the last reply memory is looked at again (performance paper, recipe 7).
const AFTER: Duration = Duration::from_secs(30);
/// Streams of one connection at once: what the product allows.
const STREAMS: usize = 100;
/// The form in which peers are compared.
const USUAL: Form = Form { name: "GET", wire: Wire::Plain, callers: Callers::Get };
/// What else is measured of the product.
const FORMS: [Form; 3] = [
    Form { name: "POST of 1 KB", wire: Wire::Plain, callers: Callers::Post },
    Form { name: "GET, TLS to the provider", wire: Wire::Tls, callers: Callers::Get },
    Form { name: "GET, callers over HTTP/2", wire: Wire::Plain, callers: Callers::Streams },
];

/// What the calls are like.
#[derive(Clone, Copy)]
struct Form {
    name: &'static str,
    wire: Wire,
    callers: Callers,
}

/// How callers speak.
#[derive(Clone, Copy)]
enum Callers {
    /// A GET on a connection of its own.
    Get,
    /// A POST with a kilobyte of body.
    Post,
    /// GETs on streams of shared connections.
    Streams,
}

/// Resident memory of a target in KiB.
struct Sizes {
    idle: f64,
    waiting: f64,
    after: f64,
}

/// Measures all targets that are wanted and prints the table; whether the product holds its bar.
///
/// # Errors
///
/// When a target cannot be started, or a call does not come to its end.
pub(crate) fn run(options: &Gateway) -> Result<bool, String> {
    tools::ensure_apt(&["nginx", "haproxy", "openssl"])?;
    let calls = if options.quick { CALLS_QUICK } else { CALLS };
    let calls = calls.min(descriptors()?.saturating_sub(SPARE) / 2);
    let dir = job::target().join("bench/memory");
    fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let targets = rounds::targets(&options.only)?;
    let plain = |t: &&Target| t.role == Role::Plain || t.program == Program::Outwright;
    let has = |program| targets.iter().any(|t: &Target| t.program == program);
    let envoy = if has(Program::Envoy) { rounds::envoy()? } else { PathBuf::new() };
    let outwright = match (&options.binary, has(Program::Outwright)) {
        (Some(binary), _) => binary.clone(),
        (None, true) => gate::build()?,
        (None, false) => PathBuf::new(),
    };
    println!("\n### Memory of {calls} calls in flight\n");
    println!("| target | calls | idle, MiB | waiting, MiB | KiB per call | afterwards, MiB |");
    println!("| --- | --- | --- | --- | --- | --- |");
    let place = Place { dir, envoy, outwright, calls, quick: options.quick };
    let mut fine = true;
    for target in targets.iter().filter(plain) {
        let per_call = row(&place, target, USUAL)?;
        fine &= target.program != Program::Outwright || per_call <= BAR.0;
    }
    if has(Program::Outwright) {
        let own = TARGETS.iter().find(|t| t.program == Program::Outwright);
        let own = own.ok_or("outwright is no target")?;
        for form in FORMS {
            row(&place, own, form)?;
        }
        println!("\nThe product must hold {} KiB per call, its goal is {}.", BAR.0, BAR.1);
    }
    Ok(fine)
}

/// Where and with what it is measured.
struct Place {
    dir: PathBuf,
    envoy: PathBuf,
    outwright: PathBuf,
    calls: usize,
    quick: bool,
}

/// Measures and prints one row; KiB per call.
fn row(place: &Place, target: &Target, form: Form) -> Result<f64, String> {
    let sizes = measure(place, target, form).map_err(|e| format!("{}: {e}", target.name))?;
    let per_call = (sizes.waiting - sizes.idle) / place.calls as f64;
    let mib = |kib: f64| kib / 1024.0;
    println!(
        "| {} | {} | {:.1} | {:.1} | {per_call:.1} | {:.1} |",
        target.name,
        form.name,
        mib(sizes.idle),
        mib(sizes.waiting),
        mib(sizes.after),
    );
    Ok(per_call)
}

fn measure(place: &Place, target: &Target, form: Form) -> Result<Sizes, String> {
    let held = Holding::start()?;
    // What ends TLS for the provider stands in front of it.
    let front = match form.wire {
        Wire::Plain => None,
        Wire::Tls | Wire::H2 => Some(Provider::in_front_of(&place.dir, held.port())?),
    };
    let none = place.dir.join("none");
    let (port, ca) = match &front {
        Some(front) => (front.port(form.wire), &front.ca),
        None => (held.port(), &none),
    };
    let scene = Scene {
        dir: &place.dir,
        envoy: &place.envoy,
        outwright: &place.outwright,
        wire: form.wire,
        contract: "contracts/slow.yaml",
        load: Load::Get,
        provider: port,
        log: 9,
        ca,
        cores: None,
        runtimes: 1,
        under: &[],
        heavy: false,
    };
    let peer = target.start(&scene)?;
    let idle = resident(&peer)?;
    let mut callers = form.callers.all(peer.port);
    for sent in 1..=place.calls {
        callers.call()?;
        // One by one: a burst of connections is more than a listener takes.
        held.until_arrived(sent)?;
    }
    let waiting = resident(&peer)?;
    held.release()?;
    callers.end()?;
    thread::sleep(if place.quick { Duration::ZERO } else { AFTER });
    let after = resident(&peer)?;
    peer.running.stop()?;
    Ok(Sizes { idle, waiting, after })
}

/// Resident memory of a target and its children, in KiB.
fn resident(peer: &Peer) -> Result<f64, String> {
    let of = |pid: u32| {
        let path = format!("/proc/{pid}/status");
        let status = fs::read_to_string(&path).map_err(|e| format!("{path}: {e}"))?;
        gate::resident(&status).ok_or_else(|| format!("no VmRSS in {path}"))
    };
    cpu::family(peer.running.pid()).into_iter().map(of).sum()
}

/// Raises the descriptors of this program, and of all that it starts, to what the system allows; answers that.
fn descriptors() -> Result<usize, String> {
    let limits = fs::read_to_string("/proc/self/limits").map_err(|e| e.to_string())?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let hard = line.and_then(|line| line.split_whitespace().nth(1));
    let hard = match hard.ok_or("no bound of open files in /proc/self/limits")? {
        "unlimited" => 2 * CALLS + SPARE,
        number => number.parse().map_err(|e| format!("{number} open files: {e}"))?,
    };
    let mut raise = Command::new("prlimit");
    raise.args(["--pid", &std::process::id().to_string(), &format!("--nofile={hard}:{hard}")]);
    let ended = job::run(&mut raise, false).map_err(|e| e.to_string())?;
    if ended.ok { Ok(hard) } else { Err(format!("prlimit: {}", ended.said)) }
}

/// The callers of a run, with the calls that they have out.
struct All {
    how: Callers,
    port: u16,
    request: Vec<u8>,
    lines: Vec<talk::Line>,
    shared: Vec<Shared>,
}

/// A connection with streams.
struct Shared {
    stream: TcpStream,
    out: usize,
}

impl Callers {
    fn all(self, port: u16) -> All {
        let request = match self {
            Self::Get | Self::Streams => talk::request(port, "/bench"),
            Self::Post => talk::post(port, 1_024),
        };
        All { how: self, port, request, lines: Vec::new(), shared: Vec::new() }
    }
}

impl All {
    /// One more call.
    fn call(&mut self) -> Result<(), String> {
        match self.how {
            Callers::Get | Callers::Post => {
                let mut line = talk::Line::connect(self.port)?;
                line.send(&self.request)?;
                self.lines.push(line);
            }
            Callers::Streams => {
                if self.shared.last().is_none_or(|last| last.out >= STREAMS) {
                    self.shared.push(Shared::open(self.port)?);
                }
                if let Some(last) = self.shared.last_mut() {
                    last.call(self.port)?;
                }
            }
        }
        Ok(())
    }

    /// Reads all replies, each of which must be good, and leaves.
    fn end(mut self) -> Result<(), String> {
        for line in &mut self.lines {
            line.good_reply()?;
        }
        self.shared.iter_mut().try_for_each(Shared::replies)
    }
}

/// The first bytes of a caller that speaks HTTP/2: the preface, empty settings, and room for the bodies of all streams
/// (RFC 9113, sections 3.4, 6.5 and 6.9).
const PREFACE: &[u8] =
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x04\x08\0\0\0\0\0\0\x10\0\0";
/// Types of frames and flags (RFC 9113, section 6).
const HEADERS: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

impl Shared {
    fn open(port: u16) -> Result<Self, String> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
        let mut stream = stream.map_err(|e| format!("connect: {e}"))?;
        let ready = stream.set_nodelay(true).and_then(|()| stream.write_all(PREFACE));
        ready.map_err(|e| format!("open HTTP/2: {e}"))?;
        Ok(Self { stream, out: 0 })
    }

    /// A GET on a stream of its own.
    fn call(&mut self, port: u16) -> Result<(), String> {
        let stream = u32::try_from(2 * self.out + 1).map_err(|e| e.to_string())?;
        self.out += 1;
        // Static entries for the method and the scheme, all else as literals (RFC 7541, section 6.2.2 and appendix A).
        let mut block = vec![0x82, 0x86];
        let path = format!("/bench{}", talk::PROVIDER_PATH);
        let host = format!("127.0.0.1:{port}");
        let fixed = [(":path", path.as_str()), (":authority", host.as_str())];
        for (name, value) in fixed.into_iter().chain(talk::FIELDS) {
            block.push(0);
            for text in [name.to_ascii_lowercase(), value.to_owned()] {
                // Shorter than 127 bytes, so that the length is one byte.
                block.push(u8::try_from(text.len()).map_err(|e| e.to_string())?);
                block.extend_from_slice(text.as_bytes());
            }
        }
        let [_, a, b, c] = u32::try_from(block.len()).map_err(|e| e.to_string())?.to_be_bytes();
        let mut frame = vec![a, b, c, HEADERS, END_STREAM | END_HEADERS];
        frame.extend_from_slice(&stream.to_be_bytes());
        frame.extend_from_slice(&block);
        self.stream.write_all(&frame).map_err(|e| format!("send a request: {e}"))
    }

    /// Reads until every stream has its good head and its end.
    fn replies(&mut self) -> Result<(), String> {
        let (mut ended, mut good) = (0, 0);
        while ended < self.out {
            let mut head = [0; 9];
            self.stream.read_exact(&mut head).map_err(|e| format!("read a frame: {e}"))?;
            let [a, b, c, kind, flags, ..] = head;
            let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
            self.stream.read_exact(&mut payload).map_err(|e| format!("read a frame: {e}"))?;
            // The static entry of status 200.
            good += usize::from(kind == HEADERS && payload.contains(&0x88));
            ended += usize::from(kind <= HEADERS && flags & END_STREAM != 0);
        }
        if good == self.out { Ok(()) } else { Err(format!("{good} of {} are good", self.out)) }
    }
}
