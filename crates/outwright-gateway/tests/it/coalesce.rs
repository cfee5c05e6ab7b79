//! Equal reads that are under way at once: one is sent, and all get its reply.

use std::io::Read as _;

use super::stage::{Answer, Stage};
use crate::held::{End, Held, coalesced, good};

const LIST: &str = "GET /demo/v1/charges";
const WAITING: &str = r#"outwright_coalesced_waiting{provider="demo"}"#;

/// A gateway whose reads are coalesced, in front of the test itself.
fn stage(change: impl FnOnce(String) -> String) -> (Held, Stage) {
    let held = Held::new();
    let stage = Stage::before(&held.peer, |contract| change(coalesced(&held.calm(&contract))));
    (held, stage)
}

fn same(contract: String) -> String {
    contract
}

/// One that leads, whose request has arrived, and others who wait for it.
fn under_way(held: &Held, stage: &Stage, others: usize) -> (End, Vec<End>) {
    let mut callers = vec![End::asks(stage.data(), LIST, &[])];
    let (provider, _) = held.arrives();
    callers.extend((0..others).map(|_| End::asks(stage.data(), LIST, &[])));
    stage.until(WAITING, &others.to_string());
    (provider, callers)
}

fn answer(caller: &mut End) -> Answer {
    Answer::of(&caller.rest())
}

fn count(stage: &Stage, result: &str) -> Option<String> {
    stage.metric(&format!(
        r#"outwright_coalesced_reads_total{{provider="demo",operation="list_charges",result="{result}"}}"#
    ))
}

/// R-179, R-194: one request, fifty whole answers, each a call of its own.
#[test]
fn fifty_equal_reads_are_one_request_and_fifty_answers() {
    let (held, mut stage) = stage(same);
    let (provider, mut callers) = under_way(&held, &stage, 49);
    let body = "x".repeat(300_000);
    provider.ends(good("Content-Type: text/plain\r\nETag: \"1\"\r\n", &body));
    let answers: Vec<_> = callers.iter_mut().map(answer).collect();
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!((answer.status, answer.body == body), (200, true), "{number}");
        assert_eq!(answer.field("etag"), Some("\"1\""));
        assert_eq!(answer.field("content-length"), Some("300000"));
        assert_eq!(answer.field("outwright-origin"), Some("provider"));
        assert_eq!(answer.field("proxy-status"), Some("outwright; received-status=200"));
        let attempts = if number == 0 { "1" } else { "0" };
        assert_eq!(answer.field("outwright-attempts"), Some(attempts));
        let collapsed = (number > 0).then_some("outwright; fwd=bypass; collapsed");
        assert_eq!(answer.field("cache-status"), collapsed, "{number}");
    }
    let mut calls: Vec<_> = answers.iter().filter_map(|a| a.field("outwright-call")).collect();
    calls.sort_unstable();
    calls.dedup();
    assert_eq!(calls.len(), 50);
    held.is_idle();
    assert_eq!(count(&stage, "shared").as_deref(), Some("49"));
    let total =
        r#"outwright_calls_total{provider="demo",operation="list_charges",outcome="success"}"#;
    stage.until(total, "50");
    stage.until(r#"outwright_concurrency_used{provider="demo"}"#, "0");
    stage.until(r#"outwright_kept_bytes"#, "0");
    let log = stage.log();
    let leader = answers[0].field("outwright-call").unwrap();
    let joined: Vec<_> = log.iter().filter(|line| line.get("joined").is_some()).collect();
    assert_eq!((log.len(), joined.len()), (50, 49));
    for line in joined {
        assert_eq!((&line["joined"], &line["outcome"]), (&leader.into(), &"success".into()));
        assert_eq!(line["http.response.body.size"], 300_000);
        assert!(line["overhead_ms"].as_f64() < line["duration_ms"].as_f64(), "{line}");
    }
}

/// The next read after it is a read of its own: nothing is kept.
#[test]
fn a_read_after_the_reply_is_sent() {
    let (held, stage) = stage(same);
    let (provider, mut callers) = under_way(&held, &stage, 1);
    provider.ends(good("", "one"));
    callers.iter_mut().for_each(|caller| assert_eq!(answer(caller).body, "one"));
    let mut next = End::asks(stage.data(), LIST, &[]);
    held.arrives().0.ends(good("", "two"));
    assert_eq!(answer(&mut next).body, "two");
}

/// A head that has come answers nobody who asks after it, also while its body is on its way.
#[test]
fn a_read_that_begins_after_the_head_is_sent() {
    let (held, stage) = stage(same);
    let (mut provider, mut callers) = under_way(&held, &stage, 1);
    provider.says("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 7\r\n\r\nthe ");
    callers.iter_mut().for_each(|caller| {
        caller.until("the ");
    });
    let mut late = End::asks(stage.data(), LIST, &[]);
    held.arrives().0.ends(good("", "late"));
    assert_eq!(answer(&mut late).body, "late");
    provider.ends("end");
    callers.iter_mut().for_each(|caller| assert_eq!(caller.rest(), "end"));
}

/// A reply streams to all as it comes, where it says how long it is.
#[test]
fn a_shared_reply_is_not_held_back() {
    let (held, stage) = stage(same);
    let (mut provider, mut callers) = under_way(&held, &stage, 3);
    provider.says("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 30\r\n\r\n");
    for part in ["first part", "other part"] {
        provider.says(part);
        callers.iter_mut().for_each(|caller| {
            caller.until(part);
        });
    }
    let kept = stage.metric("outwright_kept_bytes");
    assert_eq!(kept.as_deref(), Some("30"), "all of it is counted from its head on (R-565)");
    provider.ends("third part");
    callers.iter_mut().for_each(|caller| assert_eq!(caller.rest(), "third part"));
}

/// Without a length it is shared once it is whole; the one that is sent does not wait for that.
#[test]
fn a_reply_without_a_length_is_shared_when_it_is_whole() {
    let (held, stage) = stage(same);
    let (mut provider, mut callers) = under_way(&held, &stage, 3);
    provider.says("HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
    provider.says("5\r\nfirst\r\n");
    callers[0].until("first\r\n");
    provider.ends("6\r\nsecond\r\n0\r\n\r\n");
    assert_eq!(callers[0].rest(), "6\r\nsecond\r\n0\r\n\r\n");
    for caller in &mut callers[1..] {
        let answer = answer(caller);
        assert_eq!((answer.status, answer.body.as_str()), (200, "firstsecond"));
        assert_eq!(answer.field("outwright-attempts"), Some("0"));
    }
    held.is_idle();
}

/// What does not fit goes to the one that is sent, at its pace, and the others ask for themselves.
#[test]
fn a_reply_without_a_length_that_grows_too_large_is_asked_for_by_each() {
    let (held, stage) = stage(same);
    let (mut provider, mut callers) = under_way(&held, &stage, 2);
    let part = "y".repeat(64 * 1024);
    let parts = 20;
    let all = part.repeat(parts);
    let reader = std::thread::spawn({
        let mut leader = callers.remove(0);
        move || leader.rest()
    });
    provider.says("HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
    for _ in 0..parts {
        provider.says(format!("{:x}\r\n{part}\r\n", part.len()));
    }
    provider.ends("0\r\n\r\n");
    let text = reader.join().unwrap();
    let (_, body) = text.split_once("\r\n\r\n").unwrap();
    assert_eq!(body.matches('y').count(), all.len());
    assert!(text.ends_with("0\r\n\r\n"), "it ends well");
    for _ in 0..2 {
        held.arrives().0.ends(good("", "alone"));
    }
    callers.iter_mut().for_each(|caller| assert_eq!(answer(caller).body, "alone"));
    assert_eq!(count(&stage, "forwarded").as_deref(), Some("2"));
}

/// The attempts of the one that is sent are those of all.
#[test]
fn a_repeat_is_made_once_for_all() {
    let (held, stage) = stage(same);
    let (provider, mut callers) = under_way(&held, &stage, 4);
    provider.ends("HTTP/1.1 503 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    held.arrives().0.ends(good("", "again"));
    for (number, caller) in callers.iter_mut().enumerate() {
        let answer = answer(caller);
        assert_eq!((answer.status, answer.body.as_str()), (200, "again"));
        let attempts = if number == 0 { "2" } else { "0" };
        assert_eq!(answer.field("outwright-attempts"), Some(attempts));
    }
    held.is_idle();
}

#[test]
fn a_head_is_shared_without_a_body() {
    let (held, stage) = stage(same);
    let line = "HEAD /demo/v1/charges";
    let mut callers = vec![End::asks(stage.data(), line, &[])];
    let (provider, head) = held.arrives();
    assert!(head.starts_with("HEAD "), "{head}");
    callers.push(End::asks(stage.data(), line, &[]));
    stage.until(WAITING, "1");
    let reply = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 99\r\nX-One: 1\r\n\r\n";
    provider.ends(reply);
    for caller in &mut callers {
        let answer = answer(caller);
        assert_eq!((answer.status, answer.body.as_str()), (200, ""));
        assert_eq!(
            (answer.field("content-length"), answer.field("x-one")),
            (Some("99"), Some("1"))
        );
    }
}

/// `engine.md` 5: a leader with followers goes on when its caller goes.
#[test]
fn the_others_get_all_of_it_when_the_first_caller_leaves() {
    for leaves_at_head in [true, false] {
        let (held, stage) = stage(same);
        let (mut provider, mut callers) = under_way(&held, &stage, 2);
        let leader = callers.remove(0);
        let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\n";
        let cancelled = r#"outwright_calls_total{provider="demo",operation="list_charges",outcome="cancelled"}"#;
        if leaves_at_head {
            drop(leader);
            // Its end is read before what is asked after it.
            stage.until(WAITING, "2");
            stage.until(WAITING, "2");
            provider.says(format!("{head}half"));
        } else {
            provider.says(format!("{head}half"));
            callers.iter_mut().for_each(|caller| {
                caller.until("half");
            });
            drop(leader);
            stage.until(cancelled, "1");
        }
        provider.ends(" all!");
        for caller in &mut callers {
            let text = caller.rest();
            assert!(text.ends_with(" all!"), "{leaves_at_head}: {text}");
        }
        stage.until(cancelled, "1");
        stage.until(r#"outwright_concurrency_used{provider="demo"}"#, "0");
        held.is_idle();
    }
}

#[test]
fn a_request_ends_when_the_last_caller_leaves() {
    let (held, stage) = stage(same);
    let (mut provider, mut callers) = under_way(&held, &stage, 2);
    drop(callers.remove(0));
    drop(callers.remove(0));
    stage.until(WAITING, "1");
    assert_eq!(
        stage.metric(r#"outwright_concurrency_used{provider="demo"}"#).as_deref(),
        Some("1")
    );
    drop(callers);
    provider.is_left();
    stage.until(r#"outwright_concurrency_used{provider="demo"}"#, "0");
    stage.until(r#"outwright_calls_in_flight{provider="demo"}"#, "0");
}

/// The same while the body comes.
#[test]
fn a_body_ends_when_the_last_caller_leaves() {
    let (held, stage) = stage(same);
    let (mut provider, mut callers) = under_way(&held, &stage, 2);
    provider.says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    callers.iter_mut().for_each(|caller| {
        caller.until("half");
    });
    drop(callers);
    provider.is_left();
    stage.until(r#"outwright_concurrency_used{provider="demo"}"#, "0");
    stage.until(r#"outwright_calls_in_flight{provider="demo"}"#, "0");
    stage.until("outwright_kept_bytes", "0");
}

/// A short deadline is its caller's own: it is told in time, and the others wait on.
#[test]
fn a_follower_with_less_time_gets_its_504_at_its_own_time() {
    let (held, stage) = stage(same);
    let (provider, mut callers) = under_way(&held, &stage, 1);
    let mut hurried = End::asks(stage.data(), LIST, &["Outwright-Timeout: 300ms"]);
    let late = answer(&mut hurried);
    assert_eq!((late.status, late.problem().as_str()), (504, "deadline-too-short"));
    assert_eq!(late.field("outwright-attempts"), Some("0"));
    assert_eq!(count(&stage, "late").as_deref(), Some("1"));
    provider.ends(good("", "in time"));
    callers.iter_mut().for_each(|caller| assert_eq!(answer(caller).body, "in time"));
    held.is_idle();
}

/// The same while the body comes: what it has is no whole reply, and the others get theirs.
#[test]
fn a_follower_whose_time_ends_within_the_body_is_cut() {
    let (held, stage) = stage(same);
    let (mut provider, mut callers) = under_way(&held, &stage, 1);
    let mut hurried = End::asks(stage.data(), LIST, &["Outwright-Timeout: 2s"]);
    stage.until(WAITING, "2");
    provider.says("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\nhalf");
    let cut = answer(&mut hurried);
    assert_eq!((cut.status, cut.body.as_str()), (200, "half"), "it ends before its length");
    provider.ends(" all!");
    callers.iter_mut().for_each(|caller| assert!(caller.rest().ends_with("half all!")));
}

/// Whoever has less time than an attempt would cut it short for the others.
#[test]
fn a_caller_with_little_time_is_followed_by_nobody() {
    let (held, stage) = stage(same);
    let mut hurried = End::asks(stage.data(), LIST, &["Outwright-Timeout: 9s"]);
    let (first, _) = held.arrives();
    let mut other = End::asks(stage.data(), LIST, &[]);
    let (second, _) = held.arrives();
    first.ends(good("", "first"));
    second.ends(good("", "second"));
    assert_eq!(
        (answer(&mut hurried).body, answer(&mut other).body),
        ("first".into(), "second".into())
    );
}

/// A caller that takes nothing holds up nobody, and gets all of it when it takes it.
#[test]
fn a_slow_caller_holds_up_nobody_whichever_it_is() {
    for slow in [0, 1] {
        let (held, stage) = stage(same);
        let (provider, mut callers) = under_way(&held, &stage, 2);
        let body = "z".repeat(1 << 20);
        provider.ends(good("", &body));
        let mut slow = callers.remove(slow);
        for caller in &mut callers {
            let answer = answer(caller);
            assert_eq!((answer.status, answer.body.len()), (200, body.len()));
        }
        // The provider is done with it, whoever is not.
        stage.until(r#"outwright_concurrency_used{provider="demo"}"#, "0");
        let mut head = [0; 12];
        slow.0.read_exact(&mut head).unwrap();
        assert_eq!(slow.rest().matches('z').count(), body.len());
        stage.until("outwright_kept_bytes", "0");
    }
}

/// R-063: what is cut at the provider is cut for all, never a clean end.
#[test]
fn a_body_that_is_cut_is_cut_for_all() {
    let (held, stage) = stage(same);
    let (mut provider, mut callers) = under_way(&held, &stage, 3);
    provider.says("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 90\r\n\r\nhalf of it");
    let heads: Vec<_> = callers.iter_mut().map(|caller| caller.until("half of it")).collect();
    drop(provider);
    for (head, caller) in heads.iter().zip(&mut callers) {
        assert!(head.contains("content-length: 90"), "{head}");
        assert_eq!(caller.rest(), "", "it ends before its length");
    }
    let failed = r#"outwright_calls_total{provider="demo",operation="list_charges",outcome="provider_error"}"#;
    stage.until(failed, "4");
    held.is_idle();
}
