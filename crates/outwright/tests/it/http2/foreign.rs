//! A provider that others wrote: the `h2` library of Python, with what its server may do to a caller.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use outwright::Answer;
use outwright_core::outcome::Fault;
use serde_json::Value;

use super::fault;
use crate::world::{Got, Terms, World, demo, on_a_core};

/// What a window takes by default (RFC 9113 section 6.5.2).
const USUAL: &str = "65535";

/// The provider's process, with its certificate.
struct Provider {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Provider {
    /// Starts it; none where its library is not there.
    fn start(window: &str) -> Option<Self> {
        let Some(python) = std::env::var_os("OUTWRIGHT_PYTHON_H2") else {
            eprintln!("SKIPPED python h2: it is not installed; `cargo xtask test` installs it");
            assert!(std::env::var_os("CI").is_none(), "python h2 may not be skipped in CI");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        crate::tls::certificate(folder.path());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/http2/provider.py");
        let mut command = Command::new(python);
        command.arg(script).arg(folder.path().join("cert.pem")).arg(folder.path().join("key.pem"));
        let child = command.arg(window).stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("python starts");
        let mut line = String::new();
        let out = child.stdout.as_mut().expect("its output is a pipe");
        BufReader::new(out).read_line(&mut line).unwrap();
        let port = line.trim().parse().expect("it says its port");
        Some(Self { child, port, folder })
    }

    fn world(&self, demo: &outwright_gateway::demo::Demo) -> World {
        World::new(&Terms {
            base_url: format!("https://127.0.0.1:{}", self.port),
            egress: format!(
                "{{ private: [127.0.0.0/8], ca: {} }}",
                self.folder.path().join("cert.pem").display()
            ),
            create: "    idempotency: { plan: once }\n",
            ..Terms::plain(demo)
        })
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // Both fail only when the process is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a test with a provider whose windows are as large as this, where there is one.
fn with<F: AsyncFnOnce(World)>(window: &str, test: F) {
    let Some(provider) = Provider::start(window) else { return };
    let demo = demo();
    on_a_core(async {
        let world = provider.world(&demo);
        test(world).await;
    });
}

async fn post(world: &World, what: &str, body: impl Into<Bytes>) -> Got {
    world.post(&format!("/v1/charges?do={what}"), body).await.0
}

fn assert_body(got: &Got, wanted: &[u8]) {
    assert!(
        matches!(got, Got::Reply(status, Ok(body)) if *status == 200 && body == wanted),
        "{got:?}"
    );
}

/// How often the provider looked at such a request, and its connections.
async fn seen(world: &World, what: &str) -> (u64, u64) {
    let (got, _) = world.get("/v1/charges?do=report").await;
    let Got::Reply(_, Ok(body)) = got else { panic!("{got:?}") };
    let report: Value = serde_json::from_slice(&body).unwrap();
    let of = |name: &str| report[name].as_u64().unwrap_or(0);
    (of(what), of("connections"))
}

/// what it says that it did not look at is sent again, and once more only.
#[test]
fn what_it_refuses_or_leaves_behind_is_sent_again() {
    with(USUAL, async |world| {
        for (what, connections) in [("refused", 1), ("goaway", 2)] {
            assert_body(&post(&world, what, "{}").await, b"fine");
            assert_eq!(seen(&world, what).await, (2, connections), "{what}");
        }
        world.assert_at_rest();
    });
}

/// what it may have looked at is not, and the next call has a connection of its own.
#[test]
fn what_it_may_have_looked_at_is_not_sent_again() {
    with(USUAL, async |world| {
        for (what, cause, connections) in
            [("goaway-late", Fault::Reset, 2), ("reset", Fault::StreamReset, 2)]
        {
            assert_eq!(fault(post(&world, what, "{}").await), cause, "{what}");
            assert_eq!(seen(&world, what).await, (1, connections), "{what}");
        }
        world.assert_at_rest();
    });
}

/// interim heads, padding and single bytes are no part of what arrives.
#[test]
fn heads_before_the_head_padding_and_small_frames_change_nothing() {
    with(USUAL, async |world| {
        for what in ["interim", "padded", "single", "fine"] {
            assert_body(&post(&world, what, "{}").await, b"fine");
            assert_body(&world.get(&format!("/v1/charges?do={what}")).await.0, b"fine");
        }
        world.assert_at_rest();
    });
}

///
#[test]
fn its_trailers_arrive() {
    with(USUAL, async |world| {
        let path = "/v1/charges?do=trailers";
        let request = Request::get(path).header("te", "trailers");
        let request = request.body(Full::new(Bytes::new())).unwrap();
        let Answer::Reply(reply) = world.core.call(world.outbound(request, path)).await else {
            panic!("no reply")
        };
        let collected = reply.into_body().collect().await.unwrap();
        let trailers = collected.trailers().expect("they came");
        assert_eq!(trailers.get("x-checksum").map(http::HeaderValue::as_bytes), Some(&b"1"[..]));
        assert_eq!(collected.to_bytes(), "fine");
        world.assert_at_rest();
    });
}

/// RFC 9113 section 5.2: neither side sends more than the other has room for.
#[test]
fn windows_of_both_sides_are_kept() {
    let large: Vec<u8> = (0..=255).cycle().take(512_000).collect();
    for (window, sent) in [("1", 300), (USUAL, 500_000)] {
        with(window, async |world| {
            // Until its settings are here, its window is the usual one.
            assert_body(&world.get("/v1/charges").await.0, b"fine");
            // It breaks the connection off on a byte too many.
            let body = Bytes::from(large[..sent].to_vec());
            assert_body(&post(&world, "echo", body.clone()).await, &body);
            assert_body(&world.get("/v1/charges?do=large").await.0, &large);
            assert_eq!(seen(&world, "echo").await, (1, 1));
            world.assert_at_rest();
        });
    }
}
