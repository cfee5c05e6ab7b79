//! The demo provider on the wire: what a raw socket sees of each fault, and what the provider counts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use outwright_gateway::demo::*;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const CHARGE: &str = "amount=500&customer=anna&reference=order-1";
/// Ends a test that waits for what never comes; long enough for a busy machine.
const LONG: Duration = Duration::from_secs(20);

/// What a peer saw until the connection ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Closed,
    Reset,
}

/// A client that knows bytes only.
struct Raw(TcpStream);

impl Raw {
    async fn to(address: SocketAddr) -> Self {
        Self(timeout(LONG, TcpStream::connect(address)).await.unwrap().unwrap())
    }

    async fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Reads one answer with `Content-Length`.
    async fn answer(&mut self) -> String {
        let mut bytes = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("Content-Length: "))
                    .map_or(0, |length| length.parse().unwrap());
                if body.len() >= length {
                    return text;
                }
            }
            let read = timeout(LONG, self.0.read_buf(&mut bytes)).await.unwrap().unwrap();
            assert!(read > 0, "ended early: {text}");
        }
    }

    /// Reads until `wanted` is there.
    async fn until(&mut self, wanted: &str) -> String {
        let mut bytes = Vec::new();
        while !String::from_utf8_lossy(&bytes).contains(wanted) {
            let read = timeout(LONG, self.0.read_buf(&mut bytes)).await.unwrap().unwrap();
            assert!(read > 0, "ended without {wanted}");
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Reads to the end.
    async fn rest(&mut self) -> (String, End) {
        let mut bytes = Vec::new();
        let end = loop {
            match timeout(LONG, self.0.read_buf(&mut bytes)).await.expect("no end came") {
                Ok(0) => break End::Closed,
                Ok(_) => {}
                Err(_) => break End::Reset,
            }
        };
        (String::from_utf8_lossy(&bytes).into_owned(), end)
    }
}

fn charge(key: &str) -> String {
    let length = CHARGE.len();
    format!(
        "POST /v1/charges HTTP/1.1\r\nHost: demo\r\nIdempotency-Key: {key}\r\n\
         Content-Length: {length}\r\n\r\n{CHARGE}"
    )
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: demo\r\n\r\n")
}

async fn demo() -> Demo {
    Demo::start(Settings::default()).await.unwrap()
}

#[tokio::test]
async fn a_healthy_provider_answers_on_a_connection_that_stays() {
    let demo = demo().await;
    let mut raw = Raw::to(demo.plain()).await;
    for path in ["/v1/charges", "/v1/items", "/v1/items/none"] {
        raw.say(&get(path)).await;
        assert!(raw.answer().await.starts_with("HTTP/1.1 "), "{path}");
    }
    raw.say(&charge("k1")).await;
    assert!(raw.answer().await.contains("\"id\":\"ch_1\""));
    assert_eq!((demo.connections(), demo.arrived(), demo.effects().count()), (1, 4, 1));
    drop(raw);
    demo.until(|demo| demo.open_connections() == 0).await;
}

/// F-06, F-26: the ambiguous case. The second send of the same key must not be a second effect.
#[tokio::test]
async fn a_committed_charge_without_an_answer_is_one_effect_and_its_key_replays_it() {
    for (fault, end) in [
        (Fault::Unanswered { ending: Ending::Close, strikes: Strikes::AfterEffect }, End::Closed),
        (Fault::Unanswered { ending: Ending::Reset, strikes: Strikes::AfterEffect }, End::Reset),
    ] {
        let demo = demo().await;
        demo.fault(fault);
        let mut first = Raw::to(demo.plain()).await;
        first.say(&charge("k1")).await;
        assert_eq!(first.rest().await, (String::new(), end));
        assert_eq!(demo.effects().of_key("k1"), 1);

        let mut second = Raw::to(demo.plain()).await;
        second.say(&charge("k1")).await;
        assert!(second.answer().await.contains("Idempotent-Replayed: true"));
        assert_eq!((demo.effects().count(), demo.effects().surplus()), (1, 0));
        let keys: Vec<_> = demo
            .requests_of("POST /v1/charges")
            .iter()
            .map(|r| r.key().map(str::to_owned))
            .collect();
        assert_eq!(keys, [Some("k1".to_owned()), Some("k1".to_owned())]);
    }
}

/// F-26: the negative control of every "one effect" in this repository.
#[tokio::test]
async fn a_naive_client_pays_twice_for_a_lost_answer_and_the_ledger_shows_it() {
    let demo = demo().await;
    demo.fault(Fault::Unanswered { ending: Ending::Close, strikes: Strikes::AfterEffect });
    for keys in [NaiveKeys::None, NaiveKeys::NewEachAttempt] {
        let naive = Naive { keys, ..Naive::default() };
        let end = naive.call(demo.plain(), http::Method::POST, "/v1/charges", CHARGE).await;
        assert_eq!(end.status.map(|status| status.as_u16()), Some(200), "{keys:?}");
    }
    // Once by the first call's lost attempt and its repeat, once by the second call.
    assert_eq!(demo.effects().of_reference("order-1"), 3);
    assert_eq!(demo.effects().surplus(), 2);
}

/// F-02: the port refuses, then opens again under the same number.
#[tokio::test]
async fn a_closed_door_refuses_and_an_open_one_accepts_again() {
    let demo = demo().await;
    demo.change(|settings| settings.door = Door::Refuse).await;
    for address in [demo.plain(), demo.tls()] {
        let refused = timeout(LONG, TcpStream::connect(address)).await.unwrap();
        let kind = refused.expect_err("it was refused").kind();
        assert_eq!(kind, std::io::ErrorKind::ConnectionRefused);
    }
    demo.change(|settings| settings.door = Door::Open).await;
    let mut raw = Raw::to(demo.plain()).await;
    raw.say(&get("/v1/items")).await;
    assert!(raw.answer().await.starts_with("HTTP/1.1 200"));
}

/// F-02: no answer to SYN at all.
#[tokio::test]
async fn a_black_hole_answers_no_handshake() {
    let demo = demo().await;
    demo.change(|settings| settings.door = Door::BlackHole).await;
    let short = Duration::from_millis(300);
    assert!(timeout(short, TcpStream::connect(demo.plain())).await.is_err());
    demo.change(|settings| settings.door = Door::Open).await;
    let mut raw = Raw::to(demo.plain()).await;
    raw.say(&get("/v1/items")).await;
    assert!(raw.answer().await.starts_with("HTTP/1.1 200"));
}

/// F-03 without certificates, and connections that end before a request.
#[tokio::test]
async fn a_connection_can_end_before_any_request() {
    let demo = demo().await;
    // What is said to a connection that ended is answered with RST: nothing is said before the first two ends.
    for (how, hello, says, end) in [
        (AtConnect::Reset, "", "", End::Reset),
        (AtConnect::Close, "", "", End::Closed),
        (AtConnect::TlsClose, "hello", "", End::Closed),
        (AtConnect::TlsGarbage, "hello", "HTTP/1.1 400", End::Closed),
        (AtConnect::TlsAlert, "hello", "\u{15}\u{3}\u{3}", End::Closed),
    ] {
        demo.fault(Fault::AtConnect { how });
        let mut raw = Raw::to(demo.tls()).await;
        raw.say(hello).await;
        let (bytes, ended) = raw.rest().await;
        assert!(bytes.starts_with(says), "{how:?}: {bytes}");
        assert_eq!(ended, end, "{how:?}");
    }
    for how in [AtConnect::Silent, AtConnect::TlsStall] {
        demo.fault(Fault::AtConnect { how });
        let mut raw = Raw::to(demo.tls()).await;
        raw.say("hello").await;
        let mut byte = [0];
        let short = Duration::from_millis(50);
        assert!(timeout(short, raw.0.read(&mut byte)).await.is_err(), "{how:?}");
    }
}

/// F-03: the certificates that a careful client refuses, and the one that it accepts.
#[tokio::test]
async fn only_the_good_certificate_is_accepted() {
    let demo = demo().await;
    for (how, reason) in [
        (AtConnect::CertExpired, "expired"),
        (AtConnect::CertNotYetValid, "not valid yet"),
        (AtConnect::CertWrongHost, "not valid for name"),
        (AtConnect::CertSelfSigned, "UnknownIssuer"),
        (AtConnect::CertUntrustedRoot, "UnknownIssuer"),
    ] {
        demo.fault(Fault::AtConnect { how });
        let error = over_tls(&demo, "localhost").await.expect_err("it was refused").to_string();
        assert!(error.contains(reason), "{how:?}: {error}");
    }
    for name in ["localhost", "127.0.0.1"] {
        let (answer, _) = over_tls(&demo, name).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

/// A body without length that ends without `close_notify` is cut, and a client can see it.
#[tokio::test]
async fn a_cut_under_tls_is_not_a_clean_end() {
    let demo = demo().await;
    demo.fault(Fault::CloseDelimited { ending: Ending::Close });
    assert!(over_tls(&demo, "localhost").await.is_ok());
    demo.fault(Fault::CloseDelimited { ending: Ending::Cut });
    let error = over_tls(&demo, "localhost").await.expect_err("the end was not told");
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
}

/// F-04, F-05, F-07, F-14, F-16, F-23 as a socket sees them.
#[tokio::test]
async fn each_broken_answer_is_on_the_wire_as_scripted() {
    let demo = demo().await;
    let every = Duration::from_millis(1);
    let malformed = |case| Fault::Malformed { case };
    let redirect = Fault::Redirect { status: 308, location: "http://127.0.0.1:1/".into() };
    for (fault, says, end) in [
        (Fault::EndAfterHead { ending: Ending::Reset }, "Content-Length: 28", End::Reset),
        (Fault::ShortBody { missing_bytes: 1 }, "Content-Length: 28", End::Closed),
        (malformed(Malformed::LastChunkMissing), "chunked\r\n\r\n1c\r\n{", End::Closed),
        (malformed(Malformed::NoHead), "{\"data\"", End::Closed),
        (Fault::ConnectionClose, "Connection: close", End::Closed),
    ] {
        demo.fault(fault.clone());
        let mut raw = Raw::to(demo.plain()).await;
        raw.say(&get("/v1/charges")).await;
        let (bytes, ended) = raw.rest().await;
        assert!(bytes.contains(says), "{fault:?}: {bytes}");
        assert_eq!(ended, end, "{fault:?}");
    }
    for (fault, says) in [
        (Fault::Drip { every, part: Part::Whole }, "\"object\":\"list\"}\n"),
        (Fault::SlowTrailers { every }, "0\r\nX-Checksum: 1234\r\n\r\n"),
        (Fault::ForbiddenTrailers, "Set-Cookie: a=b\r\n"),
        (redirect, "Location: http://127.0.0.1:1/\r\n"),
        (malformed(Malformed::LengthAndChunked), "Transfer-Encoding: chunked\r\n\r\n"),
        (malformed(Malformed::ObsFold), "X-Folded: one\r\n two\r\n"),
        (malformed(Malformed::NulInValue), "X-Nul: a\0b\r\n"),
        (Fault::Interim { statuses: vec![102, 103] }, "103 Early Hints\r\n\r\nHTTP/1.1 200"),
        (Fault::HeaderFlood { fields: 10_000 }, "X-Flood-9999: 9999\r\n"),
        (Fault::LongLine { bytes: 1 << 20 }, "l\r\nContent-Length"),
        (Fault::Unsolicited { after: every }, "nobody asked"),
        (Fault::Unsolicited { after: Duration::ZERO }, "nobody asked"),
    ] {
        demo.fault(fault.clone());
        let mut raw = Raw::to(demo.plain()).await;
        raw.say(&get("/v1/charges")).await;
        raw.until(says).await;
    }
}

/// F-13, F-15, F-16: endless answers end when the peer leaves, and hold nothing after that.
#[tokio::test]
async fn an_endless_answer_ends_with_its_connection() {
    let demo = demo().await;
    let every = Duration::ZERO;
    for fault in [
        Fault::EndlessBody { framing: Endless::Chunked, every },
        Fault::EndlessBody { framing: Endless::UntilClose, every },
        Fault::EndlessHead { every },
        Fault::EndlessInterim { every },
        Fault::GzipBomb { decoded_bytes: 1 << 40 },
    ] {
        demo.fault(fault.clone());
        let mut raw = Raw::to(demo.plain()).await;
        raw.say(&get("/v1/items")).await;
        let mut bytes = vec![0; 4 << 20];
        timeout(LONG, raw.0.read_exact(&mut bytes)).await.expect("it floods").unwrap();
        drop(raw);
        timeout(LONG, demo.until(|demo| demo.open_connections() == 0)).await.expect("it ends");
    }
}

/// F-06, F-12: silence holds the connection and the effect is known.
#[tokio::test]
async fn silence_and_a_dead_line_answer_nothing() {
    let demo = demo().await;
    let before = Strikes::BeforeEffect;
    for (fault, effects) in [
        (Fault::Silent { strikes: Strikes::AfterEffect }, 1),
        (Fault::Silent { strikes: before }, 1),
        (Fault::BlackHole { strikes: before }, 1),
    ] {
        let arrived = demo.arrived();
        demo.fault(fault.clone());
        let mut raw = Raw::to(demo.plain()).await;
        raw.say(&charge(&format!("k{arrived}"))).await;
        timeout(LONG, demo.until(|demo| demo.arrived() > arrived)).await.expect("it arrives");
        let mut byte = [0];
        let short = Duration::from_millis(50);
        assert!(timeout(short, raw.0.read(&mut byte)).await.is_err(), "{fault:?}");
        assert_eq!(demo.effects().count(), effects, "{fault:?}");
    }
}

/// F-08: the second request of a kept connection meets its end, and never arrives.
#[tokio::test]
async fn a_kept_connection_ends_as_the_next_request_is_written() {
    let demo = demo().await;
    for (ending, end) in [(Ending::Close, End::Closed), (Ending::Reset, End::Reset)] {
        let arrived = demo.arrived();
        demo.fault(Fault::EndOnNext { ending });
        let mut raw = Raw::to(demo.plain()).await;
        raw.say(&get("/v1/items")).await;
        assert!(raw.answer().await.starts_with("HTTP/1.1 200"));
        raw.say(&charge("k")).await;
        assert_eq!(raw.rest().await, (String::new(), end));
        assert_eq!((demo.arrived() - arrived, demo.effects().count()), (1, 0));
    }
}

/// F-17, F-18: an upload meets 100, 417, 401 or an early 413.
#[tokio::test]
async fn an_upload_is_answered_when_the_head_is_in() {
    let demo = demo().await;
    let length = CHARGE.len();
    let head = format!(
        "POST /v1/charges HTTP/1.1\r\nHost: demo\r\nExpect: 100-continue\r\n\
         Content-Length: {length}\r\n\r\n"
    );
    let mut raw = Raw::to(demo.plain()).await;
    raw.say(&head).await;
    raw.until("HTTP/1.1 100 Continue\r\n\r\n").await;
    raw.say(CHARGE).await;
    assert!(raw.answer().await.starts_with("HTTP/1.1 200"));

    // Drained uploads leave the connection usable.
    for (fault, code) in [
        (Fault::Expect { how: Expectation::Refuse }, "417"),
        (Fault::EarlyFinal { status: 413, then: Upload::Drain }, "413"),
    ] {
        demo.fault(fault);
        raw.say(&head).await;
        assert!(raw.answer().await.starts_with(&format!("HTTP/1.1 {code}")));
        raw.say(CHARGE).await;
        raw.say(&get("/v1/items")).await;
        assert!(raw.answer().await.starts_with("HTTP/1.1 200"));
    }
    demo.fault(Fault::EarlyFinal { status: 413, then: Upload::Close });
    raw.say(&head).await;
    let (answer, end) = raw.rest().await;
    assert!(answer.starts_with("HTTP/1.1 413") && end == End::Closed, "{answer}");
    assert_eq!(demo.effects().count(), 1);
}

#[tokio::test]
async fn chunked_requests_are_read_and_doubly_framed_ones_are_not() {
    let demo = demo().await;
    let mut raw = Raw::to(demo.plain()).await;
    raw.say("POST /v1/orders HTTP/1.1\r\nHost: demo\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    raw.say("5;ext=1\r\namoun\r\n3\r\nt=7\r\n0\r\nX-Trailer: 1\r\n\r\n").await;
    assert!(raw.answer().await.contains("\"amount\":7"));
    raw.say("POST /v1/orders HTTP/1.1\r\nContent-Length: 8\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await;
    let (answer, _) = raw.rest().await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert_eq!(demo.effects().count(), 1);
}

#[tokio::test]
async fn a_request_cut_short_is_logged_as_a_part() {
    let demo = demo().await;
    let mut raw = Raw::to(demo.plain()).await;
    raw.say("POST /v1/orders HTTP/1.1\r\nContent-Length: 8\r\n\r\namou").await;
    drop(raw);
    timeout(LONG, demo.until(|demo| demo.arrived() == 1)).await.expect("it is logged");
    let log = demo.wire_log();
    let seen = log.first().unwrap();
    assert_eq!((seen.arrived, seen.body_bytes), (Arrived::Part, 4));
    assert_eq!(demo.effects().count(), 0);
}

/// The same commands over HTTP, as curl sends them; credentials stay out of the answer.
#[tokio::test]
async fn faults_are_ordered_and_accounts_read_over_the_control_port() {
    let demo = demo().await;
    let mut control = Raw::to(demo.control_port()).await;
    let mut ask = async |method: &str, path: &str, body: &str| {
        let length = body.len();
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
        control.say(&format!("{head}{body}")).await;
        control.answer().await
    };
    let fault = r#"{"fault": {"kind": "status", "status": 429,
        "retry_after": {"form": "seconds", "wait_ms": 2000}}, "times": 1}"#;
    assert!(ask("POST", "/_demo/faults", fault).await.contains("\"wait_ms\": 2000"));
    let mut raw = Raw::to(demo.plain()).await;
    raw.say("GET /v1/items HTTP/1.1\r\nAuthorization: Bearer canary\r\n\r\n").await;
    assert!(raw.answer().await.contains("Retry-After: 2\r\n"));
    raw.say(&charge("k")).await;
    raw.answer().await;

    let effects = ask("GET", "/_demo/effects", "").await;
    assert!(effects.contains("\"count\": 1") && effects.contains("\"surplus\": 0"), "{effects}");
    let wire = ask("GET", "/_demo/wire", "").await;
    assert!(wire.contains("\"status\": 429") && !wire.contains("canary"), "{wire}");
    let outage = r#"{"outage": {"kind": "status", "status": 503}, "latency": {"base_ms": 1}}"#;
    assert!(ask("PATCH", "/_demo/settings", outage).await.starts_with("HTTP/1.1 200"));
    raw.say(&get("/v1/items")).await;
    assert!(raw.answer().await.starts_with("HTTP/1.1 503"));
    assert!(
        ask("PATCH", "/_demo/settings", r#"{"outage": null}"#).await.contains("\"outage\": null")
    );
    assert!(ask("PATCH", "/_demo/settings", r#"{"outrage": 1}"#).await.starts_with("HTTP/1.1 400"));
    let tarpit = r#"{"preset": "tarpit", "rounds": 2}"#;
    assert_eq!(ask("POST", "/_demo/presets", tarpit).await.matches("\"silent\"").count(), 2);
    assert!(ask("DELETE", "/_demo/faults", "").await.contains("\"faults\": []"));
    assert!(ask("GET", "/_demo/ca.pem", "").await.contains("BEGIN CERTIFICATE"));
    assert!(ask("GET", "/_demo/nothing", "").await.starts_with("HTTP/1.1 404"));
    assert!(ask("POST", "/_demo/forget", "").await.contains("\"count\": 0"));
}

/// Every command of the guide is accepted, so that none of them can go stale.
#[tokio::test]
async fn every_control_command_of_the_guide_is_accepted() {
    let guide = include_str!("../../../../docs/guides/demo-provider.md");
    let demo = demo().await;
    let mut commands = 0;
    for line in guide.lines().filter(|line| line.contains("$CONTROL")) {
        let Some(arguments) = line.strip_prefix("curl ") else { continue };
        let mut words = arguments.split(' ').skip_while(|word| *word != "-X").skip(1);
        let method = words.next().unwrap_or("GET");
        let path = arguments.split("$CONTROL").nth(1).and_then(|rest| rest.split(' ').next());
        let body = arguments.split_once("-d '").map_or("", |(_, body)| body.trim_end_matches('\''));
        let mut control = Raw::to(demo.control_port()).await;
        let (path, length) = (path.unwrap(), body.len());
        let head = format!("{method} {path} HTTP/1.1\r\nContent-Length: {length}\r\n\r\n");
        control.say(&format!("{head}{body}")).await;
        let answer = control.answer().await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{line}: {answer}");
        commands += 1;
    }
    assert!(commands > 20, "{commands}");
}

/// Every hostile preset leaves a provider that serves again when its rounds are used up.
#[tokio::test]
async fn a_hostile_preset_is_used_up_and_the_provider_serves_again() {
    for preset in Preset::ALL {
        let demo = demo().await;
        demo.preset(preset, 1);
        let mut rounds = 0;
        while !demo.faults().is_empty() {
            rounds += 1;
            assert!(rounds < 100, "{preset:?} is never used up");
            let arrived = demo.arrived();
            let mut raw = Raw::to(demo.plain()).await;
            // A connection that is reset at once takes no request.
            if raw.0.write_all(get("/v1/items").as_bytes()).await.is_ok() {
                let mut byte = [0];
                let came = raw.0.read(&mut byte);
                tokio::select! {
                    _some = came => {}
                    () = demo.until(|demo| demo.arrived() > arrived) => {}
                }
            }
        }
        let mut raw = Raw::to(demo.plain()).await;
        raw.say(&get("/v1/items")).await;
        assert!(raw.answer().await.starts_with("HTTP/1.1 200"), "{preset:?}");
    }
}

#[test]
fn a_provider_in_its_own_thread_serves_any_runtime_and_stops() {
    let demo = Demo::spawn_thread(Ports::default(), Settings::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (mut raw, address) = (Raw::to(demo.plain()).await, demo.plain());
        raw.say(&get("/v1/items")).await;
        assert!(raw.answer().await.starts_with("HTTP/1.1 200"));
        let control = demo.control();
        demo.stop().await;
        // Whoever still waits is let go.
        control.until(|_| false).await;
        assert!(matches!(raw.rest().await.0.as_str(), ""));
        assert!(TcpStream::connect(address).await.is_err());
    });
}

async fn over_tls(demo: &Demo, name: &'static str) -> std::io::Result<(String, usize)> {
    let mut roots = rustls::RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(demo.ca_pem().as_bytes()).unwrap();
    roots.add(ca).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let tcp = TcpStream::connect(demo.tls()).await?;
    let name = ServerName::try_from(name).unwrap();
    let mut tls = timeout(LONG, connector.connect(name, tcp)).await??;
    let request = "GET /v1/items HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n\r\n";
    tls.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::new();
    let read = timeout(LONG, tls.read_to_end(&mut bytes)).await??;
    Ok((String::from_utf8_lossy(&bytes).into_owned(), read))
}
