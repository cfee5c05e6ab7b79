//! How a gateway is set up: where it listens, how many cores it uses, where it writes.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use outwright::SetupError;
use outwright_contract::{Deployment, deployment};
use outwright_core::provider::Source;

use crate::listener::TlsError;

/// The setup of a gateway; [`Config::default`] is what `outwright run` uses without flags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where callers connect. Off loopback it is refused without TLS and callers.
    pub data: SocketAddr,
    /// Where operators connect. Off loopback it is refused without TLS.
    pub admin: SocketAddr,
    /// A Unix socket for callers.
    pub socket: Option<PathBuf>,
    /// The files for TLS on every port.
    pub tls: Option<deployment::Tls>,
    /// Callers by name, with where their tokens are read.
    pub callers: Vec<(String, Source)>,
    /// Whether callers on loopback and on the socket need a token too.
    pub tokens_required: bool,
    /// Whether this is a development run: tokens may stand in the environment.
    pub dev: bool,
    /// Threads that serve, one runtime each.
    pub cores: NonZeroUsize,
    /// Further values of `Host` that are ours, such as `outwright.internal` or `outwright.internal:4180`.
    pub hosts: Vec<String>,
    /// The folder of the admin token and of what callers' keys are made with; none: they live as long as the process.
    pub state: Option<PathBuf>,
    /// How long calls that are under way may take after the signal to end.
    pub drain: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: SocketAddr::from((Ipv4Addr::LOCALHOST, DATA_PORT)),
            admin: SocketAddr::from((Ipv4Addr::LOCALHOST, ADMIN_PORT)),
            socket: None,
            tls: None,
            callers: Vec::new(),
            tokens_required: false,
            dev: false,
            cores: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            hosts: Vec::new(),
            state: None,
            drain: DRAIN,
        }
    }
}

impl Config {
    /// The setup that `outwright.yaml` asks for.
    #[must_use]
    pub fn of(deployment: &Deployment) -> Self {
        Self {
            data: deployment.data,
            admin: deployment.admin,
            socket: deployment.socket.clone(),
            tls: deployment.tls.clone(),
            callers: deployment.callers.clone(),
            tokens_required: deployment.tokens_required,
            hosts: deployment.hosts.clone(),
            ..Self::default()
        }
    }
}

/// Port of callers.
pub const DATA_PORT: u16 = 4180;
/// Port of operators.
pub const ADMIN_PORT: u16 = 4181;
/// Chosen: as long as the `total` of the sample contract.
const DRAIN: Duration = Duration::from_secs(25);

/// Why a gateway does not start.
#[derive(Debug)]
pub enum StartError {
    /// A listener is off loopback, where TLS is needed, and on the data port callers with tokens.
    OffLoopback(SocketAddr),
    /// TLS is asked for and cannot be spoken.
    Tls(TlsError),
    /// The Unix socket cannot be made.
    Socket(PathBuf, std::io::Error),
    /// A contract's door has a name that another contract's door has, or the listener itself.
    Door(Box<str>),
    /// A listener cannot be bound.
    Bind(SocketAddr, std::io::Error),
    /// A file of the state folder cannot be read or made: the admin token, or what callers' keys are made with.
    Token(PathBuf, std::io::Error),
    /// A thread or its runtime cannot be started.
    Thread(std::io::Error),
    /// The contracts cannot take over.
    Setup(SetupError),
}

impl From<SetupError> for StartError {
    fn from(error: SetupError) -> Self {
        Self::Setup(error)
    }
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OffLoopback(address) => write!(
                f,
                "cannot listen on {address}: off loopback, TLS and tokens are needed (`tls` and `callers` in outwright.yaml); use 127.0.0.1 or [::1]"
            ),
            Self::Tls(error) => error.fmt(f),
            Self::Socket(path, _) => write!(f, "cannot make the socket {}", path.display()),
            Self::Door(name) => {
                write!(
                    f,
                    "cannot give a provider the door {name:?}: the gateway or another provider has that name"
                )
            }
            Self::Bind(address, _) => write!(f, "cannot listen on {address}"),
            Self::Token(path, _) => write!(f, "cannot use {} in the state folder", path.display()),
            Self::Thread(_) => f.write_str("cannot start a thread that serves"),
            Self::Setup(error) => write!(f, "cannot {error}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::OffLoopback(_) | Self::Door(_) => None,
            Self::Tls(error) => error.source(),
            Self::Setup(error) => error.source(),
            Self::Bind(_, cause)
            | Self::Socket(_, cause)
            | Self::Token(_, cause)
            | Self::Thread(cause) => Some(cause),
        }
    }
}
