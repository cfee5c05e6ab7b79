//! Which way a changed key goes, and what that means.

mod table;

use std::cmp::Ordering;

use super::Tendency;
use crate::units::{bytes, duration, ratio};
use table::Sense::{Adds, Guards, Less, More, Neutral, Order, Other};
use table::{DEFAULTS, Sense, TABLE};

/// Which way a changed key goes, and what it means.
pub(super) fn judge(
    key: &str,
    operation: bool,
    before: Option<&str>,
    after: Option<&str>,
) -> (Tendency, String) {
    if key.is_empty() {
        let what = if operation { "the operation" } else { "the provider" };
        return match after {
            Some(_) => (Tendency::Loosening, format!("{what} can be called")),
            None => (Tendency::Tightening, format!("{what} cannot be called any more")),
        };
    }
    let plain = plain(key);
    let Some((_, sense, looser, tighter)) = TABLE.iter().find(|(row, ..)| fits(row, &plain)) else {
        // A key that nobody has judged is one that somebody should look at.
        return (Tendency::Loosening, "what it leads to is not known".to_owned());
    };
    let default = DEFAULTS.iter().find(|(known, _)| *known == plain).map(|(_, value)| *value);
    let (old, new) = (before.or(default), after.or(default));
    let tendency = tendency(*sense, old, new);
    let sentence = match tendency {
        Tendency::Loosening => *looser,
        Tendency::Tightening => *tighter,
        Tendency::Neutral if old == new => "this is what holds where nothing is said",
        Tendency::Neutral => *looser,
    };
    (tendency, sentence.to_owned())
}

fn tendency(sense: Sense, old: Option<&str>, new: Option<&str>) -> Tendency {
    if old == new {
        return Tendency::Neutral;
    }
    let (old, new) = match (sense, old, new) {
        (Neutral, ..) => return Tendency::Neutral,
        (Other, ..) => return Tendency::Loosening,
        (Adds, old, new) => return adds(old, new),
        (Guards, Some(_), None) => return Tendency::Loosening,
        (Guards, None, _) => return Tendency::Tightening,
        (Guards, Some(_), Some(_)) => return Tendency::Neutral,
        (Order(words), old, new) => {
            let rank = |word: Option<&str>| {
                words.iter().position(|known| Some(*known) == word.or(Some("")))
            };
            return match (rank(old), rank(new)) {
                (Some(old), Some(new)) => turned(new.cmp(&old)),
                (None, _) | (_, None) => Tendency::Neutral,
            };
        }
        // A bound where there was none holds something back, whatever it is.
        (More | Less, None, _) => return Tendency::Tightening,
        (More | Less, _, None) => return Tendency::Loosening,
        (More | Less, Some(old), Some(new)) => (old, new),
    };
    let order = match (size(old), size(new)) {
        (Some(old), Some(new)) => new.total_cmp(&old),
        // A word such as `unchecked` in the place of a bound.
        (Some(_), None) => Ordering::Greater,
        (None, Some(_)) => Ordering::Less,
        (None, None) => return Tendency::Neutral,
    };
    turned(if matches!(sense, Less) { order.reverse() } else { order })
}

const fn turned(order: Ordering) -> Tendency {
    match order {
        Ordering::Less => Tendency::Tightening,
        Ordering::Equal => Tendency::Neutral,
        Ordering::Greater => Tendency::Loosening,
    }
}

/// Lists by their items; everything else by whether it is there, `none` and `false` being nothing.
fn adds(old: Option<&str>, new: Option<&str>) -> Tendency {
    let items = |value: Option<&str>| -> Vec<String> {
        let value = value.filter(|value| !matches!(*value, "none" | "false")).unwrap_or_default();
        match value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(list) => {
                list.split(", ").filter(|item| !item.is_empty()).map(str::to_owned).collect()
            }
            None if value.is_empty() => Vec::new(),
            None => vec![value.to_owned()],
        }
    };
    let (before, after) = (items(old), items(new));
    if let ([before], [after]) = (before.as_slice(), after.as_slice())
        && let (Some(before), Some(after)) = (size(before), size(after))
    {
        return turned(after.total_cmp(&before));
    }
    if after.iter().any(|item| !before.contains(item)) {
        Tendency::Loosening
    } else if after.len() < before.len() {
        Tendency::Tightening
    } else {
        Tendency::Neutral
    }
}

/// A value as a number: seconds, a share, bytes or a count.
fn size(text: &str) -> Option<f64> {
    if let Ok(time) = duration(text) {
        return Some(time.as_secs_f64());
    }
    ratio(text).ok().or_else(|| bytes(text).ok().map(|n| n as f64)).or_else(|| text.parse().ok())
}

/// A key with the numbers and names of list items as names: `limits.windows[account].per` is `limits.windows.account.per`.
fn plain(key: &str) -> String {
    key.replace('[', ".").replace(']', "")
}

/// Whether a row is about a key, or about one above it.
fn fits(row: &str, key: &str) -> bool {
    let mut parts = key.split('.');
    row.split('.').all(|want| parts.next().is_some_and(|part| want == "*" || want == part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::CONTRACT;
    use crate::shape::Shape;

    fn keys(shape: &'static Shape, path: &str, out: &mut Vec<String>) {
        if let Shape::Named(inner) = shape {
            return keys(inner, &format!("{path}.name"), out);
        }
        if let Some(inner) = shape.each() {
            return keys(inner, &format!("{path}.name"), out);
        }
        if shape.fields().is_empty() {
            out.push(path.trim_start_matches('.').to_owned());
        }
        for field in shape.fields() {
            keys(&field.shape, &format!("{path}.{}", field.key), out);
        }
    }

    #[test]
    fn every_key_of_a_contract_is_judged() {
        let mut all = Vec::new();
        keys(&CONTRACT, "", &mut all);
        assert!(all.len() > 150, "{}", all.len());
        for key in all.iter().filter(|key| !key.starts_with("environments.")) {
            let key = key.strip_prefix("operations.name.").unwrap_or(key);
            assert!(TABLE.iter().any(|(row, ..)| fits(row, key)), "say which way `{key}` goes");
        }
    }

    #[track_caller]
    fn goes(key: &str, before: Option<&str>, after: Option<&str>, wanted: Tendency) {
        assert_eq!(judge(key, false, before, after).0, wanted, "{key}: {before:?} -> {after:?}");
    }

    #[test]
    fn values_are_compared_by_what_they_let_happen() {
        use Tendency::{Loosening, Neutral, Tightening};
        goes("timeouts.total", Some("4s"), Some("31s"), Loosening);
        goes("timeouts.total", Some("1m"), Some("59s"), Tightening);
        goes("retry.backoff.base", Some("100ms"), Some("50ms"), Loosening);
        goes("retry.budget.ratio", Some("20%"), Some("5%"), Tightening);
        goes("breaker.probes", None, Some("1"), Neutral);
        goes("breaker.probes", None, Some("2"), Loosening);
        goes("fallback", Some("none"), None, Neutral);
        goes("fallback.stale", None, Some("10m"), Loosening);
        goes("fallback.stale", Some("10m"), Some("5m"), Tightening);
        goes("idempotency.plan", Some("provider_key"), Some("once"), Tightening);
        goes("credentials.key.hosts", Some("[a, b]"), Some("[a]"), Tightening);
        goes("credentials.key.hosts", Some("[a, b]"), Some("[a, c]"), Loosening);
        goes("bodies.decoded", Some("50MiB"), Some("unchecked"), Loosening);
        goes("limits.windows[account].requests", Some("100"), Some("300"), Loosening);
        goes("limits.windows[account].name", Some("account"), None, Loosening);
        goes("limits.windows[account].requests", Some("100"), None, Loosening);
        goes("retry.rows.status_500", None, Some("never"), Tightening);
        goes("owner.team", Some("a"), Some("b"), Neutral);
        goes("base_url", Some("https://a"), Some("https://b"), Loosening);
        goes("", None, Some(""), Loosening);
        goes("unheard_of", Some("a"), Some("b"), Loosening);
    }
}
