//! Speaks to a running gateway: one request, one reply, bounded in time and size.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// How long a connection to a gateway on this machine may take: chosen.
const CONNECT: Duration = Duration::from_secs(2);
/// Largest reply that is read: chosen.
const REPLY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Why a gateway gave no reply.
#[derive(Debug)]
pub(crate) enum GatewayError {
    /// No connection: it does not run there, or is out of reach.
    OutOfReach(SocketAddr, String),
    /// The connection broke off, or the reply was too large.
    Broken(String),
}

impl std::fmt::Display for GatewayError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OutOfReach(address, cause) => {
                write!(f, "no gateway at {address}: {cause}; is `outwright run` running there?")
            }
            Self::Broken(cause) => write!(f, "the gateway's reply broke off: {cause}"),
        }
    }
}

/// Sends a request to a gateway and reads its whole reply.
///
/// # Errors
///
/// No connection within two seconds, a broken connection, a reply above 64 MiB.
pub(crate) fn send(
    address: SocketAddr,
    request: Request<Full<Bytes>>,
) -> Result<Response<Bytes>, GatewayError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| GatewayError::Broken(error.to_string()))?;
    runtime.block_on(exchange(address, request))
}

async fn exchange(
    address: SocketAddr,
    request: Request<Full<Bytes>>,
) -> Result<Response<Bytes>, GatewayError> {
    let broken = |error: &dyn std::fmt::Display| GatewayError::Broken(error.to_string());
    let stream = tokio::time::timeout(CONNECT, TcpStream::connect(address))
        .await
        .map_err(|_| GatewayError::OutOfReach(address, "no answer within 2 s".to_owned()))?
        .map_err(|error| GatewayError::OutOfReach(address, error.to_string()))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| broken(&error))?;
    let exchange = async {
        let reply = sender.send_request(request).await.map_err(|error| broken(&error))?;
        let (head, body) = reply.into_parts();
        let body = Limited::new(body, REPLY_BYTES_MAX)
            .collect()
            .await
            .map_err(|error| GatewayError::Broken(error.to_string()))?;
        Ok(Response::from_parts(head, body.to_bytes()))
    };
    tokio::pin!(exchange);
    tokio::pin!(connection);
    tokio::select! {
        biased;
        reply = &mut exchange => reply,
        // A connection that ended in order may have left its last reply to be read.
        ended = &mut connection => match ended {
            Ok(()) => exchange.await,
            Err(error) => Err(broken(&error)),
        },
    }
}
