//! Every problem of our own, in one table: the reference page and the tests read it.

use http::StatusCode;
use outwright::telemetry::TurnedAway;
use outwright_core::outcome::Fault;
use outwright_core::refusal::Reason;

/// A kind of problem.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// The last part of its type; stable.
    pub name: &'static str,
    /// Its type; stable.
    pub uri: &'static str,
    /// Its status.
    pub status: StatusCode,
    /// The error token of its Proxy-Status.
    pub error: &'static str,
    /// What it is, the same for every occurrence.
    pub title: &'static str,
    /// What happened.
    pub detail: &'static str,
    /// What to do.
    pub help: &'static str,
    /// Whether the same call may go well later.
    pub retryable: bool,
    /// Whether the caller is always told when to come back.
    pub waits: bool,
    /// The word for `Outwright-Retry`.
    pub retry: Option<&'static str>,
}

macro_rules! kinds {
    ($($constant:ident = $name:literal $status:ident $error:literal $title:literal
        $detail:literal $help:literal $retryable:literal $waits:literal $retry:expr;)*) => {
        $(pub(crate) static $constant: Kind = Kind {
            name: $name,
            uri: concat!("urn:outwright:problem:", $name),
            status: StatusCode::$status,
            error: $error,
            title: $title,
            detail: $detail,
            help: $help,
            retryable: $retryable,
            waits: $waits,
            retry: $retry,
        };)*
        /// Every kind.
        pub static KINDS: &[&Kind] = &[$(&$constant),*];
    };
}

kinds! {
    // The door: nothing was looked up yet, or nothing was found.
    BAD_REQUEST = "bad-request" BAD_REQUEST "http_request_error"
        "The request is not one that can be forwarded"
        "Its head is ambiguous or malformed, so that two readers could understand it differently."
        "Send one Host, at most one Content-Length, no Content-Length beside Transfer-Encoding, and a path that begins with a slash."
        false false Some("refused");
    HEAD_TOO_LARGE = "head-too-large" REQUEST_HEADER_FIELDS_TOO_LARGE "http_request_error"
        "The request head is too large"
        "A head may have 100 fields and 64 KiB in all."
        "Send fewer or smaller fields; large values belong into the body."
        false false Some("refused");
    TARGET_TOO_LONG = "target-too-long" URI_TOO_LONG "http_request_error"
        "The request target is too long"
        "A target may have 16 KiB."
        "Shorten the query, or use an operation that takes its arguments in the body."
        false false Some("refused");
    HEAD_TOO_LATE = "head-too-late" REQUEST_TIMEOUT "http_request_error"
        "The request head did not come in time"
        "The connection was open, but the head was not complete within the bound."
        "Send the whole head at once."
        true false None;
    PATH_AMBIGUOUS = "path-ambiguous" BAD_REQUEST "http_request_error"
        "The path can be read in two ways"
        "It holds dot segments, an encoded slash or backslash, or a byte that servers read differently."
        "Send the path in its plain form, as the contract writes it."
        false false Some("refused");
    FIELD_INVALID = "field-invalid" BAD_REQUEST "http_request_error"
        "A field for outwright cannot be read"
        "Outwright-Timeout takes digits with ms or s, Outwright-Priority takes critical, default or background, Idempotency-Key one value."
        "Correct the field, or leave it out."
        false false Some("refused");
    BROWSER_REFUSED = "browser-refused" FORBIDDEN "http_request_denied"
        "Browsers may not call providers through outwright"
        "The request carries Origin or the fetch metadata of a page."
        "Call from a service; a page must not reach a provider with the service's credential."
        false false Some("refused");
    HOST_FOREIGN = "host-foreign" MISDIRECTED_REQUEST "http_request_denied"
        "The request is meant for another host"
        "Its Host is not a name of this listener."
        "Use the address that outwright printed at its start, or add the name to `listen: hosts` in outwright.yaml."
        false false Some("refused");
    CALLER_UNKNOWN = "caller-unknown" UNAUTHORIZED "http_request_denied"
        "Nobody is known by what the request shows"
        "It shows no token of a caller, one that names nobody, or two that name different callers; nothing was sent."
        "Send the caller's token where the provider's credential would stand, or in Outwright-Token."
        false false Some("refused");
    PROVIDER_UNKNOWN = "provider-unknown" NOT_FOUND "destination_not_found"
        "No contract has this provider's name"
        "The first segment of the path names the provider, and no contract is loaded for it."
        "Compare the path with `outwright status`, or add a contract."
        false false Some("refused");
    OPERATION_UNKNOWN = "operation-unknown" FORBIDDEN "http_request_denied"
        "The contract lists no such operation"
        "No operation of the contract matches the method and path, so nothing was sent."
        "Add the operation to the contract, or correct the path."
        false false Some("refused");
    TRACE_REFUSED = "trace-refused" METHOD_NOT_ALLOWED "http_request_denied"
        "TRACE is not forwarded"
        "A provider that echoes a request would show the credential that outwright puts on it."
        "Use a method that the contract lists for this path; Allow names them."
        false false Some("refused");
    FORWARDS_USED_UP = "forwards-used-up" OK "proxy_internal_response"
        "The request was to go no further than here"
        "Its Max-Forwards is 0, so outwright answers as its last recipient; Allow names the methods that the contract lists for this path."
        "Leave Max-Forwards out to reach the provider."
        false false None;
    // The admin port.
    TOKEN_MISSING = "token-missing" UNAUTHORIZED "http_request_denied"
        "The admin port needs its token"
        "The request has no Authorization, or another token than this process."
        "Send `Authorization: Bearer` with the content of `admin-token` in the state folder."
        false false None;
    ADMIN_UNKNOWN = "admin-unknown" NOT_FOUND "http_request_error"
        "The admin port has no such page"
        "Its pages are /metrics, /healthz, /readyz and /v1/status."
        "Correct the path; callers connect to the data port."
        false false None;
    METHOD_NOT_ALLOWED = "method-not-allowed" METHOD_NOT_ALLOWED "http_request_error"
        "The page is only for reading"
        "It takes GET and HEAD."
        "Send GET."
        false false None;
    // The caller's own request.
    BODY_TOO_LARGE = "body-too-large" PAYLOAD_TOO_LARGE "http_request_error"
        "The request body is larger than the operation allows"
        "Nothing was sent."
        "Send less, or raise the bound of the operation in the contract."
        false false Some("refused");
    KEY_MISSING = "key-missing" BAD_REQUEST "http_request_error"
        "The operation requires an idempotency key"
        "The contract says `key: required`, and the request has no Idempotency-Key; nothing was sent."
        "Send Idempotency-Key, one per intended effect, the same on every repeat."
        false false Some("refused");
    KEY_UNUSABLE = "key-unusable" BAD_REQUEST "http_request_error"
        "No idempotency key can be made from this request"
        "The contract derives the key from fields of a JSON body, and the body does not have them; nothing was sent."
        "Send a JSON body with the fields that the contract names."
        false false Some("refused");
    REQUEST_BROKEN = "request-broken" BAD_REQUEST "http_request_error"
        "The request body broke off"
        "The caller stopped before the end that its framing declared."
        "Send the whole body."
        true false None;
    REQUEST_LATE = "request-late" REQUEST_TIMEOUT "http_request_error"
        "The request body did not come in time"
        "The caller took longer to send its body than the call may last; nothing was sent."
        "Send the body faster, or give the call more time."
        true false Some("refused");
    UPGRADE_REFUSED = "upgrade-refused" FORBIDDEN "http_request_denied"
        "No operation speaks another protocol"
        "The request asks for an upgrade, which no contract offers; nothing was sent."
        "Send the request without Upgrade."
        false false Some("refused");
    LOOP_DETECTED = "loop-detected" BAD_GATEWAY "proxy_loop_detected"
        "The request has been here before"
        "Via or CDN-Loop names this deployment, so sending it again would go round in circles; nothing was sent."
        "Look where `base_url` leads; two gateways in a row need different names (`name` in outwright.yaml)."
        false false Some("refused");
    // Outwright protects: nothing was sent.
    BREAKER_OPEN = "breaker-open" SERVICE_UNAVAILABLE "destination_unavailable"
        "The breaker of this provider is open"
        "It failed too often of late, so nothing was sent."
        "Come back after Retry-After; `outwright status` shows the breaker."
        true true Some("refused");
    HOLD = "provider-hold" TOO_MANY_REQUESTS "http_request_error"
        "The provider asked us to wait for longer than this call may"
        "Its Retry-After has not passed, so nothing was sent."
        "Come back after Retry-After, or give the call more time."
        true true Some("refused");
    EXHAUSTED = "quota-exhausted" TOO_MANY_REQUESTS "http_request_error"
        "The provider says that a quota or a bill is used up"
        "Nothing was sent, because sending would change nothing before the quota is renewed."
        "Ask the owner of the contract; the provider's own message is in the answer to an earlier call."
        true true Some("refused");
    LIMITER_FULL = "limiter-full" TOO_MANY_REQUESTS "http_request_error"
        "The provider's known quota has no room for this call"
        "A rate window of the contract stays full for longer than the call may wait; nothing was sent."
        "Come back after Retry-After, or give the call more time."
        true true Some("refused");
    NOT_ALLOWED = "operation-not-allowed" FORBIDDEN "http_request_denied"
        "The contract does not let this caller do this"
        "It lists who may call and what; nothing was sent."
        "Ask the owner of the contract: `callers` names who may call which operations."
        false false Some("refused");
    SHARE_FULL = "share-full" TOO_MANY_REQUESTS "connection_limit_reached"
        "This caller has as many calls under way as it may"
        "It holds the slots and the places in the queue that the contract gives it; nothing was sent."
        "Come back after Retry-After, call less at once, or ask the owner of the contract for a larger share."
        true true Some("refused");
    QUEUE_FULL = "queue-full" SERVICE_UNAVAILABLE "connection_limit_reached"
        "Too many calls wait for this provider"
        "The queue of the contract is full; nothing was sent."
        "Come back after Retry-After, or call less at once."
        true true Some("refused");
    QUEUE_WAIT = "queue-wait" SERVICE_UNAVAILABLE "connection_limit_reached"
        "No slot became free in time"
        "The call waited for as long as the contract's `queue_wait` allows; nothing was sent."
        "Come back after Retry-After, or call less at once."
        true true Some("refused");
    DEADLINE_TOO_SHORT = "deadline-too-short" GATEWAY_TIMEOUT "http_response_timeout"
        "Less time is left than one attempt needs"
        "Nothing was sent, because the answer could not have come in time."
        "Give the call more time, or look why it waited so long."
        true false Some("refused");
    CREDENTIAL_MISSING = "credential-missing" SERVICE_UNAVAILABLE "proxy_configuration_error"
        "There is no usable credential for this provider"
        "The source of the slot cannot be read or is empty; nothing was sent."
        "Tell the operator; the log of outwright names the slot and the cause."
        true true Some("refused");
    STORE_DOWN = "store-down" SERVICE_UNAVAILABLE "proxy_internal_error"
        "The intent of the call could not be written"
        "Without it nobody could say later what happened, so nothing was sent."
        "Come back after Retry-After; tell the operator."
        true true Some("refused");
    MEMORY_FULL = "memory-full" SERVICE_UNAVAILABLE "proxy_internal_error"
        "The process keeps as much as it may"
        "The bodies that calls hold and the replies that are kept have reached the bound of the process; nothing was sent."
        "Come back after Retry-After; `outwright_kept_bytes` shows what is held, and smaller `bodies: replay` hold less."
        true true Some("refused");
    CALLS_FULL = "calls-full" SERVICE_UNAVAILABLE "connection_limit_reached"
        "The process has as many calls under way as it may"
        "Calls of all providers together have reached the bound of the process; the last fifth is only for critical calls; nothing was sent."
        "Come back after Retry-After, or call less at once; `outwright_process_calls` shows how many are under way, and `bounds: calls` in outwright.yaml is the bound."
        true true Some("refused");
    DRAINING = "draining" SERVICE_UNAVAILABLE "proxy_internal_response"
        "This process is about to end"
        "It finishes what it has and takes no new calls; nothing was sent."
        "Come back at once: another process, or the next one, answers."
        true true None;
    CALLER_GONE = "caller-gone" REQUEST_TIMEOUT "http_request_error"
        "The caller went away"
        "Nothing was sent."
        "Nothing."
        true false None;
    // It was sent, or was about to be, and went wrong.
    DNS_FAILED = "provider-name-unresolved" BAD_GATEWAY "dns_error"
        "The provider's name cannot be resolved"
        "The resolver has no address for it, so nothing was sent."
        "Check `base_url` and the resolver."
        true false Some("exhausted");
    DNS_LATE = "provider-name-late" GATEWAY_TIMEOUT "dns_timeout"
        "The provider's name was not resolved in time"
        "The resolver did not answer, so nothing was sent."
        "Check the resolver."
        true false Some("exhausted");
    ADDRESS_PROHIBITED = "address-prohibited" BAD_GATEWAY "destination_ip_prohibited"
        "The provider's address is one that the contract does not allow"
        "It is private, special or our own, so nothing was sent."
        "Allow the network under `egress: private` if it is meant."
        false false Some("refused");
    UNREACHABLE = "provider-unreachable" BAD_GATEWAY "connection_refused"
        "The provider cannot be reached"
        "No connection came about, so nothing was sent."
        "Come back later; `outwright status` shows the provider."
        true false Some("exhausted");
    CONNECT_LATE = "provider-connect-late" GATEWAY_TIMEOUT "connection_timeout"
        "No connection to the provider came about in time"
        "Nothing was sent."
        "Come back later; `outwright status` shows the provider."
        true false Some("exhausted");
    TLS_FAILED = "provider-tls" BAD_GATEWAY "tls_protocol_error"
        "No secure connection to the provider came about"
        "The handshake failed or the certificate was not acceptable; nothing was sent."
        "Check the provider's certificate and `egress: ca`."
        true false Some("exhausted");
    CONNECTION_LOST = "provider-connection-lost" BAD_GATEWAY "connection_terminated"
        "The provider closed the connection before it answered"
        "No answer came."
        "Come back later."
        true false Some("exhausted");
    PROVIDER_LATE = "provider-late" GATEWAY_TIMEOUT "connection_read_timeout"
        "The provider did not answer in time"
        "No usable answer came within the contract's timeouts."
        "Come back later, or give the operation more time in the contract."
        true false Some("exhausted");
    PROVIDER_MALFORMED = "provider-malformed" BAD_GATEWAY "http_protocol_error"
        "The provider's answer is not usable"
        "It is malformed, cut off, larger than the contract allows, coded in a way that cannot be bounded, or of another media type than the contract declares."
        "Tell the provider; raise the bound in the contract if the size is right."
        false false Some("exhausted");
    STALE_FORBIDDEN = "stale-forbidden" GATEWAY_TIMEOUT "connection_timeout"
        "The provider cannot answer, and forbids that its last answer is shown"
        "The contract would show a kept answer; the directive of the provider's Cache-Control that is named here forbids it."
        "Come back later, or name the directive under `despite:` in the contract, with a reason."
        true false Some("exhausted");
    OUTCOME_UNKNOWN = "outcome-unknown" GATEWAY_TIMEOUT "http_response_timeout"
        "Nobody on this side can say whether the provider carried this out"
        "The request was sent, and no usable answer came."
        "Do not send it again blindly: look it up at the provider, or repeat it with the same Idempotency-Key where the provider honours it."
        false false Some("unsafe");
    BUG = "internal-error" INTERNAL_SERVER_ERROR "proxy_internal_error"
        "Outwright broke a promise of its own"
        "This must not happen and was counted."
        "Report it with the call id."
        false false Some("unsafe");
}

/// The problem of a refusal.
pub(crate) const fn refusal(reason: Reason) -> &'static Kind {
    match reason {
        Reason::BreakerOpen => &BREAKER_OPEN,
        Reason::Hold => &HOLD,
        Reason::Exhausted => &EXHAUSTED,
        Reason::LimiterFull => &LIMITER_FULL,
        Reason::ShareFull => &SHARE_FULL,
        Reason::QueueFull => &QUEUE_FULL,
        Reason::QueueWait => &QUEUE_WAIT,
        Reason::DeadlineTooShort => &DEADLINE_TOO_SHORT,
        Reason::CredentialMissing => &CREDENTIAL_MISSING,
        Reason::BodyTooLarge => &BODY_TOO_LARGE,
        Reason::KeyMissing => &KEY_MISSING,
        Reason::NotAllowed => &NOT_ALLOWED,
        Reason::CallerGone => &CALLER_GONE,
        Reason::StoreDown => &STORE_DOWN,
        Reason::MemoryFull => &MEMORY_FULL,
        Reason::CallsFull => &CALLS_FULL,
        Reason::Draining => &DRAINING,
    }
}

/// The problem of a request that is no call.
pub(crate) const fn turned_away(why: TurnedAway) -> &'static Kind {
    match why {
        TurnedAway::BadRequest => &BAD_REQUEST,
        TurnedAway::HeadTooLarge => &HEAD_TOO_LARGE,
        TurnedAway::TargetTooLong => &TARGET_TOO_LONG,
        TurnedAway::HeadTooLate => &HEAD_TOO_LATE,
        TurnedAway::PathAmbiguous => &PATH_AMBIGUOUS,
        TurnedAway::BrowserRefused => &BROWSER_REFUSED,
        TurnedAway::HostForeign => &HOST_FOREIGN,
        TurnedAway::CallerUnknown => &CALLER_UNKNOWN,
        TurnedAway::ProviderUnknown => &PROVIDER_UNKNOWN,
        TurnedAway::OperationUnknown => &OPERATION_UNKNOWN,
        TurnedAway::FieldInvalid => &FIELD_INVALID,
        TurnedAway::TraceRefused => &TRACE_REFUSED,
        TurnedAway::ForwardsUsedUp => &FORWARDS_USED_UP,
    }
}

/// The problem of a fault, with the error token of RFC 9209 that fits it best.
pub(crate) const fn fault(fault: Fault) -> (&'static Kind, &'static str) {
    match fault {
        Fault::DnsTemporary | Fault::DnsNotFound => (&DNS_FAILED, "dns_error"),
        Fault::DnsTimeout => (&DNS_LATE, "dns_timeout"),
        Fault::AddressProhibited => (&ADDRESS_PROHIBITED, "destination_ip_prohibited"),
        Fault::ConnectRefused => (&UNREACHABLE, "connection_refused"),
        Fault::ConnectUnreachable => (&UNREACHABLE, "destination_ip_unroutable"),
        Fault::ConnectTimeout | Fault::TlsTimeout => (&CONNECT_LATE, "connection_timeout"),
        Fault::TlsTransport => (&TLS_FAILED, "tls_protocol_error"),
        Fault::TlsRefused => (&TLS_FAILED, "tls_certificate_error"),
        Fault::StaleConnection
        | Fault::Reset
        | Fault::RefusedStream
        | Fault::GoneAway
        | Fault::StreamReset => (&CONNECTION_LOST, "connection_terminated"),
        Fault::WriteTimeout => (&PROVIDER_LATE, "connection_write_timeout"),
        Fault::FirstByteTimeout | Fault::BodyIdle => (&PROVIDER_LATE, "connection_read_timeout"),
        Fault::BodyLate => (&PROVIDER_LATE, "http_response_timeout"),
        Fault::Malformed => (&PROVIDER_MALFORMED, "http_protocol_error"),
        Fault::HeadTooLarge => (&PROVIDER_MALFORMED, "http_response_header_section_size"),
        Fault::BodyTruncated => (&PROVIDER_MALFORMED, "http_response_incomplete"),
        Fault::BodyTooLarge => (&PROVIDER_MALFORMED, "http_response_body_size"),
        Fault::ContentCoding => (&PROVIDER_MALFORMED, "http_response_content_coding"),
        Fault::MediaType => (&PROVIDER_MALFORMED, "http_protocol_error"),
        Fault::RequestBroken => (&REQUEST_BROKEN, "http_request_error"),
    }
}
