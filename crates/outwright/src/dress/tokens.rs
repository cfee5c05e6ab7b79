//! What went wrong in the words of Proxy-Status (RFC 9209 section 2.3), without the status that only a gateway gives it.

use outwright_core::outcome::Fault;
use outwright_core::refusal::Reason;

/// The error of a fault.
#[must_use]
pub const fn of_fault(fault: Fault) -> &'static str {
    match fault {
        Fault::DnsTemporary | Fault::DnsNotFound => "dns_error",
        Fault::DnsTimeout => "dns_timeout",
        Fault::AddressProhibited => "destination_ip_prohibited",
        Fault::ConnectRefused => "connection_refused",
        Fault::ConnectUnreachable => "destination_ip_unroutable",
        Fault::ConnectTimeout | Fault::TlsTimeout => "connection_timeout",
        Fault::TlsTransport => "tls_protocol_error",
        Fault::TlsRefused => "tls_certificate_error",
        Fault::StaleConnection
        | Fault::Reset
        | Fault::RefusedStream
        | Fault::GoneAway
        | Fault::StreamReset => "connection_terminated",
        Fault::WriteTimeout => "connection_write_timeout",
        Fault::FirstByteTimeout | Fault::BodyIdle => "connection_read_timeout",
        Fault::BodyLate => "http_response_timeout",
        Fault::Malformed | Fault::MediaType => "http_protocol_error",
        Fault::HeadTooLarge => "http_response_header_section_size",
        Fault::BodyTruncated => "http_response_incomplete",
        Fault::BodyTooLarge => "http_response_body_size",
        Fault::ContentCoding => "http_response_content_coding",
        Fault::RequestBroken => "http_request_error",
    }
}

/// The error of a refusal.
#[must_use]
pub const fn of_refusal(reason: Reason) -> &'static str {
    match reason {
        Reason::BreakerOpen => "destination_unavailable",
        Reason::Hold
        | Reason::Exhausted
        | Reason::LimiterFull
        | Reason::BodyTooLarge
        | Reason::KeyMissing
        | Reason::CallerGone => "http_request_error",
        Reason::ShareFull | Reason::QueueFull | Reason::QueueWait | Reason::CallsFull => {
            "connection_limit_reached"
        }
        Reason::DeadlineTooShort => "http_response_timeout",
        Reason::CredentialMissing => "proxy_configuration_error",
        Reason::NotAllowed => "http_request_denied",
        Reason::StoreDown | Reason::MemoryFull => "proxy_internal_error",
        Reason::Draining => "proxy_internal_response",
    }
}
