//! A provider on loopback, a core that calls it, and what came back.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use outwright::telemetry::{Levels, LogTarget, Record};
use outwright::{
    Answer, BrokenOff, CallerFacts, Core, Outbound, Outcome, PoolCounts, Settings, Shared,
};
use outwright_contract::deployment::Bounds;
use outwright_contract::{Date, Options, Source, load};
use outwright_core::provider::Priority;
use outwright_gateway::demo::{Demo, Ports};

/// The parts of a contract that a test decides.
pub(crate) struct Terms {
    pub(crate) base_url: String,
    pub(crate) egress: String,
    pub(crate) attempts: u8,
    pub(crate) timeouts: &'static str,
    /// More keys of the provider, as lines of YAML.
    pub(crate) more: String,
    /// More keys of `list_charges`, as lines of YAML.
    pub(crate) list: &'static str,
    /// The plan of `create_charge`, as lines of YAML.
    pub(crate) create: &'static str,
    pub(crate) name_servers: Vec<SocketAddr>,
    /// What the process keeps at most, where it is another than it would be.
    pub(crate) kept_bytes_max: Option<usize>,
    /// Calls that it has at once, where they are others than they would be.
    pub(crate) calls_max: Option<usize>,
}

/// Timeouts in which a healthy provider on loopback never is late, even on a busy machine.
const CALM: &str = "{ connect: 5s, first_byte: 10s, idle: 10s, attempt: 20s, total: 75s }";
/// Timeouts of a test that waits for one of them.
pub(crate) const TIGHT: &str =
    "{ connect: 400ms, first_byte: 400ms, idle: 400ms, attempt: 800ms, total: 15s }";

impl Terms {
    /// Plain HTTP to this provider, one attempt.
    pub(crate) fn plain(demo: &Demo) -> Self {
        Self {
            base_url: demo.origin(),
            egress: "{ private: [127.0.0.0/8], plain_http: loopback }".to_owned(),
            attempts: 1,
            timeouts: CALM,
            more: String::new(),
            list: "",
            create: "    idempotency: { plan: provider_key, key: per_call }\n",
            name_servers: Vec::new(),
            kept_bytes_max: None,
            calls_max: None,
        }
    }

    /// HTTP over TLS to this provider, which its own authority vouches for, one attempt.
    pub(crate) fn tls(demo: &Demo, ca: &Path) -> Self {
        std::fs::write(ca, demo.control().ca_pem()).unwrap();
        let egress = format!("{{ private: [127.0.0.0/8, \"::1/128\"], ca: {} }}", ca.display());
        Self { base_url: demo.tls_origin(), egress, ..Self::plain(demo) }
    }

    pub(crate) fn text(&self) -> String {
        let Self { base_url, egress, attempts, timeouts, more, list, create, .. } = self;
        format!(
            "outwright: 1
provider: demo
base_url: {base_url}
egress: {egress}
owner: {{ team: demo, contact: demo@example.com }}
tier: best_effort
reviewed: 2026-11-23
slo: {{ availability: 99.9%, latency: {{ p99: 75s }}, window: 30d }}
timeouts: {timeouts}
retry: {{ attempts: {attempts}, backoff: {{ base: 10ms, cap: 20ms, jitter: full }}, budget: {{ ratio: 20%, burst: 100 }} }}
breaker: {{ window: 10s, min_calls: 1000, failure_ratio: 90%, open: {{ base: 1s, cap: 10s }}, probes: 1 }}
concurrency: {{ max: 20, queue: 40, queue_wait: 10s }}
bodies: {{ request: 1MiB, replay: 64KiB, response: 1MiB }}
alerts: {{ page: nobody, ticket: nobody, runbook: https://example.com/r }}
checked: 2026-11-23
docs: https://example.com/demo
sla: {{ availability: none }}
idempotency: {{ header: Idempotency-Key, methods: [POST], retention: 24h }}
limits: {{ dialect: ietf }}
{more}operations:
  list_charges:
    request: GET /v1/charges
    fallback: none
{list}  create_charge:
    request: POST /v1/charges
{create}lifecycle: {{ notice: 30d }}
"
        )
    }
}

/// A core with its provider's contract.
pub(crate) struct World {
    pub(crate) core: Core,
    pub(crate) shared: Arc<Shared>,
}

/// What a caller got, with its body read to the end.
#[derive(Debug)]
pub(crate) enum Got {
    Reply(StatusCode, Result<Bytes, BrokenOff>),
    Other(Box<Outcome>),
}

impl Got {
    /// What came instead of a reply.
    pub(crate) fn other(self) -> Outcome {
        match self {
            Self::Other(outcome) => *outcome,
            Self::Reply(status, _) => panic!("a reply came: {status}"),
        }
    }
}

impl World {
    /// A core under these terms; must be called on a local set.
    pub(crate) fn new(terms: &Terms) -> Self {
        let source = Source::new("contracts/demo.yaml", terms.text());
        let options = Options::run(Date::from_unix(1_795_400_000)).dev(true);
        let loaded = load(&[source], &options);
        assert_eq!(loaded.report.errors(), 0, "{:#?}\n{}", loaded.report, terms.text());
        let mut settings = Settings::new(LogTarget::Off);
        settings.dev = true;
        settings.name_servers.clone_from(&terms.name_servers);
        let bounds = Bounds { calls: terms.calls_max, bytes: terms.kept_bytes_max };
        let settings = settings.bounded_by(bounds);
        let shared = Shared::start(loaded.providers, settings).unwrap();
        Self { core: Core::new(Arc::clone(&shared), 0), shared }
    }

    /// A request without a body.
    pub(crate) async fn get(&self, path: &str) -> (Got, Record) {
        self.call(Request::builder().method(Method::GET), path, Bytes::new()).await
    }

    /// A request with a body.
    pub(crate) async fn post(&self, path: &str, body: impl Into<Bytes>) -> (Got, Record) {
        let head = Request::builder().method(Method::POST);
        self.call(head.header("content-type", "application/json"), path, body.into()).await
    }

    /// Any request.
    pub(crate) async fn call(
        &self,
        head: http::request::Builder,
        path: &str,
        body: Bytes,
    ) -> (Got, Record) {
        let request = head.uri(path).body(Full::new(body)).unwrap();
        let answer = self.core.call(self.outbound(request, path)).await;
        match answer {
            Answer::Reply(reply) => {
                let record = reply.body().record().clone();
                let (head, body) = reply.into_parts();
                let body = body.collect().await.map(|body| body.to_bytes());
                (Got::Reply(head.status, body), record)
            }
            Answer::Own(own) => (Got::Other(Box::new(own.outcome)), own.record),
        }
    }

    /// What the door would hand in for a request.
    pub(crate) fn outbound<B>(&self, request: Request<B>, path: &str) -> Outbound<B> {
        let outlet = Rc::clone(self.core.outlets().get(0).expect("one provider"));
        let routes = &outlet.provider().routes;
        let plain = path.split('?').next().unwrap();
        let operation = routes.find(request.method(), plain).unwrap();
        Outbound {
            outlet,
            operation,
            request,
            path: path.parse().unwrap(),
            facts: CallerFacts {
                timeout: None,
                priority: Priority::Default,
                arrived: self.core.now(),
                caller: None,
            },
        }
    }

    /// What the connection pool did.
    pub(crate) fn pool(&self) -> PoolCounts {
        self.core.outlets().get(0).expect("one provider").pool()
    }

    /// Where the gates stand.
    pub(crate) fn levels(&self) -> Levels {
        let mut levels = self.shared.levels();
        levels.swap_remove(0).expect("the contracts have the provider")
    }

    /// Every slot is back, nobody waits, no promise was broken.
    pub(crate) fn assert_at_rest(&self) {
        let levels = self.levels();
        let standing = (levels.slots_used, levels.waiting, levels.probes, levels.bugs);
        assert_eq!(standing, (0, 0, 0, 0));
    }
}

/// Runs a test on a core of its own, within a bound.
pub(crate) fn on_a_core<F: Future<Output = ()>>(test: F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let bounded = async {
        tokio::time::timeout(Duration::from_secs(60), test)
            .await
            .expect("the test ends within its bound");
    };
    tokio::task::LocalSet::new().block_on(&runtime, bounded);
}

/// The same, in time that moves only where the test moves it, while sockets work as always.
pub(crate) fn on_a_still_core<F: Future<Output = ()>>(test: F) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build().unwrap();
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let bounded = async {
        // Time that stands still jumps to the next timer when the runtime has nothing to do, except while work of
        // this kind is under way.
        let still = tokio::task::spawn_blocking(move || {
            wait.recv_timeout(Duration::from_secs(60)) == Err(RecvTimeoutError::Disconnected)
        });
        test.await;
        drop(done);
        assert!(still.await.unwrap(), "the test ends before time has to be let go");
    };
    tokio::task::LocalSet::new().block_on(&runtime, bounded);
}

/// A demo provider in a thread of its own.
pub(crate) fn demo() -> Demo {
    Demo::spawn_thread(Ports::default(), outwright_gateway::demo::Settings::default()).unwrap()
}
