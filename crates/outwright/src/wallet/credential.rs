//! A secret made ready for a request, and the hosts that may see it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use outwright_core::provider::{Inject, Slot};
use outwright_core::redact::MARK;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use zeroize::Zeroizing;

use super::secret::Secret;

/// All but the unreserved characters of RFC 3986 section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One version of a credential.
pub struct Credential {
    version: u32,
    hosts: Box<[Box<str>]>,
    place: Place,
}

enum Place {
    Header(HeaderName, HeaderValue),
    Query(Zeroizing<String>),
}

/// Why a secret cannot be put on a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It holds bytes that no header field may hold: a line break, a control character.
    NotAFieldValue,
    /// Basic without a user in the contract needs `user:password`.
    NoUser,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAFieldValue => "the secret holds bytes that a header field cannot hold",
            Self::NoUser => "the secret is not user:password and the contract names no user",
        })
    }
}

impl Credential {
    /// The credential of a slot with this secret.
    ///
    /// # Errors
    ///
    /// The secret does not fit where the contract puts it.
    pub(super) fn new(slot: &Slot, secret: &Secret, version: u32) -> Result<Self, Unusable> {
        let bytes = secret.expose();
        let place = match &slot.inject {
            Inject::Bearer => header(AUTHORIZATION, &[b"Bearer ", bytes])?,
            Inject::Header { name, prefix } => header(name.clone(), &[prefix.as_bytes(), bytes])?,
            Inject::Basic { user: Some(user) } => {
                basic(&Zeroizing::new([user.as_bytes(), b":", bytes].concat()))?
            }
            Inject::Basic { user: None } if bytes.contains(&b':') => basic(bytes)?,
            Inject::Basic { user: None } => return Err(Unusable::NoUser),
            Inject::Query { name } => Place::Query(Zeroizing::new(format!(
                "{}={}",
                percent_encode(name.as_bytes(), RESERVED),
                percent_encode(bytes, RESERVED)
            ))),
        };
        Ok(Self { version, hosts: slot.hosts.clone(), place })
    }

    /// Its version, from 1.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// Whether a host may see it: named by the slot, or below a name with a leading `*.`.
    #[must_use]
    pub fn allows(&self, host: &str) -> bool {
        // Nearly always it is spelled as in the contract.
        let spelled = self.hosts.iter().any(|pattern| **pattern == *host);
        spelled
            || self.hosts.iter().any(|pattern| match pattern.strip_prefix("*.") {
                Some(parent) => below(host, parent),
                None => pattern.eq_ignore_ascii_case(host),
            })
    }

    /// The field that carries it, where one does; its value is marked as sensitive.
    #[must_use]
    pub const fn header(&self) -> Option<(&HeaderName, &HeaderValue)> {
        match &self.place {
            Place::Header(name, value) => Some((name, value)),
            Place::Query(_) => None,
        }
    }

    /// The query parameter that carries it, where one does: `name=value`, percent-encoded.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        match &self.place {
            Place::Header(..) => None,
            Place::Query(pair) => Some(pair),
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("version", &self.version)
            .field("hosts", &self.hosts)
            .field("place", &MARK)
            .finish()
    }
}

fn header(name: HeaderName, parts: &[&[u8]]) -> Result<Place, Unusable> {
    let bytes = Zeroizing::new(parts.concat());
    let mut value = HeaderValue::from_bytes(&bytes).map_err(|_| Unusable::NotAFieldValue)?;
    value.set_sensitive(true);
    Ok(Place::Header(name, value))
}

fn basic(pair: &[u8]) -> Result<Place, Unusable> {
    let encoded = Zeroizing::new(STANDARD.encode(pair));
    header(AUTHORIZATION, &[b"Basic ", encoded.as_bytes()])
}

/// Whether a host lies one or more labels below a parent.
fn below(host: &str, parent: &str) -> bool {
    let Some(at) = host.len().checked_sub(parent.len() + 1) else { return false };
    at > 0
        && host.as_bytes().get(at) == Some(&b'.')
        && host.get(at + 1..).is_some_and(|rest| rest.eq_ignore_ascii_case(parent))
}

/// The forms in which a secret travels: as it is, as Basic carries it, percent-encoded.
pub(super) fn forms(secret: &Secret) -> Vec<Zeroizing<String>> {
    let bytes = secret.expose();
    let mut forms = vec![
        Zeroizing::new(STANDARD.encode(bytes)),
        Zeroizing::new(percent_encode(bytes, RESERVED).to_string()),
    ];
    if let Ok(text) = std::str::from_utf8(bytes) {
        forms.insert(0, Zeroizing::new(text.to_owned()));
    }
    forms
}
