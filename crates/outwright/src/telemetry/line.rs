//! One line of the access log: what is fixed per operation is written once at start, the rest without an allocation.
//!
//! Nothing that a caller or a provider wrote gets into a line: no path, query, field, key or body.

use std::time::Duration;

use outwright_core::cache::Shown;
use outwright_core::event::Would;
use outwright_core::outcome::{AttemptNo, Class};
use outwright_core::provider::{Operation, Priority, Provider};
use outwright_core::time::Mono;

use super::Ended;
use super::record::{Attempt, Instead, Outcome, Record};
use super::stamp::Stamp;

// Every piece that is appended costs a look at the room that is left, so what stands together is appended together:
// a piece that ends in an open quote is closed by the next one.

/// The parts of a line that are the same for every call of an operation: from the end of the time to the call's id.
#[derive(Debug)]
pub(crate) struct Fixed(Box<[u8]>);

impl Fixed {
    /// Those of one operation.
    pub(crate) fn new(provider: &Provider, operation: &Operation) -> Self {
        let mut text = b"\"".to_vec();
        for (key, value) in [
            ("event", "outwright.call"),
            ("outwright.schema", "call/1"),
            ("contract", &*provider.digest),
            ("provider", &*provider.name),
            ("operation", &*operation.name),
            ("http.request.method", operation.method.as_str()),
            ("url.template", &*operation.template),
            ("server.address", &*provider.base.host),
        ] {
            text.extend_from_slice(b",\"");
            text.extend_from_slice(key.as_bytes());
            text.extend_from_slice(b"\":");
            push_json(&mut text, value);
        }
        text.extend_from_slice(b",\"call\":\"");
        Self(text.into())
    }
}

/// Appends the line of a call that was over at `ended`.
pub(super) fn push_call(
    line: &mut Vec<u8>,
    stamp: &mut Stamp,
    fixed: &Fixed,
    record: &Record,
    Ended { at: ended, overhead }: Ended,
) {
    line.extend_from_slice(b"{\"ts\":\"");
    stamp.push(line, record.arrived.wall.millis());
    line.extend_from_slice(&fixed.0);
    line.extend_from_slice(&record.call.hex());
    let well = record.outcome == Outcome::Success && record.status == 200;
    if well {
        push_millis(line, WENT_WELL, record.age(ended));
    } else {
        line.extend_from_slice(b"\",\"outcome\":\"");
        line.extend_from_slice(record.outcome.word().as_bytes());
        line.push(b'"');
        push_status(line, record.status);
        push_millis(line, b",\"duration_ms\":", record.age(ended));
    }
    push_millis(line, b",\"overhead_ms\":", overhead);
    if let Some(caller) = &record.caller {
        line.extend_from_slice(b",\"caller\":");
        push_json(line, caller.name());
    }
    if let Some(timeout) = record.timeout {
        push_millis(line, b",\"caller_timeout_ms\":", timeout);
    }
    line.extend_from_slice(priority(record.priority));
    if record.request_bytes == 0 {
        push_number(line, b"0,\"http.response.body.size\":", record.response_bytes);
    } else {
        push_number(line, b"", record.request_bytes);
        push_number(line, b",\"http.response.body.size\":", record.response_bytes);
    }
    if record.queued.is_zero() && record.backoff.is_zero() {
        line.extend_from_slice(b",\"waits_ms\":{\"queue\":0,\"backoff\":0},\"attempts\":[");
    } else {
        push_millis(line, b",\"waits_ms\":{\"queue\":", record.queued);
        push_millis(line, b",\"backoff\":", record.backoff);
        line.extend_from_slice(b"},\"attempts\":[");
    }
    for (index, attempt) in record.attempts.iter().enumerate() {
        if index > 0 {
            line.push(b',');
        }
        push_attempt(line, attempt, record.arrived.mono, ended);
    }
    line.push(b']');
    if !well || record.instead.is_some() || record.would.is_some() {
        push_why(line, record);
    }
    line.extend_from_slice(b"}\n");
}

/// Appends what explains a call that did not go well, or that had to do with kept replies.
fn push_why(line: &mut Vec<u8>, record: &Record) {
    if let Some(effect) = record.effect {
        push_word(line, b",\"effect\":\"", effect.word());
    }
    if let Some(reason) = record.refused {
        push_word(line, b",\"refused\":\"", reason.word());
    }
    if let Some(skip) = record.skipped {
        push_word(line, b",\"retry_skipped\":\"", skip.word());
    }
    if let Some(would) = record.would {
        push_word(line, b",\"would\":\"", would.word());
        if let Would::Refuse(reason) | Would::Queue(reason) = would {
            push_word(line, b",\"would_reason\":\"", reason.word());
        }
    }
    if let Some(instead) = record.instead.as_deref() {
        push_instead(line, instead);
    }
}

fn push_instead(line: &mut Vec<u8>, instead: &Instead) {
    match instead {
        Instead::Stale { age, .. } => {
            push_word(line, b",\"degraded\":\"", instead.word());
            push_millis(line, b",\"age_ms\":", *age);
        }
        Instead::Static => push_word(line, b",\"degraded\":\"", instead.word()),
        Instead::Kept | Instead::Unkept => push_word(line, b",\"cache\":\"", instead.word()),
        Instead::Joined(leader) => {
            line.extend_from_slice(b",\"joined\":\"");
            line.extend_from_slice(&leader.hex());
            line.push(b'"');
        }
        Instead::Nothing(shown) => {
            push_word(line, b",\"fallback_skipped\":\"", instead.word());
            if let Shown::Barred(directive) = shown {
                push_word(line, b",\"directive\":\"", directive.word());
            }
        }
    }
}

/// Appends the line of a request that the door turned away before any operation was found.
pub(crate) fn push_turned_away(
    line: &mut Vec<u8>,
    stamp: &mut Stamp,
    wall_millis: u64,
    (provider, problem, status): (Option<&str>, &str, u16),
) {
    line.extend_from_slice(b"{\"ts\":\"");
    stamp.push(line, wall_millis);
    line.extend_from_slice(
        b"\",\"event\":\"outwright.turned_away\",\"outwright.schema\":\"call/1\"",
    );
    if let Some(provider) = provider {
        line.extend_from_slice(b",\"provider\":");
        push_json(line, provider);
    }
    push_word(line, b",\"outcome\":\"rejected\",\"problem\":\"", problem);
    push_status(line, status);
    line.extend_from_slice(b"}\n");
}

/// Appends the status that a caller got; in process an answer of our own has none.
fn push_status(line: &mut Vec<u8>, status: u16) {
    if status > 0 {
        push_number(line, b",\"http.response.status_code\":", u64::from(status));
    }
}

/// Appends a line that says how many lines before it were lost.
pub(crate) fn push_dropped(line: &mut Vec<u8>, lines: u64) {
    line.extend_from_slice(b"{\"event\":\"outwright.log_dropped\"");
    push_number(line, b",\"dropped_since\":", lines);
    line.extend_from_slice(b"}\n");
}

/// From the id of a call that went well to how long it took: most lines have it.
const WENT_WELL: &[u8] =
    b"\",\"outcome\":\"success\",\"http.response.status_code\":200,\"duration_ms\":";

/// From the priority of a call to the size of its body.
const fn priority(priority: Priority) -> &'static [u8] {
    match priority {
        Priority::Critical => b",\"priority\":\"critical\",\"http.request.body.size\":",
        Priority::Default => b",\"priority\":\"default\",\"http.request.body.size\":",
        Priority::Background => b",\"priority\":\"background\",\"http.request.body.size\":",
    }
}

fn push_attempt(line: &mut Vec<u8>, attempt: &Attempt, arrived: Mono, ended: Mono) {
    let at = attempt.started.since(arrived);
    if attempt.number == AttemptNo::FIRST {
        push_millis(line, b"{\"n\":1,\"at_ms\":", at);
    } else {
        push_number(line, b"{\"n\":", u64::from(attempt.number.number()));
        push_millis(line, b",\"at_ms\":", at);
    }
    push_millis(line, b",\"ms\":", attempt.ended.unwrap_or(ended).since(attempt.started));
    if attempt.status == Some(200) && attempt.class == Some(Class::Success) {
        line.extend_from_slice(b",\"status\":200,\"class\":\"success\"");
    } else {
        if let Some(status) = attempt.status {
            push_number(line, b",\"status\":", u64::from(status));
        }
        if let Some(class) = attempt.class {
            push_word(line, b",\"class\":\"", class.word());
        }
    }
    if let Some(fault) = attempt.fault {
        push_word(line, b",\"error.type\":\"", fault.word());
    }
    line.push(b'}');
}

/// Appends `before`, a word that needs no escape, and the closing quote.
fn push_word(line: &mut Vec<u8>, before: &[u8], word: &str) {
    line.extend_from_slice(before);
    line.extend_from_slice(word.as_bytes());
    line.push(b'"');
}

fn push_number(line: &mut Vec<u8>, before: &[u8], number: u64) {
    line.extend_from_slice(before);
    line.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends a duration in milliseconds with three decimals.
fn push_millis(line: &mut Vec<u8>, before: &[u8], duration: Duration) {
    line.extend_from_slice(before);
    let micros = duration.subsec_micros();
    let millis = duration.as_secs().saturating_mul(1_000).saturating_add(u64::from(micros / 1_000));
    if millis == 0 && micros == 0 {
        line.push(b'0');
        return;
    }
    let part = [b'.', digit(micros / 100), digit(micros / 10), digit(micros)];
    if millis < 10 {
        let [point, tenths, hundredths, thousandths] = part;
        let whole = digit(micros / 1_000);
        line.extend_from_slice(&[whole, point, tenths, hundredths, thousandths]);
    } else {
        line.extend_from_slice(itoa::Buffer::new().format(millis).as_bytes());
        line.extend_from_slice(&part);
    }
}

/// The last decimal digit.
const fn digit(value: u32) -> u8 {
    b'0' + (value % 10) as u8
}

/// Appends a JSON string of any text.
fn push_json(line: &mut Vec<u8>, text: &str) {
    line.push(b'"');
    for character in text.chars() {
        match character {
            '"' => line.extend_from_slice(b"\\\""),
            '\\' => line.extend_from_slice(b"\\\\"),
            control if control.is_control() => line.push(b'?'),
            plain => line.extend_from_slice(plain.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    line.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::{Fixed, push_call, push_dropped, push_json, push_millis, push_turned_away};
    use crate::telemetry::Ended;
    use crate::telemetry::record::{Attempt, Instead, Outcome, Record};
    use crate::telemetry::stamp::Stamp;
    use outwright_core::cache::{Directive, Shown};
    use outwright_core::outcome::{AttemptNo, Class, Effect, Fault};
    use outwright_core::provider::OpIndex;
    use outwright_core::step::{CallId, Skip};
    use outwright_core::time::{Mono, Now, Timestamp};
    use std::time::Duration;

    /// R-611.
    #[test]
    fn a_call_is_one_line_with_its_attempts_inside() {
        let wall = Timestamp::from_millis(1_763_794_846_123);
        let arrived = Now { mono: Mono::from_millis(10), wall };
        let mut record = Record::new(CallId(0x00c0_ffee), 0, OpIndex(0), arrived);
        let mut attempt = Attempt::new(AttemptNo::FIRST, Mono::from_millis(11));
        attempt.ended = Some(Mono::from_millis(511));
        attempt.class = Some(Class::Transient);
        attempt.fault = Some(Fault::FirstByteTimeout);
        record.attempts.push(attempt);
        record.timeout = Some(Duration::from_micros(2_500));
        record.request_bytes = 12;
        record.status = 504;
        record.outcome = Outcome::Unknown;
        record.effect = Some(Effect::Unknown);
        record.skipped = Some(Skip::Plan);
        let mut line = Vec::new();
        let fixed = Fixed(b"\",\"provider\":\"demo\",\"call\":\"".as_slice().into());
        let at = Mono::from_millis(512);
        let ended = Ended { at, overhead: record.overhead(at) };
        push_call(&mut line, &mut Stamp::new(), &fixed, &record, ended);
        let line = String::from_utf8(line).unwrap();
        assert_eq!(
            line,
            concat!(
                r#"{"ts":"2025-11-22T07:00:46.123Z","provider":"demo","call":"0000000000c0ffee","#,
                r#""outcome":"unknown","http.response.status_code":504,"duration_ms":502.000,"#,
                r#""overhead_ms":2.000,"caller_timeout_ms":2.500,"priority":"default","#,
                r#""http.request.body.size":12,"http.response.body.size":0,"#,
                r#""waits_ms":{"queue":0,"backoff":0},"#,
                r#""attempts":[{"n":1,"at_ms":1.000,"ms":500.000,"class":"transient","#,
                r#""error.type":"first_byte_timeout"}],"#,
                r#""effect":"unknown","retry_skipped":"not_idempotent"}"#,
                "\n"
            )
        );
        serde_json::from_str::<serde_json::Value>(&line).expect("a line is JSON");
    }

    #[test]
    fn what_was_shown_instead_is_told_with_its_age() {
        let tail = |instead| {
            let mut record = Record::new(CallId(1), 0, OpIndex(0), Now::default());
            record.instead = Some(Box::new(instead));
            let fixed = Fixed(b"\",\"call\":\"".as_slice().into());
            let (mut line, at) = (Vec::new(), Mono::ZERO);
            let ended = Ended { at, overhead: Duration::ZERO };
            push_call(&mut line, &mut Stamp::new(), &fixed, &record, ended);
            let line = String::from_utf8(line).unwrap();
            serde_json::from_str::<serde_json::Value>(&line).expect("a line is JSON");
            line.split_once("\"attempts\":[]").unwrap().1.trim_end().to_owned()
        };
        let (age, lifetime) = (Duration::from_secs(96), Duration::ZERO);
        let stale = tail(Instead::Stale { age, lifetime });
        assert_eq!(stale, r#","degraded":"stale","age_ms":96000.000}"#);
        assert_eq!(tail(Instead::Static), r#","degraded":"static"}"#);
        assert_eq!(tail(Instead::Kept), r#","cache":"kept"}"#);
        let old = tail(Instead::Nothing(Shown::TooOld));
        assert_eq!(old, r#","fallback_skipped":"too_old"}"#);
        let forbidden = tail(Instead::Nothing(Shown::Barred(Directive::Private)));
        assert_eq!(forbidden, r#","fallback_skipped":"forbidden","directive":"private"}"#);
    }

    /// What is written at once for a call that went well is what its parts would say.
    #[test]
    fn a_call_that_went_well_is_the_same_line() {
        let at = |micros: u64| Mono::from_nanos(micros * 1_000);
        let arrived = Now { mono: at(0), wall: Timestamp::from_millis(1_763_794_846_123) };
        let mut record = Record::new(CallId(0x00c0_ffee), 0, OpIndex(0), arrived);
        record.outcome = Outcome::Success;
        record.status = 200;
        record.response_bytes = 4;
        let mut attempt = Attempt::new(AttemptNo::FIRST, at(1_000));
        attempt.status = Some(200);
        attempt.class = Some(Class::Success);
        attempt.ended = Some(at(12_345));
        record.attempts.push(attempt);
        let fixed = Fixed(b"\",\"call\":\"".as_slice().into());
        let mut line = Vec::new();
        let ended = Ended { at: at(13_000), overhead: Duration::ZERO };
        push_call(&mut line, &mut Stamp::new(), &fixed, &record, ended);
        let expected = concat!(
            r#"{"ts":"2025-11-22T07:00:46.123Z","call":"0000000000c0ffee","outcome":"success","#,
            r#""http.response.status_code":200,"duration_ms":13.000,"overhead_ms":0,"#,
            r#""priority":"default","http.request.body.size":0,"http.response.body.size":4,"#,
            r#""waits_ms":{"queue":0,"backoff":0},"attempts":[{"n":1,"at_ms":1.000,"ms":11.345,"#,
            r#""status":200,"class":"success"}]}"#,
            "\n"
        );
        assert_eq!(String::from_utf8(line).unwrap(), expected);
    }

    #[test]
    fn other_lines_are_json_too() {
        let mut line = Vec::new();
        push_turned_away(&mut line, &mut Stamp::new(), 0, (Some("demo"), "host-foreign", 421));
        serde_json::from_slice::<serde_json::Value>(&line).expect("a line is JSON");
        line.clear();
        push_dropped(&mut line, 3);
        assert_eq!(line, b"{\"event\":\"outwright.log_dropped\",\"dropped_since\":3}\n");
    }

    /// R-532: what a contract's author wrote cannot break out of a line.
    #[test]
    fn text_is_escaped() {
        let mut line = Vec::new();
        push_json(&mut line, "a\"b\\c\nd\u{1b}e€");
        assert_eq!(String::from_utf8(line).unwrap(), "\"a\\\"b\\\\c?d?e€\"");
    }

    #[test]
    fn milliseconds_have_three_decimals() {
        let mut line = Vec::new();
        push_millis(&mut line, b"", Duration::from_nanos(1_234_567_890));
        assert_eq!(line, b"1234.567");
    }
}
