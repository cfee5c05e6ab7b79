//! Which fields of a head pass: from a caller to its provider, and back (RFC 9110 section 7.6.1, R-041).

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use outwright_core::provider::Provider;

use super::answer::Misuse;
use super::via::Via;

/// As it is: what is judged by its body must be readable, and what cannot be bounded is not asked for.
pub(super) const IDENTITY: HeaderValue = HeaderValue::from_static("identity");
/// Fields between a caller and outwright.
const OWN_PREFIX: &str = "outwright-";
/// Fields between a caller and the proxy that it asks.
const PROXY_PREFIX: &str = "proxy-";
/// Fields in which forwarders say who a caller is.
const FORWARDED_PREFIX: &str = "x-forwarded-";

/// From whom to whom a head goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passage<'a> {
    pub(super) provider: &'a Provider,
    pub(super) via: &'a Via,
    /// Set where a decoded body has a bound, so that no coding may be used that cannot be bounded.
    pub(super) bounded: Option<u64>,
}

/// What a caller's head says of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Traced {
    /// Nothing.
    No,
    /// Something; whether it can be read is another matter.
    Perhaps,
}

/// Whether whoever asked takes trailers (`TE: trailers`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trailers {
    /// They end here.
    Unasked,
    /// They pass.
    Wanted,
}

/// What a caller's head says beside what goes on of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Says {
    pub(super) traced: Traced,
    pub(super) trailers: Trailers,
}

/// What becomes of a field of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Passes,
    /// It belongs to this connection, or to outwright.
    Stays,
    /// It says who the caller is, or what it carries for others; passes where the contract says so.
    Private,
    Connection,
    Upgrade,
    Mark,
    Trace,
    Coding,
    Te,
    Range,
}

fn fate(name: &str) -> Fate {
    use Fate::{Coding, Connection, Mark, Passes, Private, Range, Stays, Te, Trace, Upgrade};
    // By length first: most fields are none of these, and are so after one jump.
    let fate = match name.len() {
        2 if name == "te" => Te,
        3 if name == "via" => Mark,
        5 if name == "range" => Range,
        6 if name == "expect" => Stays,
        6 if name == "cookie" => Private,
        7 if name == "upgrade" => Upgrade,
        7 if name == "trailer" => Stays,
        7 if name == "baggage" => Private,
        8 if name == "cdn-loop" => Mark,
        9 if name == "forwarded" || name == "x-real-ip" => Private,
        10 if name == "connection" => Connection,
        10 if name == "keep-alive" => Stays,
        10 if name == "tracestate" => Trace,
        11 if name == "traceparent" => Trace,
        11 if name == "x-client-ip" => Private,
        // The codec writes the length anew, in one spelling: some read `010` as eight.
        14 if name == "content-length" => Stays,
        14 if name == "true-client-ip" => Private,
        15 if name == "accept-encoding" => Coding,
        16 if name == "cf-connecting-ip" => Private,
        17 if name == "transfer-encoding" => Stays,
        19 if name == "x-cluster-client-ip" => Private,
        _ => Passes,
    };
    if fate != Passes {
        return fate;
    }
    match name.as_bytes().first() {
        Some(b'o') if name.starts_with(OWN_PREFIX) => Stays,
        Some(b'p') if name.starts_with(PROXY_PREFIX) => Stays,
        Some(b'x') if name.starts_with(FORWARDED_PREFIX) => Private,
        Some(_) | None => Passes,
    }
}

/// Makes a caller's head the provider's, in one pass over its names; what is not there is not looked for.
///
/// It comes before anything is put on, so that no caller can name away what outwright adds.
pub(super) fn clean(headers: &mut HeaderMap, to: Passage<'_>) -> Result<Says, Misuse> {
    let Passage { provider, via, bounded } = to;
    let (mut traced, mut trailers) = (Traced::No, Trailers::Unasked);
    let (mut connection, mut marked, mut coded) = (false, false, false);
    let mut drop: Vec<HeaderName> = Vec::new();
    for (name, value) in headers.iter() {
        match fate(name.as_str()) {
            Fate::Passes => {}
            Fate::Stays => drop.push(name.clone()),
            Fate::Private if provider.fields.pass.contains(name) => {}
            Fate::Private => drop.push(name.clone()),
            Fate::Connection => connection = true,
            Fate::Upgrade => return Err(Misuse::Upgrade),
            Fate::Mark => marked = true,
            Fate::Trace => traced = Traced::Perhaps,
            // The provider then gives all of it, as it may at any time.
            Fate::Range if asks_too_much(value) => drop.push(name.clone()),
            Fate::Range => {}
            Fate::Te => {
                drop.push(name.clone());
                if wants_trailers(value) {
                    trailers = Trailers::Wanted;
                }
            }
            Fate::Coding => coded |= bounded.is_some() && !is_bounded(value),
        }
    }
    if marked && via.has_marked(headers) {
        return Err(Misuse::Loop);
    }
    if connection {
        listed(headers, &mut drop);
        drop.push(header::CONNECTION);
    }
    for name in drop {
        headers.remove(name);
    }
    if coded {
        ask_for_bounded(headers);
    }
    if trailers == Trailers::Wanted {
        // of all that it may say, this alone is passed on.
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("te"));
    }
    if let Some((name, value)) = &provider.version
        && !headers.contains_key(name)
    {
        headers.insert(name.clone(), value.clone());
    }
    Ok(Says { traced, trailers })
}

/// Ranges of one request that go on (chosen: far more than a reader of a document asks for).
const RANGES_MAX: usize = 16;
/// Ranges that may share a byte (RFC 9110 section 14.2: more than two is what attacks look like).
const OVERLAPS_MAX: usize = 2;

/// Whether `Range` asks for many parts, or for the same bytes again and again.
fn asks_too_much(value: &HeaderValue) -> bool {
    let Ok(text) = value.to_str() else { return true };
    let Some((_, set)) = text.split_once('=') else { return false };
    let ends = |range: &str| {
        let (first, last) = range.trim().split_once('-')?;
        if first.is_empty() {
            // The last bytes of a document are taken for its end.
            return Some((u64::MAX, u64::MAX));
        }
        Some((first.parse().ok()?, last.parse().unwrap_or(u64::MAX)))
    };
    let ranges: Vec<(u64, u64)> = set.split(',').take(RANGES_MAX + 1).filter_map(ends).collect();
    let at = |byte: u64| ranges.iter().filter(move |(first, last)| *first <= byte && byte <= *last);
    ranges.len() > RANGES_MAX || ranges.iter().any(|(first, _)| at(*first).count() > OVERLAPS_MAX)
}

/// Whether `TE` has the member `trailers`, which takes no weight (RFC 9110 section 10.1.4).
fn wants_trailers(value: &HeaderValue) -> bool {
    let mut members = value.as_bytes().split(|byte| *byte == b',');
    members.any(|member| member.trim_ascii().eq_ignore_ascii_case(b"trailers"))
}

/// Whether a client asks for no other coding, in one of the usual spellings.
fn is_bounded(value: &HeaderValue) -> bool {
    matches!(value.as_bytes(), b"gzip, deflate" | b"gzip,deflate" | b"gzip" | b"identity")
}

/// Leaves those codings that can be bounded while they pass.
fn ask_for_bounded(headers: &mut HeaderMap) {
    let fine = |member: &&[u8]| {
        let coding = member.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let known: [&[u8]; 4] = [b"gzip", b"x-gzip", b"deflate", b"identity"];
        known.iter().any(|known| coding.eq_ignore_ascii_case(known))
    };
    let values = headers.get_all(header::ACCEPT_ENCODING);
    let members = || values.iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    if members().all(|member| fine(&member)) {
        return;
    }
    let left: Vec<_> = members().map(<[u8]>::trim_ascii).filter(fine).collect();
    let value = HeaderValue::from_bytes(&left.join(&b", "[..]));
    let value = value.ok().filter(|value| !value.is_empty()).unwrap_or(IDENTITY);
    headers.insert(header::ACCEPT_ENCODING, value);
}

/// What `Connection` names goes no further either.
fn listed(headers: &HeaderMap, drop: &mut Vec<HeaderName>) {
    let values = headers.get_all(header::CONNECTION);
    let tokens = values.iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    for token in tokens.map(<[u8]>::trim_ascii) {
        // The two that nearly every client sends name no field.
        if token.eq_ignore_ascii_case(b"keep-alive") || token.eq_ignore_ascii_case(b"close") {
            continue;
        }
        if let Ok(name) = HeaderName::from_bytes(token)
            && name != header::HOST
        {
            drop.push(name);
        }
    }
}

/// Whether the body of a reply is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coded {
    /// It is not.
    No,
    /// It says so.
    Perhaps,
}

/// Removes what belongs to the provider's connection from its reply.
pub(super) fn clean_reply(headers: &mut HeaderMap, trailers: Trailers) -> Coded {
    let (mut connection, mut coded, mut announced) = (false, Coded::No, false);
    let mut drop: Vec<HeaderName> = Vec::new();
    for name in headers.keys() {
        match name.as_str() {
            "connection" => connection = true,
            "content-encoding" => coded = Coded::Perhaps,
            "trailer" if trailers == Trailers::Wanted => announced = true,
            "transfer-encoding"
            | "upgrade"
            | "te"
            | "trailer"
            | "keep-alive"
            | "proxy-connection"
            | "proxy-authenticate"
            | "proxy-authentication-info" => {
                drop.push(name.clone());
            }
            _ => {}
        }
    }
    if connection {
        listed(headers, &mut drop);
        drop.push(header::CONNECTION);
    }
    for name in drop {
        headers.remove(name);
    }
    if announced {
        announce(headers);
    }
    coded
}

/// Leaves in `Trailer` those fields that will pass.
#[cold]
fn announce(headers: &mut HeaderMap) {
    let values = headers.get_all(header::TRAILER);
    let members = values.iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let names = members.filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok());
    let left: Vec<_> = names.filter(|name| !never_in_trailers(name.as_str())).collect();
    let list = left.iter().map(HeaderName::as_str).collect::<Vec<_>>().join(", ");
    headers.remove(header::TRAILER);
    if let Some(list) = HeaderValue::from_str(&list).ok().filter(|list| !list.is_empty()) {
        headers.insert(header::TRAILER, list);
    }
}

/// Leaves out of a reply that is kept what was said to one caller at one time; what belonged to the connection
/// is gone already ([`clean_reply`]).
pub(super) fn clean_kept(headers: &mut HeaderMap) {
    let moment = |name: &str| {
        let prefixes = [OWN_PREFIX, PROXY_PREFIX, "ratelimit", "x-ratelimit", "x-rate-limit"];
        prefixes.iter().any(|prefix| name.starts_with(prefix)) || OF_A_MOMENT.contains(&name)
    };
    let gone: Vec<_> = headers.keys().filter(|name| moment(name.as_str())).cloned().collect();
    for name in gone {
        headers.remove(name);
    }
}

/// Fields of one answer to one caller. `Age` is counted anew, `Warning` is obsolete (RFC 9111 section 5.5).
const OF_A_MOMENT: [&str; 13] = [
    "age",
    "alt-svc",
    "authentication-info",
    "cache-status",
    "retry-after",
    "server-timing",
    "set-cookie",
    "set-cookie2",
    // None are kept.
    "trailer",
    "via",
    "warning",
    "www-authenticate",
    "x-should-retry",
];

/// Leaves out of trailers what their reader could take for a part of the head (RFC 9110 section 6.5.1, R-050):
/// framing, routing, credentials, control of caches and connections, the format of the content, limits.
#[cold]
pub(super) fn clean_trailers(trailers: &mut HeaderMap) {
    let never = |name: &&HeaderName| never_in_trailers(name.as_str());
    let gone: Vec<_> = trailers.keys().filter(never).cloned().collect();
    for name in gone {
        trailers.remove(name);
    }
}

fn never_in_trailers(name: &str) -> bool {
    let prefixes = [OWN_PREFIX, PROXY_PREFIX, "content-", "ratelimit", "x-ratelimit", "if-"];
    prefixes.iter().any(|prefix| name.starts_with(prefix)) || NEVER_IN_TRAILERS.contains(&name)
}

/// Fields that are not taken from trailers. `Content-Digest` goes with the other content fields: it is checked nowhere.
const NEVER_IN_TRAILERS: [&str; 30] = [
    "age",
    "authorization",
    "cache-control",
    "connection",
    "cookie",
    "date",
    "deprecation",
    "early-data",
    "expect",
    "expires",
    "host",
    "keep-alive",
    "location",
    "max-forwards",
    "pragma",
    "range",
    "retry-after",
    "set-cookie",
    "sunset",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
    "via",
    "warning",
    "www-authenticate",
    "x-should-retry",
    "alt-svc",
    "forwarded",
];

#[cfg(test)]
mod tests {
    use super::*;

    ///
    #[test]
    fn ranges_that_a_reader_asks_for_go_on_and_those_of_an_attack_do_not() {
        let many = (0..17).map(|n| format!("{}-{}", n * 10, n * 10 + 1)).collect::<Vec<_>>();
        for (range, too_much) in [
            ("bytes=0-499".to_owned(), false),
            ("bytes=0-499,-500".to_owned(), false),
            ("bytes=500-,0-99, 200-299".to_owned(), false),
            ("bytes=0-499,100-599".to_owned(), false),
            ("bytes=0-,0-,0-".to_owned(), true),
            ("bytes=0-9,5-9,9-20".to_owned(), true),
            ("bytes=-1,-2,-3".to_owned(), true),
            (format!("bytes={}", many.join(",")), true),
            (format!("bytes={}", many[..16].join(",")), false),
            ("lines=a".to_owned(), false),
        ] {
            let value = HeaderValue::try_from(&range).unwrap();
            assert_eq!(asks_too_much(&value), too_much, "{range}");
        }
    }
}
