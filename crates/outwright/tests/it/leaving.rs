//! Callers that go, and credentials that change, while calls are under way.

use std::fs;
use std::future::Future;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use outwright::{Answer, Outcome};
use outwright_core::refusal::Reason;
use outwright_gateway::demo::{Fault, Injection, Part, Strikes};

use crate::world::{Got, Terms, World, demo, on_a_core};

/// Polls a call until the provider has got its request, then gives it up.
async fn given_up<F: Future>(call: F, until: impl Future<Output = ()>) {
    let mut call = pin!(call);
    let mut until = pin!(until);
    std::future::poll_fn(|cx| {
        assert!(call.as_mut().poll(cx).is_pending(), "the provider never answers");
        until.as_mut().poll(cx)
    })
    .await;
}

/// R-096.
#[test]
fn a_read_whose_caller_goes_gives_everything_back_at_once() {
    let demo = demo();
    on_a_core(async {
        let world = World::new(&Terms::plain(&demo));
        demo.control().fault(Fault::Silent { strikes: Strikes::BeforeEffect });
        let control = demo.control();
        given_up(world.get("/v1/charges"), control.until(|control| control.arrived() == 1)).await;
        world.assert_at_rest();
        assert_eq!(world.pool().idle, 0, "its connection is closed");
        demo.control().clear_faults();
        let (got, _) = world.get("/v1/charges").await;
        assert!(matches!(&got, Got::Reply(status, Ok(_)) if *status == 200), "{got:?}");
    });
}

#[test]
fn a_mutation_whose_caller_goes_runs_to_its_end() {
    let demo = demo();
    on_a_core(async {
        let world = World::new(&Terms::plain(&demo));
        demo.control().fault(Fault::Slow { by: Duration::from_millis(200) });
        let control = demo.control();
        let call = world.post("/v1/charges", r#"{"amount":1}"#);
        given_up(call, control.until(|control| control.arrived() == 1)).await;
        assert_eq!(world.levels().slots_used, 1, "it goes on");
        while world.levels().slots_used > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(demo.control().effects().count(), 1);
        world.assert_at_rest();
    });
}

#[test]
fn a_caller_that_leaves_a_body_half_read_gives_its_slot_back() {
    let demo = demo();
    on_a_core(async {
        let world = World::new(&Terms::plain(&demo));
        demo.control().fault(Fault::Drip { every: Duration::from_millis(50), part: Part::Body });
        let request = Request::get("/").body(Full::new(Bytes::new())).unwrap();
        let answer = world.core.call(world.outbound(request, "/v1/charges")).await;
        let Answer::Reply(reply) = answer else { panic!("no reply") };
        let mut body = reply.into_body();
        assert!(body.frame().await.unwrap().is_ok());
        assert_eq!(world.levels().slots_used, 1);
        drop(body);
        world.assert_at_rest();
        assert_eq!(world.pool().idle, 0, "its connection is closed");
    });
}

fn write_secret(path: &Path, secret: &str) {
    // As deployments do it: beside it, then over it.
    let beside = path.with_extension("next");
    fs::write(&beside, secret).unwrap();
    fs::set_permissions(&beside, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(&beside, path).unwrap();
}

fn with_secret(demo: &outwright_gateway::demo::Demo, path: &Path) -> Terms {
    let hosts = "127.0.0.1";
    Terms {
        attempts: 2,
        more: format!(
            "credentials:
  key:
    source: {{ file: {} }}
    inject: {{ bearer: {{}} }}
    hosts: [\"{hosts}\"]
    scopes: [all]
    rotation: {{ strategy: dual, max_age: 90d, overlap: 24h }}
    revoke: {{ manual: https://example.com/keys }}
",
            path.display()
        ),
        ..Terms::plain(demo)
    }
}

/// R-502, R-522: a secret is sent, is replaced while calls go on, and is shown by nothing.
#[test]
fn a_refused_credential_is_read_anew_and_the_call_goes_well() {
    let demo = demo();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    on_a_core(async {
        write_secret(&path, "canary-one\n");
        let world = World::new(&with_secret(&demo, &path));
        let head = Request::get("/").header("authorization", "Bearer of-the-caller");
        let (got, _) = world.call(head, "/v1/charges", Bytes::new()).await;
        assert!(matches!(&got, Got::Reply(status, Ok(_)) if *status == 200), "{got:?}");
        let seen = demo.control().wire_log();
        assert_eq!(seen[0].header("authorization"), Some("Bearer canary-one"));
        write_secret(&path, "canary-two\n");
        demo.control().fault(Injection::once(Fault::status(401)));
        let (got, record) = world.get("/v1/charges").await;
        assert!(matches!(&got, Got::Reply(status, Ok(_)) if *status == 200), "{got:?}");
        assert_eq!(record.attempts.count(), 2);
        let last = demo.control().wire_log().pop().unwrap();
        assert_eq!(last.header("authorization"), Some("Bearer canary-two"));
        let shown = format!("{:?} {record:?} {got:?}", world.core);
        assert!(!shown.contains("canary"), "{shown}");
        assert!(format!("{last:?}").contains("canary"), "the control shows what it sees");
        world.assert_at_rest();
    });
}

#[test]
fn without_its_secret_a_call_is_refused_and_nothing_is_sent() {
    let demo = demo();
    let folder = tempfile::tempdir().unwrap();
    on_a_core(async {
        let world = World::new(&with_secret(&demo, &folder.path().join("nothing")));
        let (got, _) = world.get("/v1/charges").await;
        let Outcome::Refused(refusal) = got.other() else { panic!("not refused") };
        assert_eq!(refusal.reason, Reason::CredentialMissing);
        assert_eq!(demo.control().connections(), 0);
        world.assert_at_rest();
    });
}

#[test]
fn calls_that_wait_for_a_slot_get_one_when_others_end() {
    let demo = demo();
    on_a_core(async {
        let world = Rc::new(World::new(&Terms::plain(&demo)));
        demo.control().change(|settings| settings.latency.base = Duration::from_millis(20)).await;
        let calls = (0..48).map(|_| {
            let world = Rc::clone(&world);
            tokio::task::spawn_local(async move { world.get("/v1/charges").await })
        });
        // Twenty slots, forty places in the queue: all of them are started before the first one ends.
        let calls: Vec<_> = calls.collect();
        let mut waited = 0;
        for call in calls {
            let (got, record) = call.await.unwrap();
            assert!(matches!(&got, Got::Reply(status, Ok(_)) if *status == 200), "{got:?}");
            waited += usize::from(!record.queued.is_zero());
        }
        let bulkhead = world.core.outlets().get(0).unwrap().provider().bulkhead;
        let at_once = usize::try_from(bulkhead.slots() - bulkhead.reserved()).unwrap();
        assert_eq!(waited, 48 - at_once, "those beyond the slots that are not kept for others");
        world.assert_at_rest();
        assert!(world.pool().connected <= 20);
    });
}
