//! A checked contract, as the engine and the driver use it: nothing here can be wrong any more.
//!
//! Built by `outwright-contract` alone. Everything is resolved: precedence, defaults, units, references by index.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};

use crate::admission::Routes;
use crate::outcome::{Class, Effect};
use crate::{breaker, bulkhead, cache, classify, fallback, ratelimit, retry, timeout};

pub use succession::TooMany;

mod succession;

/// The index of an operation in [`Provider::operations`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OpIndex(pub u16);

/// The index of a caller in [`Provider::callers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallerIndex(pub u8);

/// One provider under its contract.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its name: the first path segment at the gateway, and a metric label.
    pub name: Box<str>,
    /// How much our own service depends on it.
    pub tier: Tier,
    /// Where it is.
    pub base: Base,
    /// What may be called, in the order of the contract.
    pub operations: Box<[Operation]>,
    /// Finds the operation of a method and path.
    pub routes: Routes,
    /// When to stop sending.
    pub breaker: breaker::Policy,
    /// All rate windows; operations name theirs through a lane.
    pub windows: Box<[ratelimit::Policy]>,
    /// The distinct sets of windows that operations use; bit n is window n.
    pub lanes: Box<[u64]>,
    /// Slots and the queue in front of them.
    pub bulkhead: bulkhead::Policy,
    /// What retries may cost altogether.
    pub budget: retry::budget::Policy,
    /// How this provider speaks of its limits.
    pub dialect: classify::Dialect,
    /// Where its error model differs from HTTP's; the first row that matches wins.
    pub errors: Box<[ErrorRow]>,
    /// The header fields that make this provider's official clients stop retrying.
    pub stop_retry: Box<[(HeaderName, HeaderValue)]>,
    /// The response field that carries the provider's id of a request.
    pub request_id: Option<HeaderName>,
    /// A version field that is sent unless the caller sends one.
    pub version: Option<(HeaderName, HeaderValue)>,
    /// Credential slots.
    pub slots: Box<[Slot]>,
    /// What of a caller's head goes on.
    pub fields: Fields,
    /// Who may call; empty: whoever reaches the gateway.
    pub callers: Box<[Caller]>,
    /// Whether its gates bind.
    pub mode: Mode,
    /// A door of its own at the gateway.
    pub listen: Option<Listen>,
    /// What becomes of its links to itself.
    pub links: Links,
    /// Where calls may go.
    pub egress: Egress,
    /// First bytes of a digest of the effective contract: tells versions apart in logs.
    pub digest: Box<str>,
    /// What people are told about it (owner, pager, SLO).
    pub about: About,
}

impl Provider {
    /// The operation of an index that this provider handed out.
    ///
    /// # Panics
    ///
    /// Never for an index of this provider.
    #[must_use]
    pub fn operation(&self, index: OpIndex) -> &Operation {
        self.operations
            .get(usize::from(index.0))
            .expect("an index comes from this provider's own routes")
    }

    /// The caller of this name, where the contract lists it.
    #[must_use]
    pub fn caller(&self, name: &str) -> Option<CallerIndex> {
        let live = |caller: &Caller| !caller.retired && *caller.name == *name;
        let at = self.callers.iter().position(live)?;
        u8::try_from(at).ok().map(CallerIndex)
    }

    /// How the provider sees the keys of a caller of this name, one of an earlier contract included.
    #[must_use]
    pub fn keys_of(&self, name: &str) -> Keys {
        let known = self.callers.iter().find(|caller| *caller.name == *name);
        known.map_or(Keys::Derived, |caller| caller.keys)
    }

    /// How many callers the contract lists; none: whoever reaches the gateway may call.
    #[must_use]
    pub fn callers_listed(&self) -> usize {
        self.callers.iter().filter(|caller| !caller.retired).count()
    }
}

/// What a caller may do, where the contract tells callers apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Its name in `outwright.yaml`.
    pub name: Box<str>,
    /// What it may call; none: everything that the contract lists.
    pub operations: Option<Box<[OpIndex]>>,
    /// Its highest priority.
    pub priority: Priority,
    /// What it may hold at most.
    pub share: bulkhead::Share,
    /// How the provider sees its keys.
    pub keys: Keys,
    /// Set when it stood in an earlier contract: what it has under way it finishes.
    pub retired: bool,
}

/// How a provider sees the idempotency keys of a caller.
///
/// It never changes while the process lives, whatever is reloaded: a repeat carries the key that the first send carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// As the caller wrote them: it is the only one.
    Verbatim,
    /// Derived from caller, operation and key, so that they never cross callers.
    Derived,
}

impl Caller {
    /// Whether it may call an operation.
    #[must_use]
    pub fn may(&self, operation: OpIndex) -> bool {
        self.operations.as_ref().is_none_or(|listed| listed.contains(&operation))
    }
}

/// For people: who owns it, who is called, what is promised.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    /// The owning team.
    pub team: Box<str>,
    /// How to reach it.
    pub contact: Box<str>,
    /// Where pages go.
    pub page: Box<str>,
    /// Where tickets go.
    pub ticket: Box<str>,
    /// The runbook.
    pub runbook: Box<str>,
    /// Promised availability, as a ratio in `(0, 1)`.
    pub availability: Option<f64>,
    /// Promised 99th percentile of latency.
    pub latency_p99: Option<Duration>,
    /// The window of the promise.
    pub window: Option<Duration>,
}

/// How much our own service depends on a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tier {
    /// We are down without it.
    Critical,
    /// We are degraded without it.
    Important,
    /// Nobody notices for a while.
    BestEffort,
}

/// Where a provider is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// TLS or not.
    pub scheme: Scheme,
    /// A name, or an address where egress opts in; lower case, no brackets.
    pub host: Box<str>,
    /// 1–65535.
    pub port: u16,
    /// What stands before every path; empty or `/…` without a slash at its end.
    pub path: Box<str>,
    /// The value of `Host`.
    pub authority: HeaderValue,
}

/// How to speak to a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Over TLS.
    Https,
    /// In the clear: loopback only, and only when the process was started for development.
    Http,
}

impl Scheme {
    /// The port of an authority that names none.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
        }
    }
}

/// One operation of a provider.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its name in the contract; a metric label.
    pub name: Box<str>,
    /// The method.
    pub method: Method,
    /// The path as the contract writes it, such as `/v1/charges/{charge}`: low in cardinality.
    pub template: Box<str>,
    /// What makes a repeat safe.
    pub plan: Plan,
    /// The key that the provider sees.
    pub key: Key,
    /// How long each phase may last.
    pub timeouts: timeout::Policy,
    /// Attempts and the waits between them.
    pub retry: retry::Policy,
    /// Where the contract moves rows of the eligibility matrix.
    pub overrides: retry::matrix::Overrides,
    /// Which set of windows it uses: an index into [`Provider::lanes`].
    pub lane: u8,
    /// What a read says when the provider cannot.
    pub fallback: fallback::Policy,
    /// What of its replies may be shown then; set where the fallback is a stale answer.
    pub cache: Option<cache::Policy>,
    /// Whether equal reads that are under way at once are sent once.
    pub coalesce: Coalesce,
    /// The highest priority that a caller may ask for.
    pub priority: Priority,
    /// The slot whose credential is injected: an index into [`Provider::slots`].
    pub slot: Option<u8>,
    /// Scopes that the operation needs.
    pub needs: Box<[Box<str>]>,
    /// Bounds on bodies.
    pub bodies: Bodies,
    /// Set when 2xx bodies can mean an error: their prefix is read before anything is relayed.
    pub reads_success_bodies: bool,
    /// Streams are judged good at the head and then live at most this long.
    pub stream: Option<Duration>,
    /// Set where an earlier contract had it and this one has not: calls under way may still name it, no new one does.
    pub retired: bool,
}

/// Whether equal reads that are under way at once are sent once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Coalesce {
    /// Each is sent.
    #[default]
    Never,
    /// One is sent, and its reply is given to all, where the provider lets it be.
    Allowed,
}

/// Bounds on bodies, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bodies {
    /// Largest request body.
    pub request_max: u64,
    /// Largest request body that is kept for a repeat; larger ones stream and are sent once.
    pub replay_max: u64,
    /// Largest response body.
    pub response_max: u64,
    /// Largest response body once it is decoded; none: nobody looks.
    pub decoded_max: Option<u64>,
    /// In which media type a success comes.
    pub media: Media,
}

/// In which media type a success comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Media {
    /// In any: nobody looks.
    #[default]
    Any,
    /// As JSON: `application/json`, or a type that ends in `+json`.
    Json,
}

/// What makes a repeat of an operation safe (`product.md` 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Plan {
    /// It only reads.
    Safe,
    /// Doing it twice is doing it once.
    Repeatable,
    /// If-Match guards it.
    Conditional,
    /// The provider deduplicates by a header field.
    ProviderKey,
    /// The provider deduplicates by a field of the body.
    BodyField,
    /// We look whether it happened before we send again.
    Reconcile,
    /// Nothing does.
    Once,
}

impl Plan {
    /// Every plan, from the safest.
    pub const ALL: [Self; 7] = [
        Self::Safe,
        Self::Repeatable,
        Self::Conditional,
        Self::ProviderKey,
        Self::BodyField,
        Self::Reconcile,
        Self::Once,
    ];

    /// Whether an operation of this plan may change something at the provider.
    #[must_use]
    pub const fn mutates(self) -> bool {
        match self {
            Self::Safe => false,
            Self::Repeatable
            | Self::Conditional
            | Self::ProviderKey
            | Self::BodyField
            | Self::Reconcile
            | Self::Once => true,
        }
    }

    /// Its word in contracts; stable.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Repeatable => "repeatable",
            Self::Conditional => "conditional",
            Self::ProviderKey => "provider_key",
            Self::BodyField => "body_field",
            Self::Reconcile => "reconcile",
            Self::Once => "once",
        }
    }
}

/// The key that the provider sees, the same on every attempt of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// None.
    None,
    /// In a header field.
    Header {
        /// The field.
        name: HeaderName,
        /// Where the key comes from.
        origin: KeyOrigin,
    },
    /// In a field of the JSON body.
    Body {
        /// A JSON pointer (RFC 6901).
        pointer: Box<str>,
        /// Where the key comes from.
        origin: KeyOrigin,
    },
}

/// Where a key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyOrigin {
    /// The caller must send one.
    Required,
    /// Derived from these fields of the request body (JSON pointers).
    Derive(Box<[Box<str>]>),
    /// Made anew for each call; protects our own attempts only.
    PerCall,
}

/// How urgent a call is, most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// Before all others; a part of the slots is kept for it.
    Critical,
    /// The usual.
    Default,
    /// After all others.
    Background,
}

impl Priority {
    /// Every priority, most urgent first.
    pub const ALL: [Self; 3] = [Self::Critical, Self::Default, Self::Background];

    /// Its word in headers and contracts; stable.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Default => "default",
            Self::Background => "background",
        }
    }
}

/// A row of the provider's own error model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorRow {
    /// The status; none matches every one.
    pub status: Option<u16>,
    /// Fields that must be there, with a value where one is given.
    pub headers: Box<[(HeaderName, Option<Box<str>>)]>,
    /// JSON pointers into the body with the text of the scalar that must stand there (`true`, `12`, `lock_timeout`).
    pub json: Box<[(Box<str>, Box<str>)]>,
    /// What it means.
    pub class: Class,
    /// What the provider did, where the row says so.
    pub effect: Option<Effect>,
}

/// A credential slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its name in the contract.
    pub name: Box<str>,
    /// Where the secret is read.
    pub source: Source,
    /// How it is put on a request.
    pub inject: Inject,
    /// The only hosts that may see it; a leading `*.` stands for one or more labels.
    pub hosts: Box<[Box<str>]>,
    /// Scopes that it carries.
    pub scopes: Box<[Box<str>]>,
    /// Set where an earlier contract had it and this one has not.
    pub retired: bool,
}

/// Where a secret is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file, re-read when it changes.
    File {
        /// Its path.
        path: PathBuf,
        /// Set when the contract accepts a mode that others can read.
        mode_ok: bool,
    },
    /// An environment variable: development only.
    Env(Box<str>),
}

/// How a credential is put on a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inject {
    /// `Authorization: Bearer …`.
    Bearer,
    /// A field of its own.
    Header {
        /// The field.
        name: HeaderName,
        /// What stands before the secret, such as `Token `.
        prefix: Box<str>,
    },
    /// `Authorization: Basic …`; the secret is the password, or `user:password` where no user is given.
    Basic {
        /// The user.
        user: Option<Box<str>>,
    },
    /// A query parameter.
    Query {
        /// Its name.
        name: Box<str>,
    },
}

/// Whether the gates of a provider bind: breaker, limits, queue and retries. Everything else always does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// They do.
    #[default]
    Enforce,
    /// They say what they would have done, and let every call pass once.
    Report,
}

impl Mode {
    /// Its word in contracts; stable.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Report => "report",
        }
    }
}

/// A door of a provider: whoever comes in through it calls this provider, by the provider's own paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A port of its own, on the address of the data port.
    Port(u16),
    /// A host name of its own, on the data port.
    Host(Box<str>),
}

/// What becomes of links in which a provider leads to itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Links {
    /// They stay as they are: whoever follows them leaves the gateway.
    #[default]
    Keep,
    /// They lead back to the address at which the caller came in.
    Rewrite {
        /// JSON pointers (RFC 6901; the token `*` stands for each element of a list) of URLs in bodies.
        json: Box<[Box<str>]>,
    },
}

impl Links {
    /// Whether bodies have to be readable.
    #[must_use]
    pub const fn reads_bodies(&self) -> bool {
        match self {
            Self::Keep => false,
            Self::Rewrite { json } => !json.is_empty(),
        }
    }
}

/// What of a caller's head goes on to the provider, beyond the fields of the request itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// Fields that would stay behind because they say who the caller is, and pass all the same.
    pub pass: Box<[HeaderName]>,
    /// What becomes of a trace.
    pub trace: Trace,
}

/// What a provider learns of the caller's trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trace {
    /// Nothing.
    Off,
    /// That there is one: ids of its own for each call that is traced, which lead nowhere else.
    #[default]
    Restart,
    /// All of it: `traceparent` with a new parent per attempt, and `tracestate`.
    Forward,
}

/// Where calls may go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Egress {
    /// A PEM file with the only roots that are trusted, instead of the machine's.
    pub ca: Option<PathBuf>,
    /// Private or special networks that are allowed.
    pub private: Box<[Network]>,
    /// In the clear to loopback, under `run --dev`.
    pub plain_http: bool,
}

/// An address block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Any address of the block.
    pub address: IpAddr,
    /// Leading bits that count: 0–32 or 0–128.
    pub prefix: u8,
}

impl Network {
    /// Whether an address lies in the block; IPv4-mapped IPv6 addresses count as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                let bits = u32::from(self.prefix.min(32));
                let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
                ours.to_bits() & mask == theirs.to_bits() & mask
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                let bits = u32::from(self.prefix.min(128));
                let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
                ours.to_bits() & mask == theirs.to_bits() & mask
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}
