//! Calls of one provider as a `tower` service.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use tokio::sync::mpsc::error::TrySendError;
use tower_service::Service;

use super::account::Account;
use super::body::Body;
use super::error::Error;
use super::threads::Place;
use super::{Cause, Outwright};

/// A future that may go to another thread.
pub(super) type Sent<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Calls of one provider: [`Outwright::call`] as a `tower` service.
///
/// It is ready when a place in the inbox of a thread is its own; it is not when that inbox is full, and says an error
/// once no more calls are taken. Whether the provider may be called is not asked there: slots, queue, breaker and
/// windows are passed under the deadline of the call itself.
pub struct Calls {
    outwright: Outwright,
    provider: Box<str>,
    place: Option<Place>,
    waiting: Option<Sent<Result<Place, Error>>>,
}

impl Calls {
    pub(super) const fn new(outwright: Outwright, provider: Box<str>) -> Self {
        Self { outwright, provider, place: None, waiting: None }
    }

    /// Comes back when a place is its own.
    pub(super) fn poll_place(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.place.as_ref().is_some_and(|_| self.outwright.0.threads.are_open()) {
            return Poll::Ready(Ok(()));
        }
        self.place = None;
        if self.waiting.is_none() {
            match self.outwright.place_now() {
                Ok(place) => {
                    self.place = Some(place);
                    return Poll::Ready(Ok(()));
                }
                Err(TrySendError::Closed(())) => {
                    return Poll::Ready(Err(Error::draining(Account::nothing())));
                }
                Err(TrySendError::Full(())) => {}
            }
        }
        let outwright = &self.outwright;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(outwright.place()));
        let place = ready!(waiting.as_mut().poll(cx));
        self.waiting = None;
        self.place = Some(place?);
        Poll::Ready(Ok(()))
    }

    /// Calls this provider from the place that is its own; one is waited for where there is none.
    pub(super) fn send<B>(
        &mut self,
        provider: Box<str>,
        request: Request<B>,
    ) -> Sent<Result<Response<Body>, Error>>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Cause>,
    {
        let (place, outwright) = (self.place.take(), self.outwright.clone());
        Box::pin(async move {
            let place = match place {
                Some(place) => place,
                None => outwright.place().await?,
            };
            outwright.hand_in(place, provider, request).await
        })
    }
}

impl Clone for Calls {
    /// Another service of the same provider; the place in an inbox stays with this one.
    fn clone(&self) -> Self {
        Self::new(self.outwright.clone(), self.provider.clone())
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").field("provider", &self.provider).finish_non_exhaustive()
    }
}

impl<B> Service<Request<B>> for Calls
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Cause>,
{
    type Response = Response<Body>;
    type Error = Error;
    type Future = Sent<Result<Response<Body>, Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_place(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let provider = self.provider.clone();
        self.send(provider, request)
    }
}
