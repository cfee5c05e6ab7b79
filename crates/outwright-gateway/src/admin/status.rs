//! `GET /v1/status`: what `outwright status` shows.

use http::{Response, StatusCode};
use outwright::Shared;
use outwright::telemetry::{Calls, Levels};
use outwright_core::provider::{OpIndex, Provider, Tier};
use outwright_core::time::Timestamp;
use serde::Serialize;

use super::{Whole, json};

#[derive(Serialize)]
struct Status<'a> {
    version: &'static str,
    uptime_ms: u64,
    contracts: OfContracts,
    providers: Vec<OfProvider<'a>>,
}

#[derive(Serialize)]
struct OfProvider<'a> {
    name: &'a str,
    tier: &'static str,
    owner: &'a str,
    contract: &'a str,
    mode: &'static str,
    calls: OfCalls,
    breakers: Vec<OfBreaker<'a>>,
    retry_budget: f64,
    probes_out: usize,
    concurrency: Used,
    queue: Used,
    windows: Vec<OfWindow<'a>>,
    credentials: Vec<OfCredential<'a>>,
    /// Requests that no operation names, by their shape.
    unnamed: Vec<OfUnnamed>,
}

#[derive(Serialize)]
struct OfUnnamed {
    request: String,
    calls: u64,
}

#[derive(Serialize)]
struct OfContracts {
    /// Since when those that stand are in force, in milliseconds since 1970.
    since_ms: u64,
    /// When newer ones were refused, if they were.
    refused_ms: Option<u64>,
}

#[derive(Serialize)]
struct OfCalls {
    over: u64,
    failed: u64,
    in_flight: u64,
}

#[derive(Serialize)]
struct OfBreaker<'a> {
    breaker: &'a str,
    state: &'static str,
}

#[derive(Serialize)]
struct Used {
    used: u32,
    limit: u32,
}

#[derive(Serialize)]
struct OfWindow<'a> {
    name: &'a str,
    left: u32,
    limit: u32,
    per_ms: u64,
}

#[derive(Serialize)]
struct OfCredential<'a> {
    name: &'a str,
    /// From 1; 0 while there is none.
    version: u32,
}

/// The document.
pub(super) fn answer(shared: &Shared) -> Response<Whole> {
    let levels = shared.levels();
    let calls = shared.telemetry().calls();
    let reload = shared.telemetry().reload();
    let contracts = OfContracts {
        since_ms: reload.taken.millis(),
        refused_ms: reload.refused.map(Timestamp::millis),
    };
    let roster = shared.roster();
    let providers = roster.providers().filter_map(|(index, provider)| {
        let unnamed = shared.unnamed().of(index);
        Some((provider, levels.get(index)?.as_ref()?, calls.get(index)?, unnamed))
    });
    let status = Status {
        version: env!("CARGO_PKG_VERSION"),
        uptime_ms: shared.now().mono.nanos() / 1_000_000,
        contracts,
        providers: providers
            .map(|(provider, levels, calls, unnamed)| of(provider, levels, *calls, unnamed))
            .collect(),
    };
    let document = serde_json::to_vec(&status).expect("names and numbers always are JSON");
    json(StatusCode::OK, "application/json", document)
}

fn of<'a>(
    provider: &'a Provider,
    levels: &'a Levels,
    calls: Calls,
    unnamed: Vec<(String, u64)>,
) -> OfProvider<'a> {
    let breakers = levels.breakers.iter().map(|(operation, state)| OfBreaker {
        breaker: operation.map_or("provider", |index: OpIndex| &provider.operation(index).name),
        state: state.word(),
    });
    let windows = provider.windows.iter().zip(&levels.windows).map(|(window, level)| OfWindow {
        name: window.name(),
        left: level.left,
        limit: level.requests,
        per_ms: u64::try_from(window.per().as_millis()).unwrap_or(u64::MAX),
    });
    OfProvider {
        name: &provider.name,
        tier: match provider.tier {
            Tier::Critical => "critical",
            Tier::Important => "important",
            Tier::BestEffort => "best_effort",
        },
        owner: &provider.about.team,
        contract: &provider.digest,
        mode: provider.mode.word(),
        unnamed: unnamed.into_iter().map(|(request, calls)| OfUnnamed { request, calls }).collect(),
        calls: OfCalls { over: calls.over, failed: calls.failed, in_flight: calls.in_flight },
        breakers: breakers.collect(),
        retry_budget: levels.budget,
        probes_out: levels.probes,
        concurrency: Used { used: levels.slots_used, limit: levels.slots },
        queue: Used { used: levels.waiting, limit: levels.queue },
        windows: windows.collect(),
        credentials: levels
            .credentials
            .iter()
            .map(|level| OfCredential { name: &level.slot, version: level.version })
            .collect(),
    }
}
