//! The pictures of a dossier: who talks to whom, the worst case on a time axis, the life of a credential.

use outwright_contract::Profile;
use outwright_contract::explain::Timeline;
use outwright_contract::profile::Record;

use super::words::time;
use crate::paper::{Anchor, Picture};

/// Callers, outwright with its gates, the provider.
pub(super) fn architecture(profile: &Profile) -> Picture {
    let title = format!("How calls reach {}", profile.provider);
    let mut picture =
        Picture::new(&format!("{}-architecture", profile.provider), &title, 760.0, 216.0);
    picture.rect("box", (10.0, 60.0), (130.0, 76.0));
    picture.words("ink", (75.0, 92.0), Anchor::Middle, "our services", 20);
    let callers = match profile.callers.len() {
        0 => "any caller".to_owned(),
        1 => "1 caller named".to_owned(),
        n => format!("{n} callers named"),
    };
    picture.words("dim", (75.0, 112.0), Anchor::Middle, &callers, 20);
    picture.arrow((140.0, 98.0), (206.0, 98.0));
    picture.rect("ours", (210.0, 14.0), (300.0, 188.0));
    picture.words("ink", (360.0, 36.0), Anchor::Middle, "outwright", 20);
    let slots = format!("{} at once, {} wait", profile.numbers.slots, profile.numbers.queue);
    let total = profile.value("timeouts.total").unwrap_or("UNDECIDED");
    let attempts = profile.value("retry.attempts").unwrap_or("UNDECIDED");
    let quotas = match profile.numbers.quotas.as_slice() {
        [] => "no known quota".to_owned(),
        [one] => format!("quota {}: {} requests", one.name, one.requests),
        many => format!("{} quotas", many.len()),
    };
    let keys = match profile.credentials.as_slice() {
        [] => "no credential".to_owned(),
        [one] => format!("credential {}", one.name),
        many => format!("{} credentials", many.len()),
    };
    let steps = [
        ("deadline", format!("total {total}")),
        ("retries", format!("at most {attempts} sends")),
        ("quotas", quotas),
        ("slots", slots),
        (
            "breaker",
            format!("opens at {}", profile.value("breaker.failure_ratio").unwrap_or("90%")),
        ),
        ("secrets", keys),
    ];
    for (index, (name, what)) in (0_u8..).zip(&steps) {
        let y = 60.0 + f64::from(index) * 24.0;
        picture.words("ink", (226.0, y), Anchor::Start, name, 12);
        picture.words("dim", (300.0, y), Anchor::Start, what, 32);
    }
    picture.arrow((510.0, 98.0), (576.0, 98.0));
    let clear = profile.value("base_url").is_some_and(|url| url.starts_with("http://"));
    let how = if clear { "in the clear" } else { "TLS" };
    picture.words("dim", (543.0, 90.0), Anchor::Middle, how, 14);
    picture.rect("box", (580.0, 60.0), (170.0, 76.0));
    picture.words("ink", (665.0, 92.0), Anchor::Middle, &profile.provider, 24);
    let url = profile.value("base_url").unwrap_or("UNDECIDED");
    let host = url.split("://").last().unwrap_or(url);
    picture.words("dim", (665.0, 112.0), Anchor::Middle, host, 25);
    picture
}

/// Left and right end of time axes.
const LEFT: f64 = 20.0;
const RIGHT: f64 = 740.0;

/// The worst case of a group of operations on a time axis.
pub(super) fn worst_case(
    profile: &Profile,
    number: usize,
    names: &[&str],
    worst: &Timeline,
) -> Picture {
    let of = match names {
        [one] => (*one).to_owned(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
        [] => String::new(),
    };
    let title = format!("The worst case of {of}: {}", worst.sentence);
    let name = format!("{}-worst-case-{number}", profile.provider);
    let rows = u32::try_from(worst.steps.len()).unwrap_or(u32::MAX).min(24);
    let height = 62.0 + f64::from(rows) * 20.0;
    let mut picture = Picture::new(&name, &title, 760.0, height);
    picture.words("ink", (LEFT, 16.0), Anchor::Start, &format!("worst case of {of}"), 80);
    let end = worst.sum_ms.max(worst.total_ms).max(1);
    let x = |ms: u128| LEFT + (RIGHT - LEFT) * share(ms, end);
    let mut from = 0;
    for (index, (what, at)) in (0..rows).zip(&worst.steps) {
        let y = 28.0 + f64::from(index) * 20.0;
        let class = match (what.starts_with("attempt"), *at > worst.total_ms) {
            (_, true) => "over",
            (true, false) => "try",
            (false, false) => "wait",
        };
        picture.rect(class, (x(from), y), ((x(*at) - x(from)).max(1.5), 12.0));
        let words = format!("{what}: to {}", time(*at));
        if x(*at) < 420.0 {
            picture.words("dim", (x(*at) + 6.0, y + 10.0), Anchor::Start, &words, 60);
        } else {
            picture.words("dim", (x(from) - 6.0, y + 10.0), Anchor::End, &words, 60);
        }
        from = *at;
    }
    let bottom = height - 30.0;
    picture.line((x(worst.total_ms), 22.0), (x(worst.total_ms), bottom));
    let total = format!("total {}", time(worst.total_ms));
    let anchor = if x(worst.total_ms) > 640.0 { Anchor::End } else { Anchor::Start };
    picture.words("ink", (x(worst.total_ms), bottom + 18.0), anchor, &total, 40);
    picture.words("dim", (LEFT, bottom + 18.0), Anchor::Start, "0", 8);
    picture
}

/// How versions of a credential follow each other.
pub(super) fn rotation(profile: &Profile, slot: &Record) -> Picture {
    let age = slot.value("rotation.max_age").unwrap_or("UNDECIDED");
    let overlap = slot.value("rotation.overlap");
    let title = format!(
        "Versions of {}: each lives {age} at most{}",
        slot.name,
        overlap.map_or_else(String::new, |overlap| format!(", two are valid for {overlap}"))
    );
    let name = format!("{}-rotation-{}", profile.provider, slot.name);
    let mut picture = Picture::new(&name, &title, 760.0, 106.0);
    let lap = if overlap.is_some() { 40.0 } else { 0.0 };
    for (index, version) in (0_u8..).zip(["this version", "the next", "the one after"]) {
        let from = LEFT + f64::from(index) * LIFE;
        let y = 20.0 + f64::from(index) * 24.0;
        let class = if index == 0 { "try" } else { "spare" };
        picture.rect(class, (from, y), (LIFE + lap, 12.0));
        picture.words("dim", (from + LIFE + lap + 6.0, y + 10.0), Anchor::Start, version, 20);
    }
    let label = overlap.map_or_else(
        || format!("{} at most {age}; one version at a time", slot.name),
        |overlap| format!("{} at most {age}; two versions for {overlap}", slot.name),
    );
    picture.words("ink", (LEFT, 12.0), Anchor::Start, &label, 90);
    picture
}

/// The length of a version's life in a picture.
const LIFE: f64 = 180.0;

/// A part of a whole, of at most 2⁵³ milliseconds.
#[expect(clippy::cast_precision_loss, reason = "a picture is no more precise than its pixels")]
fn share(part: u128, whole: u128) -> f64 {
    part as f64 / whole.max(1) as f64
}
