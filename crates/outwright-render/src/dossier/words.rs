//! What several chapters say alike: what is missing, origins, groups of operations.

use outwright_contract::Line;
use outwright_contract::profile::OperationProfile;

use crate::paper::{Block, Text, Tone, UNDECIDED, table};

/// The value of a key that a contract must have.
pub(super) fn must(value: Option<&str>) -> Text {
    value.map_or_else(|| Text::mark(Tone::Bad, UNDECIDED), Text::only)
}

/// The value of a key that a contract may have.
pub(super) fn may(value: Option<&str>) -> Text {
    value.map_or_else(|| Text::mark(Tone::Quiet, "not stated"), Text::only)
}

/// A key that a contract must have and that leads somewhere.
pub(super) fn must_lead(value: Option<&str>) -> Text {
    value.map_or_else(|| Text::mark(Tone::Bad, UNDECIDED), Text::place)
}

/// A key that a contract may have and that leads somewhere.
pub(super) fn may_lead(value: Option<&str>) -> Text {
    value.map_or_else(|| Text::mark(Tone::Quiet, "not stated"), Text::place)
}

/// Values below some keys, each with what it means and where it was decided.
pub(super) fn decided(lines: &[Line], keys: &[&str]) -> Block {
    let below = |line: &&Line| {
        keys.iter().any(|key| {
            line.key.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    };
    let row = |line: &Line| {
        let origin = if line.spot.is_empty() {
            Text::mark(Tone::Quiet, "default of outwright")
        } else {
            Text::of("{}", &[&line.spot])
        };
        vec![Text::only(&line.key), Text::only(&line.value), meaning(line), origin]
    };
    table(
        &["key", "value", "what it means", "decided in"],
        lines.iter().filter(below).map(row).collect(),
    )
}

/// The sentence of a value; where there is none but `key is value`, nothing.
fn meaning(line: &Line) -> Text {
    if line.sentence == format!("`{}` is {}.", line.key, line.value) {
        return Text::default();
    }
    let mut text = Text::default();
    for (index, part) in line.sentence.split('`').enumerate() {
        let part = if index % 2 == 1 { Text::only(part) } else { Text::from(part) };
        text = text.then(part);
    }
    text
}

/// Operations for which the same holds, in the order of the contract.
pub(super) struct Group<'a, K> {
    pub(super) key: K,
    pub(super) operations: Vec<&'a OperationProfile>,
}

impl<K> Group<'_, K> {
    pub(super) fn names(&self) -> Text {
        Text::values(self.operations.iter().map(|operation| operation.name.as_str()))
    }
}

/// Operations by what holds for them.
pub(super) fn grouped<K: PartialEq>(
    operations: &[OperationProfile],
    key: impl Fn(&OperationProfile) -> K,
) -> Vec<Group<'_, K>> {
    let mut groups: Vec<Group<'_, K>> = Vec::new();
    for operation in operations {
        let key = key(operation);
        match groups.iter_mut().find(|group| group.key == key) {
            Some(group) => group.operations.push(operation),
            None => groups.push(Group { key, operations: vec![operation] }),
        }
    }
    groups
}

/// A share of one as a percentage, with as many digits as it needs: `99.9%`, `99.9999%`.
pub(super) fn percent(share: f64) -> String {
    let text = format!("{:.6}", share * 100.0);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}%")
}

/// Milliseconds for people: `700 ms`, `2.5 s`, `22.3 s`, `15 min`, `6 h`, `3 d`; never less than it is.
pub(super) fn time(ms: u128) -> String {
    match ms {
        0..1000 => format!("{ms} ms"),
        1000..120_000 => {
            let tenths = ms.div_ceil(100);
            match (tenths / 10, tenths % 10) {
                (whole, 0) => format!("{whole} s"),
                (whole, tenth) => format!("{whole}.{tenth} s"),
            }
        }
        120_000..7_200_000 => format!("{} min", ms.div_ceil(60_000)),
        7_200_000..172_800_000 => format!("{} h", ms.div_ceil(3_600_000)),
        _ => format!("{} d", ms.div_ceil(86_400_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_times_read_as_people_write_them() {
        assert_eq!(percent(0.999), "99.9%");
        assert_eq!(percent(0.999_999), "99.9999%");
        assert_eq!(percent(1.0), "100%");
        assert_eq!(time(700), "700 ms");
        assert_eq!(time(2500), "2.5 s");
        assert_eq!(time(22_300), "22.3 s");
        assert_eq!(time(900_000), "15 min");
        assert_eq!(time(3_600_000), "60 min");
        assert_eq!(time(6 * 3_600_000), "6 h");
        assert_eq!(time(72 * 3_600_000), "3 d");
    }
}
