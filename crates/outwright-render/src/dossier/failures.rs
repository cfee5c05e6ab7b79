//! The operation × failure matrix of one contract: what happens after each failure, per group of operations for which the same holds.

use outwright_contract::Profile;
use outwright_contract::profile::OperationProfile;
use outwright_core::outcome::{Certainty, Signal};

use super::words::grouped;
use crate::paper::{Block, Text, Tone, heading, table};

/// The matrix with its legend.
pub(super) fn blocks(profile: &Profile) -> Vec<Block> {
    let mut blocks = vec![heading(2, "What happens after each failure", "failures")];
    let known = profile.operations.iter().any(|op| !op.explanation.matrix.is_empty());
    if !known {
        let why = "The contract has errors, so that nothing is sent under it: what would happen after a failure is decided once they are gone.";
        blocks.push(Block::Text(Text::mark(Tone::Bad, "UNDECIDED").then(Text::from(". "))));
        blocks.push(Block::Text(Text::from(why)));
        return blocks;
    }
    blocks.push(Block::Text(Text::from(
        "Each row is a way in which a send can end, each column a group of operations for which the same holds. \
         Certainty says whether the provider has carried the request out: not, unknown, or a definite end.",
    )));
    let groups = grouped(&profile.operations, cells);
    let letters = ('A'..='Z').map(String::from).chain((1..).map(|n| format!("Z{n}")));
    let named: Vec<(String, _)> = letters.zip(&groups).collect();
    let legend = named.iter().map(|(letter, group)| {
        let plan = group.operations.first().and_then(|op| op.value("idempotency.plan"));
        Text::of("{}: plan {}, ", &[letter, plan.unwrap_or("UNDECIDED")]).then(group.names())
    });
    blocks.push(Block::List(legend.collect()));
    blocks.push(matrix(&named.iter().map(|(l, g)| (l.as_str(), &g.key)).collect::<Vec<_>>()));
    blocks.push(Block::List(words()));
    blocks
}

/// What a cell says: the move, and who decided it.
type Cell = (&'static str, &'static str);

/// The column of an operation, with the names of its rows.
fn cells(operation: &OperationProfile) -> Vec<(String, Cell)> {
    let rows = operation.explanation.matrix.iter();
    rows.map(|row| (row.failure.clone(), (row.next, row.by))).collect()
}

fn matrix(groups: &[(&str, &Vec<(String, Cell)>)]) -> Block {
    let mut head = vec!["failure", "what it is", "certainty"];
    head.extend(groups.iter().map(|(letter, _)| *letter));
    // Rows of the provider's error model may differ per group: every name that any of them has, in its order.
    let mut names: Vec<&str> = Vec::new();
    for (_, column) in groups {
        for (name, _) in *column {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
    }
    let declared = |name: &&str| signal(name).is_none();
    let (mut first, last): (Vec<&str>, Vec<&str>) = names.into_iter().partition(declared);
    first.extend(last);
    let row = |name: &str| {
        let signal = signal(name);
        let mut row = vec![
            Text::only(name),
            Text::from(signal.map_or("declared in the provider's error model", meaning)),
            signal.map_or_else(|| Text::from("declared"), |signal| certainty(signal.certainty())),
        ];
        row.extend(groups.iter().map(|(_, column)| {
            let found = column.iter().find(|(known, _)| known == name);
            found.map_or_else(Text::default, |(_, cell)| shown(*cell))
        }));
        row
    };
    table(&head, first.into_iter().map(row).collect())
}

fn signal(word: &str) -> Option<Signal> {
    Signal::ALL.into_iter().find(|signal| signal.word() == word)
}

fn certainty(certainty: Certainty) -> Text {
    match certainty {
        Certainty::NotProcessed => Text::mark(Tone::Good, "not carried out"),
        Certainty::SaidNotProcessed => Text::mark(Tone::Good, "not, it says"),
        Certainty::Unknown => Text::mark(Tone::Watch, "unknown"),
        Certainty::Processed => Text::mark(Tone::Quiet, "definite end"),
    }
}

fn shown((next, by): Cell) -> Text {
    let (tone, word) = match next {
        "at_once" => (Tone::Good, "again at once"),
        "backoff" => (Tone::Good, "again after backoff"),
        "throttle" => (Tone::Good, "again when told"),
        "no" if by == "plan" => (Tone::Watch, "not again (plan)"),
        _ => (Tone::Quiet, "not again"),
    };
    let text = Text::mark(tone, word);
    if by == "contract" { text.then(Text::from(" *")) } else { text }
}

fn words() -> Vec<Text> {
    [
        "again at once: on another connection, since nothing reached the provider",
        "again after backoff: after a wait that is drawn at random and grows, if attempts, deadline and budget allow",
        "again when told: after the provider's Retry-After, else after the throttle backoff",
        "not again (plan): a safer idempotency plan would allow it; under this one it could happen twice",
        "not again: a repeat would not help, or nobody could tell whether it happened; a mutation whose end is unknown is reported as unknown",
        "* moved by this contract",
    ]
    .map(Text::from)
    .to_vec()
}

/// A signal in words for people who do not know its name.
const fn meaning(signal: Signal) -> &'static str {
    match signal {
        Signal::DnsTemporary => "the name could not be looked up now",
        Signal::DnsNotFound => "the name does not exist",
        Signal::ConnectRefused => "connection refused, or no route",
        Signal::ConnectTimeout => "no connection in time",
        Signal::TlsTransport => "TLS handshake cut or late",
        Signal::TlsRefused => "certificate, name or address refused",
        Signal::StaleConnection => "a kept connection was dead before anything was sent",
        Signal::Reset => "connection lost after the request began, before an answer",
        Signal::GoawayAbove => "HTTP/2: the provider says it did not look at it",
        Signal::GoawayBelow => "HTTP/2: connection closed while it was under way",
        Signal::RefusedStream => "HTTP/2: stream refused unseen",
        Signal::StreamReset => "HTTP/2: stream cut",
        Signal::FirstByteTimeout => "no answer in time",
        Signal::Malformed => "an answer that is not HTTP, or too large a head",
        Signal::BodyTruncated => "a good answer broke off",
        Signal::BodyIdle => "a good answer stalled",
        Signal::BodyTooLarge => "an answer larger than allowed",
        Signal::RequestBroken => "the caller's own body broke off",
        Signal::S408Unsent => "408 before the request was written",
        Signal::S408 => "408 after the request was written",
        Signal::S409 => "409: conflict",
        Signal::S409InProgress => "409: the same key is in progress, or locked",
        Signal::S413RetryAfter => "413 with Retry-After",
        Signal::S417 => "417: expectation failed",
        Signal::S421 => "421: wrong connection",
        Signal::S425 => "425: too early",
        Signal::S429 => "429: too many requests",
        Signal::Exhausted => "quota or bill used up",
        Signal::S403Throttled => "403 with the marks of a rate limit",
        Signal::S401 => "401: credential not accepted",
        Signal::S4xx => "any other 4xx: the request was wrong",
        Signal::S500 => "500: internal error",
        Signal::S500Replayed => "500 that the provider gives again under the same key",
        Signal::S501 => "501, 505, 506, 510: not supported",
        Signal::S502 => "502: bad gateway",
        Signal::S503 => "503 without a hint",
        Signal::S503RetryAfter => "503 with Retry-After",
        Signal::S504 => "504: gateway timeout",
        Signal::S507 => "507: no storage",
        Signal::S508 => "508: loop",
        Signal::S511 => "511 or 407: a network in between asks for a login",
        Signal::S52x => "520, 522, 524, 527, 530 and other 5xx",
        Signal::S521 => "521, 523, 525, 526: an edge could not reach the origin",
        Signal::Overloaded => "529, or it says that it is overloaded",
        Signal::S3xx => "a redirect: none is followed",
        Signal::SuccessWithError => "2xx whose body says that it failed",
    }
}
