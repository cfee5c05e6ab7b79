//! The caller of the story: a plain HTTP client that makes each call once, through the gateway.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::Instant;

/// A caller of one gateway.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// The gateway's data port.
    pub gateway: SocketAddr,
}

/// What a caller saw of a call.
#[derive(Clone, Debug)]
pub struct Saw {
    /// The status.
    pub status: StatusCode,
    /// The fields of the reply.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// From the first byte of the request to the last of the reply.
    pub took: Duration,
}

impl Caller {
    /// Makes one call, once, on a connection of its own.
    ///
    /// # Errors
    ///
    /// When the gateway cannot be reached or breaks the connection off.
    pub async fn call(
        self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: &str,
    ) -> io::Result<Saw> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.gateway.to_string())
            .header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let request = request
            .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
            .map_err(io::Error::other)?;
        let begun = Instant::now();
        let stream = TcpStream::connect(self.gateway).await?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        let exchange = async {
            let reply = sender.send_request(request).await.map_err(io::Error::other)?;
            let (head, body) = reply.into_parts();
            let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
            Ok(Saw { status: head.status, headers: head.headers, body, took: begun.elapsed() })
        };
        tokio::pin!(exchange, connection);
        tokio::select! {
            biased;
            done = &mut exchange => done,
            _ended = &mut connection => exchange.await,
        }
    }

    /// A read of the demo provider.
    ///
    /// # Errors
    ///
    /// As [`Caller::call`].
    pub async fn read(self, path: &str) -> io::Result<Saw> {
        self.call(Method::GET, path, None, "").await
    }
}
