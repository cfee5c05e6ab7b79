//! A gateway in front of the demo provider, on free ports, with a secret, a log and a client that knows bytes only.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use outwright::Shared;
use outwright::telemetry::LogTarget;
use outwright_contract::{Date, Loaded, Options, Source, load};
use outwright_core::provider::Provider;
use outwright_gateway::demo::{Demo, Ports, Settings};
use outwright_gateway::{Config, Handle, Server, StartError};
use tempfile::TempDir;

use crate::peer::Peer;

/// What no output of ours may hold.
pub(crate) const SECRET: &str = "sk_live_4eC39HqLyjWDarjtT1zdp7dc";
/// Ends a test that waits for what never comes; long enough for a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// Everything that a wire test needs.
pub(crate) struct Stage {
    pub(crate) ground: Ground,
    pub(crate) gateway: Option<Handle>,
}

/// What stands around whatever is tried: a provider, a folder with a secret and a log, and a contract.
pub(crate) struct Ground {
    pub(crate) demo: Demo,
    folder: TempDir,
    /// The contract that was taken over last.
    pub(crate) contract: String,
}

impl Ground {
    /// A provider in this state, and the changed contract.
    pub(crate) fn new(settings: Settings, change: impl FnOnce(String) -> String) -> Self {
        let demo = Demo::spawn_thread(Ports::default(), settings).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), SECRET).unwrap();
        make_private(&folder.path().join("secret"));
        let contract = change(CONTRACT.to_owned())
            .replace("{port}", &demo.plain().port().to_string())
            .replace("{folder}", &folder.path().display().to_string());
        Self { demo, folder, contract }
    }

    /// The provider goes; the secret stays as long as its folder.
    pub(crate) fn left_by_the_provider(self) -> TempDir {
        let Self { demo, folder, .. } = self;
        let (port, began) = (demo.plain(), Instant::now());
        drop(demo);
        // Its thread closes the port when it comes to that.
        while TcpStream::connect(port).is_ok() {
            assert!(began.elapsed() < LONG, "it stays");
            std::thread::yield_now();
        }
        folder
    }

    /// Another provider under the same terms.
    pub(crate) fn other(&self, name: &str) -> String {
        self.contract.replace("provider: demo", &format!("provider: {name}"))
    }

    /// Waits until so many requests have arrived at the provider.
    pub(crate) fn until_arrived(&self, count: u64) {
        let began = Instant::now();
        while self.demo.arrived() < count {
            assert!(began.elapsed() < LONG, "{} of {count} arrived", self.demo.arrived());
            std::thread::yield_now();
        }
    }

    /// Another secret is in the place of the one before.
    pub(crate) fn rotate(&self, secret: &str) {
        let (next, place) = (self.folder.path().join("next"), self.folder.path().join("secret"));
        std::fs::write(&next, secret).unwrap();
        make_private(&next);
        std::fs::rename(next, place).unwrap();
    }

    pub(crate) fn log_path(&self) -> PathBuf {
        self.folder.path().join("access.log")
    }

    /// The access log as it is, line by line.
    pub(crate) fn logged(&self) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(self.log_path()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }
}

/// The row of a page of metrics with this beginning.
pub(crate) fn row(page: &str, row: &str) -> Option<String> {
    page.lines().find_map(|line| line.strip_prefix(row)?.strip_prefix(' ').map(str::to_owned))
}

/// Waits until the row of the metrics with this beginning has this value.
pub(crate) fn until(metrics: impl Fn() -> String, (begins, value): (&str, &str)) {
    let began = Instant::now();
    loop {
        let page = metrics();
        if row(&page, begins).as_deref() == Some(value) {
            return;
        }
        assert!(began.elapsed() < LONG, "{begins} {value}\n{page}");
        std::thread::yield_now();
    }
}

impl Deref for Stage {
    type Target = Ground;

    fn deref(&self) -> &Ground {
        &self.ground
    }
}

impl Stage {
    /// A stage in this state of the provider, served by one core.
    pub(crate) fn new(settings: Settings) -> Self {
        Self::on_cores(NonZeroUsize::MIN, settings)
    }

    /// A stage in this state of the provider.
    pub(crate) fn on_cores(cores: NonZeroUsize, settings: Settings) -> Self {
        Self::under(cores, (settings, 0), |contract| contract)
    }

    /// A gateway whose provider is itself.
    pub(crate) fn before_itself() -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let there = format!("http://127.0.0.1:{port}");
        Self::under(NonZeroUsize::MIN, (Settings::default(), port), |contract| {
            contract.replace("http://127.0.0.1:{port}", &there)
        })
    }

    /// A gateway in front of another provider on loopback, under a changed contract.
    pub(crate) fn before(peer: &Peer, change: impl FnOnce(String) -> String) -> Self {
        let there = format!("http://127.0.0.1:{}", peer.port());
        Self::under(NonZeroUsize::MIN, (Settings::default(), 0), |contract| {
            change(contract.replace("http://127.0.0.1:{port}", &there))
        })
    }

    /// The demo provider in this state, under another contract and its facts; places are as in [`CONTRACT`].
    pub(crate) fn telling(settings: Settings, contract: &str, facts: &str) -> Self {
        let text = format!("{contract}#=== outwright.yaml\n{facts}");
        Self::under(NonZeroUsize::MIN, (settings, 0), |_| text)
    }

    /// The same under a changed setup too.
    pub(crate) fn set_up(
        peer: &Peer,
        change: impl FnOnce(String) -> String,
        config: impl FnOnce(&mut Config),
    ) -> Self {
        let there = format!("http://127.0.0.1:{}", peer.port());
        let change = |contract: String| change(contract.replace("http://127.0.0.1:{port}", &there));
        Self::made(NonZeroUsize::MIN, (Settings::default(), 0), change, config)
    }

    /// A stage in this state of the provider, under a changed contract.
    pub(crate) fn changed(settings: Settings, change: impl FnOnce(String) -> String) -> Self {
        Self::under(NonZeroUsize::MIN, (settings, 0), change)
    }

    fn under(
        cores: NonZeroUsize,
        state: (Settings, u16),
        change: impl FnOnce(String) -> String,
    ) -> Self {
        Self::made(cores, state, change, |_| {})
    }

    fn made(
        cores: NonZeroUsize,
        (settings, port): (Settings, u16),
        change: impl FnOnce(String) -> String,
        configure: impl FnOnce(&mut Config),
    ) -> Self {
        let ground = Ground::new(settings, change);
        let sources: Vec<&str> = ground.contract.split("#=== outwright.yaml\n").collect();
        let loaded = read(&sources);
        let log = LogTarget::File(ground.log_path());
        let calls = outwright::Settings { dev: true, ..outwright::Settings::new(log) };
        let calls = calls.bounded_by(loaded.deployment.bounds);
        let shared = Shared::start(loaded.providers, calls).unwrap();
        let mut config = Config {
            data: SocketAddr::from(([127, 0, 0, 1], port)),
            admin: SocketAddr::from(([127, 0, 0, 1], 0)),
            cores,
            state: Some(ground.folder.path().join("state")),
            drain: Duration::from_secs(5),
            ..Config::default()
        };
        configure(&mut config);
        let gateway = Server::start(&config, Arc::clone(&shared)).unwrap();
        Self { ground, gateway: Some(gateway) }
    }

    /// Lets a changed contract take over, with these contracts beside it.
    pub(crate) fn reload(
        &mut self,
        change: impl FnOnce(String) -> String,
        beside: &[&str],
    ) -> Result<(), StartError> {
        let text = change(self.ground.contract.clone());
        let all: Vec<_> = std::iter::once(&*text).chain(beside.iter().copied()).collect();
        self.gateway().reload(checked(&all))?;
        self.ground.contract = text;
        Ok(())
    }

    /// Lets no contract of the stage's own stand, only these.
    pub(crate) fn replace(&self, contracts: &[&str]) -> Result<(), StartError> {
        self.gateway().reload(checked(contracts))
    }

    pub(crate) fn gateway(&self) -> &Handle {
        self.gateway.as_ref().expect("it runs until the log is read")
    }

    pub(crate) fn data(&self) -> SocketAddr {
        self.gateway().data()
    }

    /// What the gateway says to `METHOD /path`, with further fields and a body.
    pub(crate) fn ask(&self, line: &str, fields: &[&str], body: &str) -> Answer {
        let address = self.data();
        ask(address, &address.to_string(), line, fields, body)
    }

    /// What the admin port says, with its token.
    pub(crate) fn admin(&self, path: &str) -> Answer {
        let address = self.gateway().admin();
        let token = format!("Authorization: Bearer {}", self.gateway().admin_token());
        ask(address, &address.to_string(), &format!("GET {path}"), &[&token], "")
    }

    /// The page of metrics.
    pub(crate) fn metrics(&self) -> String {
        self.admin("/metrics").body
    }

    /// What an operator can see of the process.
    pub(crate) fn pages(&self) -> Vec<String> {
        let pages = ["/metrics", "/v1/status", "/healthz"];
        let pages = pages.iter().map(|path| self.admin(path).body);
        pages.chain([format!("{:?}", self.gateway)]).collect()
    }

    /// The names of the providers that may be called.
    pub(crate) fn providers(&self) -> Vec<String> {
        let status = self.admin("/v1/status").json();
        let providers = status["providers"].as_array().unwrap().iter();
        providers.map(|provider| provider["name"].as_str().unwrap().to_owned()).collect()
    }

    /// What the admin port says to one without a token.
    pub(crate) fn admin_bare(&self, host: &str, path: &str, fields: &[&str]) -> Answer {
        ask(self.gateway().admin(), host, &format!("GET {path}"), fields, "")
    }

    /// The rows of the metrics with this beginning.
    pub(crate) fn metric(&self, begins: &str) -> Option<String> {
        row(&self.metrics(), begins)
    }

    /// Waits until the row of the metrics with this beginning has this value.
    pub(crate) fn until(&self, begins: &str, value: &str) {
        until(|| self.metrics(), (begins, value));
    }

    /// Stops the gateway; gives its whole access log, line by line.
    pub(crate) fn log(&mut self) -> Vec<serde_json::Value> {
        if let Some(gateway) = self.gateway.take() {
            gateway.drain();
        }
        self.logged()
    }
}

/// The providers of contracts without an error.
fn checked(contracts: &[&str]) -> Vec<Provider> {
    read(contracts).providers
}

/// The same with what was deployed.
fn read(contracts: &[&str]) -> Loaded {
    let options = Options::run(Date::from_unix(1_795_000_000)).dev(true);
    let sources = contracts.iter().enumerate();
    let path = |n, text: &str| {
        let about = text.lines().find_map(|line| line.strip_prefix("facts: "));
        match about {
            _ if text.contains("\nprovider:") => format!("contracts/{n}.yaml"),
            Some(about) => format!("facts/{about}.yaml"),
            None => "outwright.yaml".to_owned(),
        }
    };
    let sources = sources.map(|(n, text)| Source::new(path(n, text), *text));
    let loaded = load(&sources.collect::<Vec<_>>(), &options);
    assert_eq!(loaded.report.errors(), 0, "{:?}", loaded.report);
    loaded
}

pub(crate) fn make_private(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// An answer, taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn of(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status in {text:?}"));
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// Every value of a field.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let fields = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        fields
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    }

    /// The only value of a field.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        match self.all(name).as_slice() {
            [] => None,
            [one] => Some(one),
            more => panic!("{name} stands {} times: {}", more.len(), self.head),
        }
    }

    /// The name of the problem in the body.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.field("content-type"), Some("application/problem+json"), "{self:?}");
        let document = self.json();
        assert_eq!(document["status"], self.status, "{self:?}");
        let kind = document["type"].as_str().expect("a problem has a type").to_owned();
        kind.strip_prefix("urn:outwright:problem:").expect("the type is ours").to_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

/// One request on a connection of its own.
pub(crate) fn ask(to: SocketAddr, host: &str, line: &str, fields: &[&str], body: &str) -> Answer {
    let mut text = format!("{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for field in fields {
        text.push_str(field);
        text.push_str("\r\n");
    }
    if !body.is_empty() {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    text.push_str(body);
    Answer::of(&raw(to, text.as_bytes()))
}

/// Everything that comes back for these bytes, as text.
pub(crate) fn raw(to: SocketAddr, bytes: &[u8]) -> String {
    String::from_utf8_lossy(&raw_bytes(to, bytes)).into_owned()
}

/// Everything that comes back for these bytes.
pub(crate) fn raw_bytes(to: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(to).unwrap();
    socket.set_read_timeout(Some(LONG)).unwrap();
    socket.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    // A reset after the answer loses nothing that a test looks at.
    let _ended = socket.read_to_end(&mut answer);
    answer
}

pub(crate) const CONTRACT: &str = r#"
outwright: 1
provider: demo
base_url: http://127.0.0.1:{port}
egress: { private: [127.0.0.0/8], plain_http: loopback }
owner: { team: demo, contact: demo@example.com }
tier: best_effort
reviewed: 2026-11-23
slo: { availability: 99.9%, latency: { p99: 2s }, window: 30d }
timeouts: { connect: 1s, first_byte: 1s, idle: 1s, attempt: 2s, total: 10s }
retry: { attempts: 3, backoff: { base: 10ms, cap: 50ms, jitter: full }, budget: { ratio: 20%, burst: 20 } }
breaker: { window: 10s, min_calls: 20, failure_ratio: 90%, open: { base: 2s, cap: 10s }, probes: 1 }
concurrency: { max: 20, queue: 40, queue_wait: 1s }
bodies: { request: 1KiB, replay: 1KiB, response: 8MiB }
alerts: { page: nobody, ticket: nobody, runbook: https://example.com/runbooks/demo }
checked: 2026-11-23
docs: https://example.com/demo
sla: { availability: none }
request_id: Request-Id
stop_retry: { Demo-Should-Retry: "false" }
idempotency: { header: Idempotency-Key, methods: [POST], retention: 24h }
limits:
  dialect: ietf
  windows:
    - { name: account, requests: 500, per: 1s, scope: provider }
credentials:
  key:
    source: { file: {folder}/secret }
    inject: { bearer: {} }
    hosts: [127.0.0.1]
    scopes: [all]
    rotation: { strategy: dual, max_age: 90d, overlap: 24h, verify: list_charges }
    revoke: { manual: https://example.com/keys }
operations:
  list_charges:
    request: GET /v1/charges
    needs: [all]
    fallback: none
  get_charge:
    request: GET /v1/charges/{charge}
    needs: [all]
    fallback: none
  create_charge:
    request: POST /v1/charges
    needs: [all]
    idempotency: { plan: provider_key, key: required }
  head_charges:
    request: HEAD /v1/charges
    needs: [all]
    fallback: none
  options_charges:
    request: OPTIONS /v1/charges
    needs: [all]
    fallback: none
  create_order:
    request: POST /v1/orders
    needs: [all]
    idempotency: { plan: once }
lifecycle: { notice: 30d }
waivers: []
"#;
