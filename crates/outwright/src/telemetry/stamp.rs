//! Times of the log as text: RFC 3339 in UTC with milliseconds, written without an allocation.

/// Writes timestamps and remembers the last second, since most lines share it with the one before.
#[derive(Debug)]
pub(crate) struct Stamp {
    second: u64,
    text: [u8; 20],
}

impl Stamp {
    /// One that has written nothing yet.
    pub(crate) const fn new() -> Self {
        // No second of the log is the last one that fits.
        Self { second: u64::MAX, text: *b"0000-00-00T00:00:00." }
    }

    /// Appends the time that is `millis` after the Unix epoch, such as `2026-11-22T07:00:46.123Z`.
    pub(crate) fn push(&mut self, line: &mut Vec<u8>, millis: u64) {
        let second = millis / 1_000;
        if second != self.second {
            self.second = second;
            self.text = second_text(second);
        }
        line.extend_from_slice(&self.text);
        let rest = millis % 1_000;
        line.extend_from_slice(&[digit(rest / 100), digit(rest / 10), digit(rest), b'Z']);
    }
}

/// A second of the epoch as `YYYY-MM-DDTHH:MM:SS.`.
fn second_text(second: u64) -> [u8; 20] {
    let (year, month, day) = civil(second / 86_400);
    let of_day = second % 86_400;
    let (hour, minute, sec) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    [
        digit(year / 1_000),
        digit(year / 100),
        digit(year / 10),
        digit(year),
        b'-',
        digit(month / 10),
        digit(month),
        b'-',
        digit(day / 10),
        digit(day),
        b'T',
        digit(hour / 10),
        digit(hour),
        b':',
        digit(minute / 10),
        digit(minute),
        b':',
        digit(sec / 10),
        digit(sec),
        b'.',
    ]
}

/// Year, month and day of a day since the epoch, in the proleptic Gregorian calendar.
///
/// Years are counted from March, so that the leap day is the last of its year; 400 years have 146,097 days.
const fn civil(days: u64) -> (u64, u64, u64) {
    let from_march_0000 = days + 719_468;
    let era = from_march_0000 / 146_097;
    let day_of_era = from_march_0000 % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

/// The last decimal digit of a number, as ASCII.
fn digit(number: u64) -> u8 {
    b'0' + u8::try_from(number % 10).expect("below ten")
}

#[cfg(test)]
mod tests {
    use super::Stamp;

    fn check(millis: u64, expected: &str) {
        let mut line = Vec::new();
        Stamp::new().push(&mut line, millis);
        assert_eq!(String::from_utf8_lossy(&line), expected);
    }

    #[test]
    fn times_read_as_rfc_3339() {
        check(0, "1970-01-01T00:00:00.000Z");
        check(951_782_400_007, "2000-02-29T00:00:00.007Z");
        check(1_709_251_199_999, "2024-02-29T23:59:59.999Z");
        check(1_763_794_846_123, "2025-11-22T07:00:46.123Z");
        check(4_107_542_400_000, "2100-03-01T00:00:00.000Z");
    }

    #[test]
    fn a_remembered_second_is_not_used_for_another() {
        let mut stamp = Stamp::new();
        let mut line = Vec::new();
        for millis in [999, 1_000, 1_001, 500] {
            line.clear();
            stamp.push(&mut line, millis);
        }
        assert_eq!(line, b"1970-01-01T00:00:00.500Z");
    }
}
