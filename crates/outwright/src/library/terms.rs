//! What a caller asks for one call, beside what its request says.

use std::time::Duration;

use outwright_core::provider::Priority;

/// Terms of one call: put into the extensions of its request, so that they pass through every layer of `tower`.
///
/// They mean the same as the fields at the gateway (`Outwright-Timeout`, `Outwright-Priority`, `Idempotency-Key`), which
/// are read too: the smaller timeout wins, the other terms win over the fields.
///
/// ```
/// use std::time::Duration;
/// use outwright::Terms;
///
/// let request = http::Request::post("/v1/charges")
///     .extension(Terms::new().timeout(Duration::from_secs(2)).key("order-17"))
///     .body(());
/// # assert!(request.is_ok());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    pub(super) timeout: Option<Duration>,
    pub(super) priority: Option<Priority>,
    pub(super) key: Option<Box<str>>,
    pub(super) caller: Option<Box<str>>,
}

impl Terms {
    /// What the contract says, and nothing else.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How long the caller waits; the contract's `total` wins where it is smaller.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How urgent the call is; the operation's own priority is a ceiling.
    #[must_use]
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.priority = Some(priority);
        self
    }

    /// The idempotency key: one per intended effect, the same on every repeat.
    #[must_use]
    pub fn key(mut self, key: impl Into<Box<str>>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Which part of the program calls, where several share a process: no key of one is ever a key of another.
    #[must_use]
    pub fn caller(mut self, name: impl Into<Box<str>>) -> Self {
        self.caller = Some(name.into());
        self
    }
}
