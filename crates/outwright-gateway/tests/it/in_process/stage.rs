//! The stage of the wire tests with the library in the gateway's place; the same verbs, so that the tests are the same.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use outwright::{LogTarget, OpenError, Setup, Source};
use outwright_gateway::demo::{Demo, Ports, Settings};
use tempfile::TempDir;

use super::front::Front;
use crate::peer::Peer;
use crate::stage::{CONTRACT, make_private};

pub(crate) use crate::stage::{Answer, LONG, SECRET, ask, raw, raw_bytes};

/// Everything that a wire test needs.
pub(crate) struct Stage {
    pub(crate) demo: Demo,
    pub(crate) gateway: Option<Front>,
    folder: TempDir,
    /// The contract that was taken over last.
    contract: String,
}

impl Stage {
    /// A stage in this state of the provider.
    pub(crate) fn new(settings: Settings) -> Self {
        Self::under(settings, |contract| contract)
    }

    /// In front of another provider on loopback, under a changed contract.
    pub(crate) fn before(peer: &Peer, change: impl FnOnce(String) -> String) -> Self {
        let there = format!("http://127.0.0.1:{}", peer.port());
        Self::under(Settings::default(), |contract| {
            change(contract.replace("http://127.0.0.1:{port}", &there))
        })
    }

    fn under(settings: Settings, change: impl FnOnce(String) -> String) -> Self {
        let demo = Demo::spawn_thread(Ports::default(), settings).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), SECRET).unwrap();
        make_private(&folder.path().join("secret"));
        let contract = change(CONTRACT.to_owned())
            .replace("{port}", &demo.plain().port().to_string())
            .replace("{folder}", &folder.path().display().to_string());
        let outwright = Setup::sources(sources(&[&contract]))
            .development()
            .log(LogTarget::File(folder.path().join("access.log")))
            .drain(Duration::from_secs(5))
            .open()
            .unwrap();
        Self { demo, gateway: Some(Front::start(outwright)), folder, contract }
    }

    /// Lets a changed contract take over, with these contracts beside it.
    pub(crate) fn reload(
        &mut self,
        change: impl FnOnce(String) -> String,
        beside: &[&str],
    ) -> Result<(), OpenError> {
        let text = change(self.contract.clone());
        let all: Vec<_> = std::iter::once(&*text).chain(beside.iter().copied()).collect();
        self.front().outwright.take_over(&sources(&all))?;
        self.contract = text;
        Ok(())
    }

    /// Another provider under the same terms.
    pub(crate) fn other(&self, name: &str) -> String {
        self.contract.replace("provider: demo", &format!("provider: {name}"))
    }

    fn front(&self) -> &Front {
        self.gateway.as_ref().expect("it runs until the log is read")
    }

    pub(crate) fn data(&self) -> SocketAddr {
        self.front().address
    }

    /// What comes back for `METHOD /path`, with further fields and a body.
    pub(crate) fn ask(&self, line: &str, fields: &[&str], body: &str) -> Answer {
        let address = self.data();
        ask(address, &address.to_string(), line, fields, body)
    }

    /// The page of metrics.
    pub(crate) fn metrics(&self) -> String {
        self.front().outwright.metrics()
    }

    /// What an operator can see of the process.
    pub(crate) fn pages(&self) -> Vec<String> {
        vec![self.metrics(), format!("{:?}", self.gateway)]
    }

    /// The names of the providers that may be called.
    pub(crate) fn providers(&self) -> Vec<String> {
        let page = self.metrics();
        let rows = page.lines().filter_map(|line| {
            let name = line.strip_prefix("outwright_concurrency_limit{provider=\"")?;
            Some(name.split('"').next().unwrap().to_owned())
        });
        rows.collect()
    }

    /// The rows of the metrics with this beginning.
    pub(crate) fn metric(&self, row: &str) -> Option<String> {
        let page = self.metrics();
        let mut rows = page.lines();
        rows.find_map(|line| line.strip_prefix(row)?.strip_prefix(' ').map(str::to_owned))
    }

    /// Waits until the row of the metrics with this beginning has this value.
    pub(crate) fn until(&self, row: &str, value: &str) {
        let began = Instant::now();
        while self.metric(row).as_deref() != Some(value) {
            assert!(began.elapsed() < LONG, "{row} {value}\n{}", self.metrics());
            std::thread::yield_now();
        }
    }

    /// Waits until so many requests have arrived at the provider.
    pub(crate) fn until_arrived(&self, count: u64) {
        let began = Instant::now();
        while self.demo.arrived() < count {
            assert!(began.elapsed() < LONG, "{} of {count} arrived", self.demo.arrived());
            std::thread::yield_now();
        }
    }

    /// Ends everything; gives the whole access log, line by line.
    pub(crate) fn log(&mut self) -> Vec<serde_json::Value> {
        if let Some(front) = self.gateway.take() {
            front.end();
        }
        let text = std::fs::read_to_string(self.log_path()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
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
}

fn sources(contracts: &[&str]) -> Vec<Source> {
    let sources = contracts.iter().enumerate();
    sources.map(|(n, text)| Source::new(format!("contracts/{n}.yaml"), *text)).collect()
}
