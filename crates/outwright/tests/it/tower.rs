//! Calls through `tower`: services of one provider, and the layer in front of a client.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use outwright::{Account, Calls, Elsewhere, Error, Reason, RoutedError, Why};
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::in_process::{get, open};
use crate::world::{demo, on_a_core};

/// Waits until it takes a request without a body.
async fn ready(service: &mut Calls) -> Result<&mut Calls, Error> {
    ServiceExt::<Request<Empty<Bytes>>>::ready(service).await
}

#[test]
fn a_service_calls_its_provider_and_is_not_ready_once_closed() {
    let demo = demo();
    let outwright = open(&demo);
    on_a_core(async {
        let mut service = outwright.service("demo");
        for _ in 0..2 {
            let response = ready(&mut service).await.unwrap().call(get("/v1/charges"));
            let response = response.await.unwrap();
            assert_eq!(response.status(), 200);
            let body = response.into_body().collect().await.unwrap().to_bytes();
            assert!(!body.is_empty());
        }
        // A place that was given before the end is no promise beyond it.
        let mut held = service.clone();
        assert!(ready(&mut held).await.is_ok());
        outwright.close().await;
        let refused = held.call(get("/v1/charges")).await.unwrap_err();
        assert_eq!(refused.why(), &Why::Refused { reason: Reason::Draining, wait: None });
        assert_eq!(ready(&mut service).await.unwrap_err().word(), "draining");
        assert_eq!(demo.control().arrived(), 2);
    });
}

#[test]
fn a_service_is_not_ready_while_the_inbox_of_its_thread_is_full() {
    let demo = demo();
    let outwright = open(&demo);
    let poll = |service: &mut Calls| {
        let mut cx = Context::from_waker(Waker::noop());
        Service::<Request<Empty<Bytes>>>::poll_ready(service, &mut cx)
    };
    let mut held = Vec::new();
    let mut last = outwright.service("demo");
    while let Poll::Ready(ready) = poll(&mut last) {
        ready.unwrap();
        held.push(std::mem::replace(&mut last, outwright.service("demo")));
        assert!(held.len() <= 10_000, "it has a bound");
    }
    assert!(poll(&mut last).is_pending());
    drop(held.pop());
    assert!(matches!(poll(&mut last), Poll::Ready(Ok(()))), "a place was given back");
}

#[test]
fn the_layer_leads_providers_through_their_contracts_and_says_what_becomes_of_others() {
    let demo = demo();
    let outwright = open(&demo);
    let passed = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&passed);
    let client = service_fn(move |_: Request<Empty<Bytes>>| {
        counted.fetch_add(1, Ordering::Relaxed);
        async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("of the client"))) }
    });
    on_a_core(async {
        let there = format!("{}/v1/charges", demo.origin());
        let elsewhere = "https://elsewhere.example/v1/charges";
        let mut strict = outwright.layer(Elsewhere::Refuse).layer(client.clone());
        let response = strict.ready().await.unwrap().call(get(&there)).await.unwrap();
        assert!(response.extensions().get::<Account>().is_some());
        let refused = strict.ready().await.unwrap().call(get(elsewhere)).await.unwrap_err();
        let RoutedError::Outwright(refused) = refused;
        assert_eq!(refused.word(), "provider-unknown");
        assert_eq!(passed.load(Ordering::Relaxed), 0, "nothing leaves without a contract");
        let mut lenient = outwright.layer(Elsewhere::Pass).layer(client);
        let response = lenient.ready().await.unwrap().call(get(&there)).await.unwrap();
        assert!(response.extensions().get::<Account>().is_some());
        let response = lenient.ready().await.unwrap().call(get(elsewhere)).await.unwrap();
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "of the client");
        assert_eq!(passed.load(Ordering::Relaxed), 1);
        // What the contract does not list is its provider's all the same, and is not passed by.
        let unlisted = format!("{}/v1/nothing", demo.origin());
        let refused = lenient.ready().await.unwrap().call(get(&unlisted)).await.unwrap_err();
        let RoutedError::Outwright(refused) = refused;
        assert_eq!(refused.word(), "operation-unknown");
        assert_eq!(demo.control().arrived(), 2);
    });
}
