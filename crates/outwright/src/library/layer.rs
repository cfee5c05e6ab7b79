//! A `tower` layer in front of a client: what goes to a provider goes through its contract.

use std::fmt;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Either;
use tower_layer::Layer;
use tower_service::Service;

use super::body::Body;
use super::error::Error;
use super::service::{Calls, Sent};
use super::{Cause, Outwright};

/// What becomes of a request that goes to no provider of the contracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elsewhere {
    /// It is refused: nothing leaves this client without a contract.
    Refuse,
    /// The client sends it as before, without any of what contracts promise.
    Pass,
}

/// The layer; made by [`Outwright::layer`].
#[derive(Clone, Debug)]
pub struct Router {
    outwright: Outwright,
    others: Elsewhere,
}

/// A client behind the layer: requests whose URL lies below a contract's `base_url` go through outwright.
#[derive(Clone, Debug)]
pub struct Routed<S> {
    calls: Calls,
    inner: S,
    outwright: Outwright,
    others: Elsewhere,
}

/// Why a client behind the layer has no response.
#[derive(Debug)]
pub enum RoutedError<E> {
    /// Outwright says so; so it does of a request to nobody, where those are refused.
    Outwright(Error),
    /// The client says so, of a request that was passed to it.
    Client(E),
}

impl Router {
    pub(super) const fn new(outwright: Outwright, others: Elsewhere) -> Self {
        Self { outwright, others }
    }
}

impl<S> Layer<S> for Router {
    type Service = Routed<S>;

    fn layer(&self, inner: S) -> Routed<S> {
        let outwright = self.outwright.clone();
        let calls = outwright.service("");
        Routed { calls, inner, outwright, others: self.others }
    }
}

impl<E: fmt::Display> fmt::Display for RoutedError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outwright(error) => error.fmt(f),
            Self::Client(error) => error.fmt(f),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for RoutedError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Outwright(error) => Some(error),
            Self::Client(error) => Some(error),
        }
    }
}

impl<S, B, R> Service<Request<B>> for Routed<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
    S::Error: 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Cause>,
{
    type Response = Response<Either<Body, R>>;
    type Error = RoutedError<S::Error>;
    type Future = Sent<Result<Self::Response, Self::Error>>;

    /// Ready when both ways are, for nobody knows yet which one the request goes.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        ready!(self.calls.poll_place(cx)).map_err(RoutedError::Outwright)?;
        match self.others {
            Elsewhere::Refuse => Poll::Ready(Ok(())),
            Elsewhere::Pass => self.inner.poll_ready(cx).map_err(RoutedError::Client),
        }
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let provider = self.outwright.provider_of(&request);
        let provider = match (provider, self.others) {
            (Some(provider), _) => provider,
            // A name that no contract has: it is counted and told as every other one of that kind.
            (None, Elsewhere::Refuse) => Box::default(),
            (None, Elsewhere::Pass) => {
                let response = self.inner.call(request);
                return Box::pin(async move {
                    let response = response.await.map_err(RoutedError::Client)?;
                    Ok(response.map(Either::Right))
                });
            }
        };
        let response = self.calls.send(provider, request);
        Box::pin(async move {
            let response = response.await.map_err(RoutedError::Outwright)?;
            Ok(response.map(Either::Left))
        })
    }
}
