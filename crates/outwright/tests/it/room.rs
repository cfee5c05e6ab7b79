//! What a process holds of bodies and calls, and what happens when that is all it may hold.

use bytes::Bytes;
use http::Request;
use http_body_util::Empty;
use outwright::{Answer, Misuse, Outcome};
use outwright_core::provider::Priority;
use outwright_core::refusal::Reason;
use outwright_gateway::demo::{Fault, Injection};

use crate::world::{Got, Terms, World, demo, on_a_core};

/// R-565: nothing is read that cannot be held, nothing is sent of it, and what was held comes back.
#[test]
fn a_body_for_which_there_is_no_room_is_refused() {
    let demo = demo();
    on_a_core(async {
        let world = World::new(&Terms { kept_bytes_max: Some(100), ..Terms::plain(&demo) });
        let (got, record) = world.post("/v1/charges", "x".repeat(101)).await;
        let Outcome::Refused(refusal) = got.other() else { panic!("it is refused") };
        assert_eq!(refusal.reason, Reason::MemoryFull);
        assert_eq!((record.attempts.count(), record.refused), (0, Some(Reason::MemoryFull)));
        assert_eq!(demo.control().requests_of("POST /v1/charges").len(), 0);
        for _ in 0..3 {
            let (got, _) = world.post("/v1/charges", r#"{"amount":1}"#).await;
            assert!(matches!(&got, Got::Reply(status, Ok(_)) if status.is_success()), "{got:?}");
            assert_eq!(world.shared.holds().bytes.used, 0);
        }
        let (got, _) = world.get("/v1/charges").await;
        assert!(matches!(got, Got::Reply(..)), "what holds nothing goes on");
        world.assert_at_rest();
    });
}

/// R-565: a reply that was to be shown if nothing better comes is held only where there is room.
#[test]
fn a_reply_for_which_there_is_no_room_is_not_held() {
    let demo = demo();
    on_a_core(async {
        let terms = Terms { attempts: 2, kept_bytes_max: Some(0), ..Terms::plain(&demo) };
        let world = World::new(&terms);
        demo.control().fault(Injection::once(Fault::status(503)));
        let (got, record) = world.get("/v1/charges").await;
        assert!(matches!(&got, Got::Reply(status, Ok(_)) if *status == 200), "{got:?}");
        assert_eq!(record.attempts.count(), 2);
        assert_eq!(world.shared.holds().bytes.used, 0);
        world.assert_at_rest();
    });
}

/// What is too large for its operation is told as that, whatever room there is.
#[test]
fn a_body_that_is_too_large_is_told_as_that() {
    let demo = demo();
    on_a_core(async {
        let world = World::new(&Terms { kept_bytes_max: Some(0), ..Terms::plain(&demo) });
        let head = Request::post("/").header("content-type", "application/json");
        let (got, _) = world.call(head, "/v1/charges", vec![b'x'; 2 << 20].into()).await;
        let Outcome::Misuse(misuse) = got.other() else { panic!("it is refused") };
        assert_eq!(misuse, Misuse::BodyTooLarge { bytes_max: 1 << 20 });
        world.assert_at_rest();
    });
}

/// R-565: a success that has to be looked into is sent only where there is room to do that.
#[test]
fn what_cannot_be_looked_into_is_not_sent() {
    let demo = demo();
    let looks =
        "errors:\n  - { status: 200, json: { /error: no }, class: transient, effect: none }\n";
    on_a_core(async {
        let terms = |bytes| Terms {
            more: looks.to_owned(),
            kept_bytes_max: Some(bytes),
            ..Terms::plain(&demo)
        };
        let world = World::new(&terms(PREFIX_BYTES - 1));
        let (got, record) = world.get("/v1/charges").await;
        let Outcome::Refused(refusal) = got.other() else { panic!("it is refused") };
        assert_eq!((refusal.reason, record.attempts.count()), (Reason::MemoryFull, 0));
        assert_eq!(demo.control().requests_of("GET /v1/charges").len(), 0);
        world.assert_at_rest();

        let world = World::new(&terms(PREFIX_BYTES));
        let outbound =
            world.outbound(Request::get("/").body(Empty::<Bytes>::new()).unwrap(), "/v1/charges");
        let Answer::Reply(reply) = world.core.call(outbound).await else { panic!("it replies") };
        assert_eq!(world.shared.holds().bytes.used, PREFIX_BYTES, "as long as it is not taken");
        drop(reply);
        let (got, _) = world.get("/v1/charges").await;
        assert!(matches!(&got, Got::Reply(status, Ok(_)) if *status == 200), "{got:?}");
        assert_eq!(world.shared.holds().bytes.used, 0);
        world.assert_at_rest();
    });
}

/// R-565: an error without room for its body is judged by its status, and passes.
#[test]
fn an_error_without_room_for_its_body_is_judged_by_its_status() {
    let demo = demo();
    let looks =
        "errors:\n  - { status: 503, json: { /error: no }, class: rejected, effect: none }\n";
    on_a_core(async {
        for (bytes, status) in [(0, 200), (1 << 20, 200)] {
            let terms = Terms {
                attempts: 2,
                more: looks.to_owned(),
                kept_bytes_max: Some(bytes),
                ..Terms::plain(&demo)
            };
            let world = World::new(&terms);
            demo.control().fault(Injection::once(Fault::status(503)));
            let (got, record) = world.get("/v1/charges").await;
            assert!(matches!(&got, Got::Reply(got, Ok(_)) if *got == status), "{got:?}");
            assert_eq!(record.attempts.count(), 2);
            assert_eq!(world.shared.holds().bytes.used, 0);
            world.assert_at_rest();
        }
    });
}

/// R-565: of all providers together no more calls than the bound; the last fifth of it is for critical calls.
#[test]
fn calls_beyond_the_bound_of_the_process_are_told_so_and_critical_ones_last() {
    let demo = demo();
    on_a_core(async {
        let world = World::new(&Terms { calls_max: Some(5), ..Terms::plain(&demo) });
        let call = async |priority| {
            let request = Request::get("/").body(Empty::<Bytes>::new()).unwrap();
            let mut outbound = world.outbound(request, "/v1/charges");
            outbound.facts.priority = priority;
            world.core.call(outbound).await
        };
        let refused = |answer: &Answer| match answer {
            Answer::Reply(_) => None,
            Answer::Own(own) => own.record.refused,
        };
        let mut held = Vec::new();
        for priority in
            [Priority::Default, Priority::Default, Priority::Background, Priority::Default]
        {
            held.push(call(priority).await);
        }
        assert_eq!(world.shared.holds().calls.used, 4);
        let sent = demo.control().requests_of("GET /v1/charges").len();
        for priority in [Priority::Default, Priority::Background] {
            let answer = call(priority).await;
            assert_eq!(refused(&answer), Some(Reason::CallsFull));
        }
        held.push(call(Priority::Critical).await);
        let answer = call(Priority::Critical).await;
        assert_eq!(refused(&answer), Some(Reason::CallsFull));
        assert_eq!(demo.control().requests_of("GET /v1/charges").len(), sent + 1);
        assert!(held.iter().all(|answer| refused(answer).is_none()));
        let page =
            world.shared.telemetry().exposition(&world.shared.levels(), world.shared.holds());
        assert!(page.contains("\noutwright_process_calls 5\n"), "{page}");
        assert!(
            page.contains(
                "outwright_process_rejections_total{provider=\"demo\",reason=\"calls_full\"} 3\n"
            ),
            "{page}"
        );
        // One leaves, and there is room.
        drop(held.pop());
        drop(held.pop());
        held.push(call(Priority::Default).await);
        assert!(held.iter().all(|answer| refused(answer).is_none()));
        drop(held);
        assert_eq!(world.shared.holds().calls.used, 0);
        world.assert_at_rest();
    });
}

/// As much as is looked into of a reply.
const PREFIX_BYTES: usize = outwright_core::limits::PREFIX_BYTES_MAX;
