//! Who calls: a token where the provider's credential would stand, or in a field of its own.
//!
//! A token is taken off the request as soon as it is known: it goes no further than this file.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::GeneralPurposeConfig;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName};
use http::uri::PathAndQuery;
use outwright::Caller;
use outwright::wallet::Tokens;
use outwright_core::provider::{Inject, Provider};
use percent_encoding::percent_decode_str;

/// The field for those who cannot send a token elsewhere.
const TOKEN: HeaderName = HeaderName::from_static("outwright-token");

/// Who comes in through a listener.
#[derive(Clone, Debug)]
pub(crate) enum Access {
    /// Whoever reaches it: nobody has a token.
    Open,
    /// Whoever reaches it; who shows a token is known by it.
    Offered(Arc<Tokens>),
    /// Those alone who show a token.
    Required(Arc<Tokens>),
}

/// Where a listener is reached from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// From this machine.
    Machine,
    /// From elsewhere too.
    Network,
}

impl From<SocketAddr> for Reach {
    fn from(address: SocketAddr) -> Self {
        if address.ip().to_canonical().is_loopback() { Self::Machine } else { Self::Network }
    }
}

impl Reach {
    /// From where a port is reached; one that does not say where it is could be reached from everywhere.
    pub(crate) fn of(listener: &TcpListener) -> Self {
        listener.local_addr().map_or(Self::Network, Self::from)
    }
}

/// Nobody is known by what a request shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unknown;

impl Access {
    /// The access of a listener: tokens are asked for where the deployment says so, and from everybody elsewhere.
    pub(crate) fn of(tokens: Option<&Arc<Tokens>>, reach: Reach, deployment: Ask) -> Self {
        let Some(tokens) = tokens else { return Self::Open };
        match (reach, deployment) {
            (Reach::Machine, Ask::Elsewhere) => Self::Offered(Arc::clone(tokens)),
            (Reach::Network, _) | (Reach::Machine, Ask::Everywhere) => {
                Self::Required(Arc::clone(tokens))
            }
        }
    }
}

/// Whom a deployment asks for tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Callers from elsewhere: those on this machine need none.
    Elsewhere,
    /// All callers.
    Everywhere,
}

/// Who sent a request. Takes every token that names somebody off it.
///
/// # Errors
///
/// A token is asked for and none is shown that names somebody, or two that name different callers.
pub(super) fn identify(
    access: &Access,
    provider: Option<&Provider>,
    headers: &mut HeaderMap,
    path: &mut PathAndQuery,
) -> Result<Option<Arc<Caller>>, Unknown> {
    let (tokens, required) = match access {
        Access::Open => return Ok(None),
        Access::Offered(tokens) => {
            (tokens, provider.is_some_and(|provider| provider.callers_listed() > 0))
        }
        Access::Required(tokens) => (tokens, true),
    };
    let mut looked = Looked { tokens, who: None };
    let mut own = headers.get_all(TOKEN).iter().peekable();
    // Whoever sends this field means to be known: a mistake in it is told, not passed over.
    if own.peek().is_some() && !own.all(|token| looked.names(token.as_bytes()) == Named::Known) {
        return Err(Unknown);
    }
    looked.take_off(headers, &AUTHORIZATION, |looked, value| looked.authorization(value))?;
    for slot in provider.into_iter().flat_map(|provider| &provider.slots) {
        if let Inject::Header { name, prefix } = &slot.inject {
            looked.take_off(headers, name, |looked, value| {
                looked.names(value.strip_prefix(prefix.as_bytes()).unwrap_or(value))
            })?;
        }
    }
    if let Some(provider) = provider {
        looked.take_off_query(provider, path)?;
    }
    if looked.who.is_none() && required { Err(Unknown) } else { Ok(looked.who.cloned()) }
}

/// What was seen of a request so far.
struct Looked<'a> {
    tokens: &'a Tokens,
    who: Option<&'a Arc<Caller>>,
}

/// Whom a token names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    /// The caller of this request.
    Known,
    /// Nobody.
    Nobody,
    /// Somebody else than a token before it.
    Other,
}

impl Looked<'_> {
    fn names(&mut self, token: &[u8]) -> Named {
        match (self.tokens.find(token), self.who) {
            // Served as nobody, a caller's repeat would go under another key.
            (None, _) if self.tokens.was_known(token) => Named::Other,
            (None, _) => Named::Nobody,
            (Some(found), Some(known)) if !Arc::ptr_eq(found, known) => Named::Other,
            (Some(found), _) => {
                self.who = Some(found);
                Named::Known
            }
        }
    }

    /// Removes a field one of whose values names somebody.
    fn take_off(
        &mut self,
        headers: &mut HeaderMap,
        name: &HeaderName,
        look: impl Fn(&mut Self, &[u8]) -> Named,
    ) -> Result<(), Unknown> {
        let mut found = Named::Nobody;
        for value in headers.get_all(name) {
            match look(self, value.as_bytes()) {
                Named::Nobody => {}
                Named::Known => found = Named::Known,
                Named::Other => return Err(Unknown),
            }
        }
        if found == Named::Known {
            headers.remove(name);
        }
        Ok(())
    }

    /// The token of a Bearer; of a Basic its password, or its user where clients send a key as that.
    fn authorization(&mut self, value: &[u8]) -> Named {
        let (scheme, rest) = value.split_at(value.iter().position(|b| *b == b' ').unwrap_or(0));
        let rest = rest.trim_ascii();
        if scheme.eq_ignore_ascii_case(b"bearer") {
            return self.names(rest);
        }
        if !scheme.eq_ignore_ascii_case(b"basic") {
            return Named::Nobody;
        }
        let Ok(pair) = ANY_PADDING.decode(rest) else { return Named::Nobody };
        let colon = pair.iter().position(|byte| *byte == b':').unwrap_or(pair.len());
        let (user, password) = pair.split_at(colon);
        match password.split_first() {
            None | Some((_, [])) => self.names(user),
            Some((_, password)) => self.names(password),
        }
    }

    /// Removes query parameters of the provider's credentials that name somebody.
    fn take_off_query(
        &mut self,
        provider: &Provider,
        path: &mut PathAndQuery,
    ) -> Result<(), Unknown> {
        let injected = |name: &str| {
            let name = percent_decode_str(name).decode_utf8_lossy();
            provider
                .slots
                .iter()
                .any(|slot| matches!(&slot.inject, Inject::Query { name: ours } if **ours == *name))
        };
        let Some(query) = path.query() else { return Ok(()) };
        let mut left = Vec::new();
        let mut taken = false;
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let named = if injected(name) {
                self.names(&percent_decode_str(value).collect::<Vec<u8>>())
            } else {
                Named::Nobody
            };
            match named {
                Named::Nobody => left.push(pair),
                Named::Known => taken = true,
                Named::Other => return Err(Unknown),
            }
        }
        if taken {
            let query = left.join("&");
            let mark = if query.is_empty() { "" } else { "?" };
            let rest = [path.path(), mark, &query].concat();
            *path = PathAndQuery::try_from(rest).map_err(|_| Unknown)?;
        }
        Ok(())
    }
}

/// Base64 as clients write it, with or without its padding.
const ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests;
