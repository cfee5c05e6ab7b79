//! What a process keeps of bodies, and what happens when that is all it may keep.

use http::Request;
use outwright::{Misuse, Outcome};
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
            assert_eq!(world.shared.kept_bytes().used, 0);
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
        assert_eq!(world.shared.kept_bytes().used, 0);
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
