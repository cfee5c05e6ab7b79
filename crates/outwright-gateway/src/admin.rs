//! The admin port: metrics and health for machines, the state of every provider for operators.

mod status;

use std::convert::Infallible;
use std::future::{Future, ready};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use http::response::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use outwright::Shared;
use outwright::telemetry::CoreTelemetry;

use crate::door::{Hosts, Reach};
use crate::guard::Watch;
use crate::listener::{Answers, Inbound};
use crate::problem::{self, Kind, Place, Problem};
use crate::token::Token;

/// The admin port.
#[derive(Debug)]
pub(crate) struct Admin {
    shared: Arc<Shared>,
    telemetry: Rc<CoreTelemetry>,
    hosts: Hosts,
    token: Token,
    reach: Reach,
}

/// The body of an answer of the admin port: all there.
type Whole = Full<Bytes>;

impl Admin {
    /// The admin port of a process.
    pub(crate) fn new(
        shared: Arc<Shared>,
        telemetry: Rc<CoreTelemetry>,
        hosts: Hosts,
        (token, reach): (Token, Reach),
    ) -> Self {
        Self { shared, telemetry, hosts, token, reach }
    }

    fn respond(&self, request: &Request<Inbound>) -> Response<Whole> {
        let headers = request.headers();
        if let Err(kind) = self.comes_from_here(headers) {
            self.telemetry.admin_host_refused();
            return refusal(kind);
        }
        let get = matches!(*request.method(), Method::GET | Method::HEAD);
        // `product.md` 4: without the token only on loopback.
        let open = self.reach == Reach::Machine
            && matches!(request.uri().path(), "/metrics" | "/healthz" | "/readyz");
        if !open && !self.token.matches(bearer(headers)) {
            let mut response = refusal(&problem::TOKEN_MISSING);
            let bearer = HeaderValue::from_static("Bearer realm=\"outwright admin\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
            return response;
        }
        match request.uri().path() {
            "/metrics" if get => self.metrics(),
            "/healthz" | "/readyz" if get => text("ok\n"),
            "/v1/status" if get => status::answer(&self.shared),
            "/metrics" | "/healthz" | "/readyz" | "/v1/status" => {
                refusal(&problem::METHOD_NOT_ALLOWED)
            }
            _ => refusal(&problem::ADMIN_UNKNOWN),
        }
    }

    /// a page must not read the admin port, whatever name it gave itself.
    fn comes_from_here(&self, headers: &HeaderMap) -> Result<(), &'static Kind> {
        let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
        if headers.contains_key(header::ORIGIN) || site.is_some_and(|site| site != b"none") {
            return Err(&problem::BROWSER_REFUSED);
        }
        let host = headers.get(header::HOST).map(HeaderValue::as_bytes).unwrap_or_default();
        if self.hosts.know(host) { Ok(()) } else { Err(&problem::HOST_FOREIGN) }
    }

    fn metrics(&self) -> Response<Whole> {
        let page = self.shared.telemetry().exposition(&self.shared.levels(), self.shared.holds());
        let mut response = Response::new(Whole::from(page));
        let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }
}

impl Answers for Admin {
    type Body = Whole;

    fn answer(
        self: Rc<Self>,
        request: Request<Inbound>,
        watch: Rc<Watch>,
    ) -> impl Future<Output = Result<Response<Whole>, Infallible>> {
        watch.call_begins();
        let response = self.respond(&request);
        watch.call_ends();
        ready(Ok(response))
    }

    fn turn_away(&self, kind: &'static Kind) -> (Parts, Vec<u8>) {
        let (head, _) = refusal(kind).into_parts();
        (head, Problem::of(kind).document(&Place::default()))
    }
}

/// What stands after `Bearer`.
fn bearer(headers: &HeaderMap) -> &[u8] {
    let field = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
    match field.split_at_checked(7) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"bearer ") => token,
        Some(_) | None => b"",
    }
}

fn text(text: &'static str) -> Response<Whole> {
    let mut response = Response::new(Whole::from(text));
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}

fn json(status: StatusCode, kind: &'static str, document: Vec<u8>) -> Response<Whole> {
    let mut response = Response::new(Whole::from(document));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn refusal(kind: &'static Kind) -> Response<Whole> {
    let document = Problem::of(kind).document(&Place::default());
    json(kind.status, "application/problem+json", document)
}
