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

#[tokio::test]
async fn tls_is_spoken_with_a_certificate_of_the_named_authority() {
    let demo = demo().await;
    let (status, _) = over_tls(&demo, "localhost").await.unwrap();
    assert!(status.starts_with("HTTP/1.1 200"), "{status}");
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
