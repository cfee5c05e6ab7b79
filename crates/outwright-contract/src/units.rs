//! Units as contracts write them: durations, ratios, sizes, dates, networks.

use std::net::IpAddr;
use std::time::Duration;

use outwright_core::provider::Network;

/// The longest duration that a contract may state: ten years.
const DURATION_MAX: u64 = 3650 * 24 * 3600;

/// `250ms`, `1s`, `10m`, `24h`, `30d`; whole numbers only.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    if unit.is_empty() && digits > 0 {
        return Err(format!("a duration needs its unit: `{text}s` or `{text}ms`"));
    }
    let number: u64 = number.parse().map_err(|_| {
        "a duration is a whole number and a unit, such as 250ms, 1s, 10m, 24h, 30d".to_owned()
    })?;
    let seconds = |by: u64| {
        number
            .checked_mul(by)
            .filter(|s| *s <= DURATION_MAX)
            .map(Duration::from_secs)
            .ok_or_else(|| "longer than ten years".to_owned())
    };
    match unit {
        "ms" if number <= DURATION_MAX => Ok(Duration::from_millis(number)),
        "ms" => Err("longer than ten years".to_owned()),
        "s" => seconds(1),
        "m" => seconds(60),
        "h" => seconds(3600),
        "d" => seconds(24 * 3600),
        other => Err(format!("unknown unit `{other}`: use ms, s, m, h or d")),
    }
}

/// A duration as a contract would write it.
pub(crate) fn show(duration: Duration) -> String {
    let ms = duration.as_millis();
    match ms {
        0 => "0ms".to_owned(),
        _ if ms.is_multiple_of(86_400_000) => format!("{}d", ms / 86_400_000),
        _ if ms.is_multiple_of(3_600_000) => format!("{}h", ms / 3_600_000),
        _ if ms.is_multiple_of(60_000) => format!("{}m", ms / 60_000),
        _ if ms.is_multiple_of(1000) => format!("{}s", ms / 1000),
        _ => format!("{ms}ms"),
    }
}

/// `20%` or `99.9%`, as a share of one in `[0, 1]`.
pub(crate) fn ratio(text: &str) -> Result<f64, String> {
    let help = || "a ratio is a percentage from 0% to 100%, such as 20% or 99.9%".to_owned();
    let number = text.strip_suffix('%').ok_or_else(help)?;
    let plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let value: f64 = number.parse().ok().filter(|_| plain).ok_or_else(help)?;
    if (0.0..=100.0).contains(&value) { Ok(value / 100.0) } else { Err(help()) }
}

/// `64KiB`, `8MiB`, `512B`.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    let help = || "a size is a whole number and a unit: B, KiB, MiB or GiB".to_owned();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| help())?;
    let shift = match unit {
        "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return Err(help()),
    };
    number
        .checked_mul(1 << shift)
        .filter(|n| *n <= 1 << 40)
        .ok_or_else(|| "more than 1024GiB".to_owned())
}

/// An amount of money.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Money {
    pub(crate) amount: f64,
    /// Three capital letters (ISO 4217).
    pub(crate) currency: String,
}

/// `0.05 USD`, `500 EUR`.
pub(crate) fn money(text: &str) -> Result<Money, String> {
    let help = || "money is an amount and a currency, such as `0.05 USD` or `500 EUR`".to_owned();
    let (number, currency) = text.split_once(' ').ok_or_else(help)?;
    let plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let amount: f64 = number.parse().ok().filter(|_| plain).ok_or_else(help)?;
    if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_uppercase()) {
        return Err(help());
    }
    Ok(Money { amount, currency: currency.to_owned() })
}

/// A day of the calendar, in days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i64);

impl Date {
    /// From days since 1970-01-01.
    #[must_use]
    pub const fn from_days(days: i64) -> Self {
        Self(days)
    }

    /// From seconds since the Unix epoch.
    #[must_use]
    pub const fn from_unix(seconds: u64) -> Self {
        Self((seconds / 86_400).cast_signed())
    }

    /// Whole days from `earlier` to this day.
    #[must_use]
    pub const fn days_since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }
}

impl std::fmt::Display for Date {
    /// As a contract writes it (H. Hinnant, `civil_from_days`).
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let days = self.0 + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// `2026-11-01`.
pub(crate) fn date(text: &str) -> Result<Date, String> {
    let help = || "a date is YYYY-MM-DD".to_owned();
    let mut parts = text.split('-');
    let mut next = |length: usize| {
        parts
            .next()
            .filter(|p| p.len() == length)
            .and_then(|p| p.parse::<u16>().ok())
            .ok_or_else(help)
    };
    let (year, month, day) = (i64::from(next(4)?), next(2)?, next(2)?);
    if parts.next().is_some() {
        return Err(help());
    }
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let days_of = |month: u16| match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    if day == 0 || day > days_of(month) || year < 1970 {
        return Err("no such day".to_owned());
    }
    let before = (1..month).map(|m| i64::from(days_of(m))).sum::<i64>();
    let y = year - 1;
    let years = y * 365 + y / 4 - y / 100 + y / 400;
    Ok(Date(years - 719_162 + before + i64::from(day) - 1))
}

/// `10.1.0.0/16`, `::1/128`, or one address.
pub(crate) fn network(text: &str) -> Result<Network, String> {
    let help = || "a network is an address with a prefix, such as 10.1.0.0/16".to_owned();
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| help())?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.map_or(Ok(longest), |p| p.parse::<u8>().map_err(|_| help()))?;
    if prefix > longest {
        return Err(help());
    }
    Ok(Network { address, prefix })
}

/// A JSON pointer (RFC 6901) to something inside of a document; `*` stands for each element of a list.
pub(crate) fn pointer(text: &str) -> Result<(), String> {
    let escaped = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    if text.starts_with('/') && escaped {
        return Ok(());
    }
    Err("a JSON pointer starts with `/`, as in `/next_url` or `/items/*/url`; `~` is written `~0`, and `/` inside of a name `~1`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_starts_at_the_top_and_escapes_its_signs() {
        for good in ["/a", "/a/*/b", "/a~1b/~0", "/"] {
            assert!(pointer(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "$.a", "/a~", "/a~2", "https://x"] {
            assert!(pointer(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("30d"), Ok(Duration::from_secs(30 * 86_400)));
        for bad in
            ["5", "", "s", "1.5s", "-1s", "1 s", "1S", "1w", "99999999999999999999s", "9999999d"]
        {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_shown_reads_back() {
        for text in ["1ms", "1500ms", "7s", "10m", "24h", "30d"] {
            let read = duration(text).unwrap();
            assert_eq!(duration(&show(read)), Ok(read), "{text}");
        }
    }

    #[test]
    fn ratios_sizes_dates_and_networks_are_strict() {
        assert_eq!(ratio("20%"), Ok(0.2));
        assert_eq!(bytes("64KiB"), Ok(65_536));
        assert_eq!(date("1970-01-01"), Ok(Date(0)));
        assert_eq!(date("2026-11-23"), Ok(Date(20_780)));
        for day in ["1970-01-01", "2000-02-29", "2026-11-23", "2027-03-01", "2100-12-31"] {
            assert_eq!(date(day).map(|date| date.to_string()).as_deref(), Ok(day));
        }
        assert_eq!(network("10.1.0.0/16").map(|n| n.prefix), Ok(16));
        assert_eq!(money("0.05 USD").map(|m| m.amount), Ok(0.05));
        for bad in ["5", "USD 5", "5 usd", "5 US", "-5 USD", "1e3 USD", "5  USD", " USD"] {
            assert!(money(bad).is_err(), "{bad}");
        }
        for bad in ["20", "120%", "-1%", "1e1%", "%", "NaN%"] {
            assert!(ratio(bad).is_err(), "{bad}");
        }
        for bad in ["64", "64kb", "9999999GiB"] {
            assert!(bytes(bad).is_err(), "{bad}");
        }
        for bad in ["2026-02-29", "2026-13-01", "26-01-01", "2026-1-1", "2026-01-01-01"] {
            assert!(date(bad).is_err(), "{bad}");
        }
        for bad in ["10.1.0.0/33", "localhost", "10.1/16"] {
            assert!(network(bad).is_err(), "{bad}");
        }
    }
}
