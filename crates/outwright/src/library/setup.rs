//! How the library is set up, and why it cannot be.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use outwright_contract::{Colour, Report, Source};

use super::contracts::{Contracts, Watch, Whence};
use super::threads::Threads;
use super::{DRAIN, Inner, Outwright};
use crate::driver::{Settings, SetupError, Shared};
use crate::files::ReadError;
use crate::telemetry::LogTarget;

/// How calls in process are set up; [`Outwright::open`] is the setup of a folder and nothing else.
///
/// ```no_run
/// use std::time::Duration;
/// use outwright::Setup;
///
/// let outwright = Setup::folder("contracts")
///     .environment("sandbox")
///     .watch(Duration::from_secs(1))
///     .open()?;
/// # Ok::<(), outwright::OpenError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Setup {
    pub(super) from: Whence,
    pub(super) settings: Settings,
    pub(super) environment: Option<String>,
    pub(super) base_urls: Vec<(String, String)>,
    threads: NonZeroUsize,
    drain: Duration,
    watch: Option<Duration>,
}

impl Setup {
    /// Contracts of a folder, or of one file, with the `outwright.yaml` beside them.
    #[must_use]
    pub fn folder(contracts: impl Into<PathBuf>) -> Self {
        Self::new(Whence::Folder(contracts.into()))
    }

    /// Contracts that the program has itself.
    #[must_use]
    pub fn sources(sources: Vec<Source>) -> Self {
        Self::new(Whence::Program(sources))
    }

    fn new(from: Whence) -> Self {
        Self {
            from,
            settings: Settings::new(LogTarget::Off),
            environment: None,
            base_urls: Vec::new(),
            threads: NonZeroUsize::MIN,
            drain: DRAIN,
            watch: None,
        }
    }

    /// For development: plain http to loopback and secrets in the environment are accepted.
    #[must_use]
    pub const fn development(mut self) -> Self {
        self.settings.dev = true;
        self
    }

    /// In this environment of the contracts.
    #[must_use]
    pub fn environment(mut self, name: impl Into<String>) -> Self {
        self.environment = Some(name.into());
        self
    }

    /// With another base URL for a provider, such as that of a test; its credentials must name the new host too.
    #[must_use]
    pub fn base_url(mut self, provider: impl Into<String>, url: impl Into<String>) -> Self {
        self.base_urls.push((provider.into(), url.into()));
        self
    }

    /// With the access log there; else there is none.
    #[must_use]
    pub fn log(mut self, target: LogTarget) -> Self {
        self.settings.log = target;
        self
    }

    /// With these name servers instead of the machine's.
    #[must_use]
    pub fn name_servers(mut self, addresses: Vec<SocketAddr>) -> Self {
        self.settings.name_servers = addresses;
        self
    }

    /// On so many threads; else on one.
    ///
    /// Connections are not shared between threads: more of them cost more handshakes.
    #[must_use]
    pub const fn threads(mut self, count: NonZeroUsize) -> Self {
        self.threads = count;
        self
    }

    /// How long calls that are under way may take once no more are taken; else 25 s.
    #[must_use]
    pub const fn drain(mut self, bound: Duration) -> Self {
        self.drain = bound;
        self
    }

    /// Looks at the files that often, and lets what changed take over; what has errors changes nothing.
    ///
    /// Metrics tell what came of it. Contracts that the program has itself are not looked at.
    #[must_use]
    pub const fn watch(mut self, every: Duration) -> Self {
        self.watch = Some(every);
        self
    }

    /// Opens; blocks on files.
    ///
    /// # Errors
    ///
    /// As [`Outwright::open`].
    pub fn open(mut self) -> Result<Outwright, OpenError> {
        let (contracts, providers) = Contracts::read(&self)?;
        if let Some(name) = contracts.name() {
            self.settings.name = name.into();
        }
        self.settings = self.settings.bounded_by(contracts.bounds());
        let shared = Shared::start(providers, self.settings).map_err(OpenError::Setup)?;
        let threads = Threads::start(&shared, self.threads, self.drain);
        let threads = threads.map_err(OpenError::Thread)?;
        let contracts = Arc::new(contracts);
        let watch = self.watch.map(|every| Watch::start(every, (&shared, &contracts)));
        let watch = watch.transpose().map_err(OpenError::Thread)?;
        Ok(Outwright(Arc::new(Inner { shared, threads, contracts, _watch: watch })))
    }
}

/// Why contracts cannot be called, or cannot take over.
#[derive(Debug)]
pub enum OpenError {
    /// They cannot be read.
    Read(ReadError),
    /// They are not safe to run: every finding, with its place and what to do.
    Unsafe(Box<Report>),
    /// There is none among them.
    Empty,
    /// They are safe, but what they need is not there.
    Setup(SetupError),
    /// There are no threads or no runtimes for them.
    Thread(io::Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(_) => f.write_str("read the contracts"),
            Self::Unsafe(report) => {
                writeln!(f, "run contracts with {} errors", report.errors())?;
                f.write_str(&report.text(Colour::Off))
            }
            Self::Empty => f.write_str("run without a contract"),
            Self::Setup(_) => f.write_str("set up what the contracts need"),
            Self::Thread(_) => f.write_str("start a thread"),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read(cause) => Some(cause),
            Self::Setup(cause) => Some(cause),
            Self::Thread(cause) => Some(cause),
            Self::Unsafe(_) | Self::Empty => None,
        }
    }
}

impl From<SetupError> for OpenError {
    fn from(error: SetupError) -> Self {
        Self::Setup(error)
    }
}
