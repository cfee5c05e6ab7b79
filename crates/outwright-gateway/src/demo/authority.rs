//! The demo provider's own certificate authority, and the certificates that a careful client must refuse.

use std::sync::Arc;

use outwright_sim::demo::Certificate;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// The names that the good certificate is for.
const NAMES: [&str; 4] = ["localhost", "demo.localhost", "127.0.0.1", "::1"];

/// An authority made at start; its key never leaves the process.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    ca_pem: String,
    good: Arc<ServerConfig>,
}

impl Authority {
    pub(super) fn new() -> Result<Self, rcgen::Error> {
        let (issuer, ca_pem) = issuer("outwright demo CA")?;
        let (chain, key) = leaf(&issuer, &NAMES, |_| {})?;
        let good = config(chain, key).ok_or(rcgen::Error::CouldNotParseKeyPair)?;
        Ok(Self { issuer, ca_pem, good })
    }

    /// The authority's certificate: what `egress.ca` names.
    pub(super) fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// A server configuration that shows this certificate.
    pub(super) fn config(&self, certificate: Certificate) -> Option<Arc<ServerConfig>> {
        let made = match certificate {
            Certificate::Good => return Some(Arc::clone(&self.good)),
            Certificate::Expired => leaf(&self.issuer, &NAMES, |params| {
                params.not_before = rcgen::date_time_ymd(2020, 1, 1);
                params.not_after = rcgen::date_time_ymd(2020, 2, 1);
            }),
            Certificate::NotYetValid => leaf(&self.issuer, &NAMES, |params| {
                params.not_before = rcgen::date_time_ymd(2090, 1, 1);
                params.not_after = rcgen::date_time_ymd(2090, 2, 1);
            }),
            Certificate::WrongHost => leaf(&self.issuer, &["elsewhere.invalid"], |_| {}),
            Certificate::SelfSigned => self_signed(),
            Certificate::UntrustedRoot => {
                issuer("nobody knows this CA").and_then(|(other, _)| leaf(&other, &NAMES, |_| {}))
            }
        };
        made.ok().and_then(|(chain, key)| config(chain, key))
    }
}

type Pair = (CertificateDer<'static>, PrivateKeyDer<'static>);

fn issuer(name: &str) -> Result<(Issuer<'static, KeyPair>, String), rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate()?;
    let pem = params.self_signed(&key)?.pem();
    Ok((Issuer::new(params, key), pem))
}

fn leaf(
    issuer: &Issuer<'static, KeyPair>,
    names: &[&str],
    change: impl FnOnce(&mut CertificateParams),
) -> Result<Pair, rcgen::Error> {
    let mut params = CertificateParams::new(owned(names))?;
    // Clients that check strictly, Python 3.13 among them, want both.
    params.use_authority_key_identifier_extension = true;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    change(&mut params);
    let key = KeyPair::generate()?;
    let der = params.signed_by(&key, issuer)?.der().clone();
    Ok((der, PrivatePkcs8KeyDer::from(key.serialize_der()).into()))
}

fn self_signed() -> Result<Pair, rcgen::Error> {
    let key = KeyPair::generate()?;
    let der = CertificateParams::new(owned(&NAMES))?.self_signed(&key)?.der().clone();
    Ok((der, PrivatePkcs8KeyDer::from(key.serialize_der()).into()))
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn config(
    chain: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
) -> Option<Arc<ServerConfig>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .ok()?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Some(Arc::new(config))
}
