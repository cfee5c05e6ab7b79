//! `RateLimit` and `RateLimit-Policy` in their three generations, told apart by syntax.
//!
//! The drafts of the IETF's HTTPAPI group changed the type of these fields twice under the same names:
//! integers in fields of their own (00–06), one dictionary (07–08), a list of named strings (current).
//! Bad syntax means that the field is ignored, never half of it.

use std::time::Duration;

use http::HeaderMap;
use sfv::{BareItem, Dictionary, List, ListEntry, Parameters, Parser};

use super::quota::Quota;

/// What a provider announces of its windows (`RateLimit-Policy`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// The name of the policy; empty where the generation had none.
    pub name: Box<str>,
    /// How much it grants.
    pub quota: u64,
    /// In how much time.
    pub window: Option<Duration>,
    /// In what unit.
    pub unit: QuotaUnit,
}

/// What a quota counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuotaUnit {
    /// Requests.
    Requests,
    /// Bytes of content.
    ContentBytes,
    /// Requests at the same time.
    ConcurrentRequests,
}

/// What is left, in whichever generation the provider speaks (R-137, R-138).
pub(super) fn remaining(headers: &HeaderMap) -> Vec<Quota> {
    if from_cache(headers) {
        return Vec::new();
    }
    let Some(text) = joined(headers, "ratelimit") else { return integers(headers) };
    if let Ok(list) = Parser::new(&text).parse::<List>() {
        return list.iter().map(named).collect::<Option<_>>().unwrap_or_default();
    }
    Parser::new(&text)
        .parse::<Dictionary>()
        .ok()
        .and_then(|dictionary| {
            let value = |name: &str| {
                let entry = dictionary.iter().find(|(key, _)| key.as_str() == name)?.1;
                whole(item(entry)?.0)
            };
            Some(vec![Quota {
                name: Box::default(),
                limit: value("limit"),
                remaining: Some(value("remaining")?),
                reset: value("reset").map(Duration::from_secs),
            }])
        })
        .unwrap_or_default()
}

/// What is announced (R-136), current generation and the integer items before it.
pub(super) fn announced(headers: &HeaderMap) -> Vec<Announced> {
    let Some(text) = joined(headers, "ratelimit-policy") else { return Vec::new() };
    let Ok(list) = Parser::new(&text).parse::<List>() else { return Vec::new() };
    list.iter().map(policy).collect::<Option<_>>().unwrap_or_default()
}

fn policy(entry: &ListEntry) -> Option<Announced> {
    let (bare, parameters) = item(entry)?;
    let window = match parameter(parameters, "w") {
        None => None,
        Some(value) => Some(Duration::from_secs(whole(value).filter(|window| *window > 0)?)),
    };
    if let Some(quota) = whole(bare) {
        let (name, unit) = (Box::default(), QuotaUnit::Requests);
        return Some(Announced { name, quota, window, unit });
    }
    let name = bare.as_string()?.as_str().into();
    let quota = whole(parameter(parameters, "q")?)?;
    let unit = match parameter(parameters, "qu") {
        None => QuotaUnit::Requests,
        Some(value) => match value.as_string()?.as_str() {
            "requests" => QuotaUnit::Requests,
            "content-bytes" => QuotaUnit::ContentBytes,
            "concurrent-requests" => QuotaUnit::ConcurrentRequests,
            _ => return None,
        },
    };
    Some(Announced { name, quota, window, unit })
}

fn named(entry: &ListEntry) -> Option<Quota> {
    let (bare, parameters) = item(entry)?;
    let reset = match parameter(parameters, "t") {
        None => None,
        Some(value) => Some(Duration::from_secs(whole(value)?)),
    };
    Some(Quota {
        name: bare.as_string()?.as_str().into(),
        limit: None,
        remaining: Some(whole(parameter(parameters, "r")?)?),
        reset,
    })
}

/// Drafts 00–06: three fields of integers, the reset in seconds from now.
fn integers(headers: &HeaderMap) -> Vec<Quota> {
    let first = |name| {
        let text = joined(headers, name)?;
        // `RateLimit-Limit: 100, 100;w=60` repeats the limit with its windows.
        let list = Parser::new(&text).parse::<List>().ok()?;
        whole(item(list.first()?)?.0)
    };
    let Some(remaining) = first("ratelimit-remaining") else { return Vec::new() };
    vec![Quota {
        name: Box::default(),
        limit: first("ratelimit-limit"),
        remaining: Some(remaining),
        reset: first("ratelimit-reset").map(Duration::from_secs),
    }]
}

/// A reply from a cache tells of a quota as it was.
fn from_cache(headers: &HeaderMap) -> bool {
    let age = headers.get("age").and_then(|age| age.to_str().ok());
    age.and_then(|age| age.trim().parse::<u64>().ok()).is_some_and(|age| age > 0)
}

fn joined(headers: &HeaderMap, name: &'static str) -> Option<String> {
    let mut lines = headers.get_all(name).iter();
    let mut text = lines.next()?.to_str().ok()?.to_owned();
    for line in lines {
        text.push_str(", ");
        text.push_str(line.to_str().ok()?);
    }
    Some(text)
}

fn item(entry: &ListEntry) -> Option<(&BareItem, &Parameters)> {
    match entry {
        ListEntry::Item(item) => Some((&item.bare_item, &item.params)),
        ListEntry::InnerList(_) => None,
    }
}

fn parameter<'a>(parameters: &'a Parameters, name: &str) -> Option<&'a BareItem> {
    parameters.iter().find(|(key, _)| key.as_str() == name).map(|(_, value)| value)
}

fn whole(value: &BareItem) -> Option<u64> {
    value.as_integer().and_then(|value| u64::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::tests::headers;

    fn check(lines: &[(&str, &str)], expected: &[(&str, Option<u64>, u64, Option<u64>)]) {
        let expected: Vec<Quota> = expected
            .iter()
            .map(|(name, limit, left, reset)| Quota {
                name: (*name).into(),
                limit: *limit,
                remaining: Some(*left),
                reset: reset.map(Duration::from_secs),
            })
            .collect();
        assert_eq!(remaining(&headers(lines)), expected, "{lines:?}");
    }

    /// R-137, R-138: one name, three types.
    #[test]
    fn the_three_generations_are_told_apart() {
        check(&[("ratelimit", r#""default";r=50;t=30"#)], &[("default", None, 50, Some(30))]);
        check(
            &[("ratelimit", r#""a";r=1;t=2, "b";r=0"#)],
            &[("a", None, 1, Some(2)), ("b", None, 0, None)],
        );
        check(
            &[("ratelimit", r#""a";r=1"#), ("ratelimit", r#""b";r=2"#)],
            &[("a", None, 1, None), ("b", None, 2, None)],
        );
        check(
            &[("ratelimit", "limit=100, remaining=50, reset=5")],
            &[("", Some(100), 50, Some(5))],
        );
        check(
            &[
                ("ratelimit-limit", "100, 100;w=60"),
                ("ratelimit-remaining", "7"),
                ("ratelimit-reset", "9"),
            ],
            &[("", Some(100), 7, Some(9))],
        );
    }

    /// R-137: malformed means ignored, and so does a reply from a cache.
    #[test]
    fn bad_syntax_is_ignored_as_a_whole() {
        for text in [
            "default;r=50",
            r#""default""#,
            r#""default";r=-1"#,
            r#""default";r=1.5"#,
            r#""default";r=50;t=soon"#,
            r#""default";r=50, "broken"#,
            "limit=100, remaining=many",
            "limit=100",
            "50",
            "",
        ] {
            check(&[("ratelimit", text)], &[]);
        }
        check(&[("ratelimit", r#""default";r=50"#), ("age", "3")], &[]);
        check(&[("ratelimit", r#""default";r=50"#), ("age", "0")], &[("default", None, 50, None)]);
    }

    /// R-136: the example of the draft, and the integer items before it.
    #[test]
    fn policies_are_read_in_both_forms() {
        let lines = [(
            "ratelimit-policy",
            r#""burst";q=100;w=60,"daily";q=1000;w=86400;qu="content-bytes""#,
        )];
        let found = announced(&headers(&lines));
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].quota, found[0].window), (100, Some(Duration::from_secs(60))));
        assert_eq!((&*found[1].name, found[1].unit), ("daily", QuotaUnit::ContentBytes));
        let old = announced(&headers(&[("ratelimit-policy", "100;w=60")]));
        assert_eq!((old[0].quota, old[0].window), (100, Some(Duration::from_secs(60))));
        for text in [r#""a""#, r#""a";q=-1"#, r#""a";q=1;w=0"#, r#""a";q=1;qu="eggs""#, "a;q=1"] {
            assert_eq!(announced(&headers(&[("ratelimit-policy", text)])), [], "{text}");
        }
    }
}
