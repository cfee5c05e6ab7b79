//! What a caller says to outwright in the head of its request, read in one pass over the fields.

use std::time::Duration;

use http::HeaderMap;
use outwright_core::provider::Priority;

use outwright::Roster;
use outwright::asked::{digits, grpc_timeout, timeout};

use super::hosts::Hosts;
use crate::problem::{self, Kind};

/// What the fields say of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fields {
    /// The smallest of all that the caller sent.
    pub(super) timeout: Option<Duration>,
    pub(super) priority: Priority,
    /// The idempotency key stands in quotes, as its draft wants it.
    pub(super) key_quoted: bool,
    /// `Max-Forwards`, where it can be read.
    pub(super) forwards: Option<u64>,
    /// The provider through whose own door the request came.
    pub(super) door: Option<usize>,
}

/// Reads the fields; refuses browsers, foreign hosts and fields of ours that make no sense.
///
/// A pass over all fields costs less than looking each one up.
pub(super) fn read(
    headers: &HeaderMap,
    hosts: &Hosts,
    roster: &Roster,
) -> Result<Fields, &'static Kind> {
    let mut fields = Fields {
        timeout: None,
        priority: Priority::Default,
        key_quoted: false,
        forwards: None,
        door: None,
    };
    let mut at_home = false;
    for (name, value) in headers {
        let (name, value) = (name.as_str(), value.as_bytes());
        match name.len() {
            4 if name == "host" => {
                at_home = hosts.know(value);
                if !at_home {
                    fields.door = hosts.door(value, roster.host_doors());
                    at_home = fields.door.is_some();
                }
            }
            // no page may reach a provider with the service's credential.
            6 if name == "origin" => return Err(&problem::BROWSER_REFUSED),
            14 if name == "sec-fetch-site" && value != b"none" => {
                return Err(&problem::BROWSER_REFUSED);
            }
            17 if name == "outwright-timeout" => {
                fields.shorten(Some(timeout(value).ok_or(&problem::FIELD_INVALID)?));
            }
            12 if name == "max-forwards" => fields.forwards = digits(value),
            12 if name == "grpc-timeout" => fields.shorten(grpc_timeout(value)),
            30 if name == "x-envoy-expected-rq-timeout-ms" => {
                fields.shorten(digits(value).map(Duration::from_millis));
            }
            18 if name == "outwright-priority" => {
                let mut all = Priority::ALL.into_iter();
                let known = all.find(|priority| priority.word().as_bytes() == value);
                fields.priority = known.ok_or(&problem::FIELD_INVALID)?;
            }
            15 if name == "idempotency-key" => fields.key_quoted = value.first() == Some(&b'"'),
            _ => {}
        }
    }
    if at_home { Ok(fields) } else { Err(&problem::HOST_FOREIGN) }
}

impl Fields {
    fn shorten(&mut self, timeout: Option<Duration>) {
        self.timeout = match (self.timeout, timeout) {
            (Some(known), Some(new)) => Some(known.min(new)),
            (known, new) => known.or(new),
        };
    }
}

#[cfg(test)]
mod tests {
    use outwright::Roster;

    use super::{Fields, read};
    use crate::door::hosts::Hosts;
    use crate::problem::{self, Kind};
    use http::{HeaderMap, HeaderName, HeaderValue};
    use outwright_core::provider::Priority;
    use std::time::Duration;

    fn reads(fields: &[(&'static str, &str)]) -> Result<Fields, &'static Kind> {
        let mut headers = HeaderMap::new();
        headers.append("host", HeaderValue::from_static("localhost:80"));
        for (name, value) in fields {
            let value = HeaderValue::from_str(value).unwrap();
            headers.append(HeaderName::from_static(name), value);
        }
        let hosts = Hosts::new("127.0.0.1:80".parse().unwrap(), &[]);
        read(&headers, &hosts, &Roster::default())
    }

    ///
    #[test]
    fn pages_are_refused_whatever_they_claim() {
        for fields in [
            &[("origin", "http://localhost:80")][..],
            &[("origin", "null")],
            &[("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "cross-site")],
        ] {
            assert_eq!(reads(fields), Err(&problem::BROWSER_REFUSED), "{fields:?}");
        }
        assert!(reads(&[("sec-fetch-site", "none")]).is_ok());
    }

    #[test]
    fn the_smallest_timeout_wins() {
        let fields = reads(&[
            ("grpc-timeout", "2S"),
            ("outwright-timeout", "2500ms"),
            ("x-envoy-expected-rq-timeout-ms", "1500"),
            ("grpc-timeout", "nonsense"),
        ]);
        assert_eq!(fields.unwrap().timeout, Some(Duration::from_millis(1_500)));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let fields = reads(&[("outwright-priority", "background")]).unwrap();
        assert_eq!(fields.priority, Priority::Background);
        let refused = reads(&[("outwright-timeout", "5 s")]);
        assert_eq!(refused, Err(&problem::FIELD_INVALID));
        let refused = reads(&[("outwright-priority", "urgent")]);
        assert_eq!(refused, Err(&problem::FIELD_INVALID));
    }

    #[test]
    fn a_key_in_quotes_is_noticed() {
        assert!(reads(&[("idempotency-key", "\"abc\"")]).unwrap().key_quoted);
        assert!(!reads(&[("idempotency-key", "abc")]).unwrap().key_quoted);
    }
}
