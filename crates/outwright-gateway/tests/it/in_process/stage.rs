//! The stage of the wire tests with the library in the gateway's place; the same verbs, so that the tests are the same.

use std::net::SocketAddr;
use std::ops::Deref;
use std::time::Duration;

use outwright::{LogTarget, OpenError, Setup, Source};
use outwright_gateway::demo::Settings;

use super::front::Front;
use crate::peer::Peer;
use crate::stage::{Ground, row, until};

pub(crate) use crate::stage::{Answer, LONG, SECRET, ask, raw, raw_bytes};

/// Everything that a wire test needs.
pub(crate) struct Stage {
    pub(crate) ground: Ground,
    pub(crate) gateway: Option<Front>,
}

impl Deref for Stage {
    type Target = Ground;

    fn deref(&self) -> &Ground {
        &self.ground
    }
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
        let ground = Ground::new(settings, change);
        let outwright = Setup::sources(sources(&[&ground.contract]))
            .development()
            .log(LogTarget::File(ground.log_path()))
            .drain(Duration::from_secs(5))
            .open()
            .unwrap();
        Self { ground, gateway: Some(Front::start(outwright)) }
    }

    /// Lets a changed contract take over, with these contracts beside it.
    pub(crate) fn reload(
        &mut self,
        change: impl FnOnce(String) -> String,
        beside: &[&str],
    ) -> Result<(), OpenError> {
        let text = change(self.ground.contract.clone());
        let all: Vec<_> = std::iter::once(&*text).chain(beside.iter().copied()).collect();
        self.front().outwright.take_over(&sources(&all))?;
        self.ground.contract = text;
        Ok(())
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
    pub(crate) fn metric(&self, begins: &str) -> Option<String> {
        row(&self.metrics(), begins)
    }

    /// Waits until the row of the metrics with this beginning has this value.
    pub(crate) fn until(&self, begins: &str, value: &str) {
        until(|| self.metrics(), (begins, value));
    }

    /// Ends everything; gives the whole access log, line by line.
    pub(crate) fn log(&mut self) -> Vec<serde_json::Value> {
        if let Some(front) = self.gateway.take() {
            front.end();
        }
        self.logged()
    }
}

fn sources(contracts: &[&str]) -> Vec<Source> {
    let sources = contracts.iter().enumerate();
    sources.map(|(n, text)| Source::new(format!("contracts/{n}.yaml"), *text)).collect()
}
