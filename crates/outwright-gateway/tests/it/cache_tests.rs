//! The must-ids of the public cache tests (http-tests/cache-tests at b55b8bd, 163 of them), read for a cache that answers
//! nothing while its provider does (T-11).
//!
//! What those tests want reused must be shown here once the provider is cut off; what must not be reused because it is
//! stale must be asked for; what must not be reused for any other reason must stay hidden when the provider is cut off.
//! Ids and what they demand are typed here once more; no text of theirs is taken over.

use super::stage::{Answer, Stage};
use crate::peer::{Peer, Says};

#[path = "cache_tests/rows.rs"]
mod rows;

use rows::Between::{Again, Mutation, Nothing};
use rows::Want::{self, Asked, Hidden, Shown, With, Without};
use rows::{FAILS, NOT_OURS, ROWS, Row};

const NOW: &str = "Sat, 22 Nov 2036 07:00:46 GMT";
const LATER: &str = "Sat, 22 Nov 2036 08:00:46 GMT";

fn filled(text: &str) -> String {
    text.replace("{now}", NOW).replace("{later}", LATER)
}

fn lines(fields: &str) -> String {
    let fields = filled(fields);
    fields.split('|').filter(|line| !line.is_empty()).map(|line| format!("{line}\r\n")).collect()
}

fn reply(status: u16, fields: &str, body: &str) -> Says {
    if fields == "{interim}" {
        let interim = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n";
        return Says::raw(format!("{interim}HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{body}"));
    }
    let length = if status == 204 { String::new() } else { "Content-Length: 3\r\n".to_owned() };
    let body = if status == 204 { "" } else { body };
    Says::raw(format!("HTTP/1.1 {status} X\r\n{}{length}\r\n{body}", lines(fields)))
}

/// The second answer of a row.
fn plays(stage: &Stage, place: usize, row: &Row) -> Answer {
    let (_, _, _, asks, between, _) = row;
    let ask = |fields: &str| {
        let query = if fields.starts_with('?') { fields } else { "" };
        let fields: Vec<_> = fields.split('|').filter(|f| f.contains(':')).collect();
        stage.ask(&format!("GET /demo/v1/charges/row{place}{query}"), &fields, "")
    };
    ask(asks[0]);
    match between {
        Nothing => {}
        Again(_) => drop(ask(asks[0])),
        Mutation(method) => {
            let target = format!("{method} /demo/v1/charges/row{place}");
            assert_eq!(stage.ask(&target, &[], "abc").status, 200);
        }
    }
    ask(asks[1])
}

fn holds(answer: &Answer, want: Want) -> bool {
    let stale = answer.field("outwright-degraded") == Some("stale");
    match want {
        Asked => !stale && answer.body == "new",
        Hidden => !stale && answer.status >= 500,
        Shown(age) => {
            stale && answer.field("age").is_some_and(|text| text.parse::<u64>().unwrap() >= age)
        }
        With(name, value) => stale && answer.field(name) == Some(filled(value).as_str()),
        Without(name) => stale && answer.field(name).is_none(),
    }
}

///
#[test]
fn the_public_cache_tests_hold_but_for_two_that_we_explain() {
    let mut script = Vec::new();
    for (_, status, fields, _, between, want) in ROWS {
        script.push(reply(*status, fields, "old"));
        match between {
            Nothing => {}
            Again(fields) => script.push(reply(200, fields, "mid")),
            Mutation(_) => script.push(Says::ok("", "")),
        }
        script.push(match want {
            Asked => Says::ok("", "new"),
            Hidden | Shown(_) | With(..) | Without(_) => Says::raw("").closing(),
        });
    }
    let peer = Peer::start(script);
    let stage = Stage::before(&peer, |contract| {
        let more = "  post_charge:\n    request: POST /v1/charges/{charge}\n    needs: [all]\n    idempotency: { plan: once }\n  put_charge:\n    request: PUT /v1/charges/{charge}\n    needs: [all]\n    idempotency: { plan: repeatable }\n  delete_charge:\n    request: DELETE /v1/charges/{charge}\n    needs: [all]\n    idempotency: { plan: repeatable }\nlifecycle:";
        contract
            .replace("attempts: 3", "attempts: 1")
            .replace("min_calls: 20", "min_calls: 10000")
            .replace(
                "response: 8MiB",
                "response: 8MiB, decoded: unchecked, because: \"the test says so\"",
            )
            .replace(
                "request: GET /v1/charges/{charge}\n    needs: [all]\n    fallback: none",
                "request: GET /v1/charges/{charge}\n    needs: [all]\n    fallback: { stale: 30d }",
            )
            .replace("lifecycle:", more)
    });
    let mut failed = Vec::new();
    for (place, row) in ROWS.iter().enumerate() {
        let answer = plays(&stage, place, row);
        if !holds(&answer, row.5) {
            eprintln!("{}: wants {:?}, got {answer:?}", row.0, row.5);
            failed.push(row.0);
        }
    }
    let not_ours: usize = NOT_OURS.iter().map(|(_, ids)| ids.len()).sum();
    eprintln!(
        "{} passed, {} failed, {not_ours} are not ours",
        ROWS.len() - failed.len(),
        failed.len()
    );
    assert_eq!(failed, FAILS.iter().map(|(id, _)| *id).collect::<Vec<_>>());
    assert_eq!(ROWS.len() + not_ours, 163, "each must-id stands once");
}
