//! Points in time and durations as providers write them; all read, none guessed.

use std::time::{Duration, UNIX_EPOCH};

/// Milliseconds since the epoch of an HTTP-date in any of its three formats (RFC 9110 section 5.6.7).
///
/// `wall` decides the century of a two-digit year: more than 50 years ahead means the past one.
pub(super) fn http(text: &str, wall_ms: u64) -> Option<u64> {
    let text = text.trim();
    let ms = match text.split_once(", ") {
        // A day name of more than three letters is the obsolete format with a two-digit year.
        Some((day, rest)) if day.len() > 3 => rfc850(day, rest, wall_ms)?,
        Some(_) | None => {
            let time = httpdate::parse_http_date(text).ok()?;
            time.duration_since(UNIX_EPOCH).ok()?.as_millis().try_into().ok()?
        }
    };
    Some(ms)
}

/// `06-Nov-94 08:49:37 GMT` behind its day name.
fn rfc850(day_name: &str, rest: &str, wall_ms: u64) -> Option<u64> {
    const DAYS: [&str; 7] =
        ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    if !DAYS.contains(&day_name) {
        return None;
    }
    let (date, time) = rest.strip_suffix(" GMT")?.split_once(' ')?;
    let mut parts = date.split('-');
    let day = fixed(parts.next()?, 2)?;
    let name = parts.next()?;
    let month = MONTHS.iter().zip(1..).find(|(month, _)| **month == name)?.1;
    let short = fixed(parts.next()?, 2)?;
    if parts.next().is_some() {
        return None;
    }
    let this_year = civil_year(wall_ms);
    let century = this_year - this_year % 100;
    let year = century + short;
    let year = if year > this_year + 50 { year - 100 } else { year };
    milliseconds((year, month, day), clock_time(time)?)
}

/// Milliseconds since the epoch of a date of RFC 3339.
pub(super) fn rfc3339(text: &str) -> Option<u64> {
    let text = text.trim();
    let (date, rest) = (text.get(..10)?, text.get(11..)?);
    if !matches!(text.as_bytes().get(10), Some(b'T' | b't' | b' ')) {
        return None;
    }
    let mut parts = date.split('-');
    let (year, month, day) =
        (fixed(parts.next()?, 4)?, fixed(parts.next()?, 2)?, fixed(parts.next()?, 2)?);
    let base = milliseconds((year, month, day), clock_time(rest.get(..8)?)?)?;
    let mut rest = rest.get(8..)?;
    let mut fraction = 0;
    if let Some(digits) = rest.strip_prefix('.') {
        let end = digits.find(|c: char| !c.is_ascii_digit())?;
        fraction = thousandths(digits.get(..end)?)?;
        rest = digits.get(end..)?;
    }
    let local = base.checked_add(fraction)?;
    let (sign, offset) = match rest.split_at_checked(1)? {
        ("Z" | "z", "") => return Some(local),
        (sign @ ("+" | "-"), offset) => (sign, offset),
        _ => return None,
    };
    let (hours, minutes) = offset.split_once(':')?;
    let (hours, minutes) = (fixed(hours, 2)?, fixed(minutes, 2)?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let shift = u64::try_from(hours * 60 + minutes).ok()? * 60_000;
    if sign == "+" { local.checked_sub(shift) } else { local.checked_add(shift) }
}

/// A duration such as `6m0s`, `1h2m3.5s`, `20ms`: every number with its unit.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(end);
        let value = decimal(number)?;
        let unit_end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, behind) = tail.split_at(unit_end);
        total += value
            * match unit {
                "d" => 86_400.0,
                "h" => 3_600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "us" | "µs" => 1e-6,
                "ns" => 1e-9,
                _ => return None,
            };
        rest = behind;
    }
    seconds(total)
}

/// A number of digits with at most one dot; no sign, no exponent, no `inf`, no `NaN`.
pub(super) fn decimal(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let digits = text.bytes().any(|byte| byte.is_ascii_digit());
    if plain && digits { text.parse().ok() } else { None }
}

/// Seconds as a duration, rounded up so that it is never early.
pub(super) fn seconds(value: f64) -> Option<Duration> {
    let nanos = (value * 1e9).ceil();
    // Whole seconds in a double are exact up to here; beyond it the value is absurd anyway.
    if !(0.0..=9e15).contains(&value) {
        return None;
    }
    if value.fract() == 0.0 {
        return Duration::try_from_secs_f64(value).ok();
    }
    Duration::try_from_secs_f64(nanos / 1e9).ok()
}

fn clock_time(text: &str) -> Option<u64> {
    let mut parts = text.split(':');
    let (hour, minute, second) =
        (fixed(parts.next()?, 2)?, fixed(parts.next()?, 2)?, fixed(parts.next()?, 2)?);
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    u64::try_from((hour * 60 + minute) * 60 + second).ok().map(|seconds| seconds * 1000)
}

/// Exactly so many digits.
fn fixed(text: &str, digits: usize) -> Option<i64> {
    let plain = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// The first three digits of a fraction, rounded up.
fn thousandths(digits: &str) -> Option<u64> {
    decimal(&format!("0.{digits}")).map(|value| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a fraction below one gives at most 1000"
        )]
        let thousandths = (value * 1000.0).ceil() as u64;
        thousandths
    })
}

/// Days-from-civil of Howard Hinnant's "chrono-compatible low-level date algorithms".
fn milliseconds((year, month, day): (i64, i64, i64), of_day_ms: u64) -> Option<u64> {
    let longest = match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=longest).contains(&day) {
        return None;
    }
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    u64::try_from(days).ok()?.checked_mul(86_400_000)?.checked_add(of_day_ms)
}

/// The year of a time, near enough for a century (a year is 365.2425 days).
fn civil_year(ms: u64) -> i64 {
    1970 + i64::try_from(ms / 31_556_952_000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOV_2026: u64 = 1_795_470_000_000;

    /// the three formats of one moment, from RFC 9110 section 5.6.7.
    #[test]
    fn all_three_formats_are_one_moment() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(http(text, NOV_2026), Some(784_111_777_000), "{text}");
        }
    }

    /// more than 50 years ahead means the past century.
    #[test]
    fn a_two_digit_year_is_at_most_fifty_years_ahead() {
        let year = |text: &str| http(text, NOV_2026).map(civil_year);
        assert_eq!(year("Friday, 31-Dec-27 12:00:00 GMT"), Some(2027));
        assert_eq!(year("Thursday, 01-Jul-76 12:00:00 GMT"), Some(2076));
        assert_eq!(year("Friday, 01-Jul-77 12:00:00 GMT"), Some(1977));
        assert_eq!(year("Thursday, 01-Jul-99 12:00:00 GMT"), Some(1999));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "yesterday",
            "Sunday, 32-Nov-94 08:49:37 GMT",
            "Sunday, 30-Feb-94 08:49:37 GMT",
            "Sunday, 06-Nov-94 24:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 CET",
            "Someday, 06-Nov-94 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37",
            "06 Nov 1994",
        ] {
            assert_eq!(http(text, NOV_2026), None, "{text}");
        }
    }

    #[test]
    fn rfc3339_is_read_with_fraction_and_offset() {
        for (text, expected) in [
            ("1994-11-06T08:49:37Z", Some(784_111_777_000)),
            ("1994-11-06t08:49:37z", Some(784_111_777_000)),
            ("1994-11-06T08:49:37.5Z", Some(784_111_777_500)),
            ("1994-11-06T08:49:37.0001Z", Some(784_111_777_001)),
            ("1994-11-06T09:49:37+01:00", Some(784_111_777_000)),
            ("1994-11-06T03:19:37-05:30", Some(784_111_777_000)),
            ("2000-02-29T00:00:00Z", Some(951_782_400_000)),
            ("1900-02-29T00:00:00Z", None),
            ("1994-11-06", None),
            ("1994-11-06T08:49:37", None),
            ("1994-11-06T08:49:37+0100", None),
            ("1994-13-06T08:49:37Z", None),
        ] {
            assert_eq!(rfc3339(text), expected, "{text}");
        }
    }

    #[test]
    fn durations_carry_their_units() {
        for (text, expected_ms) in [
            ("1s", Some(1_000)),
            ("6m0s", Some(360_000)),
            ("20ms", Some(20)),
            ("1h2m3.5s", Some(3_723_500)),
            ("1d", Some(86_400_000)),
            ("0s", Some(0)),
            ("12", None),
            ("", None),
            ("s", None),
            ("1y", None),
            ("-1s", None),
            ("1.2.3s", None),
        ] {
            assert_eq!(duration(text), expected_ms.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn only_plain_numbers_are_numbers() {
        for text in ["NaN", "inf", "-1", "1e3", "+1", " 1", "", ".", "1.2.3", "0x1"] {
            assert_eq!(decimal(text), None, "{text}");
        }
        assert_eq!(decimal("2.0"), Some(2.0));
        assert_eq!(decimal("007"), Some(7.0));
    }

    proptest! {
        #[test]
        fn no_text_breaks_a_reader(text: String) {
            let _ = (http(&text, NOV_2026), rfc3339(&text), duration(&text), decimal(&text));
        }

        /// Every moment survives being written and read.
        #[test]
        fn a_written_date_is_read_back(secs in 0_u64..4_000_000_000) {
            let text = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(secs));
            prop_assert_eq!(http(&text, NOV_2026), Some(secs * 1000));
        }
    }
}
