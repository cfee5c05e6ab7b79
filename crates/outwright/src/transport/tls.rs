//! TLS to providers: which roots are trusted, and what a failed handshake means.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use outwright_core::outcome::Fault;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{AlertDescription, ClientConfig, RootCertStore};

/// Why the roots that a contract trusts cannot be used.
#[derive(Debug)]
pub enum TrustError {
    /// The file cannot be read, or is not PEM.
    File(PathBuf, rustls::pki_types::pem::Error),
    /// The file, or the machine's own store, holds no certificate that can be a root.
    Empty(Option<PathBuf>),
    /// The library refused the protocol versions it has itself.
    Protocol(rustls::Error),
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, _) => write!(f, "read certificates from {}", path.display()),
            Self::Empty(Some(path)) => write!(f, "find a root certificate in {}", path.display()),
            Self::Empty(None) => f.write_str("find the machine's root certificates"),
            Self::Protocol(_) => f.write_str("set up TLS 1.2 and 1.3"),
        }
    }
}

impl std::error::Error for TrustError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File(_, cause) => Some(cause),
            Self::Empty(_) => None,
            Self::Protocol(cause) => Some(cause),
        }
    }
}

/// The names of the protocols that are offered (RFC 7301, RFC 9113 section 3.2).
pub(super) const HTTP_2: &[u8] = b"h2";
pub(super) const HTTP_1_1: &[u8] = b"http/1.1";

/// The TLS settings of one provider, and the roots that they trust.
#[derive(Clone, Debug)]
pub(crate) struct Secured {
    pub(crate) config: Arc<ClientConfig>,
    roots: Arc<RootCertStore>,
}

/// The TLS settings of one provider: its own session cache, so that no session crosses providers.
///
/// Where the roots are those of the settings that it had `before`, these stay as they are.
///
/// # Errors
///
/// No usable root.
pub(crate) fn config(
    ca: Option<&Path>,
    machine: &mut Option<RootCertStore>,
    before: Option<&Secured>,
) -> Result<Secured, TrustError> {
    let roots = Arc::new(roots(ca, machine)?);
    if let Some(before) = before.filter(|before| before.roots.roots == roots.roots) {
        return Ok(before.clone());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        // 1.2 is the oldest that the library knows.
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(TrustError::Protocol)?;
    let mut config = builder.with_root_certificates(Arc::clone(&roots)).with_no_client_auth();
    config.alpn_protocols = vec![HTTP_2.to_vec(), HTTP_1_1.to_vec()];
    Ok(Secured { config: Arc::new(config), roots })
}

/// a file replaces the machine's store, it does not add to it. The machine's is read once.
fn roots(
    ca: Option<&Path>,
    machine: &mut Option<RootCertStore>,
) -> Result<RootCertStore, TrustError> {
    let mut roots = RootCertStore::empty();
    match (ca, &machine) {
        (Some(path), _) => {
            let failed = |cause| TrustError::File(path.to_owned(), cause);
            let certificates = CertificateDer::pem_file_iter(path)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(failed)?;
            roots.add_parsable_certificates(certificates);
        }
        (None, Some(known)) => return Ok(known.clone()),
        (None, None) => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            *machine = Some(roots.clone());
        }
    }
    if roots.is_empty() {
        return Err(TrustError::Empty(ca.map(Path::to_owned)));
    }
    Ok(roots)
}

/// What a failed handshake means: cut, or refused by one of the two sides.
pub(super) fn fault(error: &io::Error) -> Fault {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(
            rustls::Error::InvalidCertificate(_)
            | rustls::Error::InvalidCertRevocationList(_)
            | rustls::Error::NoCertificatesPresented
            | rustls::Error::UnsupportedNameType
            | rustls::Error::PeerIncompatible(_)
            | rustls::Error::NoApplicationProtocol,
        ) => Fault::TlsRefused,
        Some(rustls::Error::AlertReceived(alert)) if refuses(*alert) => Fault::TlsRefused,
        Some(_) | None => Fault::TlsTransport,
    }
}

/// RFC 8446 section 6.2: alerts by which the peer refuses what we are or speak; the others mean a broken exchange.
fn refuses(alert: AlertDescription) -> bool {
    const REFUSALS: [AlertDescription; 14] = [
        AlertDescription::HandshakeFailure,
        AlertDescription::BadCertificate,
        AlertDescription::UnsupportedCertificate,
        AlertDescription::CertificateRevoked,
        AlertDescription::CertificateExpired,
        AlertDescription::CertificateUnknown,
        AlertDescription::UnknownCA,
        AlertDescription::AccessDenied,
        AlertDescription::ProtocolVersion,
        AlertDescription::InsufficientSecurity,
        AlertDescription::MissingExtension,
        AlertDescription::UnrecognisedName,
        AlertDescription::CertificateRequired,
        AlertDescription::NoApplicationProtocol,
    ];
    REFUSALS.contains(&alert)
}

#[cfg(test)]
mod tests {
    use super::{RootCertStore, config};

    /// what is sent early can be sent again by whoever heard it.
    #[test]
    fn early_data_stays_off() {
        let made = config(None, &mut Some(RootCertStore::empty()), None).unwrap();
        assert!(!made.config.enable_early_data);
    }
}
