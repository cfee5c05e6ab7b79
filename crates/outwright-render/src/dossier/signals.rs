//! Chapter 4: what is promised, what is measured, who is told, and where to look at night.

use outwright_contract::Profile;
use outwright_contract::profile::burns;

use super::words::{decided, may, may_lead, must, must_lead, percent, time};
use crate::paper::{Block, Text, Tone, heading, table};

pub(super) fn blocks(profile: &Profile) -> Vec<Block> {
    let mut blocks = vec![heading(2, "What is promised", "promise"), promise(profile)];
    blocks.push(heading(2, "When somebody is told", "alerts"));
    blocks.extend(alerts(profile));
    blocks.push(heading(2, "Where to look first", "first"));
    blocks.push(first(profile));
    blocks.push(heading(2, "What is measured", "measured"));
    blocks.push(measured(profile));
    blocks.push(heading(2, "What the provider changes", "lifecycle"));
    blocks.push(decided(
        &profile.lines,
        &["lifecycle", "changelog", "version", "checked", "reviewed", "docs", "sla"],
    ));
    blocks.push(heading(2, "What the check says", "findings"));
    blocks.extend(findings(profile));
    blocks
}

fn promise(profile: &Profile) -> Block {
    let value = |key: &str| profile.value(key);
    let row = |what: &str, text: Text| vec![Text::from(what), text];
    table(
        &["", ""],
        vec![
            row("good calls that we promise our callers", must(value("slo.availability"))),
            row("99 of 100 calls are faster than", may(value("slo.latency.p99"))),
            row("over", must(value("slo.window"))),
            row("the provider promises", may(value("sla.availability"))),
            row("it says so in", may_lead(value("sla.source"))),
        ],
    )
}

fn alerts(profile: &Profile) -> Vec<Block> {
    let route = |route: &str| must(profile.value(&format!("alerts.{route}")));
    let mut blocks = Vec::new();
    match (profile.numbers.promised, profile.numbers.period) {
        (Some(promised), Some(period)) => {
            blocks.push(Block::Text(Text::from(
                "An alert fires when the budget of failed calls is spent this much too fast over its long window and over a twelfth of it.",
            )));
            let rows = burns(promised, period).into_iter().map(|burn| {
                let fires = if burn.threshold < 1.0 {
                    Text::from(format!("{} of the calls fail", percent(round(burn.threshold))))
                } else {
                    Text::mark(Tone::Bad, "can never fire")
                        .then(Text::from(": more than every call would have to fail"))
                };
                vec![
                    Text::from(burn.route).then(Text::from(" to ")).then(route(burn.route)),
                    Text::from(time(burn.long.as_millis())),
                    Text::from(format!("{:.1} times", burn.factor)),
                    fires,
                ]
            });
            blocks.push(table(
                &["who", "long window", "too fast by", "which is when"],
                rows.collect(),
            ));
        }
        (_, None) | (None, _) => blocks.push(Block::Text(must(None).then(Text::from(
            ": without a promise and its window nobody can say when it is broken.",
        )))),
    }
    blocks.push(Block::Text(
        Text::from("The runbook: ").then(must_lead(profile.value("alerts.runbook"))),
    ));
    let own = profile.operations.iter().filter(|operation| {
        let differs = |key: &str| operation.value(key) != profile.value(key);
        ["alerts.page", "alerts.ticket", "alerts.runbook"].into_iter().any(differs)
    });
    let rows: Vec<Vec<Text>> = own
        .map(|operation| {
            vec![
                Text::only(&operation.name),
                must(operation.value("alerts.page")),
                must(operation.value("alerts.ticket")),
                must_lead(operation.value("alerts.runbook")),
            ]
        })
        .collect();
    if !rows.is_empty() {
        blocks
            .push(table(&["operation with routes of its own", "page", "ticket", "runbook"], rows));
    }
    blocks
}

/// Six digits are enough, and hide what binary fractions add.
fn round(share: f64) -> f64 {
    (share * 1e6).round() / 1e6
}

fn first(profile: &Profile) -> Block {
    let name = &profile.provider;
    let command = |command: &str, what: &str| {
        Text::of("{}", &[command]).then(Text::from(": ")).then(Text::from(what))
    };
    Block::Steps(vec![
        command(
            "outwright status",
            "is the breaker open, is a quota used up, does the queue stand?",
        ),
        command(
            &format!("outwright explain {name}"),
            "what holds for it, each value with the line that decided it",
        ),
        Text::from("The provider's own page: ").then(may_lead(profile.value("docs"))),
        Text::from("The owner: ")
            .then(must(profile.value("owner.team")))
            .then(Text::from(", "))
            .then(must(profile.value("owner.contact"))),
    ])
}

fn measured(profile: &Profile) -> Block {
    let of = |metric: &str| format!("{metric}{{provider=\"{}\"}}", profile.provider);
    let row = |question: &str, metric: &str| vec![Text::from(question), Text::only(&of(metric))];
    table(
        &["question", "metric"],
        vec![
            row("what do callers get?", "outwright_calls_total"),
            row("how long do they wait?", "outwright_call_duration_seconds"),
            row("how much of that is ours?", "outwright_call_overhead_seconds"),
            row("what comes back from the provider?", "outwright_attempts_total"),
            row("how often is it tried again?", "outwright_retries_total"),
            row("is the retry budget spent?", "outwright_retry_budget_remaining_ratio"),
            row("is it throttling us?", "outwright_throttled_total"),
            row("does the breaker hold calls back?", "outwright_breaker_state"),
            row("how much of each quota is left?", "outwright_limiter_permits"),
            row("do calls wait?", "outwright_queue_depth"),
            row("are old or fixed answers shown?", "outwright_fallbacks_total"),
            row(
                "is there anything of which nobody knows whether it happened?",
                "outwright_unknown_outcomes_total",
            ),
            row("which version of a credential is in use?", "outwright_credential_version"),
        ],
    )
}

fn findings(profile: &Profile) -> Vec<Block> {
    if profile.findings.is_empty() {
        return vec![Block::Text(Text::mark(Tone::Good, "Nothing."))];
    }
    let rows = profile.findings.iter().map(|finding| {
        let tone = match finding.severity {
            "error" => Tone::Bad,
            "warning" => Tone::Watch,
            _ => Tone::Quiet,
        };
        vec![
            Text::mark(tone, finding.severity),
            Text::only(finding.code),
            Text::only(&finding.spot),
            quoted(&finding.message),
            quoted(&finding.help),
        ]
    });
    vec![table(&["", "rule", "where", "what", "what to do"], rows.collect())]
}

/// A sentence whose values stand between backticks.
fn quoted(sentence: &str) -> Text {
    sentence.split('`').enumerate().fold(Text::default(), |text, (index, part)| {
        text.then(if index % 2 == 1 { Text::only(part) } else { Text::from(part) })
    })
}
