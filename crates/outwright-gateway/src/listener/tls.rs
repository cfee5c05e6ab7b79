//! TLS towards callers: the certificate that is shown, which callers' certificates are taken, and the handshake.

use std::fmt;
use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::task::Poll;

use outwright::wallet::{self, KeyFault};
use outwright_contract::deployment;
use rustls::client::verify_server_cert_signed_by_trust_anchor as verify;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::{ParsedCertificate, VerifierBuilderError, WebPkiClientVerifier};
use rustls::{CertificateError, Error, RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::Wire;
use super::handshakes::Shake;

/// The names of the protocols that are spoken, the preferred one first (RFC 7301, RFC 9113 section 3.2).
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The TLS side of the listeners of a process.
///
/// Each connection asks it for the settings as they are then, so that others take their place while it runs.
#[derive(Debug)]
pub(crate) struct Tls {
    files: deployment::Tls,
    settings: RwLock<Arc<ServerConfig>>,
}

/// Why listeners cannot speak TLS.
#[derive(Debug)]
pub enum TlsError {
    /// Certificates cannot be read, or the file is not PEM.
    Certificates(PathBuf, pem::Error),
    /// The file holds no certificate that could be used.
    NoCertificate(PathBuf),
    /// The certificate was valid in another time than now.
    NotNow(PathBuf),
    /// The key cannot be used.
    Key(KeyFault),
    /// Certificate and key do not belong together, or are of a kind that is not known.
    Pair(PathBuf, Error),
    /// No verifier can be made from the roots.
    Roots(PathBuf, VerifierBuilderError),
    /// The library refused the protocol versions it has itself.
    Protocol(Error),
}

impl TlsError {
    /// Whether the files are there and are not fit to be used, rather than out of reach.
    #[must_use]
    pub const fn is_unsafe(&self) -> bool {
        match self {
            Self::Certificates(..) | Self::Protocol(_) => false,
            Self::Key(fault) => fault.is_unsafe(),
            Self::NoCertificate(_) | Self::NotNow(_) | Self::Pair(..) | Self::Roots(..) => true,
        }
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificates(path, _) => {
                write!(f, "cannot read certificates from {}", path.display())
            }
            Self::NoCertificate(path) => {
                write!(f, "cannot find a usable certificate in {}", path.display())
            }
            Self::NotNow(path) => write!(
                f,
                "cannot show the certificate in {}: it has expired, or is not valid yet",
                path.display()
            ),
            Self::Key(_) => f.write_str("cannot use the key of the listeners"),
            Self::Pair(path, _) => {
                write!(f, "cannot use the certificate in {} with this key", path.display())
            }
            Self::Roots(path, _) => {
                write!(f, "cannot verify callers by the roots in {}", path.display())
            }
            Self::Protocol(_) => f.write_str("cannot set up TLS 1.2 and 1.3"),
        }
    }
}

impl std::error::Error for TlsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Certificates(_, cause) => Some(cause),
            Self::NoCertificate(_) | Self::NotNow(_) => None,
            Self::Key(cause) => Some(cause),
            Self::Pair(_, cause) | Self::Protocol(cause) => Some(cause),
            Self::Roots(_, cause) => Some(cause),
        }
    }
}

impl Tls {
    /// Reads the files of a deployment.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, a key that others can read, a pair that does not fit, a certificate out of its time.
    pub(crate) fn open(files: &deployment::Tls) -> Result<Self, TlsError> {
        let settings = RwLock::new(settings(files)?);
        Ok(Self { files: files.clone(), settings })
    }

    /// Reads the files again, for connections to come.
    ///
    /// # Errors
    ///
    /// As at the start; what was there stays.
    pub(crate) fn renew(&self) -> Result<(), TlsError> {
        let renewed = settings(&self.files)?;
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = renewed;
        Ok(())
    }

    fn settings(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Shakes hands with a caller; none once it has taken as long as for a head, or the listener drains.
    ///
    /// Nothing is made for it before its first byte is there.
    pub(super) async fn shake(&self, socket: TcpStream, shake: &Shake) -> Option<Wire> {
        let watch = shake.watch();
        watch.handshake_begins();
        let begun = poll_fn(|cx| {
            watch.seen(cx);
            if watch.expired() || watch.draining() {
                return Poll::Ready(None);
            }
            socket.poll_read_ready(cx).map(Result::ok)
        });
        begun.await?;
        shake.heard();
        // In a box: the connection goes on for long without it.
        let mut shaking = Box::pin(TlsAcceptor::from(self.settings()).accept(socket));
        let shaken = poll_fn(|cx| {
            watch.seen(cx);
            if watch.expired() || watch.draining() {
                return Poll::Ready(None);
            }
            // A caller that gives up, or cannot be spoken to, was told by an alert.
            shaking.as_mut().poll(cx).map(Result::ok)
        });
        let stream = shaken.await?;
        watch.handshake_ends();
        Some(Wire::Tls(Box::new(stream)))
    }
}

/// The settings that the files of a deployment make.
fn settings(files: &deployment::Tls) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let chain = certificates(&files.certificate)?;
    in_its_time(&chain, &provider, &files.certificate)?;
    let key = wallet::private_key(&files.key).map_err(TlsError::Key)?;
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        // 1.2 is the oldest that the library knows, and it knows no suite without forward secrecy.
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(TlsError::Protocol)?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let roots = Arc::new(roots(path)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
            let verifier = verifier.build();
            let verifier = verifier.map_err(|cause| TlsError::Roots(path.clone(), cause))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let pair = |cause| TlsError::Pair(files.certificate.clone(), cause);
    let mut config = builder.with_single_cert(chain, key).map_err(pair)?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
    Ok(Arc::new(config))
}

/// The certificates of a PEM file.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let read: Vec<_> = read.map_err(|cause| TlsError::Certificates(path.to_owned(), cause))?;
    if read.is_empty() { Err(TlsError::NoCertificate(path.to_owned())) } else { Ok(read) }
}

fn roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates(path)?);
    if roots.is_empty() { Err(TlsError::NoCertificate(path.to_owned())) } else { Ok(roots) }
}

/// Whether the certificate is valid now. Who signed it is for callers to judge, so no root is asked.
fn in_its_time(
    chain: &[CertificateDer<'static>],
    provider: &CryptoProvider,
    path: &Path,
) -> Result<(), TlsError> {
    let no_certificate = || TlsError::NoCertificate(path.to_owned());
    let (own, others) = chain.split_first().ok_or_else(no_certificate)?;
    let own = ParsedCertificate::try_from(own).map_err(|_| no_certificate())?;
    let (nobody, now) = (RootCertStore::empty(), UnixTime::now());
    let algorithms = provider.signature_verification_algorithms.all;
    match verify(&own, &nobody, others, now, algorithms) {
        Err(Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        )) => Err(TlsError::NotNow(path.to_owned())),
        Ok(()) | Err(_) => Ok(()),
    }
}
