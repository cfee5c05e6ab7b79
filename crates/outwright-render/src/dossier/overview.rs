//! The first page: all providers beside each other, and what is not decided yet.

use outwright_contract::profile::OperationProfile;
use outwright_contract::{Profile, Severity};

use super::words::{must, time};
use crate::paper::{Block, Text, Tone, UNDECIDED, heading, table};

pub(super) fn blocks(profiles: &[Profile]) -> Vec<Block> {
    let mut blocks = vec![
        heading(1, super::TITLE, "top"),
        Block::Text(Text::from(
            "What our services rely on at other companies, how each integration behaves when it fails, and who answers for it. \
             It is made from the contracts alone: what a contract does not decide, this page cannot know.",
        )),
        heading(2, "All providers", "all"),
        table(
            &[
                "provider",
                "owner",
                "tier",
                "promise",
                "operations",
                "worst case",
                "credentials",
                "check",
            ],
            profiles.iter().map(row).collect(),
        ),
    ];
    let open = open(profiles);
    blocks.push(heading(2, "To be decided", "undecided"));
    if open.is_empty() {
        blocks.push(Block::Text(Text::mark(Tone::Good, "Nothing.")));
    } else {
        blocks.push(table(&["provider", "what", "where"], open));
    }
    blocks
}

fn row(profile: &Profile) -> Vec<Text> {
    let changing = profile.operations.iter().filter(|op| op.mutates).count();
    let all = profile.operations.len();
    let worst = |op: &OperationProfile| op.explanation.worst_case.as_ref().map(|w| w.total_ms);
    let worst = profile.operations.iter().filter_map(worst).max();
    let (errors, warnings) = (profile.count(Severity::Error), profile.count(Severity::Warning));
    let check = match (errors, warnings) {
        (0, 0) => Text::mark(Tone::Good, "fine"),
        (0, n) => Text::mark(Tone::Watch, &format!("{n} to look at")),
        (n, _) => Text::mark(Tone::Bad, &format!("refused: {n}")),
    };
    vec![
        Text::only(&profile.provider),
        must(profile.value("owner.team")),
        must(profile.value("tier")),
        must(profile.value("slo.availability")),
        Text::from(format!("{all}, {changing} of them change something")),
        worst.map_or_else(|| must(None), |total| Text::from(time(total))),
        Text::values(profile.credentials.iter().map(|slot| slot.name.as_str())),
        check,
    ]
}

/// Every error of the check: each is a decision that somebody has to take.
fn open(profiles: &[Profile]) -> Vec<Vec<Text>> {
    let of = |profile: &Profile| -> Vec<Vec<Text>> {
        let undecided = |line: &&outwright_contract::Line| line.value == UNDECIDED;
        let values = profile.lines.iter().filter(undecided).map(|line| {
            vec![Text::only(&profile.provider), Text::only(&line.key), Text::only(&line.spot)]
        });
        let errors = profile.findings.iter().filter(|finding| finding.severity == "error");
        let errors = errors.map(|finding| {
            vec![
                Text::only(&profile.provider),
                Text::from(finding.message.replace('`', "'")),
                Text::only(&finding.spot),
            ]
        });
        values.chain(errors).collect()
    };
    profiles.iter().flat_map(of).collect()
}
