//! What follows from several keys together: the longest call, the most attempts, what is sent again.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Effect, Tendency};
use crate::effective::{Op, View};
use crate::explain::{Row, rows};
use crate::load::{Contract, Loaded};
use crate::node::Node;
use crate::options::Options;
use crate::rules::time::worst_case;
use crate::units::{duration, show};

/// A provider, one of its operations, what is otherwise.
type Of = (String, String, Vec<Effect>);

/// The effects on each operation that both states have.
pub(super) fn effects(before: &Loaded, after: &Loaded) -> Vec<Of> {
    let old = by_name(before);
    let mut out: Vec<Of> = Vec::new();
    for (name, new) in by_name(after) {
        let Some(old) = old.get(&name) else { continue };
        for op in &new.operations {
            let Some(same) = old.operations.iter().find(|other| other.name == op.name) else {
                continue;
            };
            let mut effects: Vec<Effect> = figures(old, same)
                .into_iter()
                .zip(figures(new, op))
                .filter_map(|(before, after)| compared(&before, &after))
                .collect();
            // Only what is compiled has its matrix: the contract without an environment, or in the chosen one.
            if new.environment.is_none() {
                effects.extend(repeats(before, after, &new.name, &op.name));
            }
            // What holds without an environment too has been told: its name comes first.
            effects.retain(|effect| !told(&out, &new.name, &op.name, effect));
            if !effects.is_empty() {
                out.push((name.clone(), op.name.clone(), effects));
            }
        }
    }
    out
}

fn told(out: &[Of], provider: &str, operation: &str, effect: &Effect) -> bool {
    out.iter()
        .any(|(name, op, effects)| name == provider && op == operation && effects.contains(effect))
}

fn by_name(loaded: &Loaded) -> BTreeMap<String, &Contract> {
    let all = loaded.contracts.iter().chain(&loaded.environments);
    all.map(|contract| (contract.label(), contract)).collect()
}

/// A figure of one operation.
struct Figure {
    key: &'static str,
    value: Option<f64>,
    shown: Option<String>,
    more: &'static str,
    less: &'static str,
}

fn figures(contract: &Contract, op: &Op) -> [Figure; 3] {
    let options = Options::check(crate::units::Date::from_days(0));
    let view = View {
        name: &contract.name,
        name_at: contract.name_at,
        contract: &contract.root,
        root: &contract.root,
        operations: &contract.operations,
        options: &options,
    };
    let longest = worst_case(&view, op).map(|worst| worst.sum.min(worst.total));
    let attempts: Option<u32> = op.node.count(&["retry", "attempts"]);
    let minute = per_minute(&contract.root, &op.name);
    [
        Figure {
            key: "longest call",
            value: longest.map(|time| time.as_secs_f64()),
            shown: longest.map(show),
            more: "a caller may wait longer when the provider is slow",
            less: "a caller is answered sooner when the provider is slow",
        },
        Figure {
            key: "most sends of a call",
            value: attempts.map(f64::from),
            shown: attempts.map(|attempts| attempts.to_string()),
            more: "a failing provider is sent more",
            less: "a failing provider is sent less",
        },
        Figure {
            key: "most sends per minute",
            value: Some(minute.unwrap_or(f64::INFINITY)),
            shown: Some(minute.map_or_else(|| "no quota".to_owned(), |n| format!("{n:.0}"))),
            more: "the provider may be sent more",
            less: "the provider is sent less",
        },
    ]
}

/// The tightest of the windows that an operation uses.
fn per_minute(root: &Node, operation: &str) -> Option<f64> {
    let windows = root.at(&["limits", "windows"]).map(Node::items).unwrap_or_default();
    let uses = |window: &&Node| {
        window
            .at(&["operations"])
            .is_none_or(|list| list.items().iter().any(|item| item.text() == Some(operation)))
    };
    let rates = windows.iter().filter(uses).filter_map(|window| {
        let requests: f64 = window.count::<u32>(&["requests"])?.into();
        let per = window.read(&["per"], duration).filter(|per| !per.is_zero())?;
        let minutes = per.as_secs_f64() / Duration::from_secs(60).as_secs_f64();
        // In one minute all of a longer window may be spent.
        Some(if minutes > 1.0 { requests } else { requests / minutes })
    });
    rates.min_by(f64::total_cmp)
}

fn compared(before: &Figure, after: &Figure) -> Option<Effect> {
    let (old, new) = (before.value?, after.value?);
    if old == new {
        return None;
    }
    let (tendency, sentence) = if new > old {
        (Tendency::Loosening, after.more)
    } else {
        (Tendency::Tightening, after.less)
    };
    Some(Effect {
        key: after.key.to_owned(),
        before: before.shown.clone(),
        after: after.shown.clone(),
        tendency,
        sentence: sentence.to_owned(),
    })
}

/// Failures after which a call is sent again now and was not before, and the reverse.
fn repeats(before: &Loaded, after: &Loaded, provider: &str, operation: &str) -> Vec<Effect> {
    let rows = |loaded: &Loaded| -> Vec<Row> {
        let made = loaded.providers.iter().find(|made| &*made.name == provider);
        made.map(|made| rows(made, operation)).unwrap_or_default()
    };
    let (old, new) = (rows(before), rows(after));
    let again = |rows: &[Row], failure: &str| {
        rows.iter().find(|row| row.failure == failure).map(|row| row.next != "no")
    };
    // Failures that go the same way for the same reason are told together.
    let mut told: Vec<(Option<bool>, &Row, Vec<&str>)> = Vec::new();
    for row in new.iter().filter(|_| !old.is_empty()) {
        let (was, is) = (again(&old, &row.failure), row.next != "no");
        if was == Some(is) || (was.is_none() && !is) {
            continue;
        }
        let same = told.iter_mut().find(|(before, other, _)| {
            *before == was && other.next == row.next && other.sentence == row.sentence
        });
        match same {
            Some((.., failures)) => failures.push(&row.failure),
            None => told.push((was, row, vec![&row.failure])),
        }
    }
    told.into_iter().map(|(was, row, failures)| repeated(was, row, &failures)).collect()
}

fn repeated(was: Option<bool>, row: &Row, failures: &[&str]) -> Effect {
    let word = |again: bool| if again { "sent again" } else { "not sent again" }.to_owned();
    let is = row.next != "no";
    let (tendency, what) = if is {
        (Tendency::Loosening, "retries now include it")
    } else {
        (Tendency::Tightening, "retries do not include it any more")
    };
    Effect {
        key: format!("after {}", failures.join(", ")),
        before: was.map(word),
        after: Some(word(is)),
        tendency,
        sentence: format!("{what}: {}", row.sentence),
    }
}
