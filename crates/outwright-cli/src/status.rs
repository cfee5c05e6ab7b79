//! `outwright status`: what a running gateway is doing, in one look.

use std::fmt::Write as _;

use bytes::Bytes;
use http::Request;
use http::header::{AUTHORIZATION, HOST};
use http_body_util::Full;
use serde_json::Value;

use crate::args::{Format, StatusArgs};
use crate::exit::Exit;
use crate::{gateway, state};

/// Asks the admin port and prints.
pub(crate) fn status(args: &StatusArgs) -> Exit {
    let folder = match state::folder(args.state.as_deref()) {
        Ok(folder) => folder,
        Err(cause) => {
            eprintln!("error: {cause}");
            return Exit::WrongUse;
        }
    };
    let token = match state::admin_token(&folder) {
        Ok(token) => token,
        Err(cause) => {
            eprintln!("error: {cause}");
            eprintln!("help: give the folder that the gateway was started with: --state DIR");
            return Exit::Environment;
        }
    };
    let request = Request::builder()
        .uri("/v1/status")
        .header(HOST, gateway::host(args.admin, &args.tls))
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .body(Full::new(Bytes::new()));
    let Ok(request) = request else {
        eprintln!("error: the token in {} is not usable", folder.display());
        return Exit::Environment;
    };
    let reply = match gateway::send(args.admin, &args.tls, request) {
        Ok(reply) => reply,
        Err(error) => {
            eprintln!("error: {error}");
            return Exit::Environment;
        }
    };
    if !reply.status().is_success() {
        eprintln!("error: the admin port said {}", reply.status());
        return Exit::Environment;
    }
    let Ok(value) = serde_json::from_slice::<Value>(reply.body()) else {
        eprintln!("error: the admin port's reply is not JSON");
        return Exit::Environment;
    };
    match args.format {
        Format::Json => println!("{value}"),
        Format::Text => print!("{}", text(&value)),
    }
    Exit::Fine
}

/// The document as a person reads it: one block for each provider.
fn text(status: &Value) -> String {
    let mut out = String::new();
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    let word = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let up = number(&status["uptime_ms"]) / 1000;
    let _ = writeln!(out, "outwright {}, up for {up} s", word(&status["version"]));
    if status.pointer("/contracts/refused_ms").is_some_and(Value::is_u64) {
        out.push_str(
            "OLD CONTRACTS: the ones on disk were refused; what it said of them tells why\n",
        );
    }
    for provider in status["providers"].as_array().into_iter().flatten() {
        let calls = &provider["calls"];
        let _ = writeln!(
            out,
            "\n{} ({}, owner {}, contract {})",
            word(&provider["name"]),
            word(&provider["tier"]),
            word(&provider["owner"]),
            word(&provider["contract"])
        );
        let _ = writeln!(
            out,
            "  calls        {} over, {} of them failed, {} in flight",
            number(&calls["over"]),
            number(&calls["failed"]),
            number(&calls["in_flight"])
        );
        if word(&provider["mode"]) == "report" {
            out.push_str("  mode         report: breaker, limits, queue and retries do not bind\n");
        }
        for breaker in provider["breakers"].as_array().into_iter().flatten() {
            let state = word(&breaker["state"]);
            let of = word(&breaker["breaker"]);
            // Closed breakers of operations say nothing that the provider's does not.
            if of == "provider" || state != "closed" {
                let _ = writeln!(out, "  breaker      {of}: {state}");
            }
        }
        for (name, used) in
            [("concurrency", &provider["concurrency"]), ("queue", &provider["queue"])]
        {
            let _ = writeln!(
                out,
                "  {name:<12} {} of {}",
                number(&used["used"]),
                number(&used["limit"])
            );
        }
        for window in provider["windows"].as_array().into_iter().flatten() {
            let _ = writeln!(
                out,
                "  window       {}: {} of {} left per {} ms",
                word(&window["name"]),
                number(&window["left"]),
                number(&window["limit"]),
                number(&window["per_ms"])
            );
        }
        for credential in provider["credentials"].as_array().into_iter().flatten() {
            let state = if number(&credential["version"]) > 0 { "there" } else { "MISSING" };
            let _ = writeln!(out, "  credential   {}: {state}", word(&credential["name"]));
        }
        for unnamed in provider["unnamed"].as_array().into_iter().flatten() {
            let (request, calls) = (word(&unnamed["request"]), number(&unnamed["calls"]));
            let _ = writeln!(out, "  unnamed      {request}: {calls} calls");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_status_names_what_is_not_as_it_should_be() {
        let status = json!({ "version": "0.1.0", "uptime_ms": 61_000, "providers": [{
            "name": "stripe", "tier": "critical", "owner": "payments", "contract": "9c1e",
            "calls": { "over": 10, "failed": 2, "in_flight": 1 },
            "breakers": [
                { "breaker": "provider", "state": "closed" },
                { "breaker": "create_charge", "state": "open" },
                { "breaker": "list_charges", "state": "closed" }
            ],
            "concurrency": { "used": 1, "limit": 20 }, "queue": { "used": 0, "limit": 40 },
            "windows": [{ "name": "account", "left": 99, "limit": 100, "per_ms": 1000 }],
            "credentials": [{ "name": "payments_key", "read_ms": null }]
        }]});
        let text = text(&status);
        for line in [
            "up for 61 s",
            "stripe (critical, owner payments, contract 9c1e)",
            "10 over, 2 of them failed, 1 in flight",
            "create_charge: open",
            "account: 99 of 100 left per 1000 ms",
            "payments_key: MISSING",
        ] {
            assert!(text.contains(line), "{line:?} in\n{text}");
        }
        assert!(!text.contains("list_charges"), "{text}");
    }
}
