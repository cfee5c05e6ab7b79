//! What an adversary tries: answers at the wrong time, callers that break off, secrets that come and go.

use std::cell::Cell;
use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use outwright::{Answer, BrokenOff, Outcome};
use outwright_core::event::BreakerState;
use outwright_core::outcome::{Effect, Fault as Ours};
use outwright_core::refusal::Reason;
use outwright_gateway::demo::{Demo, Ending, Fault, Injection, Part, RetryAfter, Strikes};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::world::{Got, TIGHT, Terms, World, demo, on_a_core};

/// R-157: what the provider says last does not hide what it did first.
#[test]
fn a_charge_that_happened_is_not_told_as_a_refusal() {
    let demo = demo();
    on_a_core(async {
        let world = World::new(&Terms { attempts: 3, ..Terms::plain(&demo) });
        let lost = Fault::Unanswered { ending: Ending::Close, strikes: Strikes::AfterEffect };
        demo.control().fault(Injection::once(lost));
        demo.control().fault(Injection::once(Fault::status(400)));
        let (got, _) = world.post("/v1/charges", r#"{"amount":1}"#).await;
        let Outcome::Failed(failure) = got.other() else { panic!("not failed") };
        assert_eq!((failure.effect, failure.attempts), (Effect::Unknown, 2));
        assert_eq!(demo.control().effects().count(), 1, "it did happen");
        world.assert_at_rest();
    });
}

/// A compressed body cannot be judged, so none is asked for where bodies are judged.
#[test]
fn an_answer_that_is_judged_by_its_body_is_asked_for_uncompressed() {
    let demo = demo();
    let rows = "errors:\n  - { status: 409, json: { /error/code: lock }, class: transient }\n";
    for (more, expected) in [(rows, "identity"), ("", "gzip")] {
        on_a_core(async {
            let world = World::new(&Terms { more: more.to_owned(), ..Terms::plain(&demo) });
            let head = Request::get("/").header("accept-encoding", "gzip");
            let (got, _) = world.call(head, "/v1/charges", Bytes::new()).await;
            assert!(matches!(&got, Got::Reply(status, Ok(_)) if *status == 200), "{got:?}");
            let seen = demo.control().wire_log().pop().unwrap();
            assert_eq!(seen.header("accept-encoding"), Some(expected));
        });
    }
}

/// Passes connections on; from the second on, only once it is told to.
async fn turnstile(to: String, open: Rc<Notify>) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(tokio::task::spawn_local(async move {
        let first = Rc::new(Cell::new(true));
        while let Ok((mut near, _)) = listener.accept().await {
            let (to, open, first) = (to.clone(), Rc::clone(&open), Rc::clone(&first));
            drop(tokio::task::spawn_local(async move {
                if !first.replace(false) {
                    open.notified().await;
                }
                let mut far = TcpStream::connect(to).await.unwrap();
                let _ended = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            }));
        }
    }));
    port
}

/// R-108: a call whose connection stands only after another was told to wait sends nothing.
#[test]
fn a_call_that_still_connects_when_another_is_told_to_wait_waits_too() {
    let demo = demo();
    let folder = tempfile::tempdir().unwrap();
    on_a_core(async {
        let open = Rc::new(Notify::new());
        let to = demo.tls_origin().replace("https://", "");
        let port = turnstile(to, Rc::clone(&open)).await;
        let terms = Terms::tls(&demo, &folder.path().join("ca.pem"));
        let terms = Terms { base_url: format!("https://127.0.0.1:{port}"), ..terms };
        let world = Rc::new(World::new(&terms));
        demo.control().fault(Injection::once(Fault::throttled(429, RetryAfter::seconds(30))));
        let call = || {
            let world = Rc::clone(&world);
            tokio::task::spawn_local(async move {
                let request = Request::get("/").body(Full::new(Bytes::new())).unwrap();
                let mut outbound = world.outbound(request, "/v1/charges");
                outbound.facts.timeout = Some(Duration::from_secs(10));
                match world.core.call(outbound).await {
                    Answer::Reply(reply) => {
                        let status = reply.status().as_u16();
                        reply.into_body().collect().await.unwrap();
                        Ok(status)
                    }
                    Answer::Own(own) => match own.outcome {
                        Outcome::Refused(refusal) => Err(refusal.reason),
                        other @ (Outcome::Failed(_) | Outcome::Misuse(_)) => panic!("{other:?}"),
                    },
                }
            })
        };
        let (mut one, mut two) = (call(), call());
        let (told, other) = tokio::select! {
            told = &mut one => (told, two),
            told = &mut two => (told, one),
        };
        assert_eq!(told.unwrap(), Ok(429));
        open.notify_waiters();
        assert_eq!(other.await.unwrap(), Err(Reason::Hold));
        assert_eq!(demo.control().arrived(), 1, "the other one sent nothing");
        world.assert_at_rest();
    });
}

/// A body of one large part, then an error or nothing.
struct Upload {
    part: Option<Bytes>,
    breaks: bool,
}

impl Body for Upload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match (self.part.take(), self.breaks) {
            (Some(part), _) => Poll::Ready(Some(Ok(Frame::data(part)))),
            (None, true) => Poll::Ready(Some(Err(io::ErrorKind::BrokenPipe.into()))),
            // Its caller never comes back, and so nobody has to be woken.
            (None, false) => Poll::Pending,
        }
    }
}

/// R-122.
#[test]
fn an_upload_that_its_caller_breaks_or_stalls_is_sent_once_and_held_against_nobody() {
    let demo = demo();
    for (breaks, timeouts) in [(true, Terms::plain(&demo).timeouts), (false, TIGHT)] {
        on_a_core(async {
            let terms = Terms { attempts: 2, timeouts, ..Terms::plain(&demo) };
            let world = Rc::new(World::new(&terms));
            // More than any rule of the breaker needs, were they failures of the provider.
            for _ in 0..2 {
                let calls = (0..12).map(|_| {
                    let world = Rc::clone(&world);
                    tokio::task::spawn_local(async move {
                        let part = Some(Bytes::from(vec![b'x'; 128 * 1024]));
                        let request = Request::post("/").body(Upload { part, breaks }).unwrap();
                        let answer = world.core.call(world.outbound(request, "/v1/charges")).await;
                        let Answer::Own(own) = answer else { panic!("a reply") };
                        let Outcome::Failed(failure) = own.outcome else { panic!("no failure") };
                        assert_eq!((failure.fault, failure.attempts), (Ours::RequestBroken, 1));
                    })
                });
                for call in calls.collect::<Vec<_>>() {
                    call.await.unwrap();
                }
            }
            assert!(
                world.levels().breakers.iter().all(|(_, state)| *state == BreakerState::Closed)
            );
            assert_eq!(demo.control().effects().count(), 0);
            world.assert_at_rest();
        });
    }
}

/// R-100, R-104: neither one byte at a time nor a caller's own short patience outlasts the deadline.
#[test]
fn a_body_that_trickles_ends_with_the_deadline_of_the_caller() {
    let demo = demo();
    on_a_core(async {
        let world = World::new(&Terms::plain(&demo));
        let every = Duration::from_millis(20);
        demo.control().fault(Injection::once(Fault::Drip { every, part: Part::Body }));
        let request = Request::get("/").body(Full::new(Bytes::new())).unwrap();
        let mut outbound = world.outbound(request, "/v1/charges");
        outbound.facts.timeout = Some(Duration::from_millis(400));
        let began = Instant::now();
        let Answer::Reply(reply) = world.core.call(outbound).await else { panic!("none") };
        let end = reply.into_body().collect().await.map(|_| ());
        assert_eq!(end.unwrap_err(), BrokenOff(Ours::BodyLate));
        // The deadline, ten milliseconds, and what a busy machine may need to wake us.
        assert!(began.elapsed() < Duration::from_millis(900), "{:?}", began.elapsed());
        world.assert_at_rest();
    });
}

#[test]
fn a_caller_that_does_not_take_a_body_in_time_does_not_get_it_late() {
    let demo = demo();
    on_a_core(async {
        let world = World::new(&Terms::plain(&demo));
        let request = Request::get("/").body(Full::new(Bytes::new())).unwrap();
        let mut outbound = world.outbound(request, "/v1/charges");
        outbound.facts.timeout = Some(Duration::from_millis(300));
        demo.control()
            .fault(Injection::once(Fault::Drip { every: Duration::ZERO, part: Part::Body }));
        let began = Instant::now();
        let Answer::Reply(reply) = world.core.call(outbound).await else { panic!("none") };
        while began.elapsed() < Duration::from_millis(310) {
            tokio::task::yield_now().await;
        }
        let end = reply.into_body().collect().await.map(|_| ());
        assert_eq!(end.unwrap_err(), BrokenOff(Ours::BodyLate));
        assert_eq!(world.pool().idle, 0, "its connection is closed");
        world.assert_at_rest();
    });
}

#[test]
fn a_connection_on_which_anything_was_odd_carries_no_other_call() {
    let demo = demo();
    let never = |fault: Fault| {
        on_a_core(async {
            let shown = format!("{fault:?}");
            let world = World::new(&Terms::plain(&demo));
            let (reference, _) = world.get("/v1/charges").await;
            let before = world.pool().connected;
            demo.control().fault(Injection::once(fault));
            drop(world.get("/v1/charges").await);
            demo.control().clear_faults();
            let (got, _) = world.get("/v1/charges").await;
            let (Got::Reply(_, Ok(got)), Got::Reply(_, Ok(wanted))) = (&got, &reference) else {
                panic!("{shown}: {got:?}")
            };
            assert_eq!(got, wanted, "{shown}");
            assert_eq!(world.pool().connected, before + 1, "{shown}");
            world.assert_at_rest();
        });
    };
    never(Fault::Unsolicited { after: Duration::ZERO });
    never(Fault::ShortBody { missing_bytes: 3 });
    never(Fault::EndAfterHead { ending: Ending::Reset });
    never(Fault::ConnectionClose);
    never(Fault::CloseDelimited { ending: Ending::Close });
}

fn write_secret(path: &Path, secret: &str, mode: u32) {
    let beside = path.with_extension("next");
    fs::write(&beside, secret).unwrap();
    fs::set_permissions(&beside, fs::Permissions::from_mode(mode)).unwrap();
    fs::rename(&beside, path).unwrap();
}

fn with_secret(demo: &Demo, path: &Path) -> Terms {
    let more = format!(
        "credentials:
  key:
    source: {{ file: {} }}
    inject: {{ bearer: {{}} }}
    hosts: [\"127.0.0.1\"]
    scopes: [all]
    rotation: {{ strategy: dual, max_age: 90d, overlap: 24h }}
    revoke: {{ manual: https://example.com/keys }}
",
        path.display()
    );
    Terms { attempts: 3, more, ..Terms::plain(demo) }
}

#[test]
fn a_refused_credential_that_is_still_the_same_is_not_sent_again() {
    let demo = demo();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    write_secret(&path, "canary-one", 0o600);
    on_a_core(async {
        let world = World::new(&with_secret(&demo, &path));
        demo.control().fault(Fault::status(401));
        let (got, _) = world.get("/v1/charges").await;
        assert!(matches!(&got, Got::Reply(status, Ok(_)) if *status == 401), "{got:?}");
        assert_eq!(demo.control().arrived(), 1, "asked once");
        demo.control().clear_faults();
        let (got, _) = world.get("/v1/charges").await;
        assert!(matches!(&got, Got::Reply(status, Ok(_)) if *status == 200), "{got:?}");
        world.assert_at_rest();
    });
}

#[test]
fn a_credential_comes_back_however_often_its_source_failed() {
    let demo = demo();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    on_a_core(async {
        let world = World::new(&with_secret(&demo, &path));
        let fault = || world.shared.wallet().faults().pop().map(|found| found.fault);
        let missing = fault();
        assert!(missing.is_some());
        for mode in [0o666, 0o600] {
            let before = fault();
            write_secret(&path, "canary-one", mode);
            while fault() == before {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(fault(), None);
        // The gates hear of it in the same turn of the core as the wallet does, or in the next ones.
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
        let (got, _) = world.get("/v1/charges").await;
        assert!(matches!(&got, Got::Reply(status, Ok(_)) if *status == 200), "{got:?}");
        world.assert_at_rest();
    });
}
