//! Calls in process: contracts, engine and answers of the gateway, without a port.
//!
//! ```text
//! Outwright::call ─ inbox ─► thread: find the operation, Core::call ─► head and account ─ oneshot ─► caller
//!                                                          └─ parts of the body ─ bounded channel ──► Body
//! ```
//!
//! Nothing of it needs the caller's runtime: calls are carried by threads of the library's own.

mod account;
mod body;
mod carry;
mod contracts;
mod error;
mod layer;
#[cfg(feature = "reqwest")]
mod reqwest;
mod service;
mod setup;
mod terms;
mod threads;

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use outwright_contract::{Change, Report, Source};
use tokio::sync::{mpsc, oneshot};

pub use self::account::Account;
pub use self::body::Body;
pub use self::error::{Error, Failed, Why};
pub use self::layer::{Elsewhere, Routed, RoutedError, Router};
pub use self::service::Calls;
pub use self::setup::{OpenError, Setup};
pub use self::terms::Terms;

use self::carry::{Handed, Told};
use self::contracts::{Contracts, Watch};
use self::threads::{Place, Threads};
use crate::driver::Shared;
use crate::transport::Cause;

/// Providers under their contracts, called in process. A clone is another handle to the same.
///
/// The last handle that is dropped lets the calls that are under way finish, within a bound, without waiting for them;
/// [`Outwright::close`] waits.
///
/// ```no_run
/// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
/// use http_body_util::{BodyExt, Empty};
///
/// let outwright = outwright::Outwright::open("contracts")?;
/// let request = http::Request::get("/v1/charges").body(Empty::new())?;
/// let response = outwright.call("stripe", request).await?;
/// println!("{} {:?}", response.status(), response.into_body().collect().await?.to_bytes());
/// outwright.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Outwright(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    threads: Threads,
    contracts: Arc<Contracts>,
    /// Ends with the last handle.
    _watch: Option<Watch>,
}

impl fmt::Debug for Outwright {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outwright").field("name", &self.0.shared.name()).finish_non_exhaustive()
    }
}

impl Outwright {
    /// Opens the contracts of a folder, or of one file, for production; see [`Setup`] for more.
    ///
    /// It blocks on files: contracts, the facts that they name, `outwright.yaml` beside them, secrets, trusted roots.
    ///
    /// # Errors
    ///
    /// Contracts that cannot be read or are unsafe (with every finding), roots that cannot be used, no threads.
    pub fn open(contracts: impl Into<PathBuf>) -> Result<Self, OpenError> {
        Setup::folder(contracts).open()
    }

    /// Calls a provider; method and path find the operation.
    ///
    /// The path is the provider's, as in the contract (`/v1/charges`); a whole URL must lie below the contract's `base_url`.
    /// Beside the fields that the gateway reads, [`Terms`] in the extensions of the request are heard.
    /// Every response has an [`Account`] in its extensions. Dropping the future is the caller's going: a read is given
    /// up, a mutation that was sent runs to its end.
    ///
    /// # Errors
    ///
    /// There is no reply of the provider to show; [`Error::why`] says what is known.
    pub async fn call<B>(
        &self,
        provider: &str,
        request: Request<B>,
    ) -> Result<Response<Body>, Error>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let place = self.place().await?;
        self.hand_in(place, provider.into(), request).await
    }

    /// A place in the inbox of the next thread; waits while it is full.
    fn place(&self) -> impl Future<Output = Result<Place, Error>> + Send + 'static {
        let (inbox, open) = (self.0.threads.inbox(), self.0.threads.are_open());
        async move {
            let place = if open { inbox.reserve_owned().await.ok() } else { None };
            place.ok_or_else(|| Error::draining(Account::nothing()))
        }
    }

    /// The same at once, if there is room.
    fn place_now(&self) -> Result<Place, mpsc::error::TrySendError<()>> {
        if !self.0.threads.are_open() {
            return Err(mpsc::error::TrySendError::Closed(()));
        }
        let place = self.0.threads.inbox().try_reserve_owned();
        place.map_err(|full| match full {
            mpsc::error::TrySendError::Full(_) => mpsc::error::TrySendError::Full(()),
            mpsc::error::TrySendError::Closed(_) => mpsc::error::TrySendError::Closed(()),
        })
    }

    async fn hand_in<B>(
        &self,
        place: Place,
        provider: Box<str>,
        request: Request<B>,
    ) -> Result<Response<Body>, Error>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Cause>,
    {
        let (to, mut told) = oneshot::channel();
        let at = self.0.shared.now();
        let request = request.map(|body| body.map_err(Into::into).boxed_unsync());
        let inbox = place.send(Handed { provider, request, at, told: Told::new(to) });
        if !inbox.is_closed() {
            return told.await.unwrap_or_else(|_| Err(Error::draining(Account::nothing())));
        }
        // It came while the thread was about to end: either that has begun it, or nobody ever will.
        tokio::select! {
            biased;
            answer = &mut told => answer.ok(),
            () = self.0.threads.ended() => told.try_recv().ok(),
        }
        .unwrap_or_else(|| Err(Error::draining(Account::nothing())))
    }

    /// Calls of one provider as a `tower` service.
    #[must_use]
    pub fn service(&self, provider: impl Into<Box<str>>) -> Calls {
        Calls::new(self.clone(), provider.into())
    }

    /// A `tower` layer in front of a client: requests to a provider of the contracts go through outwright,
    /// what becomes of all others is said.
    #[must_use]
    pub fn layer(&self, others: Elsewhere) -> Router {
        Router::new(self.clone(), others)
    }

    /// The provider that a URL leads to; none where no contract's `base_url` is above it.
    ///
    /// Of several, the one with the longest base wins, then the one whose contract lists the operation.
    #[must_use]
    pub fn provider_of<B>(&self, request: &Request<B>) -> Option<Box<str>> {
        let roster = self.0.shared.roster();
        let candidates = roster.providers().filter_map(|(_, provider)| {
            carry::below(&provider.base, request.uri())?;
            let path = carry::own_path(&provider.base, request.uri())?;
            let listed = provider.routes.find(request.method(), path.path()).is_ok();
            Some((provider.base.path.len(), listed, &provider.name))
        });
        // Of equals the first by name, so that it is the same one each time.
        let best = candidates
            .max_by_key(|(length, listed, name)| (*length, *listed, std::cmp::Reverse(*name)));
        best.map(|(_, _, name)| name.clone())
    }

    /// Reads the contracts again and lets them take over, without losing a call; blocks on files.
    ///
    /// What changed in `outwright.yaml` itself takes another [`Outwright`].
    ///
    /// # Errors
    ///
    /// As [`Outwright::open`], or so much was renamed that it takes a new process; then everything stays as it was.
    pub fn reload(&self) -> Result<Vec<Change>, OpenError> {
        self.0.contracts.reload(&self.0.shared)
    }

    /// The same with these contracts, wherever they come from.
    ///
    /// # Errors
    ///
    /// As [`Outwright::reload`].
    pub fn take_over(&self, sources: &[Source]) -> Result<Vec<Change>, OpenError> {
        self.0.contracts.take_over(&self.0.shared, sources)
    }

    /// What was found in the contracts that stand: warnings, since errors do not start.
    #[must_use]
    pub fn findings(&self) -> Report {
        self.0.contracts.findings()
    }

    /// What cannot be read of the credentials, one sentence each; calls that need them are refused until it can.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        self.0.shared.wallet().faults().into_iter().map(|fault| fault.to_string()).collect()
    }

    /// The page of metrics, in the text form of Prometheus, as the gateway's admin port shows it.
    #[must_use]
    pub fn metrics(&self) -> String {
        self.0.shared.telemetry().exposition(&self.0.shared.levels(), self.0.shared.holds())
    }

    /// Takes no more calls and comes back when those under way are over, or were cut at the bound of the setup.
    ///
    /// The other handles go on to exist; their calls are refused.
    pub async fn close(&self) {
        self.0.threads.close().await;
    }
}

/// As long as the gateway lets calls finish: chosen there, the `total` of the sample contract.
const DRAIN: Duration = Duration::from_secs(25);
