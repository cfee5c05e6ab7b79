//! The behaviour as tables: each fault's script, keys, quota, and what the ledger counts.

use std::time::Duration;

use outwright_core::time::{Mono, Now, Timestamp};

use super::*;

const CHARGE: &str = "amount=500&customer=anna&reference=order-1&metadata[call]=c1";

fn at(millis: u64) -> Now {
    // 784111777 s is the date of RFC 9110 section 5.6.7.
    let wall = Timestamp::from_millis(784_111_777_000 + millis);
    Now { mono: Mono::from_millis(millis), wall }
}

fn charge(key: &str) -> Request {
    Request::new("POST", "/v1/charges", &[("Idempotency-Key", key)], CHARGE)
}

fn healthy() -> Behaviour {
    Behaviour::new(Settings::default())
}

fn text(acts: &[Act]) -> String {
    String::from_utf8_lossy(&written(acts)).into_owned()
}

fn status(acts: &[Act]) -> u16 {
    text(acts).get(9..12).and_then(|code| code.parse().ok()).unwrap_or(0)
}

/// Sends one charge under a fault: what is written holds `says`, the script ends so, so many effects.
#[track_caller]
fn check(fault: Fault, says: &[&str], last: Option<Act>, effects: usize) {
    let mut provider = healthy();
    provider.inject(fault.clone());
    let acts = provider.request(1, &charge("k"), at(0));
    let written = text(&acts);
    for wanted in says {
        assert!(written.contains(wanted), "{fault:?}: no {wanted:?} in {written:?}");
    }
    if says.is_empty() {
        assert_eq!(written, "", "{fault:?}");
    }
    assert_eq!(acts.last().filter(|act| act.ends()), last.as_ref(), "{fault:?}");
    assert_eq!(provider.effects().count(), effects, "{fault:?}");
    let seen = provider.wire_log().last().expect("every request is logged");
    assert_eq!(seen.effects, effects, "{fault:?}");
    // The fault is used up: the next request of another key is served.
    let next = provider.request(1, &charge("other"), at(1));
    assert_eq!(status(&next), 200, "{fault:?}");
}

/// F-04, F-05, F-06, F-12: what a lost answer looks like, and whether the effect was performed.
#[test]
fn a_fault_before_the_effect_performs_nothing_and_one_after_it_performs_once() {
    use Strikes::{AfterEffect, BeforeEffect};
    for (strikes, effects) in [(BeforeEffect, 0), (AfterEffect, 1)] {
        for (ending, act) in
            [(Ending::Close, Act::Close), (Ending::Cut, Act::Cut), (Ending::Reset, Act::Reset)]
        {
            check(Fault::Unanswered { ending, strikes }, &[], Some(act), effects);
        }
        check(Fault::Silent { strikes }, &[], Some(Act::Silence), effects);
        check(Fault::BlackHole { strikes }, &[], Some(Act::Freeze), effects);
    }
    let reset = Fault::EndAfterHead { ending: Ending::Reset };
    check(reset, &["HTTP/1.1 200 OK", "Content-Length"], Some(Act::Reset), 1);
    check(Fault::ShortBody { missing_bytes: 2 }, &["\"amount\":500"], Some(Act::Close), 1);
    let cut = Fault::CloseDelimited { ending: Ending::Cut };
    check(cut, &["Connection: close\r\n\r\n{"], Some(Act::Cut), 1);
    check(Fault::ConnectionClose, &["Connection: close\r\nContent-Length"], Some(Act::Close), 1);
}

/// F-07, F-13, F-15, F-16: whatever has no end says so in its script.
#[test]
fn what_floods_and_drips_is_bounded_in_memory_and_endless_on_the_wire() {
    let every = Duration::from_millis(10);
    let endless =
        |bytes: &'static str| Some(Act::Repeat { bytes: bytes.into(), every, times: ENDLESS });
    check(Fault::EndlessHead { every }, &["200 OK"], endless("X-Endless: again\r\n"), 1);
    check(
        Fault::EndlessInterim { every },
        &["103 Early Hints"],
        endless("HTTP/1.1 103 Early Hints\r\n\r\n"),
        1,
    );
    check(Fault::HeaderFlood { fields: 10_000 }, &["X-Flood-9999: 9999\r\n"], None, 1);
    check(Fault::LongLine { bytes: 1 << 20 }, &["X-Long: lll"], None, 1);
    check(Fault::Drip { every, part: Part::Whole }, &["200 OK", "\"amount\":500"], None, 1);
    check(Fault::SlowTrailers { every }, &["\r\n0\r\nX-Checksum: 1234\r\n\r\n"], None, 1);
    check(Fault::ForbiddenTrailers, &["\r\n0\r\nContent-Length: 1\r\n"], None, 1);
    for framing in [Endless::Chunked, Endless::UntilClose] {
        let mut provider = healthy();
        provider.inject(Fault::EndlessBody { framing, every });
        let acts = provider.request(1, &charge("k"), at(0));
        assert!(acts.last().is_some_and(Act::ends) && written(&acts).len() < 64 * 1024);
    }
    check(Fault::GzipBomb { decoded_bytes: 1 << 30 }, &["Content-Encoding: gzip"], None, 1);
}

/// F-14, F-19, F-21, F-22: answers that are HTTP and still need care.
#[test]
fn answers_with_a_scripted_status_carry_what_was_ordered() {
    let retry = |form, ms| RetryAfter::new(form, Duration::from_millis(ms));
    for (form, ms, line) in [
        (RetryAfterForm::Seconds, 1500, "Retry-After: 2\r\n"),
        (RetryAfterForm::Float, 1500, "Retry-After: 1.500\r\n"),
        (RetryAfterForm::Millis, 1500, "Retry-After-Ms: 1500\r\n"),
        (RetryAfterForm::Date, 2000, "Retry-After: Sun, 06 Nov 1994 08:49:39 GMT\r\n"),
        (RetryAfterForm::Past, 0, "Retry-After: Sun, 06 Nov 1994 07:49:37 GMT\r\n"),
        (RetryAfterForm::Negative, 0, "Retry-After: -1\r\n"),
        (RetryAfterForm::Huge, 0, "Retry-After: 99999999999999999999\r\n"),
        (RetryAfterForm::Twice, 1000, "Retry-After: 1\r\nRetry-After: 8\r\n"),
    ] {
        check(Fault::throttled(429, retry(form, ms)), &["429 Too Many", line], None, 0);
    }
    let skewed = Fault::Status {
        status: 503,
        retry_after: retry(RetryAfterForm::Date, 2000),
        headers: vec![("X-Own".into(), "1".into())],
        body: Some("{}".into()),
        date_skew_s: 3600,
        strikes: Strikes::AfterEffect,
    };
    let date = "Retry-After: Sun, 06 Nov 1994 09:49:39 GMT\r\n";
    let own = "Date: Sun, 06 Nov 1994 09:49:37 GMT\r\n";
    check(skewed, &["503 Service", date, own, "X-Own: 1\r\n", "\r\n\r\n{}"], None, 1);
    let location = "https://elsewhere.invalid/v1/charges".to_owned();
    let line = "Location: https://elsewhere.invalid/v1/charges\r\n";
    check(Fault::Redirect { status: 307, location }, &["307 Temporary", line], None, 0);
}

/// F-21: the canary tests need a provider that repeats what it was told.
#[test]
fn an_echo_repeats_the_credential_in_body_and_field() {
    let mut provider = healthy();
    provider.inject(Fault::Echo { status: 401 });
    let request = Request::new("GET", "/v1/items", &[("Authorization", "Bearer canary")], "");
    let answer = text(&provider.request(1, &request, at(0)));
    assert_eq!(answer.matches("Bearer canary").count(), 2, "{answer}");
}

/// F-08, F-09: what happens to a connection between two requests.
#[test]
fn a_connection_ends_or_speaks_between_requests_as_ordered() {
    let mut provider = healthy();
    provider.inject(Fault::EndOnNext { ending: Ending::Reset });
    assert_eq!(status(&provider.request(1, &charge("a"), at(0))), 200);
    assert_eq!(provider.stirred(2), []);
    assert_eq!(provider.stirred(1), [Act::Reset]);
    assert_eq!(provider.stirred(1), []);

    let wait = Duration::from_millis(5);
    provider.inject(Fault::Unsolicited { after: wait });
    let acts = provider.request(3, &charge("b"), at(0));
    assert!(matches!(acts.as_slice(), [Act::Write(_), Act::Pause(_), Act::Write(_)]), "{acts:?}");
    provider.inject(Fault::Unsolicited { after: Duration::ZERO });
    let acts = provider.request(3, &charge("c"), at(0));
    assert!(matches!(acts.as_slice(), [Act::Write(_)]) && text(&acts).contains("poison"));
}

/// F-17, F-18: what happens before the body was read.
#[test]
fn a_final_answer_can_come_before_the_body_and_only_where_there_is_one() {
    let expecting = [("Expect", "100-continue"), ("Content-Length", "9")];
    let upload = Head::new("POST", "/v1/charges", &expecting);
    let mut provider = healthy();
    let go_on = Act::Write("HTTP/1.1 100 Continue\r\n\r\n".into());
    assert_eq!(provider.head(1, &upload, at(0)), Early::ReadBody(vec![go_on]));

    provider.inject(Fault::Expect { how: Expectation::Ignore });
    let plain = Head::new("GET", "/v1/items", &[]);
    assert_eq!(provider.head(1, &plain, at(0)), Early::ReadBody(vec![]));
    assert_eq!(provider.head(1, &upload, at(0)), Early::ReadBody(vec![]));

    for (fault, code, end) in [
        (Fault::Expect { how: Expectation::Refuse }, 417, Act::Drain),
        (Fault::Expect { how: Expectation::FinalInstead }, 401, Act::Close),
        (Fault::EarlyFinal { status: 413, then: Upload::Drain }, 413, Act::Drain),
        (Fault::EarlyFinal { status: 413, then: Upload::Close }, 413, Act::Close),
        (Fault::EarlyFinal { status: 413, then: Upload::StopReading }, 413, Act::Freeze),
    ] {
        provider.inject(fault.clone());
        let Early::Answer(acts) = provider.head(1, &upload, at(0)) else {
            panic!("{fault:?} waited for the body");
        };
        assert_eq!((status(&acts), acts.last()), (code, Some(&end)), "{fault:?}");
        assert_eq!(provider.wire_log().last().map(|seen| seen.arrived), Some(Arrived::Part));
    }
    assert_eq!(provider.effects().count(), 0);
}

/// F-23: every malformed answer differs from the good one, and there is one per case.
#[test]
fn every_malformed_answer_is_written_and_none_is_the_good_one() {
    let mut seen = std::collections::BTreeSet::new();
    let good = text(&healthy().request(1, &charge("k"), at(0)));
    for case in Malformed::ALL {
        let mut provider = healthy();
        provider.inject(Fault::Malformed { case });
        let bytes = text(&provider.request(1, &charge("k"), at(0)));
        assert_ne!(bytes, good, "{case:?}");
        assert!(seen.insert(bytes), "{case:?} is another one's twin");
    }
}

/// F-25: Stripe's rules, the draft's rules, and no rules.
#[test]
fn keys_are_replayed_compared_held_and_forgotten_by_style() {
    let retention = Duration::from_secs(3600);
    let other = Request::new("POST", "/v1/charges", &[("Idempotency-Key", "k")], "amount=1");
    let keyless = Request::new("POST", "/v1/charges", &[], CHARGE);
    let styles = [
        (KeyStyle::Stripe { retention }, [200, 409, 400, 200, 200, 200], 3),
        (KeyStyle::Draft { retention }, [200, 409, 422, 200, 400, 200], 2),
        (KeyStyle::Ignore, [200, 200, 200, 200, 200, 200], 6),
    ];
    for (keys, statuses, effects) in styles {
        let latency = Latency { base: Duration::from_millis(100), ..Latency::default() };
        let mut provider = Behaviour::new(Settings { keys, latency, ..Settings::default() });
        let steps = [
            (charge("k"), 0),
            (charge("k"), 50),
            (other.clone(), 200),
            (charge("k"), 200),
            (keyless.clone(), 200),
            (charge("k"), 3_600_000),
        ];
        let got = steps.map(|(request, millis)| status(&provider.request(1, &request, at(millis))));
        assert_eq!(got, statuses, "{keys:?}");
        assert_eq!(provider.effects().count(), effects, "{keys:?}");
    }
}

/// A raw key and the same key as a structured-field string are one.
#[test]
fn a_quoted_key_is_the_raw_one() {
    let mut provider = healthy();
    provider.request(1, &charge("k"), at(0));
    assert!(text(&provider.request(1, &charge("\"k\""), at(1))).contains("Idempotent-Replayed"));
}

/// F-26: the negative control: without keys the ledger counts what was done twice.
#[test]
fn the_ledger_counts_a_repeated_effect_by_reference_and_by_key() {
    let mut provider = healthy();
    for key in ["a", "b", "a"] {
        provider.request(1, &charge(key), at(0));
    }
    let order = Request::new("POST", "/v1/orders", &[("Idempotency-Key", "o")], "amount=1");
    provider.request(1, &order, at(1));
    provider.request(1, &order, at(2));
    let effects = provider.effects();
    assert_eq!((effects.count(), effects.surplus()), (4, 2));
    assert_eq!((effects.of_reference("order-1"), effects.of_customer("anna")), (2, 2));
    assert_eq!((effects.of_key("a"), effects.of_key("o")), (1, 2));
    let by: Vec<_> = effects.duplicates().into_iter().map(|one| (one.by, one.value)).collect();
    assert_eq!(by, [("reference", "order-1".to_owned()), ("key", "o".to_owned())]);
    provider.forget();
    assert_eq!((provider.effects().count(), provider.arrived()), (0, 0));
}

/// The judge of "zero 429": both windows admit exactly the quota, and say when they open.
#[test]
fn a_quota_admits_exactly_its_number_per_window_and_says_the_wait() {
    for (window, opens_ms) in [(Window::Fixed, 1000), (Window::Sliding, 1400)] {
        let quota = Quota {
            requests: 3,
            per: Duration::from_secs(1),
            window,
            retry_after: RetryAfterForm::Millis,
            fields: QuotaFields::Delta,
        };
        let settings = Settings { quota: Some(quota), ..Settings::default() };
        let mut provider = Behaviour::new(settings);
        let mut ask = |millis| {
            let request = Request::new("GET", "/v1/items", &[], "");
            text(&provider.request(1, &request, at(millis)))
        };
        for (millis, left) in [(400, 2), (500, 1), (600, 0)] {
            let answer = ask(millis);
            assert!(answer.starts_with("HTTP/1.1 200"), "{window:?} {millis}");
            assert!(answer.contains(&format!("RateLimit-Remaining: {left}\r\n")), "{answer}");
        }
        let refused = ask(700);
        assert!(refused.starts_with("HTTP/1.1 429"), "{window:?}");
        let wait = format!("Retry-After-Ms: {}\r\n", opens_ms - 700);
        assert!(refused.contains(&wait), "{window:?}: {refused}");
        assert!(ask(opens_ms - 1).starts_with("HTTP/1.1 429"), "{window:?}");
        assert!(ask(opens_ms).starts_with("HTTP/1.1 200"), "{window:?}");
    }
}

/// The same seed and requests give the same answers; another seed strikes others, about as many.
#[test]
fn a_brownout_strikes_its_share_and_depends_on_the_seed_alone() {
    let run = |seed| -> Vec<u16> {
        let brownout = Some(Brownout::of(300));
        let mut provider = Behaviour::new(Settings { seed, brownout, ..Settings::default() });
        let request = Request::new("GET", "/v1/items", &[], "");
        (0..2000).map(|n| status(&provider.request(1, &request, at(n)))).collect()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    let struck = run(1).iter().filter(|status| **status == 503).count();
    assert!((540..660).contains(&struck), "{struck}");
}

#[test]
fn an_outage_meets_every_request_and_spends_no_command() {
    let mut provider =
        Behaviour::new(Settings { outage: Some(Fault::status(503)), ..Settings::default() });
    provider.inject(Fault::status(418));
    assert_eq!(status(&provider.request(1, &charge("k"), at(0))), 503);
    assert_eq!(provider.injections().len(), 1);
    provider.set(Settings::default());
    assert_eq!(status(&provider.request(1, &charge("k"), at(1))), 418);
    assert_eq!(status(&provider.request(1, &charge("k"), at(2))), 200);
}

/// An outage may strike connections and heads as well as requests; a brownout draws by request.
#[test]
fn an_outage_strikes_at_its_own_moment_and_a_brownout_only_at_requests() {
    let early = Fault::EarlyFinal { status: 413, then: Upload::Drain };
    let mut provider = Behaviour::new(Settings { outage: Some(early), ..Settings::default() });
    let upload = Head::new("POST", "/v1/charges", &[("Content-Length", "9")]);
    for _ in 0..2 {
        assert!(matches!(provider.head(1, &upload, at(0)), Early::Answer(_)));
    }
    let reset = Fault::AtConnect { how: AtConnect::Reset };
    provider.set(Settings { outage: Some(reset), ..Settings::default() });
    assert_eq!(provider.connected(), (1, Welcome::Instead(vec![Act::Reset])));
    let read = |fault: &str| {
        let text = format!(r#"{{"brownout": {{"per_mille": 1, "fault": {fault}}}}}"#);
        serde_json::from_str::<Settings>(&text)
    };
    assert!(read(r#"{"kind": "connection_close"}"#).is_ok());
    assert!(read(r#"{"kind": "at_connect", "how": "reset"}"#).is_err());
}

#[test]
fn a_command_meets_the_requests_it_names_after_those_it_skips() {
    let mut provider = healthy();
    provider.inject(Injection::times(Fault::status(500), 2).on("GET /v1/charges*").after(1));
    let mut ask = |method: &str, path: &str| {
        status(&provider.request(1, &Request::new(method, path, &[], CHARGE), at(0)))
    };
    assert_eq!(ask("POST", "/v1/charges"), 200);
    assert_eq!(ask("GET", "/v1/charges?limit=1"), 200);
    assert_eq!(ask("GET", "/v1/charges/ch_1"), 500);
    assert_eq!(ask("GET", "/v1/items"), 200);
    assert_eq!(ask("GET", "/v1/charges"), 500);
    assert_eq!(ask("GET", "/v1/charges"), 200);
}

#[test]
fn latency_follows_its_script_and_then_its_base() {
    let latency =
        Latency { base: Duration::from_millis(10), script_ms: vec![0, 250], ..Latency::default() };
    let mut provider = Behaviour::new(Settings { latency, ..Settings::default() });
    let mut first = |path: &str| {
        provider.request(1, &Request::new("GET", path, &[], ""), at(0)).into_iter().next()
    };
    assert!(matches!(first("/v1/items"), Some(Act::Write(_))));
    assert_eq!(first("/v1/items"), Some(Act::Pause(Duration::from_millis(250))));
    assert_eq!(first("/v1/items"), Some(Act::Pause(Duration::from_millis(10))));
    assert_eq!(first("/v1/slow?ms=500"), Some(Act::Pause(Duration::from_millis(510))));
}

#[test]
fn charges_are_listed_filtered_and_found_again() {
    let mut provider = healthy();
    provider.request(1, &charge("k"), at(0));
    let mut ask =
        |path: &str| text(&provider.request(1, &Request::new("GET", path, &[], ""), at(1)));
    assert!(ask("/v1/charges?customer=anna").contains("\"call\":\"c1\""));
    assert!(ask("/v1/charges?created%5Bgte%5D=784111778").contains("\"data\":[]"));
    assert!(ask("/v1/charges?customer=bert").contains("\"data\":[]"));
    assert!(ask("/v1/charges/ch_1").contains("\"amount\":500"));
    assert_eq!(ask("/v1/charges/ch_2").get(9..12), Some("404"));
    assert!(ask("/v1/items?page=1").contains("Link: </v1/items?page=2>; rel=\"next\"\r\n"));
}

#[test]
fn an_item_changes_only_under_the_tag_that_it_has() {
    let mut provider = healthy();
    let mut put = |tag: &str| {
        let headers = [("If-Match", tag)];
        status(&provider.request(1, &Request::new("PUT", "/v1/items/a", &headers, "x"), at(0)))
    };
    assert_eq!([put("\"v0\""), put("\"v0\""), put("\"v1\""), put("*")], [200, 412, 200, 200]);
    assert_eq!(provider.effects().count(), 3);
    let delete = Request::new("DELETE", "/v1/items/a", &[], "");
    assert_eq!(status(&provider.request(1, &delete, at(0))), 204);
    assert_eq!(status(&provider.request(1, &delete, at(0))), 404);
}

#[test]
fn a_request_that_never_came_whole_is_in_the_wire_log_and_has_no_effect() {
    let mut provider = healthy();
    let head = charge("k").head;
    provider.disconnected(1, Some((Some(head), 7)), at(0));
    provider.disconnected(2, None, at(0));
    assert_eq!(status(&provider.nonsense(3, at(0))), 400);
    let seen: Vec<_> = provider.wire_log().map(|one| (one.arrived, one.body_bytes)).collect();
    assert_eq!(seen, [(Arrived::Part, 7), (Arrived::Nonsense, 0)]);
    assert_eq!(provider.effects().count(), 0);
}

#[test]
fn faults_are_read_from_json_and_a_typing_error_is_not() {
    let read = |text: &str| serde_json::from_str::<Injection>(text);
    let one =
        read(r#"{"fault": {"kind": "unanswered"}, "operation": "POST /v1/charges", "times": 1}"#);
    let wanted = Fault::Unanswered { ending: Ending::Close, strikes: Strikes::AfterEffect };
    assert_eq!(one.ok(), Some(Injection::once(wanted).on("POST /v1/charges")));
    assert!(read(r#"{"fault": {"kind": "slow", "by_ms": 50}}"#).is_ok());
    assert!(read(r#"{"fault": {"kind": "slow", "by": 50}}"#).is_err());
    assert!(read(r#"{"fault": {"kind": "slow", "by_ms": 50}, "tims": 1}"#).is_err());
    for preset in Preset::ALL {
        for injection in preset.rounds(1) {
            let text = serde_json::to_string(&injection).expect("it has no map with other keys");
            assert_eq!(read(&text).ok(), Some(injection));
        }
    }
}

/// F-03: each way to receive a connection leads to its own welcome, once.
#[test]
fn connections_are_received_as_ordered_and_then_as_usual() {
    let mut provider = healthy();
    provider.inject(Fault::AtConnect { how: AtConnect::TlsStall });
    provider.inject(Fault::AtConnect { how: AtConnect::CertExpired });
    assert_eq!(provider.connected(), (1, Welcome::AfterHello(vec![Act::Silence])));
    assert_eq!(provider.connected(), (2, Welcome::Serve(Certificate::Expired)));
    assert_eq!(provider.connected(), (3, Welcome::Serve(Certificate::Good)));
}
