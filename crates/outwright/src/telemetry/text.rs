//! The exposition: what all cores counted and where the gates stand, as Prometheus text 0.0.4.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use outwright_core::cache::Shown;
use outwright_core::event::BreakerState;
use outwright_core::fallback::Degraded;
use outwright_core::flight::Coalesced;
use outwright_core::outcome::{Class, Fault};
use outwright_core::provider::{OpIndex, Tier};
use outwright_core::refusal::Reason;
use outwright_core::step::Skip;

use super::counts::{CoreCounts, OperationCounts, ProviderCounts, THROTTLE_SIGNALS, TurnedAway};
use super::families::{self, Family};
use super::histogram::{Count, Histogram, Total};
use super::record::Outcome;
use super::{Holds, Levels, Reload, Shape, Transitions};

/// What an exposition is made of.
pub(crate) struct Sources<'a> {
    pub(crate) shapes: &'a [Shape],
    pub(crate) cores: &'a [std::sync::Arc<CoreCounts>],
    pub(crate) transitions: &'a Transitions,
    pub(crate) reload: Reload,
    /// None for a provider that the contracts no longer have.
    pub(crate) levels: &'a [Option<Levels>],
    pub(crate) holds: Holds,
}

impl Sources<'_> {
    /// The whole page.
    pub(crate) fn page(&self) -> String {
        let mut page = Page { text: String::new() };
        self.calls(&mut page);
        self.retries(&mut page);
        self.gates(&mut page);
        self.kept(&mut page);
        self.process(&mut page);
        page.text
    }

    fn calls(&self, page: &mut Page) {
        page.family(&families::CALLS);
        self.each_operation(|provider, operation, cores| {
            for (place, outcome) in Outcome::ALL.iter().enumerate() {
                let sum = sum_at(cores, |counts| &counts.calls, place);
                page.row(&families::CALLS, &[provider, operation, outcome.word()], sum);
            }
        });
        page.family(&families::CALL_DURATION);
        self.each_operation(|provider, operation, cores| {
            for (place, result) in ["ok", "error"].into_iter().enumerate() {
                let total = merged(cores.iter().filter_map(|core| core.duration.get(place)));
                page.histogram(&families::CALL_DURATION, &[provider, operation, result], &total);
            }
        });
        page.family(&families::OVERHEAD);
        self.each_provider(|shape, cores| {
            let total = merged(cores.iter().map(|core| &core.overhead));
            page.histogram(&families::OVERHEAD, &[&shape.name], &total);
        });
        page.family(&families::IN_FLIGHT);
        self.each_provider(|shape, cores| {
            let sum =
                cores.iter().fold(0, |sum: u64, core| sum.wrapping_add(core.in_flight.read()));
            page.row(&families::IN_FLIGHT, &[&shape.name], sum);
        });
        page.family(&families::UNKNOWN);
        self.each_operation(|provider, operation, cores| {
            let words = Fault::ALL.iter().map(|fault| fault.word()).chain(["reply"]);
            for (place, word) in words.enumerate() {
                let sum = sum_at(cores, |counts| &counts.unknown, place);
                page.row_if(&families::UNKNOWN, &[provider, operation, word], sum);
            }
        });
    }

    fn retries(&self, page: &mut Page) {
        page.family(&families::ATTEMPTS);
        self.each_operation(|provider, operation, cores| {
            for (kind, word) in ["first", "retry"].into_iter().enumerate() {
                for (place, class) in Class::ALL.iter().enumerate() {
                    let sum = cores
                        .iter()
                        .filter_map(|core| core.attempts.get(kind)?.get(place))
                        .fold(0, |sum: u64, count| sum.wrapping_add(count.read()));
                    page.row(&families::ATTEMPTS, &[provider, operation, word, class.word()], sum);
                }
            }
        });
        page.family(&families::RETRIES);
        self.each_operation(|provider, operation, cores| {
            for (place, class) in Class::ALL.iter().enumerate() {
                let sum = sum_at(cores, |counts| &counts.retries, place);
                page.row_if(&families::RETRIES, &[provider, operation, class.word()], sum);
            }
        });
        page.family(&families::SUPPRESSED);
        self.each_operation(|provider, operation, cores| {
            for (place, skip) in Skip::ALL.iter().enumerate() {
                let sum = sum_at(cores, |counts| &counts.suppressed, place);
                page.row_if(&families::SUPPRESSED, &[provider, operation, skip.word()], sum);
            }
        });
        page.family(&families::FALLBACKS);
        self.each_operation(|provider, operation, cores| {
            for (place, degraded) in Degraded::ALL.iter().enumerate() {
                let sum = sum_at(cores, |counts| &counts.fallbacks, place);
                page.row(&families::FALLBACKS, &[provider, operation, degraded.word()], sum);
            }
        });
        page.family(&families::CACHE_LOOKUPS);
        self.each_operation(|provider, operation, cores| {
            for (place, word) in Shown::WORDS.iter().enumerate() {
                let sum = sum_at(cores, |counts| &counts.lookups, place);
                page.row_if(&families::CACHE_LOOKUPS, &[provider, operation, word], sum);
            }
        });
        page.family(&families::COALESCED);
        self.each_operation(|provider, operation, cores| {
            for (place, came) in Coalesced::ALL.iter().enumerate() {
                let sum = sum_at(cores, |counts| &counts.coalesced, place);
                page.row_if(&families::COALESCED, &[provider, operation, came.word()], sum);
            }
        });
        page.family(&families::THROTTLED);
        self.each_operation(|provider, operation, cores| {
            for (place, signal) in THROTTLE_SIGNALS.into_iter().enumerate() {
                let sum = sum_at(cores, |counts| &counts.throttled, place);
                page.row(&families::THROTTLED, &[provider, operation, signal], sum);
            }
        });
        page.family(&families::RETRY_AFTER);
        self.each_provider(|shape, cores| {
            let total = merged(cores.iter().map(|core| &core.retry_after));
            page.histogram(&families::RETRY_AFTER, &[&shape.name], &total);
        });
        page.family(&families::BUDGET);
        for (shape, levels) in self.standing() {
            page.ratio(&families::BUDGET, &[&shape.name], levels.budget);
        }
    }

    fn gates(&self, page: &mut Page) {
        self.breakers(page);
        self.refusals(page);
        self.reported(page);
        self.each_level(page, &families::CONCURRENCY_LIMIT, |levels| levels.slots);
        self.each_level(page, &families::CONCURRENCY_USED, |levels| levels.slots_used);
        self.each_level(page, &families::QUEUE_DEPTH, |levels| levels.waiting);
        self.each_level(page, &families::QUEUE_LIMIT, |levels| levels.queue);
        page.family(&families::LIMITER_PERMITS);
        self.each_window(|shape, window, levels| {
            page.row(&families::LIMITER_PERMITS, &[shape, window], u64::from(levels.left));
        });
        page.family(&families::LIMITER_LIMIT);
        self.each_window(|shape, window, levels| {
            page.row(&families::LIMITER_LIMIT, &[shape, window], u64::from(levels.requests));
        });
        page.family(&families::QUEUE_WAIT);
        self.each_provider(|shape, cores| {
            let total = merged(cores.iter().map(|core| &core.queue_wait));
            page.histogram(&families::QUEUE_WAIT, &[&shape.name], &total);
        });
        page.family(&families::CREDENTIAL_VERSION);
        for (shape, levels) in self.standing() {
            for credential in &levels.credentials {
                let labels = [&*shape.name, &*credential.slot];
                page.row(&families::CREDENTIAL_VERSION, &labels, u64::from(credential.version));
            }
        }
    }

    fn kept(&self, page: &mut Page) {
        page.family(&families::COALESCED_WAITING);
        for (shape, levels) in self.standing() {
            page.row(&families::COALESCED_WAITING, &[&shape.name], levels.following);
        }
        page.family(&families::CACHE_ENTRIES);
        for (shape, levels) in self.shapes.iter().zip(self.levels) {
            let Some(levels) = levels else { continue };
            let kept = u64::try_from(levels.kept).unwrap_or(u64::MAX);
            page.row(&families::CACHE_ENTRIES, &[&shape.name], kept);
        }
        let Holds { bytes, calls } = self.holds;
        for (family, value) in [
            (&families::KEPT_BYTES, bytes.used),
            (&families::KEPT_BYTES_LIMIT, bytes.most),
            (&families::PROCESS_CALLS, calls.used),
            (&families::PROCESS_CALLS_LIMIT, calls.most),
        ] {
            page.family(family);
            page.row(family, &[], u64::try_from(value).unwrap_or(u64::MAX));
        }
    }

    fn breakers(&self, page: &mut Page) {
        page.family(&families::BREAKER_STATE);
        for (shape, levels) in self.standing() {
            for (operation, state) in &levels.breakers {
                for word in BreakerState::ALL {
                    let labels = [&*shape.name, shape.breaker(*operation), word.word()];
                    page.row(&families::BREAKER_STATE, &labels, u64::from(word == *state));
                }
            }
        }
        page.family(&families::BREAKER_PROBES);
        for (shape, levels) in self.standing() {
            let probes = u64::try_from(levels.probes).unwrap_or(u64::MAX);
            page.row(&families::BREAKER_PROBES, &[&shape.name], probes);
        }
        page.family(&families::BREAKER_TRANSITIONS);
        for ((provider, operation, from, to), times) in self.transitions.read() {
            if let Some(shape) = self.shapes.get(provider) {
                let labels = [&*shape.name, shape.breaker(operation), from.word(), to.word()];
                page.row(&families::BREAKER_TRANSITIONS, &labels, times);
            }
        }
    }

    fn refusals(&self, page: &mut Page) {
        page.family(&families::BREAKER_REJECTIONS);
        self.each_provider(|shape, cores| {
            let sum = refused(cores, Reason::BreakerOpen);
            page.row(&families::BREAKER_REJECTIONS, &[&shape.name], sum);
        });
        page.family(&families::LIMITER_REJECTIONS);
        self.each_provider(|shape, cores| {
            for reason in [Reason::LimiterFull, Reason::Hold, Reason::Exhausted] {
                let labels = [&*shape.name, reason.word()];
                page.row(&families::LIMITER_REJECTIONS, &labels, refused(cores, reason));
            }
        });
        page.family(&families::QUEUE_REJECTIONS);
        self.each_provider(|shape, cores| {
            for reason in [Reason::QueueFull, Reason::QueueWait, Reason::ShareFull] {
                let labels = [&*shape.name, reason.word()];
                page.row(&families::QUEUE_REJECTIONS, &labels, refused(cores, reason));
            }
        });
        page.family(&families::PROCESS_REJECTIONS);
        self.each_provider(|shape, cores| {
            for reason in [Reason::CallsFull, Reason::MemoryFull] {
                let labels = [&*shape.name, reason.word()];
                page.row(&families::PROCESS_REJECTIONS, &labels, refused(cores, reason));
            }
        });
    }

    fn reported(&self, page: &mut Page) {
        page.family(&families::REPORTED);
        self.each_provider(|shape, cores| {
            for (kind, would) in ["refuse", "queue"].into_iter().enumerate() {
                for (place, reason) in Reason::ALL.iter().enumerate() {
                    let counts = cores.iter().filter_map(|core| core.would.get(kind)?.get(place));
                    let sum = counts.fold(0, |sum: u64, count| sum.wrapping_add(count.read()));
                    page.row_if(&families::REPORTED, &[&shape.name, would, reason.word()], sum);
                }
            }
            let retries = cores.iter().map(|core| core.would_retry.read());
            let sum = retries.fold(0, u64::wrapping_add);
            page.row_if(&families::REPORTED, &[&shape.name, "retry", "transient"], sum);
        });
    }

    fn process(&self, page: &mut Page) {
        page.family(&families::CONTRACT_INFO);
        for (shape, _) in self.standing() {
            let tier = tier_word(shape.tier);
            let labels = [&*shape.name, &*shape.version, tier, &*shape.owner];
            page.row(&families::CONTRACT_INFO, &labels, 1);
        }
        page.family(&families::RELOAD_OK);
        page.row(&families::RELOAD_OK, &[], u64::from(self.reload.refused.is_none()));
        page.family(&families::RELOAD_AT);
        page.row(&families::RELOAD_AT, &[], self.reload.taken.millis() / 1_000);
        page.family(&families::BUILD_INFO);
        page.row(&families::BUILD_INFO, &[env!("CARGO_PKG_VERSION")], 1);
        page.family(&families::HOST_CHECK);
        for (place, plane) in ["data", "admin"].into_iter().enumerate() {
            let sum = sum_at(self.cores, |core| &core.host_check, place);
            page.row(&families::HOST_CHECK, &[plane], sum);
        }
        page.family(&families::TURNED_AWAY);
        for (place, why) in TurnedAway::ALL.iter().enumerate() {
            let sum = sum_at(self.cores, |core| &core.turned_away, place);
            page.row(&families::TURNED_AWAY, &[why.word()], sum);
        }
        let lost =
            self.cores.iter().fold(0, |sum: u64, core| sum.wrapping_add(core.dropped.read()));
        page.family(&families::DROPPED);
        page.row(&families::DROPPED, &["log", "queue_full"], lost);
        let noticed =
            self.levels.iter().flatten().fold(0, |sum: u64, levels| sum.wrapping_add(levels.bugs));
        let bugs = self.cores.iter().fold(noticed, |sum, core| sum.wrapping_add(core.bugs.read()));
        page.family(&families::BUGS);
        page.row(&families::BUGS, &[], bugs);
    }

    /// The providers that the contracts have, and where their gates stand.
    fn standing(&self) -> impl Iterator<Item = (&Shape, &Levels)> {
        let both = self.shapes.iter().zip(self.levels);
        both.filter_map(|(shape, levels)| Some((shape, levels.as_ref()?)))
    }

    fn each_provider(&self, mut tell: impl FnMut(&Shape, &[&ProviderCounts])) {
        for (index, shape) in self.shapes.iter().enumerate() {
            let cores: Vec<_> =
                self.cores.iter().filter_map(|core| core.providers.get(index)).collect();
            tell(shape, &cores);
        }
    }

    fn each_operation(&self, mut tell: impl FnMut(&str, &str, &[&OperationCounts])) {
        self.each_provider(|shape, cores| {
            for (index, name) in shape.operations.iter().enumerate() {
                let counts: Vec<_> =
                    cores.iter().filter_map(|core| core.operations.get(index)).collect();
                tell(&shape.name, name, &counts);
            }
        });
    }

    fn each_level(&self, page: &mut Page, family: &Family, value: impl Fn(&Levels) -> u32) {
        page.family(family);
        for (shape, levels) in self.standing() {
            page.row(family, &[&shape.name], u64::from(value(levels)));
        }
    }

    fn each_window(&self, mut tell: impl FnMut(&str, &str, &super::WindowLevel)) {
        for (shape, levels) in self.standing() {
            for (name, level) in shape.windows.iter().zip(&levels.windows) {
                tell(&shape.name, name, level);
            }
        }
    }
}

/// The page under construction.
struct Page {
    text: String,
}

impl Page {
    fn family(&mut self, family: &Family) {
        let (name, kind) = (family.name, family.kind.word());
        self.put(format_args!("# HELP {name} {}\n# TYPE {name} {kind}\n", family.help));
    }

    fn row(&mut self, family: &Family, labels: &[&str], value: u64) {
        self.text.push_str(family.name);
        self.labels(family, labels, None);
        self.put(format_args!(" {value}\n"));
    }

    /// A row that is left out while nothing was counted: for words of which most never occur.
    fn row_if(&mut self, family: &Family, labels: &[&str], value: u64) {
        if value > 0 {
            self.row(family, labels, value);
        }
    }

    fn ratio(&mut self, family: &Family, labels: &[&str], value: f64) {
        self.text.push_str(family.name);
        self.labels(family, labels, None);
        self.put(format_args!(" {value}\n"));
    }

    fn histogram(&mut self, family: &Family, labels: &[&str], total: &Total) {
        let mut count = 0u64;
        let bounds = total.bounds.iter().map(|micros| seconds(*micros)).chain(["+Inf".to_owned()]);
        for (bucket, bound) in total.buckets.iter().zip(bounds) {
            count = count.wrapping_add(*bucket);
            self.put(format_args!("{}_bucket", family.name));
            self.labels(family, labels, Some(&bound));
            self.put(format_args!(" {count}\n"));
        }
        self.put(format_args!("{}_sum", family.name));
        self.labels(family, labels, None);
        let (seconds, nanos) = (total.sum_nanos / 1_000_000_000, total.sum_nanos % 1_000_000_000);
        self.put(format_args!(" {seconds}.{nanos:09}\n{}_count", family.name));
        self.labels(family, labels, None);
        self.put(format_args!(" {count}\n"));
    }

    /// The labels in braces; `bound` is that of a bucket.
    fn labels(&mut self, family: &Family, values: &[&str], bound: Option<&str>) {
        if values.is_empty() && bound.is_none() {
            return;
        }
        self.text.push('{');
        for (index, (label, value)) in family.labels.iter().zip(values).enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            self.put(format_args!("{label}=\""));
            for character in value.chars() {
                match character {
                    '"' => self.text.push_str("\\\""),
                    '\\' => self.text.push_str("\\\\"),
                    '\n' => self.text.push_str("\\n"),
                    plain => self.text.push(plain),
                }
            }
            self.text.push('"');
        }
        if let Some(bound) = bound {
            let comma = if values.is_empty() { "" } else { "," };
            self.put(format_args!("{comma}le=\"{bound}\""));
        }
        self.text.push('}');
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        self.text.write_fmt(text).expect("a string takes everything");
    }
}

/// Microseconds in seconds, without needless digits.
fn seconds(micros: u64) -> String {
    let digits = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What all cores counted at one place of one array.
fn sum_at<T, C: std::ops::Deref<Target = T>, const WORDS: usize>(
    cores: &[C],
    counts: impl Fn(&T) -> &[Count; WORDS],
    place: usize,
) -> u64 {
    cores
        .iter()
        .filter_map(|core| counts(core).get(place))
        .fold(0, |sum: u64, count| sum.wrapping_add(count.read()))
}

fn refused(cores: &[&ProviderCounts], reason: Reason) -> u64 {
    sum_at(cores, |core| &core.refused, reason as usize)
}

fn merged<'a>(histograms: impl Iterator<Item = &'a Histogram>) -> Total {
    let mut total = Total::default();
    for histogram in histograms {
        histogram.merge_into(&mut total);
    }
    total
}

const fn tier_word(tier: Tier) -> &'static str {
    match tier {
        Tier::Critical => "critical",
        Tier::Important => "important",
        Tier::BestEffort => "best_effort",
    }
}

/// Which breaker, from which state, to which, how often.
pub(crate) type TransitionCounts =
    BTreeMap<(usize, Option<OpIndex>, BreakerState, BreakerState), u64>;
