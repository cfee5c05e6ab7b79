//! What a provider learns of the caller's trace (W3C Trace Context, Recommendation and level 2).
//!
//! By default ids of its own: they lead nowhere but into our own records, so that a provider can speak of one request
//! and learns nothing of the services behind it. Contexts that cannot be read are as good as none.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use outwright_core::dice::{Dice, Salt};
use outwright_core::outcome::AttemptNo;
use outwright_core::provider::Trace;
use outwright_core::step::CallId;

/// The field with the ids.
pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// The field with what vendors add.
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Bytes of a `traceparent` of version 00 (section 3.2.2).
const PARENT_BYTES: usize = 55;
/// Members of a `tracestate` (section 3.3.1.1).
const MEMBERS_MAX: usize = 32;
/// `sampled` and `random-trace-id`: the flags that are defined (level 2, section 3.2.2.5).
const FLAGS_KNOWN: u8 = 0b11;

/// A trace as a call goes on with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Context {
    trace: u128,
    flags: u8,
}

/// Takes the caller's context off a head, and says what the provider gets instead.
///
/// `tracestate` stays only where all of the trace is forwarded and both fields can be read.
pub(super) fn take(
    headers: &mut HeaderMap,
    trace: Trace,
    fresh: impl Fn() -> u128,
) -> Option<Context> {
    let mut parents = headers.get_all(TRACEPARENT).into_iter();
    let context = match (parents.next(), parents.next()) {
        (Some(parent), None) => Context::read(parent.as_bytes()),
        (_, _) => None,
    };
    headers.remove(TRACEPARENT);
    match (trace, context) {
        (Trace::Off, _) | (Trace::Restart, None) => {
            headers.remove(TRACESTATE);
            None
        }
        (Trace::Restart, Some(theirs)) => {
            headers.remove(TRACESTATE);
            Some(Context { trace: fresh(), flags: theirs.flags })
        }
        (Trace::Forward, None) => {
            headers.remove(TRACESTATE);
            Some(Context { trace: fresh(), flags: 0 })
        }
        (Trace::Forward, Some(theirs)) => {
            let state = state(headers);
            headers.remove(TRACESTATE);
            if let Some(state) = state {
                headers.insert(TRACESTATE, state);
            }
            Some(theirs)
        }
    }
}

impl Context {
    /// `00-<32 hex>-<16 hex>-<2 hex>`, small letters; later versions may go on after another dash.
    fn read(text: &[u8]) -> Option<Self> {
        let text = text.trim_ascii();
        let (version, rest) = (hex(text.get(..2)?)?, text.get(PARENT_BYTES..)?);
        let whole = if version == 0 { rest.is_empty() } else { matches!(rest, [] | [b'-', ..]) };
        let dashes = [2, 35, 52].iter().all(|at| text.get(*at) == Some(&b'-'));
        let (trace, parent) = (hex(text.get(3..35)?)?, hex(text.get(36..52)?)?);
        let flags = hex(text.get(53..PARENT_BYTES)?)?;
        if !whole || !dashes || version == 0xff || trace == 0 || parent == 0 {
            return None;
        }
        Some(Self { trace, flags: u8::try_from(flags).ok()? & FLAGS_KNOWN })
    }

    /// The field of one attempt, whose id is its own.
    pub(super) fn parent(self, dice: Dice, call: CallId, attempt: AttemptNo) -> HeaderValue {
        let span = dice.draw(call.0, Salt::Trace(SPAN + attempt.number())).bits().max(1);
        let text = format!("00-{:032x}-{span:016x}-{:02x}", self.trace, self.flags);
        HeaderValue::from_str(&text).expect("hexadecimal digits and dashes are a field value")
    }
}

/// A trace id of our own, never zero.
pub(super) fn fresh(dice: Dice, call: CallId) -> u128 {
    let [high, low] = [0, 1].map(|part| dice.draw(call.0, Salt::Trace(part)).bits());
    (u128::from(high) << 64 | u128::from(low)).max(1)
}

/// Draws for the ids of attempts come after the two for the trace.
const SPAN: u8 = 2;

/// Digits in small letters.
fn hex(text: &[u8]) -> Option<u128> {
    let digit = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
    if text.is_empty() || !text.iter().all(digit) {
        return None;
    }
    u128::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok()
}

/// All members in their order, in one field; none when any of them cannot be read.
fn state(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut whole = Vec::new();
    let mut members = 0;
    for value in headers.get_all(TRACESTATE) {
        for member in value.as_bytes().split(|byte| *byte == b',') {
            let member = trim(member);
            if member.is_empty() {
                continue;
            }
            members += 1;
            let at = member.iter().position(|byte| *byte == b'=')?;
            let (key, value) = member.split_at(at);
            if members > MEMBERS_MAX || !is_key(key) || !is_value(value.get(1..)?) {
                return None;
            }
            if !whole.is_empty() {
                whole.push(b',');
            }
            whole.extend_from_slice(member);
        }
    }
    if whole.is_empty() { None } else { HeaderValue::from_bytes(&whole).ok() }
}

fn trim(text: &[u8]) -> &[u8] {
    let mut text = text;
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// A small letter or digit, then at most 255 of these and `_-*/@` (level 2, section 3.3.1.3.1).
fn is_key(key: &[u8]) -> bool {
    let begins = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let within = |byte: &u8| begins(byte) || b"_-*/@".contains(byte);
    key.first().is_some_and(begins) && key.len() <= 256 && key.iter().all(within)
}

/// Visible characters and spaces but `,` and `=`, with something visible at the end.
fn is_value(value: &[u8]) -> bool {
    let fine = |byte: &u8| matches!(byte, 0x20..=0x2b | 0x2d..=0x3c | 0x3e..=0x7e);
    let ends = value.last().is_some_and(|byte| *byte != b' ');
    ends && value.len() <= 256 && value.iter().all(fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn head(fields: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    ///
    #[test]
    fn a_parent_is_read_strictly() {
        let read = |text: &str| Context::read(text.as_bytes());
        let known = read(GOOD).unwrap();
        assert_eq!((known.trace, known.flags), (0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736, 1));
        let later = GOOD.replacen("00", "cc", 1);
        for good in [later.clone(), format!("{later}-what-the-future-brings"), format!(" {GOOD}\t")]
        {
            assert_eq!(read(&good), Some(known), "{good}");
        }
        assert_eq!(
            read(&GOOD.replace("-01", "-ff")).unwrap().flags,
            3,
            "unknown flags are dropped"
        );
        for bad in [
            String::new(),
            "00".to_owned(),
            GOOD.to_uppercase(),
            GOOD.replacen("00", "ff", 1),
            GOOD.replacen("00", "0", 1),
            format!("{GOOD}-more"),
            format!("{later}."),
            GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            GOOD.replace("00f067aa0ba902b7", &"0".repeat(16)),
            GOOD.replace("4b", "4."),
            GOOD.replace("-01", "-0x"),
            GOOD.replace('-', "_"),
            GOOD.trim_end_matches('1').to_owned(),
        ] {
            assert_eq!(read(&bad), None, "{bad}");
        }
    }

    /// a trace goes on only where the contract says so.
    #[test]
    fn a_trace_is_dropped_begun_anew_or_forwarded() {
        let traced =
            || head(&[("traceparent", GOOD), ("tracestate", "a=1, b=2"), ("tracestate", "c=3")]);
        let mut headers = traced();
        assert_eq!(take(&mut headers, Trace::Off, || 7), None);
        assert!(headers.is_empty());
        let mut headers = traced();
        assert_eq!(take(&mut headers, Trace::Restart, || 7), Some(Context { trace: 7, flags: 1 }));
        assert!(headers.is_empty());
        assert_eq!(take(&mut head(&[]), Trace::Restart, || 7), None, "nobody traces this call");
        let mut headers = traced();
        let same = take(&mut headers, Trace::Forward, || 7).unwrap();
        assert_eq!(same, Context::read(GOOD.as_bytes()).unwrap());
        assert_eq!(headers.get("tracestate").unwrap(), "a=1,b=2,c=3");
        let mut twice =
            head(&[("traceparent", GOOD), ("traceparent", GOOD), ("tracestate", "a=1")]);
        let begun = take(&mut twice, Trace::Forward, || 7);
        assert_eq!((begun, twice.is_empty()), (Some(Context { trace: 7, flags: 0 }), true));
    }

    #[test]
    fn a_state_with_one_bad_member_is_dropped_whole() {
        for good in [
            "a=1",
            "0a=1",
            "a@b=x y",
            "a@=1",
            "a@@b@c=1",
            "a=1,,b=2 ",
            "a_-*/=!~",
            &format!("{}=1", "k".repeat(256)),
        ] {
            assert!(state(&head(&[("tracestate", good)])).is_some(), "{good}");
        }
        let many = (0..33).map(|n| format!("k{n}=1")).collect::<Vec<_>>().join(",");
        for bad in ["a", "A=1", "=1", "a=", "a=b=c", "@a=1", "a b=1", "", &many] {
            assert!(state(&head(&[("tracestate", bad)])).is_none(), "{bad}");
        }
        assert!(state(&head(&[("tracestate", &format!("{}=1", "k".repeat(257)))])).is_none());
    }

    #[test]
    fn every_attempt_has_an_id_of_its_own_in_the_same_trace() {
        let (dice, call) = (Dice::new(5), CallId(9));
        let context = Context { trace: fresh(dice, call), flags: 1 };
        let [one, two] = [AttemptNo::FIRST, AttemptNo::FIRST.next()]
            .map(|attempt| context.parent(dice, call, attempt));
        let [one, two] = [one.to_str().unwrap(), two.to_str().unwrap()];
        assert_eq!((one.get(..36), one.get(52..)), (two.get(..36), two.get(52..)));
        assert_ne!(one, two);
        assert_eq!(Context::read(one.as_bytes()), Some(context));
    }
}
