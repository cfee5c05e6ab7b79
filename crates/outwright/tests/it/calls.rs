//! Calls that go well, and what they leave behind.

use bytes::Bytes;
use http::Request;
use outwright::{Misuse, Outcome};
use outwright_gateway::demo::{Ending, Fault, Injection, Strikes};

use crate::world::{Got, Terms, World, demo, on_a_core};

#[test]
fn a_read_is_relayed_and_its_connection_is_used_again() {
    let demo = demo();
    on_a_core(async {
        let world = World::new(&Terms::plain(&demo));
        for _ in 0..3 {
            let (got, record) = world.get("/v1/charges").await;
            let Got::Reply(status, Ok(body)) = got else { panic!("{got:?}") };
            assert_eq!(status, 200);
            assert!(!body.is_empty());
            assert_eq!(record.attempts.count(), 1);
        }
        let pool = world.pool();
        assert_eq!((pool.connected, pool.reused, pool.idle), (1, 2, 1));
        assert_eq!(demo.control().connections(), 1);
        world.assert_at_rest();
    });
}

#[test]
fn a_read_over_tls_is_relayed() {
    let demo = demo();
    let folder = tempfile::tempdir().unwrap();
    on_a_core(async {
        let world = World::new(&Terms::tls(&demo, &folder.path().join("ca.pem")));
        for _ in 0..2 {
            let (got, _) = world.get("/v1/charges").await;
            assert!(matches!(&got, Got::Reply(status, Ok(_)) if *status == 200), "{got:?}");
        }
        assert_eq!(world.pool().connected, 1);
        world.assert_at_rest();
    });
}

/// R-151.
#[test]
fn the_key_of_a_call_is_the_same_on_every_attempt() {
    let demo = demo();
    on_a_core(async {
        let world = World::new(&Terms { attempts: 3, ..Terms::plain(&demo) });
        demo.control().fault(Injection::times(Fault::status(500), 2));
        let (got, record) = world.post("/v1/charges", r#"{"amount":1}"#).await;
        let Got::Reply(status, Ok(_)) = got else { panic!("{got:?}") };
        assert!(status.is_success(), "{status}");
        assert_eq!(record.attempts.count(), 3);
        let seen = demo.control().requests_of("POST /v1/charges");
        let keys: Vec<_> = seen.iter().map(|seen| seen.key().unwrap().to_owned()).collect();
        assert_eq!(keys.len(), 3);
        assert!(keys.iter().all(|key| *key == keys[0] && key.len() == 36), "{keys:?}");
        assert_eq!(demo.control().effects().count(), 1);
        world.assert_at_rest();
    });
}

#[test]
fn a_callers_own_key_is_sent_verbatim() {
    let demo = demo();
    on_a_core(async {
        let terms = Terms {
            create: "    idempotency: { plan: provider_key, key: required }\n",
            ..Terms::plain(&demo)
        };
        let world = World::new(&terms);
        let head = Request::post("/").header("idempotency-key", "mine-1");
        let (got, _) = world.call(head, "/v1/charges", Bytes::from_static(b"{}")).await;
        assert!(matches!(got, Got::Reply(..)), "{got:?}");
        let seen = demo.control().requests_of("POST /v1/charges");
        assert_eq!(seen[0].key(), Some("mine-1"));
        let (got, _) = world.post("/v1/charges", "{}").await;
        assert!(matches!(got.other(), Outcome::Refused(_)));
        assert_eq!(demo.control().requests_of("POST /v1/charges").len(), 1, "nothing was sent");
        world.assert_at_rest();
    });
}

/// R-151.
#[test]
fn a_derived_key_depends_on_the_fields_it_is_derived_from() {
    let demo = demo();
    on_a_core(async {
        let terms = Terms {
            create: "    idempotency: { plan: provider_key, key: { derive: [/order_id] } }\n",
            ..Terms::plain(&demo)
        };
        let world = World::new(&terms);
        for body in [r#"{"order_id":1,"n":1}"#, r#"{"order_id":1,"n":2}"#, r#"{"order_id":2}"#] {
            let (got, _) = world.post("/v1/charges", body).await;
            assert!(matches!(got, Got::Reply(..)), "{got:?}");
        }
        let seen = demo.control().requests_of("POST /v1/charges");
        let keys: Vec<_> = seen.iter().map(|seen| seen.key().unwrap().to_owned()).collect();
        assert_eq!(keys[0], keys[1]);
        assert_ne!(keys[0], keys[2]);
        let (got, _) = world.post("/v1/charges", "{}").await;
        assert!(matches!(got.other(), Outcome::Misuse(Misuse::KeyField(_))));
    });
}

#[test]
fn a_key_in_the_body_is_the_same_on_every_attempt() {
    let demo = demo();
    on_a_core(async {
        let terms = Terms {
            attempts: 2,
            create: "    idempotency: { plan: body_field, key: per_call, field: /reference }\n",
            ..Terms::plain(&demo)
        };
        let world = World::new(&terms);
        demo.control().fault(Injection::once(Fault::status(503)));
        let (got, record) = world.post("/v1/charges", r#"{"amount":1}"#).await;
        assert!(matches!(&got, Got::Reply(status, Ok(_)) if status.is_success()), "{got:?}");
        assert_eq!(record.attempts.count(), 2);
        let seen = demo.control().requests_of("POST /v1/charges");
        assert_eq!(seen[0].body_digest, seen[1].body_digest, "byte for byte");
        let effects = demo.control().effects();
        let reference = effects.iter().next().unwrap().reference.clone();
        assert_eq!(reference.unwrap().len(), 36);
        world.assert_at_rest();
    });
}

#[test]
fn hop_by_hop_fields_and_those_of_outwright_go_no_further() {
    let demo = demo();
    on_a_core(async {
        let world = World::new(&Terms::plain(&demo));
        let head = Request::get("/")
            .header("connection", "keep-alive, x-hop")
            .header("x-hop", "1")
            .header("te", "gzip")
            .header("keep-alive", "timeout=5")
            .header("proxy-authorization", "Basic x")
            .header("outwright-timeout", "5s")
            .header("x-kept", "yes");
        let (got, _) = world.call(head, "/v1/charges", Bytes::new()).await;
        assert!(matches!(got, Got::Reply(..)), "{got:?}");
        let seen = demo.control().wire_log();
        for gone in
            ["connection", "x-hop", "te", "keep-alive", "proxy-authorization", "outwright-timeout"]
        {
            assert_eq!(seen[0].header(gone), None, "{gone}");
        }
        assert_eq!(seen[0].header("x-kept"), Some("yes"));
        assert_eq!(seen[0].header("via"), Some("1.1 outwright"));
        assert_eq!(seen[0].header("host"), demo.origin().strip_prefix("http://"));
    });
}

/// R-094.
#[test]
fn a_body_above_its_bound_is_not_sent_and_one_that_cannot_be_kept_is_sent_once() {
    let demo = demo();
    on_a_core(async {
        let world = World::new(&Terms { attempts: 3, ..Terms::plain(&demo) });
        let (got, _) = world.post("/v1/charges", vec![b' '; 1024 * 1024 + 1]).await;
        let refused = Misuse::BodyTooLarge { bytes_max: 1024 * 1024 };
        assert!(matches!(got.other(), Outcome::Misuse(misuse) if misuse == refused));
        assert_eq!(demo.control().arrived(), 0);
        demo.control().fault(Fault::status(503));
        let (got, record) = world.post("/v1/charges", vec![b' '; 256 * 1024]).await;
        assert!(matches!(&got, Got::Reply(status, _) if *status == 503), "{got:?}");
        assert_eq!(record.attempts.count(), 1);
        assert_eq!(demo.control().wire_log()[0].body_bytes, 256 * 1024);
        world.assert_at_rest();
    });
}

#[test]
fn the_last_real_reply_is_given_when_no_attempt_goes_better() {
    let demo = demo();
    on_a_core(async {
        let world = World::new(&Terms { attempts: 2, ..Terms::plain(&demo) });
        demo.control().fault(Injection::once(Fault::status(503)));
        let reset = Fault::Unanswered { ending: Ending::Reset, strikes: Strikes::BeforeEffect };
        demo.control().fault(Injection::once(reset));
        let (got, record) = world.get("/v1/charges").await;
        assert!(matches!(&got, Got::Reply(status, Ok(_)) if *status == 503), "{got:?}");
        assert_eq!(record.attempts.count(), 2);
        world.assert_at_rest();
    });
}

#[test]
fn a_connection_that_the_provider_closed_is_not_used_again() {
    let demo = demo();
    on_a_core(async {
        let world = World::new(&Terms { attempts: 2, ..Terms::plain(&demo) });
        demo.control().fault(Fault::ConnectionClose);
        for _ in 0..3 {
            let (got, record) = world.get("/v1/charges").await;
            assert!(matches!(&got, Got::Reply(status, Ok(_)) if *status == 200), "{got:?}");
            assert_eq!(record.attempts.count(), 1);
        }
        assert_eq!(demo.control().connections(), 2);
        world.assert_at_rest();
    });
}
