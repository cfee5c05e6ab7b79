//! Every metric family, in one table: the exposition, the reference page and the tests read it.

/// A metric family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// Its name; stable.
    pub name: &'static str,
    /// How its numbers behave.
    pub kind: Kind,
    /// What it says, in one sentence.
    pub help: &'static str,
    /// Its labels, in the order of the exposition.
    pub labels: &'static [&'static str],
}

/// How the numbers of a family behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Counts by upper bound, with a sum.
    Histogram,
}

impl Kind {
    /// Its word in the exposition format.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

macro_rules! families {
    ($($constant:ident = $kind:ident $name:literal [$($label:literal),*] $help:literal;)*) => {
        $(pub(crate) const $constant: Family = Family {
            name: $name,
            kind: Kind::$kind,
            help: $help,
            labels: &[$($label),*],
        };)*
        /// Every family, in the order of the exposition.
        pub const FAMILIES: &[Family] = &[$($constant),*];
    };
}

families! {
    CALLS = Counter "outwright_calls_total" ["provider", "operation", "outcome"]
        "Calls that are over, by what the caller got.";
    CALL_DURATION = Histogram "outwright_call_duration_seconds" ["provider", "operation", "result"]
        "Time from a call's head to the end of its reply, waits and retries included.";
    OVERHEAD = Histogram "outwright_call_overhead_seconds" ["provider"]
        "Time of a call that was neither the provider's nor a wait on purpose: what outwright costs.";
    IN_FLIGHT = Gauge "outwright_calls_in_flight" ["provider"]
        "Calls that have begun and are not over.";
    ATTEMPTS = Counter "outwright_attempts_total" ["provider", "operation", "kind", "result"]
        "Sends that were judged, by first or retry and by the class of their outcome.";
    RETRIES = Counter "outwright_retries_total" ["provider", "operation", "reason"]
        "Attempts that followed another one, by the class of the one before.";
    SUPPRESSED = Counter "outwright_retries_suppressed_total" ["provider", "operation", "cause"]
        "Outcomes that were not good and were not tried again, by why not.";
    BUDGET = Gauge "outwright_retry_budget_remaining_ratio" ["provider"]
        "Part of the retry budget that is left, from 0 to 1.";
    RETRY_AFTER = Histogram "outwright_retry_after_seconds" ["provider"]
        "Waits that the provider asked for.";
    THROTTLED = Counter "outwright_throttled_total" ["provider", "operation", "signal"]
        "Attempts that the provider throttled, by how it said so.";
    BREAKER_STATE = Gauge "outwright_breaker_state" ["provider", "breaker", "state"]
        "1 for the state that the breaker is in, 0 for the others.";
    BREAKER_PROBES = Gauge "outwright_breaker_probes_out" ["provider"]
        "Calls that are out to find whether the provider is back.";
    BREAKER_TRANSITIONS = Counter "outwright_breaker_transitions_total" ["provider", "breaker", "from", "to"]
        "Changes of a breaker's state.";
    BREAKER_REJECTIONS = Counter "outwright_breaker_rejections_total" ["provider"]
        "Calls that were refused because a breaker was open.";
    LIMITER_PERMITS = Gauge "outwright_limiter_permits" ["provider", "limit"]
        "Requests that a rate window would let through now.";
    LIMITER_LIMIT = Gauge "outwright_limiter_permits_limit" ["provider", "limit"]
        "Requests that a rate window lets through in all.";
    LIMITER_REJECTIONS = Counter "outwright_limiter_rejections_total" ["provider", "reason"]
        "Calls that were refused because of a rate window, a provider's wait or a used-up quota.";
    CONCURRENCY_LIMIT = Gauge "outwright_concurrency_limit" ["provider"]
        "Calls that may be at the provider at once.";
    CONCURRENCY_USED = Gauge "outwright_concurrency_used" ["provider"]
        "Calls that are at the provider now.";
    QUEUE_DEPTH = Gauge "outwright_queue_depth" ["provider"]
        "Calls that wait for a slot or a window.";
    QUEUE_LIMIT = Gauge "outwright_queue_limit" ["provider"]
        "Calls that may wait.";
    QUEUE_WAIT = Histogram "outwright_queue_wait_seconds" ["provider"]
        "Time that calls stood in the queue before they were let through.";
    QUEUE_REJECTIONS = Counter "outwright_queue_rejections_total" ["provider", "reason"]
        "Calls that were refused because the queue or a caller's share was full, or nothing moved in time.";
    REPORTED = Counter "outwright_reported_total" ["provider", "would", "reason"]
        "What the gates of a contract in report mode would have done: calls refused or queued, and attempts that were not repeated.";
    UNKNOWN = Counter "outwright_unknown_outcomes_total" ["provider", "operation", "cause"]
        "Mutations of which nobody on this side can say whether the provider carried them out.";
    FALLBACKS = Counter "outwright_fallbacks_total" ["provider", "operation", "kind"]
        "Calls that were answered with something else than the provider's answer of now, by what.";
    CACHE_LOOKUPS = Counter "outwright_cache_lookups_total" ["provider", "operation", "result"]
        "Looks at what is kept for calls that failed, by what came of them.";
    COALESCED = Counter "outwright_coalesced_reads_total" ["provider", "operation", "result"]
        "Reads that waited for the reply of an equal one, by what came of them.";
    COALESCED_WAITING = Gauge "outwright_coalesced_waiting" ["provider"]
        "Reads that wait for the reply of an equal one, which has not begun to come.";
    CACHE_ENTRIES = Gauge "outwright_cache_entries" ["provider"]
        "Replies that are kept to be shown when the provider cannot answer.";
    KEPT_BYTES = Gauge "outwright_kept_bytes" []
        "Bytes that the process keeps of replies and bodies.";
    KEPT_BYTES_LIMIT = Gauge "outwright_kept_bytes_limit" []
        "Bytes that the process may keep of them.";
    PROCESS_CALLS = Gauge "outwright_process_calls" []
        "Calls of all providers that the process has under way, those on their way to a refusal included.";
    PROCESS_CALLS_LIMIT = Gauge "outwright_process_calls_limit" []
        "Calls that it may have under way; the last fifth is for critical ones.";
    PROCESS_REJECTIONS = Counter "outwright_process_rejections_total" ["provider", "reason"]
        "Calls that were refused because the process has as many under way, or keeps as many bytes, as it may.";
    CREDENTIAL_VERSION = Gauge "outwright_credential_version" ["provider", "credential"]
        "How often the credential in use was read anew since the start, from 1; 0 while there is none.";
    CONTRACT_INFO = Gauge "outwright_contract_info" ["provider", "version", "tier", "owner"]
        "Always 1: tells which contract is in force and who owns it.";
    BUILD_INFO = Gauge "outwright_build_info" ["version"]
        "Always 1: tells which outwright this is.";
    RELOAD_OK = Gauge "outwright_contracts_last_reload_successful" []
        "1 while the contracts that were read last are in force; 0 while an older state is, because the last one was refused.";
    RELOAD_AT = Gauge "outwright_contracts_last_reload_timestamp_seconds" []
        "When contracts last took force, in seconds since 1970.";
    HOST_CHECK = Counter "outwright_host_check_rejections_total" ["plane"]
        "Requests that were turned away for their Host, Origin or fetch metadata.";
    TURNED_AWAY = Counter "outwright_turned_away_total" ["problem"]
        "Requests that the door answered before any operation was found.";
    DROPPED = Counter "outwright_telemetry_dropped_total" ["signal", "reason"]
        "Log lines that were dropped.";
    BUGS = Counter "outwright_bugs_total" []
        "Broken promises of outwright's own code; must stay 0.";
}

#[cfg(test)]
mod tests {
    use super::{FAMILIES, Kind};

    #[test]
    fn names_follow_the_conventions_of_the_exposition_format() {
        for family in FAMILIES {
            assert!(family.name.starts_with("outwright_"), "{}", family.name);
            assert_eq!(
                family.name.ends_with("_total"),
                family.kind == Kind::Counter,
                "{}",
                family.name
            );
            assert!(family.help.ends_with('.'), "{}", family.name);
        }
    }

    #[test]
    fn no_name_stands_twice() {
        let mut names: Vec<_> = FAMILIES.iter().map(|family| family.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FAMILIES.len());
    }
}
