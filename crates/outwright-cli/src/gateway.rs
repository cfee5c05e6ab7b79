//! Speaks to a running gateway: one request, one reply, bounded in time and size.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::args::TlsArgs;

/// How long a connection to a gateway on this machine may take: chosen.
const CONNECT: Duration = Duration::from_secs(2);
/// Largest reply that is read: chosen.
const REPLY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Why a gateway gave no reply.
#[derive(Debug)]
pub(crate) enum GatewayError {
    /// No connection: it does not run there, or is out of reach.
    OutOfReach(SocketAddr, String),
    /// TLS cannot be spoken to it.
    Tls(String),
    /// The connection broke off, or the reply was too large.
    Broken(String),
}

impl std::fmt::Display for GatewayError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OutOfReach(address, cause) => {
                write!(f, "no gateway at {address}: {cause}; is `outwright run` running there?")
            }
            Self::Tls(cause) => write!(f, "cannot speak TLS to the gateway: {cause}"),
            Self::Broken(cause) => write!(f, "the gateway's reply broke off: {cause}"),
        }
    }
}

/// Sends a request to a gateway and reads its whole reply.
///
/// # Errors
///
/// No connection within two seconds, no TLS where it is asked for, a broken connection, a reply above 64 MiB.
pub(crate) fn send(
    address: SocketAddr,
    tls: &TlsArgs,
    request: Request<Full<Bytes>>,
) -> Result<Response<Bytes>, GatewayError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| GatewayError::Broken(error.to_string()))?;
    runtime.block_on(async {
        let stream = tokio::time::timeout(CONNECT, TcpStream::connect(address))
            .await
            .map_err(|_| GatewayError::OutOfReach(address, "no answer within 2 s".to_owned()))?
            .map_err(|error| GatewayError::OutOfReach(address, error.to_string()))?;
        let Some(ca) = &tls.ca else { return exchange(stream, request).await };
        let failed = |error: &dyn std::fmt::Display| GatewayError::Tls(error.to_string());
        let name = tls.name.clone().unwrap_or_else(|| address.ip().to_string());
        let name = ServerName::try_from(name).map_err(|error| failed(&error))?;
        let shaking = TlsConnector::from(trusting(ca)?).connect(name, stream);
        let shaken = tokio::time::timeout(CONNECT, shaking).await;
        let shaken = shaken.map_err(|_| failed(&"no handshake within 2 s"))?;
        exchange(shaken.map_err(|error| failed(&error))?, request).await
    })
}

/// How a gateway is addressed.
pub(crate) fn host(address: SocketAddr, tls: &TlsArgs) -> String {
    let named = tls.name.as_ref().map(|name| format!("{name}:{}", address.port()));
    named.unwrap_or_else(|| address.to_string())
}

/// TLS that trusts the roots in a file and no others.
fn trusting(ca: &Path) -> Result<Arc<ClientConfig>, GatewayError> {
    let failed = |error: &dyn std::fmt::Display| {
        GatewayError::Tls(format!("the roots in {}: {error}", ca.display()))
    };
    let read = CertificateDer::pem_file_iter(ca).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(read.map_err(|error| failed(&error))?);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    request: Request<Full<Bytes>>,
) -> Result<Response<Bytes>, GatewayError> {
    let broken = |error: &dyn std::fmt::Display| GatewayError::Broken(error.to_string());
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
