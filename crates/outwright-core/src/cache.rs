//! What of a provider's replies may be kept, how old it is, and whether it may be shown when the provider cannot answer.
//!
//! # Guards against
//!
//! An old answer that nobody may see any more: too old, forbidden by its provider, or not wanted by its caller.
//!
//! # Rule
//!
//! Only a good and final reply to a read is kept, and only for an operation whose contract shows stale answers.
//! Nothing kept is shown while the provider answers: it is there for the calls that fail.
//! It is shown up to the contract's age, and no longer than the provider's own `stale-if-error` allows where it has one.
//! A directive of the provider that forbids it wins, unless the contract names it under `despite`.
//! What a caller asks of caches (`Cache-Control` of its request) wins over both.
//!
//! # States
//!
//! None: what is known of a kept reply is [`Kept`], what its caller asks for is [`Wish`]; whoever drives calls holds both.
//!
//! # Units and bounds
//!
//! Ages and lifetimes are durations; seconds of a field saturate at 2³¹ (RFC 9111 section 1.2.2).
//! A reply without an explicit lifetime is stale at once: no lifetime is guessed.
//!
//! # Says
//!
//! [`Kept`] of a reply that is kept, or none; [`Shown`] when it is asked for.
//!
//! # Sources
//!
//! RFC 9111 sections 3, 4.2.1, 4.2.3, 4.2.4, 5.2; RFC 5861 section 4.

use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::time::{Mono, Now};

mod control;

use control::{Member, members};

/// What a contract allows to be shown; made by [`Policy::new`] alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    age_max: Duration,
    despite: Directives,
}

/// Why there is no such policy: an answer of no age is none that was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgeZero;

impl Policy {
    /// Answers up to this age, also where the provider forbids it with one of these directives.
    ///
    /// # Errors
    ///
    /// The age is zero.
    pub fn new(age_max: Duration, despite: Directives) -> Result<Self, AgeZero> {
        if age_max.is_zero() { Err(AgeZero) } else { Ok(Self { age_max, despite }) }
    }

    /// Oldest answer that is shown.
    #[must_use]
    pub const fn age_max(&self) -> Duration {
        self.age_max
    }

    /// Directives that the contract overrides.
    #[must_use]
    pub const fn despite(&self) -> Directives {
        self.despite
    }
}

/// A directive with which a provider forbids that a kept answer is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Directive {
    /// Nobody may keep it.
    NoStore,
    /// Nobody may keep it for others.
    Private,
    /// It may never be shown without asking again.
    NoCache,
    /// Once it is stale, it may not be shown without asking again.
    MustRevalidate,
    /// The same, for those who keep it for others.
    ProxyRevalidate,
    /// A lifetime for those who keep it for others; it implies `proxy-revalidate`.
    SMaxage,
}

impl Directive {
    /// Every one, those that forbid most first.
    pub const ALL: [Self; 6] = [
        Self::NoStore,
        Self::Private,
        Self::NoCache,
        Self::MustRevalidate,
        Self::ProxyRevalidate,
        Self::SMaxage,
    ];

    /// Its word in fields, contracts and problems; stable.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoStore => "no-store",
            Self::Private => "private",
            Self::NoCache => "no-cache",
            Self::MustRevalidate => "must-revalidate",
            Self::ProxyRevalidate => "proxy-revalidate",
            Self::SMaxage => "s-maxage",
        }
    }

    /// What it forbids.
    const fn reach(self) -> Reach {
        match self {
            Self::NoStore | Self::Private | Self::NoCache => Reach::Always,
            Self::MustRevalidate | Self::ProxyRevalidate | Self::SMaxage => Reach::OnceStale,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Always,
    OnceStale,
}

/// A set of directives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Directives(u8);

impl Directives {
    /// This set with one more.
    #[must_use]
    pub const fn with(self, directive: Directive) -> Self {
        Self(self.0 | 1 << directive as u8)
    }

    /// This set without those of another.
    #[must_use]
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// Those that are in it, in the order of [`Directive::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Directive> {
        Directive::ALL.into_iter().filter(move |one| self.0 & 1 << *one as u8 != 0)
    }

    fn first(self, reach: Reach) -> Option<Directive> {
        self.iter().find(|directive| directive.reach() == reach)
    }
}

impl FromIterator<Directive> for Directives {
    fn from_iter<T: IntoIterator<Item = Directive>>(all: T) -> Self {
        all.into_iter().fold(Self::default(), Self::with)
    }
}

/// What a caller's request asks of whoever keeps replies (RFC 9111 section 5.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// The reply is not to be kept.
    pub no_store: bool,
    /// Nothing kept is wanted.
    pub no_cache: bool,
    /// Nothing older is wanted and, without `max_stale`, nothing stale.
    pub max_age: Option<Duration>,
    /// So much stale is wanted at most.
    pub max_stale: Option<Duration>,
    /// It has to stay fresh for so long.
    pub min_fresh: Option<Duration>,
}

impl Wish {
    /// What a head asks for; what cannot be read asks for nothing.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let mut wish = Self::default();
        let mut control = false;
        for Member { name, value } in members(headers) {
            control = true;
            let seconds = value.and_then(control::seconds);
            match name.as_str() {
                "no-store" => wish.no_store = true,
                "no-cache" => wish.no_cache = true,
                "max-age" => wish.max_age = smaller(wish.max_age, seconds),
                "max-stale" if value.is_none() => {
                    wish.max_stale = smaller(wish.max_stale, Some(Duration::MAX));
                }
                "max-stale" => wish.max_stale = smaller(wish.max_stale, seconds),
                "min-fresh" => wish.min_fresh = wish.min_fresh.max(seconds),
                _ => {}
            }
        }
        if !control && let Some(pragma) = headers.get(header::PRAGMA) {
            // RFC 9111 section 5.4: it means no-cache where there is no Cache-Control.
            wish.no_cache = pragma.as_bytes().eq_ignore_ascii_case(b"no-cache");
        }
        wish
    }

    fn accepts(&self, age: Duration, lifetime: Duration) -> bool {
        let staleness = age.checked_sub(lifetime);
        let young = self.max_age.is_none_or(|most| age <= most);
        let fresh = match (self.max_stale, self.max_age) {
            (Some(most), _) => staleness.is_none_or(|late| late <= most),
            (None, Some(_)) => staleness.is_none(),
            (None, None) => true,
        };
        let stays = self.min_fresh.is_none_or(|least| lifetime.saturating_sub(age) >= least);
        !self.no_cache && young && fresh && stays
    }
}

/// When a request was sent and when the head of its reply came.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// When it was sent.
    pub sent: Mono,
    /// When the head came, on both clocks.
    pub came: Now,
}

/// What is known of a kept reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// When its head came.
    came: Mono,
    /// How old it was then.
    initial_age: Duration,
    lifetime: Duration,
    /// How long after its lifetime the provider lets it be shown on an error, where it says so.
    on_error: Option<Duration>,
    /// What forbids to show it, without what the contract overrides.
    barred: Directives,
}

impl Kept {
    /// What a reply is kept as; none: it is not the good answer that is looked for later, or its caller forbids it.
    ///
    /// A reply that its provider forbids to keep leaves its head's directives behind, so that it can be said why there
    /// is nothing to show ([`Kept::body`]).
    #[must_use]
    pub fn of(
        policy: &Policy,
        (status, headers): (StatusCode, &HeaderMap),
        wish: &Wish,
        times: Times,
    ) -> Option<Self> {
        if wish.no_store || !is_kept(status) || varies_by_anything(headers) {
            return None;
        }
        let mut told = Told::default();
        members(headers).for_each(|member| told.hear(&member));
        let Times { sent, came } = times;
        // RFC 9111 section 4.2.3, with the delay of the reply taken for its way back.
        let date = headers.get(header::DATE).and_then(read_date);
        let wall = Duration::from_millis(came.wall.millis());
        let apparent = date.map_or(Duration::ZERO, |date| wall.saturating_sub(date));
        let corrected = age(headers).saturating_add(came.mono.since(sent));
        let expires = || {
            // What cannot be read is over already (section 5.3).
            let until = read_date(headers.get(header::EXPIRES)?).unwrap_or_default();
            Some(until.saturating_sub(date.unwrap_or(wall)))
        };
        let lifetime = told.s_maxage.or(told.max_age).or_else(expires).unwrap_or_default();
        Some(Self {
            came: came.mono,
            initial_age: apparent.max(corrected),
            lifetime,
            on_error: told.on_error,
            barred: told.forbids.without(policy.despite),
        })
    }

    /// Whether its body is to be kept, or only that it must not be shown.
    #[must_use]
    pub fn body(&self) -> Part {
        match self.barred.first(Reach::Always) {
            Some(_) => Part::Note,
            None => Part::Whole,
        }
    }

    /// How old it is (RFC 9111 section 4.2.3).
    #[must_use]
    pub fn age(&self, now: Mono) -> Duration {
        self.initial_age.saturating_add(now.since(self.came))
    }

    /// For how long it was good.
    #[must_use]
    pub const fn lifetime(&self) -> Duration {
        self.lifetime
    }
}

/// How much of a reply is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Head and body.
    Whole,
    /// That there was one, and which directive forbids it.
    Note,
}

/// A kept reply that was found, and what the caller asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// What is known of the reply.
    pub kept: Kept,
    /// What the caller asks for.
    pub wish: Wish,
}

/// Whether a failed call is shown what was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shown {
    /// It is.
    Yes,
    /// Nothing is there.
    Absent,
    /// It is older than the contract or the provider allows.
    TooOld,
    /// The provider forbids it.
    Barred(Directive),
    /// The caller does not want it.
    Unwanted,
}

impl Shown {
    /// Every word, in the order of their places.
    pub const WORDS: [&'static str; 5] = ["shown", "absent", "too_old", "forbidden", "unwanted"];

    /// The place of its word; stable.
    #[must_use]
    pub const fn place(self) -> usize {
        match self {
            Self::Yes => 0,
            Self::Absent => 1,
            Self::TooOld => 2,
            Self::Barred(_) => 3,
            Self::Unwanted => 4,
        }
    }
}

/// Whether what was found may be shown now.
#[must_use]
pub fn look(policy: &Policy, found: Option<&Found>, now: Mono) -> Shown {
    let Some(Found { kept, wish }) = found else { return Shown::Absent };
    let (age, lifetime) = (kept.age(now), kept.lifetime);
    let by_provider = kept.on_error.map_or(Duration::MAX, |more| lifetime.saturating_add(more));
    if age > policy.age_max.min(by_provider) {
        return Shown::TooOld;
    }
    if !wish.accepts(age, lifetime) {
        return Shown::Unwanted;
    }
    let once_stale = || kept.barred.first(Reach::OnceStale).filter(|_| age >= lifetime);
    match kept.barred.first(Reach::Always).or_else(once_stale) {
        Some(directive) => Shown::Barred(directive),
        None => Shown::Yes,
    }
}

/// Whether the reply to one read may answer others that ask for the same at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Share {
    /// It may.
    Yes,
    /// Each is to be asked for.
    No,
}

/// Who gets a shared reply is the same caller with the same credential: what is private to it stays with it.
const SHARED: Policy =
    Policy { age_max: Duration::MAX, despite: Directives(0).with(Directive::Private) };

/// RFC 9111 section 4: a reply that may be kept, and shown without asking again, may answer several requests.
///
/// A cookie is given to one, and a stream of events has no end that could be waited for.
#[must_use]
pub fn share((status, headers): (StatusCode, &HeaderMap), wish: &Wish, times: Times) -> Share {
    let events = headers.get(header::CONTENT_TYPE).is_some_and(|media| {
        media.as_bytes().trim_ascii_start().to_ascii_lowercase().starts_with(b"text/event-stream")
    });
    if events || headers.contains_key(header::SET_COOKIE) {
        return Share::No;
    }
    let kept = Kept::of(&SHARED, (status, headers), wish, times);
    let found = kept.filter(|kept| kept.body() == Part::Whole);
    let found = found.map(|kept| Found { kept, wish: *wish });
    match look(&SHARED, found.as_ref(), times.came.mono) {
        Shown::Yes => Share::Yes,
        Shown::Absent | Shown::TooOld | Shown::Barred(_) | Shown::Unwanted => Share::No,
    }
}

/// What a reply's `Cache-Control` says, as far as it matters here.
#[derive(Default)]
struct Told {
    max_age: Option<Duration>,
    s_maxage: Option<Duration>,
    on_error: Option<Duration>,
    forbids: Directives,
}

impl Told {
    /// The smallest of two that stand twice; what cannot be read is nothing (RFC 9111 section 4.2.1).
    fn hear(&mut self, member: &Member<'_>) {
        let seconds = || Some(member.value.and_then(control::seconds).unwrap_or_default());
        match member.name.as_str() {
            "max-age" => self.max_age = smaller(self.max_age, seconds()),
            "s-maxage" => self.s_maxage = smaller(self.s_maxage, seconds()),
            "stale-if-error" => self.on_error = smaller(self.on_error, seconds()),
            _ => {}
        }
        let mut all = Directive::ALL.into_iter();
        if let Some(directive) = all.find(|directive| directive.word() == member.name) {
            self.forbids = self.forbids.with(directive);
        }
    }
}

/// Statuses of a good answer that stands for itself: a part (206) and a "not modified" (304) do not.
const fn is_kept(status: StatusCode) -> bool {
    matches!(status.as_u16(), 200 | 203 | 204)
}

fn varies_by_anything(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::VARY).into_iter();
    let mut names = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    names.any(|name| name.trim_ascii() == b"*")
}

/// The first value of `Age`, where it is a number (RFC 9111 section 5.1).
fn age(headers: &HeaderMap) -> Duration {
    let first = headers.get(header::AGE).and_then(|value| value.to_str().ok());
    let first = first.and_then(|text| text.split(',').next()).map(str::trim);
    first.and_then(control::seconds).unwrap_or_default()
}

/// A date since the epoch.
fn read_date(value: &HeaderValue) -> Option<Duration> {
    let time = httpdate::parse_http_date(value.to_str().ok()?.trim()).ok()?;
    time.duration_since(UNIX_EPOCH).ok()
}

fn smaller(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests;
