//! The rules that contracts are held to, by hundreds: 1 format, 2 time, 3 retry and idempotency, 4 limits, 5 degradation, 6 credentials, 7 egress, 8 signals, 9 lifecycle.

pub mod callers;
pub mod credentials;
pub mod degradation;
pub mod egress;
pub mod format;
pub mod idempotency;
pub mod lifecycle;
pub mod limits;
pub mod retry;
pub mod signals;
pub mod time;

use crate::effective::View;
use crate::finding::{Finding, Rule};

/// Every rule, by code.
pub static ALL: &[&Rule] = &[
    &format::SYNTAX,
    &format::UNKNOWN,
    &format::DUPLICATE,
    &format::ANCHOR,
    &format::BOUNDS,
    &format::BRACE,
    &format::FORM,
    &format::MISSING,
    &format::TWICE,
    &format::DANGLING,
    &format::TAB,
    &format::UNSOURCED,
    &format::OPEN,
    &format::NOT_EXECUTABLE,
    &format::NO_EFFECT,
    &time::MISSING,
    &time::INCOHERENT,
    &time::WORST_CASE,
    &time::HAND_OVER,
    &idempotency::NO_PLAN,
    &idempotency::NO_KEY,
    &idempotency::NOT_DEDUPLICATED,
    &idempotency::PLAN_AND_METHOD,
    &idempotency::ONCE_RETRIED,
    &idempotency::PER_CALL,
    &idempotency::RECONCILE,
    &idempotency::HORIZON,
    &idempotency::FORGOTTEN_FIRST,
    &idempotency::SLOW_LOOKUP,
    &retry::MISSING,
    &retry::UNUSABLE,
    &retry::TOWARDS_RISK,
    &retry::ERROR_MODEL,
    &limits::WINDOW,
    &limits::NO_RESET,
    &limits::BREAKER,
    &limits::CONCURRENCY,
    &limits::NO_LIMITS,
    &limits::ROUTES,
    &limits::TOO_MANY,
    &limits::SPEND,
    &limits::UNCHECKED,
    &limits::NOT_SHARED,
    &degradation::NO_FALLBACK,
    &degradation::MADE_UP,
    &degradation::NO_BECAUSE,
    &degradation::NOTHING_KEPT,
    &degradation::NOT_SHOWABLE,
    &credentials::LITERAL,
    &credentials::QUERY,
    &credentials::NO_ROTATION,
    &credentials::HOSTS,
    &credentials::UNCOVERED,
    &credentials::UNUSED_SCOPE,
    &credentials::ENVIRONMENT,
    &credentials::UNCLEAR,
    &credentials::WIDE_HOST,
    &credentials::READABLE,
    &credentials::OVERLAP,
    &credentials::WIDE_SCOPE,
    &credentials::GRANT,
    &credentials::NO_SCOPES,
    &credentials::OLD_AGE,
    &credentials::SHARED,
    &egress::BASE_URL,
    &egress::PLAIN_HTTP,
    &egress::ADDRESS,
    &egress::LISTENER,
    &egress::PASS,
    &callers::UNUSABLE,
    &callers::SHARES,
    &egress::DATA,
    &egress::WIDE_PRIVATE,
    &signals::NO_OWNER,
    &signals::NO_SLO,
    &signals::NO_ALERTS,
    &signals::UNREACHABLE,
    &signals::EXAMPLE,
    &signals::OUT_OF_REACH,
    &lifecycle::NO_LIFECYCLE,
    &lifecycle::EXPIRED,
    &lifecycle::IDLE_WAIVER,
    &lifecycle::NOT_REVIEWED,
    &lifecycle::NO_VERSION,
];

/// The rule of a code.
#[must_use]
pub fn find(code: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.code.eq_ignore_ascii_case(code))
}

/// Holds an effective contract against every rule.
pub(crate) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    time::check(view, out);
    idempotency::check(view, out);
    retry::check(view, out);
    limits::check(view, out);
    degradation::check(view, out);
    credentials::check(view, out);
    egress::check(view, out);
    callers::check(view, out);
    signals::check(view, out);
    lifecycle::check(view, out);
    format::check(view, out);
}
