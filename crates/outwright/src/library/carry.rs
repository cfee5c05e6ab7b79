//! One call on the thread that carries it: which one it is, the call, and its answer on the way back.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, Response, Uri};
use http_body::Body as HttpBody;
use http_body_util::combinators::UnsyncBoxBody;
use outwright_core::admission::Unmatched;
use outwright_core::outcome::{Class, Effect, Fault};
use outwright_core::provider::{Base, Mode, OpIndex, Priority, Provider, Scheme};
use outwright_core::step::Skip;
use outwright_core::time::Now;
use tokio::sync::oneshot;

use super::account::Account;
use super::body::Body;
use super::error::{Error, Failed, Why};
use super::terms::Terms;
use crate::asked::{self, Asked, Unreadable};
use crate::dress::{Dress, came};
use crate::driver::{
    Answer, Caller, CallerFacts, Core, IDEMPOTENCY_KEY, Misuse, Outbound, Outlet, Own,
};
use crate::telemetry::{Outcome as Counted, TurnedAway};
use crate::transport::Cause;

/// As old may the time be at which a call is taken to arrive (chosen: far below the guard of a rate window).
const OLD_MAX: Duration = Duration::from_millis(10);

/// Callers of one program have no secrets from each other: their keys are to differ, and to be the same after a restart.
const OF_ONE_PROGRAM: &[u8] = b"outwright in process 1";

/// A request on its way to the thread that carries it.
pub(super) struct Handed {
    pub(super) provider: Box<str>,
    pub(super) request: Request<UnsyncBoxBody<Bytes, Cause>>,
    /// When its caller handed it in.
    pub(super) at: Now,
    pub(super) told: Told,
}

/// Where the answer is told: whatever becomes of the call, its caller hears of it.
pub(super) struct Told {
    to: Option<oneshot::Sender<Result<Response<Body>, Error>>>,
    stage: Stage,
}

/// How far a call has come.
enum Stage {
    /// Nobody has looked at it.
    Waiting,
    /// It is with the engine.
    Begun(Arc<Provider>, OpIndex),
}

/// A request that is a call.
struct Found {
    outlet: Rc<Outlet>,
    operation: OpIndex,
    path: PathAndQuery,
}

/// A request that is none.
struct Lost {
    why: TurnedAway,
    outlet: Option<(usize, Rc<Outlet>)>,
    allowed: Vec<Method>,
}

impl Told {
    /// For a caller that waits there.
    pub(super) fn new(to: oneshot::Sender<Result<Response<Body>, Error>>) -> Self {
        Self { to: Some(to), stage: Stage::Waiting }
    }

    /// Tells; says whether somebody heard it.
    fn tell(&mut self, answer: Result<Response<Body>, Error>) -> Heard {
        let heard = self.to.take().is_some_and(|to| to.send(answer).is_ok());
        if heard { Heard::Yes } else { Heard::No }
    }

    /// Comes back when the caller is gone.
    async fn left(&mut self) {
        match &mut self.to {
            Some(to) => to.closed().await,
            None => std::future::pending().await,
        }
    }

    fn has_left(&self) -> bool {
        self.to.as_ref().is_none_or(oneshot::Sender::is_closed)
    }
}

/// Whether a caller was there to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    Yes,
    No,
}

impl Drop for Told {
    fn drop(&mut self) {
        if self.has_left() {
            return;
        }
        let error = match &self.stage {
            Stage::Waiting => Error::draining(Account::nothing()),
            Stage::Begun(contract, operation) => cut(contract, *operation),
        };
        self.tell(Err(error));
    }
}

/// A call whose thread ended under it.
fn cut(contract: &Arc<Provider>, operation: OpIndex) -> Error {
    let failed = Failed {
        fault: Fault::Reset,
        class: Class::Transient,
        effect: Effect::Unknown,
        skipped: Skip::Final,
        wait: None,
    };
    let mutates = contract.operation(operation).plan.mutates();
    let why = if mutates { Why::Unknown(failed) } else { Why::Failed(failed) };
    Error::new(
        why,
        Account::of_request(None, Some(Arc::clone(contract))).on(operation, failed.effect),
    )
}

/// Carries a call to its end, which may be later than its answer.
pub(super) async fn carry(core: Core, dress: Rc<Dress>, handed: Handed) {
    let Handed { provider, mut request, at, mut told } = handed;
    let arrived = core.now();
    let terms = request.extensions_mut().remove::<Terms>().unwrap_or_default();
    let asked = match asked::read(request.headers_mut()) {
        Ok(asked) => asked,
        Err(Unreadable) => {
            let lost = Lost::of(TurnedAway::FieldInvalid);
            return turn_away(&core, lost, arrived, told);
        }
    };
    let found = match find(&core, &provider, &mut request, &asked) {
        Ok(found) => found,
        Err(lost) => return turn_away(&core, lost, arrived, told),
    };
    let Found { outlet, operation, path } = found;
    let contract = Arc::clone(outlet.contract());
    if let Some(Err(misuse)) = terms.key.as_deref().map(|key| put_key(&mut request, key)) {
        let account = Account::of_request(Some(core.next_call()), Some(contract));
        told.tell(Err(Error::new(Why::Misuse(misuse), account.on(operation, Effect::None))));
        return;
    }
    let facts = facts(terms, &asked, (at, arrived));
    told.stage = Stage::Begun(Arc::clone(&contract), operation);
    let idle = contract.operation(operation).timeouts.idle();
    let call = core.call(Outbound { outlet, operation, request, path, facts });
    let answer = tokio::select! {
        biased;
        // The future of the call is dropped: a read is given up, a mutation ends in its own task.
        () = told.left() => return,
        answer = call => answer,
    };
    match answer {
        Answer::Own(own) => tell_own(&core, *own, contract, told),
        Answer::Reply(reply) => {
            let (mut head, body) = reply.into_parts();
            dress.relay(&mut head, &body, came);
            head.extensions.insert(Account::of_reply(&body, contract));
            if body.is_end_stream() {
                told.tell(Ok(Response::from_parts(head, Body::empty())));
                return;
            }
            let (theirs, pump) = Body::pumped(body.size_hint());
            if told.tell(Ok(Response::from_parts(head, theirs))) == Heard::Yes {
                pump.run(body, idle).await;
            }
        }
    }
}

/// What the driver is told of a call.
fn facts(terms: Terms, asked: &Asked, (at, now): (Now, Now)) -> CallerFacts {
    let Terms { timeout, priority, caller, .. } = terms;
    let timeout = timeout.into_iter().chain(asked.timeout).min();
    let waited = now.mono.since(at.mono);
    let (arrived, timeout) = if waited < OLD_MAX {
        (at, timeout)
    } else {
        // The gates must not be told so old a time; what the caller gave is shorter by it.
        (now, timeout.map(|timeout| timeout.saturating_sub(waited)))
    };
    let priority = priority.or(asked.priority).unwrap_or(Priority::Default);
    let caller = caller.map(|name| Arc::new(Caller::new(&name, OF_ONE_PROGRAM)));
    CallerFacts { timeout, priority, arrived, caller }
}

fn put_key<B>(request: &mut Request<B>, key: &str) -> Result<(), Misuse> {
    let value = HeaderValue::from_str(key).map_err(|_| Misuse::KeyInvalid)?;
    request.headers_mut().insert(IDEMPOTENCY_KEY, value);
    Ok(())
}

/// Tells why there is no reply, and telemetry what that was.
fn tell_own(core: &Core, mut own: Own, contract: Arc<Provider>, mut told: Told) {
    let operation = contract.operation(own.record.operation);
    own.record.outcome = own.outcome.counts_as(operation);
    if told.has_left() {
        own.record.outcome = Counted::Cancelled;
    }
    core.telemetry().over(&own.record, own.at);
    told.tell(Err(Error::of_call(&own, contract)));
}

/// The operation is found by method and path, the bytes of which go on as they are.
fn find<B>(
    core: &Core,
    provider: &str,
    request: &mut Request<B>,
    asked: &Asked,
) -> Result<Found, Lost> {
    let outlets = core.outlets();
    let index = outlets.roster().find(provider);
    let known = index.and_then(|index| Some((index, Rc::clone(outlets.get(index)?))));
    let (index, outlet) = known.ok_or_else(|| Lost::of(TurnedAway::ProviderUnknown))?;
    let lost = |why| Lost { why, outlet: Some((index, Rc::clone(&outlet))), allowed: Vec::new() };
    let contract = outlet.provider();
    let path = own_path(&contract.base, request.uri());
    let path = path.ok_or_else(|| lost(TurnedAway::HostForeign))?;
    if let Some(why) = asked::ends_here(request, asked.forwards) {
        let allowed = contract.routes.methods(path.path()).cloned().collect();
        return Err(Lost { allowed, ..lost(why) });
    }
    let unnamed = || core.shared().unnamed().came(index, request.method(), path.path());
    let operation = contract.routes.find(request.method(), path.path());
    let operation = operation.map_err(|why| {
        lost(match why {
            Unmatched::Ambiguous(_) => TurnedAway::PathAmbiguous,
            Unmatched::Unknown => {
                unnamed();
                TurnedAway::OperationUnknown
            }
        })
    })?;
    if contract.mode == Mode::Report && contract.operation(operation).template.ends_with("**") {
        unnamed();
    }
    Ok(Found { outlet, operation, path })
}

/// The path as the contract writes it; none where the request is for another host than the provider's.
pub(super) fn own_path(base: &Base, uri: &Uri) -> Option<PathAndQuery> {
    let whole = uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
    if uri.authority().is_none() {
        return Some(whole);
    }
    let rest = below(base, uri)?;
    if rest == whole.as_str() {
        return Some(whole);
    }
    match rest {
        "" => Some(PathAndQuery::from_static("/")),
        query if query.starts_with('?') => PathAndQuery::try_from(["/", query].concat()).ok(),
        rest => PathAndQuery::try_from(rest).ok(),
    }
}

/// What stands behind a provider's base URL in an absolute one; none where it is not below it.
pub(super) fn below<'a>(base: &Base, uri: &'a Uri) -> Option<&'a str> {
    let (scheme, port) = match base.scheme {
        Scheme::Https => ("https", 443),
        Scheme::Http => ("http", 80),
    };
    let authority = uri.authority()?;
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let same = uri.scheme_str() == Some(scheme)
        && host.eq_ignore_ascii_case(&base.host)
        && authority.port_u16().unwrap_or(port) == base.port;
    let whole = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let rest = whole.strip_prefix(&*base.path).filter(|_| same)?;
    (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(rest)
}

impl Lost {
    const fn of(why: TurnedAway) -> Self {
        Self { why, outlet: None, allowed: Vec::new() }
    }
}

/// Tells that a request is no call, and counts it.
fn turn_away(core: &Core, lost: Lost, arrived: Now, mut told: Told) {
    let Lost { why, outlet, allowed } = lost;
    let index = outlet.as_ref().map(|(index, _)| *index);
    core.telemetry().turned_away(why, (index, NO_STATUS), arrived.wall);
    let contract = outlet.map(|(_, outlet)| Arc::clone(outlet.contract()));
    let account = Account::of_request(Some(core.next_call()), contract);
    told.tell(Err(Error::turned_away(why, account, allowed)));
}

/// In process an answer of our own has no HTTP status.
const NO_STATUS: u16 = 0;

#[cfg(test)]
mod tests {
    use super::{below, own_path};
    use http::{HeaderValue, Uri};
    use outwright_core::provider::{Base, Scheme};

    fn base(path: &str) -> Base {
        Base {
            scheme: Scheme::Https,
            host: "api.example.com".into(),
            port: 443,
            path: path.into(),
            authority: HeaderValue::from_static("api.example.com"),
        }
    }

    fn path(base: &Base, uri: &str) -> Option<String> {
        own_path(base, &uri.parse::<Uri>().unwrap()).map(|path| path.to_string())
    }

    #[test]
    fn a_path_is_the_contracts_and_a_url_is_the_providers() {
        let (bare, deep) = (base(""), base("/v2"));
        for (base, uri, expected) in [
            (&bare, "/charges?a=%2F", Some("/charges?a=%2F")),
            (&bare, "https://api.example.com/charges", Some("/charges")),
            (&bare, "https://API.example.com:443/charges", Some("/charges")),
            (&bare, "https://api.example.com", Some("/")),
            (&deep, "/charges", Some("/charges")),
            (&deep, "https://api.example.com/v2/charges?x", Some("/charges?x")),
            (&deep, "https://api.example.com/v2?x", Some("/?x")),
            (&deep, "https://api.example.com/v2", Some("/")),
            (&deep, "https://api.example.com/v22/charges", None),
            (&deep, "https://api.example.com/charges", None),
            (&bare, "http://api.example.com/charges", None),
            (&bare, "https://api.example.com:444/charges", None),
            (&bare, "https://evil.example/charges", None),
            (&bare, "https://api.example.com.evil.example/charges", None),
        ] {
            assert_eq!(path(base, uri).as_deref(), expected, "{uri}");
        }
        assert_eq!(below(&bare, &"/charges".parse().unwrap()), None, "a path has no host");
    }
}
