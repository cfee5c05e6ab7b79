//! Chapter 2: how long a call may take, how often it is sent, and what the provider has to carry.

use std::time::Duration;

use outwright_contract::Profile;
use outwright_contract::profile::{OperationProfile, carried};

use super::pictures;
use super::words::{decided, grouped, may, may_lead, must, percent, time};
use crate::paper::{Block, Text, Tone, heading, table};

const PHASES: [&str; 5] = ["connect", "first_byte", "idle", "attempt", "total"];
/// How long the outage lasts that amplification is told for (chosen: long enough that what was saved up is spent).
const OUTAGE: Duration = Duration::from_secs(600);

pub(super) fn blocks(profile: &Profile) -> Vec<Block> {
    let mut blocks = vec![heading(2, "Timeouts and attempts", "timeouts"), timeouts(profile)];
    blocks.extend(worst_cases(profile));
    blocks.push(heading(2, "What the provider has to carry", "load"));
    blocks.extend(load(profile));
    blocks.push(heading(2, "Known quotas", "quotas"));
    blocks.extend(quotas(profile));
    blocks.push(heading(2, "When outwright stops sending", "breaker"));
    blocks.push(decided(&profile.lines, &["breaker", "concurrency"]));
    blocks.push(heading(2, "Sizes and waits", "sizes"));
    blocks.push(decided(&profile.lines, &["retry", "bodies"]));
    blocks
}

fn timeouts(profile: &Profile) -> Block {
    let values = |operation: &OperationProfile| {
        let phases = PHASES.map(|phase| format!("timeouts.{phase}"));
        let keys = phases.iter().map(String::as_str);
        let rest =
            ["retry.attempts", "retry.backoff.base", "retry.backoff.cap", "retry.backoff.jitter"];
        let value = |key: &str| operation.value(key).map(str::to_owned);
        keys.chain(rest).map(value).collect::<Vec<_>>()
    };
    let rows = grouped(&profile.operations, values).into_iter().map(|group| {
        let mut row = vec![group.names()];
        row.extend(group.key.iter().map(|value| must(value.as_deref())));
        row
    });
    table(
        &[
            "operations",
            "connect",
            "first byte",
            "idle",
            "attempt",
            "total",
            "attempts",
            "first wait",
            "longest wait",
            "jitter",
        ],
        rows.collect(),
    )
}

fn worst_cases(profile: &Profile) -> Vec<Block> {
    let mut blocks = vec![
        heading(2, "The longest that a call can take", "worst-case"),
        Block::Text(Text::from(
            "Every attempt runs to its limit and every wait is as long as it may be. \
             The total ends the call whatever happens, so that a caller waits no longer than that.",
        )),
    ];
    let groups = grouped(&profile.operations, |operation| operation.explanation.worst_case.clone());
    let rows = groups.iter().map(|group| {
        let Some(worst) = &group.key else {
            return vec![group.names(), must(None), must(None), must(None)];
        };
        let fits = if worst.sum_ms <= worst.total_ms {
            Text::mark(Tone::Good, "fits")
        } else {
            Text::mark(Tone::Watch, "the last attempts may be cut")
        };
        vec![
            group.names(),
            Text::from(worst.sentence.as_str()),
            Text::from(time(worst.total_ms)),
            fits,
        ]
    });
    blocks.push(table(&["operations", "attempts and waits", "total", ""], rows.collect()));
    for (number, group) in (1..).zip(&groups) {
        if let Some(worst) = &group.key {
            let names: Vec<&str> = group.operations.iter().map(|op| op.name.as_str()).collect();
            blocks.push(Block::Picture(pictures::worst_case(profile, number, &names, worst)));
        }
    }
    blocks
}

fn load(profile: &Profile) -> Vec<Block> {
    let numbers = &profile.numbers;
    let slots = numbers.slots.to_string();
    let queue = numbers.queue.to_string();
    let mut facts = vec![Text::of(
        "At most {} calls are at the provider at once, and at most {} more wait.",
        &[&slots, &queue],
    )];
    for quota in &numbers.quotas {
        let per_minute = f64::from(quota.requests) * 60.0 / quota.per.as_secs_f64();
        let requests = quota.requests.to_string();
        let rate = format!("{per_minute:.0}");
        facts.push(Text::of(
            "The quota {} lets at most {} sends into each of its windows, which is {} a minute, retries included.",
            &[&quota.name, &requests, &rate],
        ));
    }
    if numbers.quotas.is_empty() {
        facts.push(Text::mark(Tone::Watch, "No known quota").then(Text::from(
            " bounds the rate: how many sends a minute reach the provider follows from how fast it answers.",
        )));
    }
    let mut blocks = vec![Block::List(facts)];
    let row = |rate: f64| {
        let most = numbers.amplification(rate, OUTAGE);
        vec![
            Text::from(format!("{rate:.0} a second")),
            most.map_or_else(|| must(None), |sends| Text::from(format!("{sends:.3}"))),
        ]
    };
    blocks.push(Block::Text(Text::from(
        "Amplification: sends per call on average, while every send of a ten-minute outage fails. \
         The retry budget bounds it; the breaker, which opens in an outage, makes it less.",
    )));
    blocks.push(table(&["calls", "sends per call at most"], [1.0, 10.0, 100.0].map(row).to_vec()));
    blocks.extend(reachable(profile));
    blocks
}

/// Whether the promise can be kept on what the provider promises.
fn reachable(profile: &Profile) -> Vec<Block> {
    let numbers = &profile.numbers;
    let promise = Text::of(
        "We promise our callers {}. ",
        &[profile.value("slo.availability").unwrap_or("UNDECIDED")],
    );
    let (Some(sla), Some(attempts)) = (numbers.sla, numbers.attempts_max) else {
        let none = if profile.value("sla.availability") == Some("none") {
            "The provider promises no availability at all, so that nothing can be computed: the promise rests on what is measured."
        } else {
            "What the provider promises is not stated, so that nothing can be computed."
        };
        return vec![Block::Text(promise.then(Text::from(none)))];
    };
    let one = percent(sla);
    let all = percent(carried(sla, attempts));
    let count = attempts.to_string();
    let bound = Text::of(
        "The provider promises {}. If its failures were independent of each other, {} attempts would reach {}; they are not, so that this is an upper bound, and one attempt alone the lower one. ",
        &[&one, &count, &all],
    );
    let verdict = match numbers.promised {
        Some(promised) if promised > carried(sla, attempts) => {
            Text::mark(Tone::Bad, "The promise is out of reach.")
        }
        Some(promised) if promised > sla => Text::mark(
            Tone::Watch,
            "The promise holds only as far as retries and fallbacks carry it.",
        ),
        Some(_) => Text::mark(Tone::Good, "The promise is within what the provider promises."),
        None => Text::default(),
    };
    vec![Block::Text(promise.then(bound).then(verdict))]
}

fn quotas(profile: &Profile) -> Vec<Block> {
    let dialect = profile.value("limits.dialect").unwrap_or("ietf");
    let mut blocks = vec![Block::Text(Text::of(
        "The provider speaks of its limits in the dialect {}; its Retry-After is obeyed by every call.",
        &[dialect],
    ))];
    if profile.windows.is_empty() {
        blocks.push(Block::Text(Text::mark(Tone::Watch, "No quota is stated.")));
        return blocks;
    }
    let rows = profile.windows.iter().map(|window| {
        vec![
            Text::only(&window.name),
            must(window.value("requests")),
            must(window.value("per")),
            Text::only(window.value("scope").unwrap_or("credential")),
            Text::only(window.value("operations").unwrap_or("all")),
            may_lead(window.value("source").or_else(|| profile.value("docs"))),
            may(window.value("checked").or_else(|| profile.value("checked"))),
        ]
    });
    blocks.push(table(
        &["quota", "requests", "per", "whose", "operations", "source", "checked"],
        rows.collect(),
    ));
    blocks
}
