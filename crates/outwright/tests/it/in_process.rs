//! Calls in process: what the library does beside what the wire tests of the gateway hold of it too.

use std::fs;
use std::future::Future;
use std::num::NonZeroUsize;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use outwright::telemetry::TurnedAway;
use outwright::{
    Account, Body, Effect, Error, OpenError, Origin, Outwright, Reason, Setup, Source, Terms, Why,
};
use outwright_gateway::demo::{Demo, Fault, Injection, Part, Strikes};

use crate::world::{self, TIGHT, demo, on_a_core};

/// Ends a test that waits for what never comes; long enough for a busy machine.
const LONG: Duration = Duration::from_secs(30);

pub(crate) fn setup(terms: &world::Terms) -> Setup {
    Setup::sources(vec![Source::new("contracts/demo.yaml", terms.text())]).development()
}

pub(crate) fn open(demo: &Demo) -> Outwright {
    setup(&world::Terms::plain(demo)).open().unwrap()
}

pub(crate) fn get(path: &str) -> Request<Empty<Bytes>> {
    Request::get(path).body(Empty::new()).unwrap()
}

fn post(path: &str) -> Request<Full<Bytes>> {
    Request::post(path).body(Full::from("amount=500")).unwrap()
}

async fn text(response: Response<Body>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Gives others their turn until it is so.
fn until(what: &str, so: impl Fn() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < LONG, "{what}");
        std::thread::yield_now();
    }
}

fn is_at_rest(outwright: &Outwright) -> bool {
    let page = outwright.metrics();
    let zero = |row: &str| page.lines().any(|line| line == format!("{row} 0"));
    zero(r#"outwright_concurrency_used{provider="demo"}"#)
        && zero(r#"outwright_calls_in_flight{provider="demo"}"#)
        && zero("outwright_bugs_total")
}

/// Polls it once.
fn poll<F: Future + ?Sized>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The smallest executor there is.
fn without_runtime<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park_timeout(LONG),
        }
    }
}

#[test]
fn a_call_needs_no_runtime_of_its_caller() {
    let demo = demo();
    let outwright = open(&demo);
    without_runtime(async {
        let response = outwright.call("demo", get("/v1/charges?limit=3")).await.unwrap();
        assert_eq!(response.status(), 200);
        let account = response.extensions().get::<Account>().unwrap().clone();
        assert_eq!((account.provider(), account.operation()), (Some("demo"), Some("list_charges")));
        assert_eq!((account.attempts(), account.origin()), (1, Origin::Provider));
        assert_eq!((account.effect(), account.retry()), (None, None));
        let id = response.headers()["outwright-call"].to_str().unwrap().to_owned();
        assert_eq!(account.call(), Some(id));
        assert!(text(response).await.starts_with('{'));
        outwright.close().await;
    });
    assert_eq!(demo.control().wire_log()[0].head.as_ref().unwrap().target, "/v1/charges?limit=3");
}

#[test]
fn a_contract_with_errors_does_not_open() {
    let text = "outwright: 1\nprovider: x\nbase_url: https://api.example.com\n";
    let error = Setup::sources(vec![Source::new("contracts/x.yaml", text)]).open().unwrap_err();
    let OpenError::Unsafe(report) = &error else { panic!("{error}") };
    assert!(report.errors() > 3, "{error}");
    assert!(error.to_string().contains("contracts/x.yaml:"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Outwright::open(folder.path()), Err(OpenError::Read(_))));
}

#[test]
fn terms_mean_what_the_fields_mean() {
    let demo = demo();
    let terms = world::Terms {
        create: "    idempotency: { plan: provider_key, key: required }\n",
        ..world::Terms::plain(&demo)
    };
    let outwright = setup(&terms).open().unwrap();
    on_a_core(async {
        let mut keyed = post("/v1/charges");
        keyed.extensions_mut().insert(Terms::new().key("order-17"));
        assert!(outwright.call("demo", keyed).await.is_ok());
        let mut field = post("/v1/charges");
        field.headers_mut().insert("idempotency-key", "\"order-17\"".parse().unwrap());
        assert!(outwright.call("demo", field).await.is_ok());
        let seen = demo.control().wire_log();
        assert!(seen.iter().all(|seen| seen.key() == Some("order-17")), "{seen:?}");
        let mut other = post("/v1/charges");
        other.extensions_mut().insert(Terms::new().key("order-17").caller("back office"));
        assert!(outwright.call("demo", other).await.is_ok());
        let theirs = demo.control().wire_log()[2].key().unwrap().to_owned();
        assert!(theirs.len() == 32 && theirs != "order-17", "{theirs}: of another caller");
        let missing = outwright.call("demo", post("/v1/charges")).await.unwrap_err();
        assert_eq!((missing.word(), missing.effect()), ("key-missing", Effect::None));
        let mut bad = post("/v1/charges");
        bad.extensions_mut().insert(Terms::new().key("a\nb"));
        assert_eq!(outwright.call("demo", bad).await.unwrap_err().word(), "field-invalid");
        demo.control().fault(Fault::Silent { strikes: Strikes::BeforeEffect });
        let mut short = get("/v1/charges");
        short.headers_mut().insert("outwright-timeout", "20s".parse().unwrap());
        short.extensions_mut().insert(Terms::new().timeout(Duration::from_millis(300)));
        let late = outwright.call("demo", short).await.unwrap_err();
        assert_eq!(late.word(), "provider-late", "{late}");
        assert_eq!(late.account().attempts(), 1);
    });
}

#[test]
fn what_is_no_call_is_told_and_never_sent() {
    let demo = demo();
    let outwright = open(&demo);
    on_a_core(async {
        let url = format!("{}/v1/charges", demo.origin());
        assert!(outwright.call("demo", get(&url)).await.is_ok(), "a whole URL is fine");
        for (provider, request, why) in [
            ("other", get("/v1/charges"), TurnedAway::ProviderUnknown),
            ("demo", get("/v1/nothing"), TurnedAway::OperationUnknown),
            ("demo", get("/v1/../charges"), TurnedAway::PathAmbiguous),
            ("demo", get("http://127.0.0.1:1/v1/charges"), TurnedAway::HostForeign),
            ("demo", get("https://evil.example/v1/charges"), TurnedAway::HostForeign),
        ] {
            let error = outwright.call(provider, request).await.unwrap_err();
            assert_eq!(error.why(), &Why::TurnedAway(why), "{error}");
            assert_eq!((error.word(), error.effect()), (why.word(), Effect::None));
            assert!(error.account().call().is_some(), "{error:?}");
        }
        assert_eq!(demo.control().arrived(), 1);
    });
}

/// R-096.
#[test]
fn a_read_whose_future_is_dropped_is_given_up() {
    let demo = demo();
    let outwright = open(&demo);
    demo.control().fault(Fault::Silent { strikes: Strikes::BeforeEffect });
    let mut call = Box::pin(outwright.call("demo", get("/v1/charges")));
    assert!(poll(call.as_mut()).is_pending());
    until("it arrives", || demo.control().arrived() == 1);
    assert!(!is_at_rest(&outwright));
    drop(call);
    until("everything is given back", || is_at_rest(&outwright));
}

#[test]
fn a_mutation_whose_future_is_dropped_runs_to_its_end() {
    let demo = demo();
    let outwright = open(&demo);
    demo.control().fault(Fault::Slow { by: Duration::from_millis(200) });
    let mut call = Box::pin(outwright.call("demo", post("/v1/charges")));
    assert!(poll(call.as_mut()).is_pending());
    until("it arrives", || demo.control().arrived() == 1);
    drop(call);
    assert!(!is_at_rest(&outwright), "it goes on");
    // The end of the library waits for it too.
    without_runtime(outwright.close());
    assert!(is_at_rest(&outwright));
    assert_eq!(demo.control().effects().count(), 1);
}

#[test]
fn a_body_that_is_dropped_half_read_gives_its_slot_back() {
    let demo = demo();
    let outwright = open(&demo);
    demo.control().fault(Fault::Drip { every: Duration::from_millis(50), part: Part::Body });
    without_runtime(async {
        let mut response = outwright.call("demo", get("/v1/charges")).await.unwrap();
        assert!(response.frame().await.unwrap().is_ok());
        assert!(!is_at_rest(&outwright));
        drop(response);
    });
    until("everything is given back", || is_at_rest(&outwright));
}

/// A caller that takes no byte is cut, and must not take what it has for the whole.
#[test]
fn a_body_that_nobody_reads_is_cut_off() {
    let demo = demo();
    let terms = world::Terms { timeouts: TIGHT, ..world::Terms::plain(&demo) };
    let outwright = setup(&terms).open().unwrap();
    demo.control().fault(Fault::Drip { every: Duration::from_millis(20), part: Part::Body });
    let response = without_runtime(outwright.call("demo", get("/v1/charges"))).unwrap();
    until("everything is given back", || is_at_rest(&outwright));
    let end = without_runtime(response.into_body().collect());
    assert!(end.is_err(), "it is no clean end");
}

#[test]
fn closing_waits_for_what_is_under_way_and_takes_no_more() {
    let demo = demo();
    let outwright = open(&demo);
    demo.control().fault(Injection::once(Fault::Slow { by: Duration::from_millis(200) }));
    let mut call = Box::pin(outwright.call("demo", get("/v1/charges")));
    assert!(poll(call.as_mut()).is_pending());
    until("it arrives", || demo.control().arrived() == 1);
    let other = outwright.clone();
    without_runtime(async {
        let mut closing = pin!(other.close());
        assert!(poll(closing.as_mut()).is_pending());
        let refused = outwright.call("demo", get("/v1/charges")).await.unwrap_err();
        assert_eq!(refused.why(), &Why::Refused { reason: Reason::Draining, wait: None });
        let response = call.await.unwrap();
        assert!(text(response).await.starts_with('{'));
        closing.await;
        other.close().await;
    });
    assert_eq!(demo.control().arrived(), 1);
}

/// An outcome is never dressed up, not even at the end of the process.
#[test]
fn a_mutation_that_is_cut_at_the_bound_is_told_as_unknown() {
    let demo = demo();
    let bound = Duration::from_millis(100);
    let outwright = setup(&world::Terms::plain(&demo)).drain(bound).open().unwrap();
    demo.control().fault(Fault::Silent { strikes: Strikes::AfterEffect });
    let started = |request| {
        let mut call: std::pin::Pin<Box<dyn Future<Output = Result<Response<Body>, Error>>>> =
            Box::pin(outwright.call("demo", request));
        assert!(poll(call.as_mut()).is_pending());
        call
    };
    let write = started(post("/v1/charges"));
    until("it arrives", || demo.control().arrived() == 1);
    without_runtime(outwright.close());
    let error = without_runtime(write).unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    assert_eq!((error.word(), error.effect()), ("outcome-unknown", Effect::Unknown));
    assert_eq!(error.account().operation(), Some("create_charge"));
    assert_eq!(demo.control().effects().count(), 1, "it was carried out indeed");
}

#[test]
fn calls_on_two_threads_are_counted_as_one() {
    let demo = demo();
    let two = NonZeroUsize::new(2).unwrap();
    let outwright = setup(&world::Terms::plain(&demo)).threads(two).open().unwrap();
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let outwright = outwright.clone();
            std::thread::spawn(move || {
                for _ in 0..6 {
                    let call = outwright.call("demo", get("/v1/charges"));
                    without_runtime(text(without_runtime(call).unwrap()));
                }
            })
        })
        .collect();
    callers.into_iter().for_each(|caller| caller.join().unwrap());
    let row =
        r#"outwright_calls_total{provider="demo",operation="list_charges",outcome="success"} 24"#;
    until("all are counted", || outwright.metrics().lines().any(|line| line == row));
}

fn write_contract(folder: &Path, text: &str) {
    fs::create_dir_all(folder.join("contracts")).unwrap();
    fs::write(folder.join("contracts/demo.yaml"), text).unwrap();
}

#[test]
fn contracts_of_a_folder_are_taken_over_when_asked_and_when_watched() {
    let demo = demo();
    let folder = tempfile::tempdir().unwrap();
    let good = world::Terms::plain(&demo).text();
    write_contract(folder.path(), &good);
    fs::write(folder.path().join("outwright.yaml"), "outwright: 1\nname: edge-7\n").unwrap();
    let contracts = folder.path().join("contracts");
    let outwright = Setup::folder(&contracts).development().open().unwrap();
    let status = |path: &str| {
        let call = without_runtime(outwright.call("demo", get(path)));
        call.map(|response| response.headers()["via"].to_str().unwrap().to_owned())
            .map_err(|error| error.word())
    };
    assert_eq!(status("/v1/charges"), Ok("1.1 edge-7".to_owned()), "the deployment has a name");
    let more = good.replace(
        "operations:\n",
        "operations:\n  more:\n    request: GET /v1/limits\n    fallback: none\n",
    );
    write_contract(folder.path(), &more);
    assert_eq!(status("/v1/limits"), Err("operation-unknown"));
    let changes = outwright.reload().unwrap();
    assert!(changes.iter().any(|change| change.key.contains("more")), "{changes:?}");
    assert!(status("/v1/limits").is_ok());
    write_contract(folder.path(), "outwright: 1\n");
    assert!(matches!(outwright.reload(), Err(OpenError::Unsafe(_))));
    assert!(status("/v1/limits").is_ok(), "the last good contracts stay in force");
    write_contract(folder.path(), &good);
    let watching =
        Setup::folder(&contracts).development().watch(Duration::from_millis(5)).open().unwrap();
    write_contract(folder.path(), &more);
    until("it takes over by itself", || {
        without_runtime(watching.call("demo", get("/v1/limits"))).is_ok()
    });
}

/// What a contract lets a caller do holds for the parts of a program, too; they name themselves and have no token.
#[test]
fn a_part_of_the_program_does_what_the_contract_lets_it_do() {
    let demo = demo();
    let listed = "callers:\n  shop: { operations: [list_charges] }\n  books: {}\n";
    let terms = world::Terms { more: listed.to_owned(), ..world::Terms::plain(&demo) };
    let deployment = "outwright: 1\ncallers:\n  shop: { token: { env: SHOP } }\n  books: { token: { env: BOOKS } }\n";
    let sources = vec![
        Source::new("contracts/demo.yaml", terms.text()),
        Source::new("outwright.yaml", deployment),
    ];
    let outwright = Setup::sources(sources).development().open().unwrap();
    without_runtime(async {
        for (caller, reads, writes) in [
            (Some("shop"), true, false),
            (Some("books"), true, true),
            (Some("somebody"), false, false),
            (None, false, false),
        ] {
            let mut terms = Terms::new();
            if let Some(name) = caller {
                terms = terms.caller(name);
            }
            let (mut read, mut write) = (get("/v1/charges"), post("/v1/charges"));
            read.extensions_mut().insert(terms.clone());
            write.extensions_mut().insert(terms);
            let may = |answer: Result<Response<Body>, Error>| match answer {
                Ok(_) => true,
                Err(error) => {
                    let Why::Refused { reason, .. } = error.why() else { panic!("{error}") };
                    assert_eq!(*reason, Reason::NotAllowed);
                    false
                }
            };
            let read = may(outwright.call("demo", read).await);
            let write = may(outwright.call("demo", write).await);
            assert_eq!((read, write), (reads, writes), "{caller:?}");
        }
        outwright.close().await;
    });
    let sent = demo.control().requests_of("POST /v1/charges").len();
    assert_eq!(sent, 1, "nothing of the others was sent");
}
