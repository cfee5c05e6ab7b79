//! How a gateway is set up: where it listens, how many cores it uses, where it writes.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use outwright::SetupError;
use outwright_contract::Deployment;

/// The setup of a gateway; [`Config::default`] is what `outwright run` uses without flags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where callers connect. Off loopback it is refused.
    pub data: SocketAddr,
    /// Where operators connect. Off loopback it is refused.
    pub admin: SocketAddr,
    /// Threads that serve, one runtime each.
    pub cores: NonZeroUsize,
    /// Further values of `Host` that are ours, such as `outwright.internal` or `outwright.internal:4180`.
    pub hosts: Vec<String>,
    /// The folder of the admin token; none: a token that lives as long as the process.
    pub state: Option<PathBuf>,
    /// How long calls that are under way may take after the signal to end.
    pub drain: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: SocketAddr::from((Ipv4Addr::LOCALHOST, DATA_PORT)),
            admin: SocketAddr::from((Ipv4Addr::LOCALHOST, ADMIN_PORT)),
            cores: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            hosts: Vec::new(),
            state: None,
            drain: DRAIN,
        }
    }
}

impl Config {
    /// The setup that `outwright.yaml` asks for.
    ///
    /// # Errors
    ///
    /// It asks for something that this gateway does not do: better no gateway than one that is open.
    pub fn of(deployment: &Deployment) -> Result<Self, StartError> {
        let asked = [
            (deployment.socket.is_some(), "listen.socket"),
            (deployment.tls.is_some(), "tls"),
            (deployment.tokens_required, "tokens: required"),
            (!deployment.callers.is_empty(), "callers"),
        ];
        if let Some((_, key)) = asked.into_iter().find(|(asked, _)| *asked) {
            return Err(StartError::NotServed(key));
        }
        Ok(Self { data: deployment.data, admin: deployment.admin, ..Self::default() })
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
    /// A listener is off loopback, where TLS and caller tokens would be needed.
    OffLoopback(SocketAddr),
    /// `outwright.yaml` asks for something that this gateway does not do.
    NotServed(&'static str),
    /// A contract's door has a name that another contract's door has, or the listener itself.
    Door(Box<str>),
    /// A listener cannot be bound.
    Bind(SocketAddr, std::io::Error),
    /// The admin token cannot be read or made.
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
                "cannot listen on {address}: off loopback, callers need TLS and tokens; use 127.0.0.1 or [::1]"
            ),
            Self::NotServed(key) => {
                write!(
                    f,
                    "cannot serve with `{key}` of outwright.yaml: this gateway does not do that"
                )
            }
            Self::Door(name) => {
                write!(
                    f,
                    "cannot give a provider the door {name:?}: the gateway or another provider has that name"
                )
            }
            Self::Bind(address, _) => write!(f, "cannot listen on {address}"),
            Self::Token(path, _) => write!(f, "cannot use the admin token {}", path.display()),
            Self::Thread(_) => f.write_str("cannot start a thread that serves"),
            Self::Setup(error) => write!(f, "cannot {error}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::OffLoopback(_) | Self::NotServed(_) | Self::Door(_) => None,
            Self::Setup(error) => error.source(),
            Self::Bind(_, cause) | Self::Token(_, cause) | Self::Thread(cause) => Some(cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, StartError};
    use outwright_contract::Deployment;

    #[test]
    fn what_the_gateway_does_not_do_is_refused() {
        assert_eq!(Config::of(&Deployment::default()).unwrap(), Config::default());
        let tokens = Deployment { tokens_required: true, ..Deployment::default() };
        assert!(matches!(Config::of(&tokens), Err(StartError::NotServed("tokens: required"))));
    }
}
