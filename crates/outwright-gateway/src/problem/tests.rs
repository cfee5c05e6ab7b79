//! The error map, row by row, with the expected values typed a second time.

use std::collections::BTreeSet;
use std::time::Duration;

use outwright::dress::tokens;
use outwright::telemetry::TurnedAway;
use outwright::{Failed, Misuse, Why};
use outwright_core::outcome::{Class, Effect, Fault};
use outwright_core::provider::Plan;
use outwright_core::refusal::Reason;
use outwright_core::step::{CallId, Failure, Skip};

use super::{KINDS, Place, Problem};

fn failure(fault: Fault, effect: Effect) -> Failure {
    Failure {
        fault,
        class: Class::Transient,
        effect,
        why: Skip::Attempts,
        attempts: 3,
        until: None,
    }
}

fn check_fault(fault: Fault, status: u16, error: &str) {
    let problem = Problem::failed(&failure(fault, Effect::Unknown), Plan::Safe, None);
    assert_eq!((problem.status.as_u16(), problem.error), (status, error), "{fault:?}");
}

/// R-193: each way an attempt can end without a reply has its status and error token.
#[test]
fn every_fault_has_its_row() {
    for (fault, status, error) in [
        (Fault::DnsTemporary, 502, "dns_error"),
        (Fault::DnsTimeout, 504, "dns_timeout"),
        (Fault::DnsNotFound, 502, "dns_error"),
        (Fault::AddressProhibited, 502, "destination_ip_prohibited"),
        (Fault::ConnectRefused, 502, "connection_refused"),
        (Fault::ConnectUnreachable, 502, "destination_ip_unroutable"),
        (Fault::ConnectTimeout, 504, "connection_timeout"),
        (Fault::TlsTransport, 502, "tls_protocol_error"),
        (Fault::TlsTimeout, 504, "connection_timeout"),
        (Fault::TlsRefused, 502, "tls_certificate_error"),
        (Fault::StaleConnection, 502, "connection_terminated"),
        (Fault::Reset, 502, "connection_terminated"),
        (Fault::WriteTimeout, 504, "connection_write_timeout"),
        (Fault::FirstByteTimeout, 504, "connection_read_timeout"),
        (Fault::Malformed, 502, "http_protocol_error"),
        (Fault::HeadTooLarge, 502, "http_response_header_section_size"),
        (Fault::BodyTruncated, 502, "http_response_incomplete"),
        (Fault::BodyIdle, 504, "connection_read_timeout"),
        (Fault::BodyLate, 504, "http_response_timeout"),
        (Fault::BodyTooLarge, 502, "http_response_body_size"),
        (Fault::RequestBroken, 400, "http_request_error"),
    ] {
        check_fault(fault, status, error);
    }
}

/// R-193, R-197: each refusal has its status, its error token, and Retry-After where the caller should come back.
#[test]
fn every_refusal_has_its_row() {
    for (reason, name, status, error, waits) in [
        (Reason::BreakerOpen, "breaker-open", 503, "destination_unavailable", true),
        (Reason::Hold, "provider-hold", 429, "http_request_error", true),
        (Reason::Exhausted, "quota-exhausted", 429, "http_request_error", true),
        (Reason::LimiterFull, "limiter-full", 429, "http_request_error", true),
        (Reason::QueueFull, "queue-full", 503, "connection_limit_reached", true),
        (Reason::QueueWait, "queue-wait", 503, "connection_limit_reached", true),
        (Reason::DeadlineTooShort, "deadline-too-short", 504, "http_response_timeout", false),
        (Reason::CredentialMissing, "credential-missing", 503, "proxy_configuration_error", true),
        (Reason::BodyTooLarge, "body-too-large", 413, "http_request_error", false),
        (Reason::KeyMissing, "key-missing", 400, "http_request_error", false),
        (Reason::CallerGone, "caller-gone", 408, "http_request_error", false),
        (Reason::StoreDown, "store-down", 503, "proxy_internal_error", true),
        (Reason::Draining, "draining", 503, "proxy_internal_response", true),
    ] {
        let problem = Problem::refused(reason, None);
        let row = (problem.kind.name, problem.status.as_u16(), problem.error);
        assert_eq!(row, (name, status, error), "{reason:?}");
        assert_eq!(problem.retry_after.is_some(), waits, "{reason:?}");
    }
}

/// The status of an unknown outcome is that of the fault; its type never reads as a plain failure.
#[test]
fn a_mutation_of_unknown_effect_is_no_plain_failure() {
    for (fault, status) in [(Fault::FirstByteTimeout, 504), (Fault::Reset, 502)] {
        let problem = Problem::failed(&failure(fault, Effect::Unknown), Plan::Once, None);
        assert_eq!((problem.kind.name, problem.status.as_u16()), ("outcome-unknown", status));
        assert_eq!(problem.retry(), Some("unsafe"));
        assert!(!problem.kind.retryable);
    }
    let nothing = Problem::failed(&failure(Fault::ConnectRefused, Effect::None), Plan::Once, None);
    assert_eq!(nothing.kind.name, "provider-unreachable");
    let read = Problem::failed(&failure(Fault::Reset, Effect::Unknown), Plan::Safe, None);
    assert_eq!(read.kind.name, "provider-connection-lost");
}

/// R-190: the members of RFC 9457 and ours, with the real status and the call's id.
#[test]
fn a_document_has_its_members() {
    let problem = Problem::refused(Reason::BreakerOpen, Some(Duration::from_micros(1_500_001)));
    let place = Place {
        call: Some(CallId(0xc0ffee)),
        provider: Some("stripe"),
        operation: Some("create_charge"),
        attempts: 0,
    };
    let text = String::from_utf8(problem.document(&place)).unwrap();
    assert_eq!(
        text,
        concat!(
            r#"{"type":"urn:outwright:problem:breaker-open","#,
            r#""title":"The breaker of this provider is open","status":503,"#,
            r#""detail":"It failed too often of late, so nothing was sent.","#,
            r#""help":"Come back after Retry-After; `outwright status` shows the breaker.","#,
            r#""instance":"urn:outwright:call:0000000000c0ffee","#,
            r#""provider":"stripe","operation":"create_charge","attempts":0,"retryable":true,"#,
            r#""retry_after_ms":1501,"effect":"none","cause":"breaker_open","#,
            r#""error":{"type":"api_error","code":"breaker-open","#,
            r#""message":"The breaker of this provider is open. "#,
            r#"It failed too often of late, so nothing was sent."}}"#,
        )
    );
}

#[test]
fn names_are_unique_and_lower_case() {
    let names: BTreeSet<_> = KINDS.iter().map(|kind| kind.name).collect();
    assert_eq!(names.len(), KINDS.len());
    for kind in KINDS {
        assert!(kind.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
        let ours = kind == &&super::table::FORWARDS_USED_UP;
        assert!(ours || kind.status.is_client_error() || kind.status.is_server_error());
        assert!(kind.detail.ends_with('.') && kind.help.ends_with('.'), "{}", kind.name);
    }
}

/// stripe-node takes a document without `error` for a success, whatever its status.
#[test]
fn every_error_has_the_form_that_client_libraries_look_for() {
    for kind in KINDS {
        let text = Problem::of(kind).document(&Place::default());
        let document: serde_json::Value = serde_json::from_slice(&text).unwrap();
        let expected = match kind.status.as_u16() {
            200 => None,
            408 | 429 | 500.. => Some("api_error"),
            _ => Some("invalid_request_error"),
        };
        assert_eq!(document["error"]["type"].as_str(), expected, "{}", kind.name);
        let told = expected.is_some();
        assert_eq!(document["error"]["code"] == kind.name, told, "{}", kind.name);
        assert_eq!(document["error"]["message"].is_string(), told, "{}", kind.name);
    }
}

/// The library has the words of the table, and decides as it does what an unknown effect means.
#[test]
fn the_words_of_the_library_are_those_of_the_table() {
    for reason in Reason::ALL {
        let why = Why::Refused { reason, wait: None };
        let problem = Problem::refused(reason, None);
        assert_eq!(why.word(), problem.kind.name, "{reason:?}");
        assert_eq!(tokens::of_refusal(reason), problem.error, "{reason:?}");
    }
    for fault in Fault::ALL {
        let failure = failure(fault, Effect::Unknown);
        let failed = Failed {
            fault,
            class: failure.class,
            effect: failure.effect,
            skipped: failure.why,
            wait: None,
        };
        let plain = Problem::failed(&failure, Plan::Safe, None);
        assert_eq!(Why::Failed(failed).word(), plain.kind.name, "{fault:?}");
        assert_eq!(tokens::of_fault(fault), plain.error, "{fault:?}");
        let unknown = Problem::failed(&failure, Plan::Once, None);
        assert_eq!(Why::Unknown(failed).word(), unknown.kind.name, "{fault:?}");
    }
    for why in TurnedAway::ALL {
        let kind = super::turned_away(why);
        assert_eq!(Why::TurnedAway(why).word(), kind.name, "{why:?}");
    }
    for misuse in [
        Misuse::BodyTooLarge { bytes_max: 1 },
        Misuse::BodyBroken,
        Misuse::BodyLate,
        Misuse::KeyMissing,
        Misuse::KeyInvalid,
        Misuse::KeyField("/a".into()),
        Misuse::Upgrade,
        Misuse::Loop,
        Misuse::PathTooLong,
    ] {
        let word = Problem::misused(&misuse).kind.name;
        assert_eq!(Why::Misuse(misuse).word(), word);
    }
}
