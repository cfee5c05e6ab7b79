//! What a scrape and the log say after a few calls.

use std::sync::Arc;
use std::time::Duration;

use outwright_core::event::{BreakerState, Event, What};
use outwright_core::outcome::{AttemptNo, Class, Fault};
use outwright_core::provider::OpIndex;
use outwright_core::refusal::Reason;
use outwright_core::step::{CallId, Skip};
use outwright_core::time::{Mono, Now, Timestamp};

use super::{
    Attempt, CoreTelemetry, CredentialLevel, FAMILIES, Holds, Levels, Outcome, Record, Reload,
    Shape, Telemetry, Told, Transitions, TurnedAway, WindowLevel,
};

const OPERATION: OpIndex = OpIndex(0);

fn telemetry() -> Arc<Telemetry> {
    let shape = Shape {
        name: "demo".into(),
        operations: ["get".into(), "create".into()].into(),
        windows: ["account".into()].into(),
        version: "9c1e".into(),
        owner: "pay \"ments\"".into(),
        tier: outwright_core::provider::Tier::Critical,
    };
    Arc::new(Telemetry {
        told: std::sync::Mutex::new(Arc::new(Told { shapes: [shape].into(), fixed: [].into() })),
        cores: std::sync::Mutex::default(),
        transitions: Transitions::default(),
        reload: std::sync::Mutex::new(Reload {
            taken: Timestamp::from_millis(1_790_000_000_500),
            refused: None,
        }),
        queue: None,
        writer: std::sync::Mutex::default(),
    })
}

fn levels() -> Levels {
    Levels {
        breakers: vec![(None, BreakerState::Open)],
        windows: vec![WindowLevel { left: 7, requests: 100 }],
        slots: 20,
        slots_used: 3,
        queue: 40,
        waiting: 1,
        budget: 0.25,
        probes: 1,
        credentials: vec![CredentialLevel { slot: "key".into(), version: 3 }],
        kept: 3,
        following: 0,
        bugs: 0,
    }
}

fn says(core: &CoreTelemetry, what: &[What]) {
    let events: Vec<_> = what.iter().map(|what| Event { call: CallId(1), what: *what }).collect();
    core.events(0, OPERATION, &events);
}

fn timed_out_then_good() -> Record {
    let mut record = Record::new(CallId(0xabc), 0, OPERATION, Now::default());
    let mut first = Attempt::new(AttemptNo::FIRST, Mono::ZERO);
    first.ended = Some(Mono::from_millis(500));
    first.fault = Some(Fault::FirstByteTimeout);
    first.class = Some(Class::Transient);
    record.attempts.push(first);
    let mut second = Attempt::new(AttemptNo::new(2), Mono::from_millis(600));
    second.ended = Some(Mono::from_millis(900));
    second.status = Some(200);
    second.class = Some(Class::Success);
    record.attempts.push(second);
    record.backoff = Duration::from_millis(100);
    record.outcome = Outcome::Success;
    record.status = 200;
    record
}

fn has(page: &str, row: &str) {
    assert!(page.lines().any(|line| line == row), "{row} is not in\n{page}");
}

#[test]
fn what_two_cores_counted_is_added_up() {
    let telemetry = telemetry();
    for core in [telemetry.core(), telemetry.core()] {
        core.begin(0);
        core.over(&timed_out_then_good(), Mono::from_millis(901));
    }
    let page = telemetry.exposition(&[Some(levels())], Holds::default());
    has(&page, r#"outwright_calls_total{provider="demo",operation="get",outcome="success"} 2"#);
    has(&page, r#"outwright_calls_total{provider="demo",operation="create",outcome="success"} 0"#);
    has(&page, r#"outwright_calls_in_flight{provider="demo"} 0"#);
    has(
        &page,
        r#"outwright_call_duration_seconds_bucket{provider="demo",operation="get",result="ok",le="0.75"} 0"#,
    );
    has(
        &page,
        r#"outwright_call_duration_seconds_bucket{provider="demo",operation="get",result="ok",le="1"} 2"#,
    );
    has(&page, r#"outwright_call_overhead_seconds_sum{provider="demo"} 0.002000000"#);
    has(&page, r#"outwright_call_overhead_seconds_count{provider="demo"} 2"#);
}

#[test]
fn events_become_counts() {
    let telemetry = telemetry();
    let core = telemetry.core();
    let first = AttemptNo::FIRST;
    says(
        &core,
        &[
            What::Granted { waited: Duration::from_millis(2) },
            What::Judged { attempt: first, class: Class::Throttled, fault: None },
            What::Hint(Duration::from_secs(3)),
            What::Retrying { attempt: first, wait: Duration::from_secs(3) },
        ],
    );
    says(&core, &[What::Breaker { operation: None, to: BreakerState::Open }]);
    says(&core, &[What::Refused(Reason::BreakerOpen), What::RetrySkipped(Skip::Budget)]);
    let page = telemetry.exposition(&[Some(levels())], Holds::default());
    for row in [
        r#"outwright_attempts_total{provider="demo",operation="get",kind="first",result="throttled"} 1"#,
        r#"outwright_retries_total{provider="demo",operation="get",reason="throttled"} 1"#,
        r#"outwright_retries_suppressed_total{provider="demo",operation="get",cause="budget_exhausted"} 1"#,
        r#"outwright_retry_after_seconds_bucket{provider="demo",le="5"} 1"#,
        r#"outwright_breaker_transitions_total{provider="demo",breaker="provider",from="closed",to="open"} 1"#,
        r#"outwright_breaker_rejections_total{provider="demo"} 1"#,
        r#"outwright_queue_wait_seconds_count{provider="demo"} 1"#,
    ] {
        has(&page, row);
    }
}

#[test]
fn levels_of_the_gates_are_shown() {
    let page = telemetry().exposition(&[Some(levels())], Holds::default());
    for row in [
        r#"outwright_breaker_state{provider="demo",breaker="provider",state="open"} 1"#,
        r#"outwright_breaker_state{provider="demo",breaker="provider",state="closed"} 0"#,
        r#"outwright_limiter_permits{provider="demo",limit="account"} 7"#,
        r#"outwright_concurrency_used{provider="demo"} 3"#,
        r#"outwright_queue_depth{provider="demo"} 1"#,
        r#"outwright_retry_budget_remaining_ratio{provider="demo"} 0.25"#,
        r#"outwright_breaker_probes_out{provider="demo"} 1"#,
        r#"outwright_credential_version{provider="demo",credential="key"} 3"#,
        r#"outwright_contract_info{provider="demo",version="9c1e",tier="critical",owner="pay \"ments\""} 1"#,
        "outwright_bugs_total 0",
    ] {
        has(&page, row);
    }
}

/// R-607: every family and every label comes from the table.
#[test]
fn the_page_has_every_family_of_the_table_and_no_other() {
    let telemetry = telemetry();
    telemetry.core().turned_away(TurnedAway::HostForeign, (None, 421), Timestamp::default());
    let page = telemetry.exposition(&[Some(levels())], Holds::default());
    let told: Vec<_> =
        page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let mut expected: Vec<_> = FAMILIES.iter().map(|family| family.name).collect();
    let mut sorted = told.clone();
    sorted.sort_unstable();
    expected.sort_unstable();
    assert_eq!(sorted, expected);
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().expect("a row begins with its name");
        let stem = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .filter(|stem| told.contains(stem))
            .unwrap_or(name);
        assert!(told.contains(&stem), "{line}");
    }
    has(&page, r#"outwright_host_check_rejections_total{plane="data"} 1"#);
    has(&page, r#"outwright_turned_away_total{problem="host-foreign"} 1"#);
}
