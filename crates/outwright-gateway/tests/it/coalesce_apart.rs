//! Reads that are not coalesced, or no longer: each is asked for by itself.

use super::stage::{Answer, Stage};
use crate::held::{End, Held, coalesced, good};

const LIST: &str = "GET /demo/v1/charges";
const WAITING: &str = r#"outwright_coalesced_waiting{provider="demo"}"#;

/// A gateway whose reads are coalesced and sent once, in front of the test itself.
fn stage(change: impl FnOnce(String) -> String) -> (Held, Stage) {
    let held = Held::new();
    let stage = Stage::before(&held.peer, |contract| {
        let once = contract.replace("attempts: 3", "attempts: 1");
        change(coalesced(&held.calm(&once)))
    });
    (held, stage)
}

fn same(contract: String) -> String {
    contract
}

fn answer(caller: &mut End) -> Answer {
    Answer::of(&caller.rest())
}

/// Two who ask for the same in different words, while the first is under way: both requests arrive.
fn are_apart(
    held: &Held,
    stage: &Stage,
    (one, fields): (&str, &[&str]),
    (other, more): (&str, &[&str]),
) {
    let mut first = End::asks(stage.data(), one, fields);
    let (provider, _) = held.arrives();
    let mut second = End::asks(stage.data(), other, more);
    let (another, _) = held.arrives();
    provider.ends(good("", "one"));
    another.ends(good("", "two"));
    let (first, second) = (answer(&mut first), answer(&mut second));
    assert_eq!((first.status, second.status), (200, 200), "{fields:?} {more:?}");
    let bodies = [first.body.as_str(), second.body.as_str()];
    assert!([["one", "two"], ["", ""]].contains(&bodies), "{fields:?} {more:?} {bodies:?}");
    assert_eq!(second.field("cache-status"), None);
}

/// R-179: if the result is not reusable, each is forwarded.
#[test]
fn what_may_not_be_shared_is_asked_for_by_each() {
    let reply = |head: &str, fields: &str, body: &str| {
        let length = body.len();
        format!(
            "HTTP/1.1 {head}\r\nConnection: close\r\n{fields}Content-Length: {length}\r\n\r\n{body}"
        )
    };
    let large = "x".repeat((1 << 20) + 1);
    for (status, first) in [
        (200, good("Cache-Control: no-store\r\n", "first")),
        (200, good("Cache-Control: private, no-cache\r\n", "first")),
        (200, good("Cache-Control: max-age=0, must-revalidate\r\n", "first")),
        (200, good("Set-Cookie: a=b\r\n", "first")),
        (200, good("Vary: *\r\n", "first")),
        (200, good("Vary: User-Agent\r\n", "first")),
        (200, good("Content-Type: text/event-stream\r\n", "first")),
        (200, good("", &large)),
        (201, reply("201 Created", "", "first")),
        (206, reply("206 Part", "Content-Range: bytes 0-4/9\r\n", "first")),
        (404, reply("404 Not Found", "", "first")),
        (503, reply("503 Unavailable", "", "first")),
        (502, String::new()),
        (502, "nonsense\r\n\r\n".to_owned()),
    ] {
        let (held, stage) = stage(same);
        let mut leader = End::asks(stage.data(), LIST, &[]);
        let (provider, _) = held.arrives();
        let mut others: Vec<_> = (0..2).map(|_| End::asks(stage.data(), LIST, &[])).collect();
        stage.until(WAITING, "2");
        let reader = std::thread::spawn(move || Answer::of(&leader.rest()));
        provider.ends(&first);
        for _ in 0..2 {
            held.arrives().0.ends(good("", "own"));
        }
        let leader = reader.join().unwrap();
        assert_eq!(leader.status, status, "{leader:?}");
        for other in &mut others {
            let answer = answer(other);
            assert_eq!((answer.status, answer.body.as_str()), (200, "own"), "{status} {answer:?}");
            assert_eq!(answer.field("outwright-attempts"), Some("1"));
            assert_eq!(answer.field("cache-status"), None, "it was a request of its own");
        }
        held.is_idle();
        let forwarded = r#"outwright_coalesced_reads_total{provider="demo",operation="list_charges",result="forwarded"}"#;
        assert_eq!(stage.metric(forwarded).as_deref(), Some("2"));
    }
}

/// What has no length and breaks off was given to no follower: each asks for itself.
#[test]
fn a_reply_without_a_length_that_breaks_off_is_asked_for_by_each() {
    let (held, stage) = stage(same);
    let mut leader = End::asks(stage.data(), LIST, &[]);
    let (provider, _) = held.arrives();
    let mut other = End::asks(stage.data(), LIST, &[]);
    stage.until(WAITING, "1");
    provider.ends("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    held.arrives().0.ends(good("", "own"));
    assert!(!leader.rest().contains("0\r\n\r\n"), "it has no end");
    assert_eq!(answer(&mut other).body, "own");
}

/// After a failure the provider sees no more at once than the gates let through.
#[test]
fn those_who_are_left_alone_pass_the_gates_like_all_others() {
    let (held, stage) = stage(|contract| {
        contract.replace("max: 20, queue: 40, queue_wait: 1s", "max: 2, queue: 3, queue_wait: 20s")
    });
    let mut leader = End::asks(stage.data(), LIST, &[]);
    let (provider, _) = held.arrives();
    let mut others: Vec<_> = (0..4).map(|_| End::asks(stage.data(), LIST, &[])).collect();
    stage.until(WAITING, "4");
    provider.ends("HTTP/1.1 503 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(answer(&mut leader).status, 503);
    let two = [held.arrives().0, held.arrives().0];
    stage.until(r#"outwright_queue_depth{provider="demo"}"#, "2");
    held.is_idle();
    two.into_iter().for_each(|one| one.ends(good("", "own")));
    (0..2).for_each(|_| held.arrives().0.ends(good("", "own")));
    others.iter_mut().for_each(|other| assert_eq!(answer(other).body, "own"));
}

/// R-172: whatever could make another reply makes another read.
#[test]
fn nobody_shares_what_was_asked_for_in_other_words() {
    let (held, stage) = stage(same);
    let mine: &[&str] = &["Accept: text/plain", "X-Account: one"];
    for other in [
        &[][..],
        &["Accept: text/plain"],
        &["Accept: application/json", "X-Account: one"],
        &["Accept: text/plain", "X-Account: two"],
        &["Accept: text/plain", "X-Account: one", "Accept-Encoding: gzip"],
        &["Accept: text/plain", "X-Account: one", "Cache-Control: max-age=60"],
        &["Accept: text/plain", "X-Account: one", "Authorization: Bearer other"],
        &["Accept: text/plain", "X-Account: one", "TE: trailers", "Connection: TE"],
    ] {
        are_apart(&held, &stage, (LIST, mine), (LIST, other));
    }
    are_apart(&held, &stage, (LIST, mine), ("GET /demo/v1/charges?page=2", mine));
    are_apart(&held, &stage, (LIST, mine), ("GET /demo/v1/charges/1", mine));
    // What names a program or a trace, and the order of fields, make no difference.
    let mut first = End::asks(stage.data(), LIST, mine);
    let (provider, _) = held.arrives();
    let same = ["X-Account: one", "Accept: text/plain", "User-Agent: b", "X-Request-Id: 7"];
    let mut second = End::asks(stage.data(), LIST, &same);
    stage.until(WAITING, "1");
    provider.ends(good("", "both"));
    assert_eq!((answer(&mut first).body, answer(&mut second).body), ("both".into(), "both".into()));
}

/// A caller that asks for a part, under a condition, or for nothing kept, gets an answer of its own, and gives none.
#[test]
fn who_asks_under_a_condition_asks_alone() {
    for field in [
        "Range: bytes=0-3",
        "If-None-Match: \"1\"",
        "If-Match: \"1\"",
        "If-Modified-Since: Sat, 22 Nov 2025 07:00:46 GMT",
        "If-Unmodified-Since: Sat, 22 Nov 2025 07:00:46 GMT",
        "Cache-Control: no-store",
        "Cache-Control: no-cache",
        "Pragma: no-cache",
    ] {
        let (held, stage) = stage(same);
        are_apart(&held, &stage, (LIST, &[field]), (LIST, &[field]));
    }
}

/// A caller's own credential, where the contract lets it pass, is its own.
#[test]
fn who_brings_a_credential_asks_alone() {
    let (held, stage) = stage(|contract| {
        contract
            .replace("tier: best_effort", "tier: best_effort\nfields: { pass: [Authorization] }")
    });
    let own: &[&str] = &["Authorization: Bearer own"];
    are_apart(&held, &stage, (LIST, own), (LIST, own));
}

/// Who asks after a change is not given what was asked for before it.
#[test]
fn a_read_after_a_mutation_does_not_join_one_before_it() {
    for status in ["200 OK", "500 Oops"] {
        let (held, stage) = stage(same);
        let mut before = End::asks(stage.data(), LIST, &[]);
        let (provider, _) = held.arrives();
        let mut joined = End::asks(stage.data(), LIST, &[]);
        stage.until(WAITING, "1");
        let mut change = End::asks(stage.data(), "POST /demo/v1/orders", &["Content-Length: 0"]);
        let reply = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        held.arrives().0.ends(reply);
        answer(&mut change);
        let mut after = End::asks(stage.data(), LIST, &[]);
        held.arrives().0.ends(good("", "new"));
        assert_eq!(answer(&mut after).body, "new", "{status}");
        provider.ends(good("", "old"));
        assert_eq!(answer(&mut before).body, "old");
        assert_eq!(answer(&mut joined).body, "old", "it asked before the change");
    }
}

/// A contract that takes over does not answer with what another one asked for.
#[test]
fn a_read_under_another_contract_does_not_join() {
    let (held, mut stage) = stage(same);
    let mut before = End::asks(stage.data(), LIST, &[]);
    let (provider, _) = held.arrives();
    let mut joined = End::asks(stage.data(), LIST, &[]);
    stage.until(WAITING, "1");
    stage.reload(|contract| contract.replace("tier: best_effort", "tier: important"), &[]).unwrap();
    let mut after = End::asks(stage.data(), LIST, &[]);
    held.arrives().0.ends(good("", "new"));
    assert_eq!(answer(&mut after).body, "new");
    provider.ends(good("", "old"));
    assert_eq!((answer(&mut before).body, answer(&mut joined).body), ("old".into(), "old".into()));
}

/// R-180: what is read with a credential that was replaced answers nobody who asks after that.
#[test]
fn a_read_with_another_credential_does_not_join() {
    let (held, stage) = stage(same);
    let mut before = End::asks(stage.data(), LIST, &[]);
    let (provider, _) = held.arrives();
    stage.rotate("another-secret-0000000000000000000000");
    stage.until(r#"outwright_credential_version{provider="demo",credential="key"}"#, "2");
    let mut after = End::asks(stage.data(), LIST, &[]);
    let (other, head) = held.arrives();
    assert!(head.contains("another-secret"), "{head}");
    other.ends(good("", "new"));
    provider.ends(good("", "old"));
    assert_eq!((answer(&mut before).body, answer(&mut after).body), ("old".into(), "new".into()));
}

/// A contract that only reports lets every call pass.
#[test]
fn nothing_is_coalesced_where_the_contract_only_reports() {
    let (held, stage) =
        stage(|contract| contract.replace("tier: best_effort", "tier: best_effort\nmode: report"));
    are_apart(&held, &stage, (LIST, &[]), (LIST, &[]));
}

/// It is off unless the contract says so.
#[test]
fn nothing_is_coalesced_unless_the_contract_says_so() {
    let (held, stage) = stage(|contract| contract.replace("coalesce: allowed", "coalesce: never"));
    are_apart(&held, &stage, (LIST, &[]), (LIST, &[]));
    let (held, stage) = self::stage(|contract| contract.replace("    coalesce: allowed\n", ""));
    are_apart(&held, &stage, (LIST, &[]), (LIST, &[]));
}

/// R-177: what was read before a change and came after it is not shown later as if it were still so.
#[test]
fn a_reply_that_was_overtaken_by_a_change_is_not_kept() {
    for changed in [true, false] {
        let (held, stage) = stage(|contract| {
            contract.replace(
                "    fallback: none\n    coalesce: allowed",
                "    fallback: { stale: 10m }",
            )
        });
        let mut before = End::asks(stage.data(), LIST, &[]);
        let (provider, _) = held.arrives();
        if changed {
            let fields = ["Idempotency-Key: k", "Content-Length: 2"];
            let mut change = End::asks(stage.data(), "POST /demo/v1/charges", &fields);
            change.says("{}");
            let (mut there, _) = held.arrives();
            there.until("{}");
            there.ends("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            assert_eq!(answer(&mut change).status, 200);
        }
        provider.ends(good("", "old"));
        assert_eq!(answer(&mut before).body, "old");
        let mut later = End::asks(stage.data(), LIST, &[]);
        held.arrives().0.ends("HTTP/1.1 503 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        let later = answer(&mut later);
        assert_eq!(later.status, if changed { 503 } else { 200 }, "{later:?}");
    }
}
