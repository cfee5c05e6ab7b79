//! A client as it is often written: the line "without outwright", from the same faults.
//!
//! It repeats everything that goes wrong at once and up to three times, takes a new key for every attempt or
//! none, does not look at `Retry-After` and knows no breaker.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How the naive client behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Naive {
    /// Attempts of a call, the first counted.
    pub attempts: u32,
    /// How long one attempt may take.
    pub patience: Duration,
    /// Which keys it sends.
    pub keys: NaiveKeys,
}

/// Which idempotency keys a naive client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NaiveKeys {
    /// None.
    None,
    /// A new one with every attempt, which protects nothing.
    NewEachAttempt,
}

impl Default for Naive {
    /// The first attempt and three more, 1 s each, without keys.
    fn default() -> Self {
        Self { attempts: 4, patience: Duration::from_secs(1), keys: NaiveKeys::None }
    }
}

/// What a naive call came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NaiveEnd {
    /// The last status, where the last attempt got one.
    pub status: Option<StatusCode>,
    /// How many attempts it made.
    pub attempts: u32,
}

impl Naive {
    /// Sends a form and repeats it until it gets an answer below 400, or gives up.
    pub async fn call(
        self,
        provider: SocketAddr,
        method: Method,
        path: &str,
        form: &str,
    ) -> NaiveEnd {
        let mut end = NaiveEnd { status: None, attempts: 0 };
        while end.attempts < self.attempts {
            end.attempts += 1;
            let request = self.request((&method, path, form), end.attempts);
            let answered = match request {
                Ok(request) => timeout(self.patience, attempt(provider, request)).await,
                Err(_) => return end,
            };
            end.status = answered.ok().and_then(Result::ok);
            if end.status.is_some_and(|status| status.as_u16() < 400) {
                break;
            }
        }
        end
    }

    fn request(
        self,
        (method, path, form): (&Method, &str, &str),
        attempt: u32,
    ) -> http::Result<Request<Full<Bytes>>> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "demo")
            .header("content-type", "application/x-www-form-urlencoded");
        let request = match self.keys {
            NaiveKeys::None => request,
            NaiveKeys::NewEachAttempt => {
                // The form is part of it, so that two calls never share a key by accident.
                let key = format!("naive-{:x}-{attempt}", super::fingerprint(form.as_bytes()));
                request.header("idempotency-key", key)
            }
        };
        request.body(Full::new(Bytes::copy_from_slice(form.as_bytes())))
    }
}

/// One attempt on a connection of its own, read to its end.
async fn attempt(provider: SocketAddr, request: Request<Full<Bytes>>) -> io::Result<StatusCode> {
    let stream = TcpStream::connect(provider).await?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(io::Error::other)?;
        let status = response.status();
        response.into_body().collect().await.map_err(io::Error::other)?;
        Ok(status)
    };
    tokio::pin!(exchange, connection);
    tokio::select! {
        biased;
        done = &mut exchange => done,
        _ended = &mut connection => exchange.await,
    }
}
