//! Checked contracts for tests, as the sample of the product paper has them; a test changes what it is about.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};
use outwright_core::admission::Routes;
use outwright_core::classify::Dialect;
use outwright_core::provider::{
    About, Base, Bodies, Coalesce, Egress, Fields, Key, KeyOrigin, Links, OpIndex, Operation, Plan,
    Priority, Provider, Scheme, Tier,
};
use outwright_core::retry::backoff::Jitter;
use outwright_core::retry::matrix::Overrides;
use outwright_core::retry::{backoff, budget};
use outwright_core::{breaker, bulkhead, fallback, ratelimit, retry, timeout};

/// A read.
pub(crate) const READ: OpIndex = OpIndex(0);
/// A write under a key that the provider knows.
pub(crate) const WRITE: OpIndex = OpIndex(1);
/// A write that nothing protects.
pub(crate) const ONCE: OpIndex = OpIndex(2);

/// `seconds`, also parts of one.
pub(crate) fn secs(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// Three operations, no windows, 20 slots, 40 places for a second.
pub(crate) fn provider() -> Provider {
    let key = Key::Header {
        name: HeaderName::from_static("idempotency-key"),
        origin: KeyOrigin::PerCall,
    };
    Provider {
        name: "stripe".into(),
        tier: Tier::Critical,
        base: Base {
            scheme: Scheme::Https,
            host: "api.example.com".into(),
            port: 443,
            path: "".into(),
            authority: HeaderValue::from_static("api.example.com"),
        },
        operations: Box::new([
            operation("read", Method::GET, Plan::Safe, Key::None),
            operation("write", Method::POST, Plan::ProviderKey, key),
            operation("once", Method::POST, Plan::Once, Key::None),
        ]),
        routes: Routes::default(),
        breaker: breaker::Policy::new(secs(10.0), 20, 0.9, (secs(2.0), secs(60.0)), 1).unwrap(),
        windows: Box::new([]),
        lanes: Box::new([0]),
        bulkhead: bulkhead::Policy::new(20, 40, secs(1.0)).unwrap(),
        budget: budget::Policy::new(0.2, 20).unwrap(),
        dialect: Dialect::Ietf,
        errors: Box::new([]),
        stop_retry: Box::new([]),
        request_id: None,
        version: None,
        slots: Box::new([]),
        fields: Fields::default(),
        callers: Box::new([]),
        mode: outwright_core::provider::Mode::Enforce,
        listen: None,
        links: Links::Keep,
        egress: Egress::default(),
        digest: "0".into(),
        about: About::default(),
    }
}

/// The same with one window that all operations share.
pub(crate) fn with_window(requests: u32, per: Duration) -> Provider {
    let mut provider = provider();
    provider.windows = Box::new([ratelimit::Policy::new("account", requests, per).unwrap()]);
    provider.lanes = Box::new([1]);
    provider
}

/// Changes the timeouts of every operation: connect, first byte, idle, attempt, total in seconds.
pub(crate) fn set_timeouts(provider: &mut Provider, [c, f, i, a, t]: [f64; 5]) {
    let timeouts = timeout::Policy::new(secs(c), secs(f), secs(i), secs(a), secs(t)).unwrap();
    for operation in &mut provider.operations {
        operation.timeouts = timeouts;
    }
}

/// An operation with the waits of the sample.
fn operation(name: &str, method: Method, plan: Plan, key: Key) -> Operation {
    let transient = backoff::Policy::new(secs(0.1), secs(2.0), Jitter::Full).unwrap();
    let throttle = backoff::Policy::new(secs(1.0), secs(30.0), Jitter::Equal).unwrap();
    Operation {
        name: name.into(),
        method,
        template: format!("/v1/{name}").into(),
        plan,
        key,
        timeouts: timeout::Policy::new(secs(1.0), secs(6.0), secs(5.0), secs(7.0), secs(25.0))
            .unwrap(),
        retry: retry::Policy::new(3, transient, throttle).unwrap(),
        overrides: Overrides::default(),
        lane: 0,
        fallback: fallback::Policy::None,
        cache: None,
        priority: Priority::Critical,
        slot: None,
        needs: Box::new([]),
        bodies: Bodies {
            request_max: 1 << 20,
            replay_max: 1 << 16,
            response_max: 1 << 20,
            decoded_max: None,
            media: outwright_core::provider::Media::Any,
        },
        reads_success_bodies: false,
        coalesce: Coalesce::Never,
        stream: None,
        retired: false,
    }
}
