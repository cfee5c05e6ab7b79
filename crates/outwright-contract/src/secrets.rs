//! Finds literal secrets in text: known prefixes first, then long tokens that look drawn by lot.

use std::ops::Range;

/// Prefixes that providers give to their secrets, with the fewest further bytes that make one.
///
/// From the providers' own documentation and their secret-scanning programmes; public and test keys count, since they too belong into a source.
const PREFIXES: &[(&str, usize)] = &[
    ("sk_live_", 10),
    ("sk_test_", 10),
    ("rk_live_", 10),
    ("rk_test_", 10),
    ("whsec_", 10),
    ("sk-ant-", 16),
    ("sk-proj-", 16),
    ("sk-", 32),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("xoxb-", 10),
    ("xoxp-", 10),
    ("xoxa-", 10),
    ("xapp-", 10),
    ("shpat_", 16),
    ("shpss_", 16),
    ("AKIA", 16),
    ("ASIA", 16),
    ("AIza", 30),
    ("ya29.", 20),
    ("eyJ", 40),
    ("SG.", 30),
    ("pat-na1-", 20),
    ("pat-eu1-", 20),
    ("dop_v1_", 20),
    ("npm_", 30),
    ("hvs.", 20),
];

/// Fewest bytes of a token without a known prefix (chosen: shorter ones are too often plain names).
const TOKEN_BYTES_MIN: usize = 32;
/// Fewest bits per byte of such a token (chosen: hex digests of 32 bytes lie below, base64 keys above).
const ENTROPY_BITS_MIN: f64 = 4.2;

/// Overwrites every literal secret with `*`; says where they stood.
pub(crate) fn mask(text: String) -> (String, Vec<Range<usize>>) {
    let mut found = Vec::new();
    private_keys(&text, &mut found);
    tokens(&text, &mut found);
    passwords(&text, &mut found);
    found.sort_by_key(|range| (range.start, range.end));
    found.dedup();
    if found.is_empty() {
        return (text, found);
    }
    let mut bytes = text.into_bytes();
    for range in &found {
        for byte in bytes.get_mut(range.clone()).unwrap_or_default() {
            if !matches!(*byte, b'\n' | b'\r') {
                *byte = b'*';
            }
        }
    }
    let masked = String::from_utf8(bytes).expect("whole tokens were overwritten with ASCII");
    (masked, found)
}

/// PEM blocks, from their first line to their last.
fn private_keys(text: &str, found: &mut Vec<Range<usize>>) {
    let mut from = 0;
    while let Some(start) = text.get(from..).and_then(|rest| rest.find("-----BEGIN ")) {
        let start = from + start;
        let rest = text.get(start..).unwrap_or_default();
        let head = rest.lines().next().unwrap_or_default();
        let length = rest.find("-----END ").map_or(rest.len(), |at| at + "-----END ".len());
        if head.contains("PRIVATE KEY") {
            found.push(start..start + length);
        }
        from = start + length.max(1);
    }
}

fn tokens(text: &str, found: &mut Vec<Range<usize>>) {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | '=');
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), '\n')]) {
        match (start, inside(c)) {
            (None, true) => start = Some(at),
            (Some(first), false) => {
                if text.get(first..at).is_some_and(secret_token) {
                    found.push(first..at);
                }
                start = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }
}

fn secret_token(token: &str) -> bool {
    let known = PREFIXES.iter().any(|(prefix, rest)| {
        token.strip_prefix(prefix).is_some_and(|tail| {
            tail.len() >= *rest
                && tail.bytes().any(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        })
    });
    known || random(token)
}

/// Whether a token mixes capitals, small letters and digits as a generator does and a person does not.
fn random(token: &str) -> bool {
    let has = |test: fn(&u8) -> bool| token.as_bytes().iter().any(test);
    token.len() >= TOKEN_BYTES_MIN
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && entropy(token) >= ENTROPY_BITS_MIN
}

/// Bits per byte (Shannon).
fn entropy(token: &str) -> f64 {
    let mut counts = [0_u32; 128];
    for byte in token.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let total = u32::try_from(token.len()).map_or(f64::MAX, f64::from);
    let share = |count: u32| f64::from(count) / total;
    counts.iter().filter(|c| **c > 0).map(|c| -share(*c) * share(*c).log2()).sum()
}

/// `scheme://user:password@host`: the password.
fn passwords(text: &str, found: &mut Vec<Range<usize>>) {
    for (at, mark) in text.match_indices("://") {
        let start = at + mark.len();
        let rest = text.get(start..).unwrap_or_default();
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '?' | '#' | ','));
        let authority = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        if let Some((user, _)) = authority.rsplit_once('@')
            && let Some(colon) = user.find(':')
            && colon + 1 < user.len()
        {
            found.push(start + colon + 1..start + user.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, masked: &str) {
        assert_eq!(mask(text.to_owned()).0, masked, "{text}");
    }

    #[test]
    fn secrets_are_masked_and_names_are_not() {
        check("key: sk_live_4eC39HqLyjWD", "key: ********************");
        check(
            "url: https://me:hunter2@api.example.com/x",
            "url: https://me:*******@api.example.com/x",
        );
        check("k: wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY1", &format!("k: {}", "*".repeat(39)));
        check("file: /run/secrets/stripe-test", "file: /run/secrets/stripe-test");
        check("a_rather_long_name_of_an_operation_2", "a_rather_long_name_of_an_operation_2");
        check("d: 0123456789abcdef0123456789abcdef", "d: 0123456789abcdef0123456789abcdef");
        check("u: https://docs.example.com/api/v2", "u: https://docs.example.com/api/v2");
    }
}
