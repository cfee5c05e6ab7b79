//! One request at the data port: which call it is, the call, and the answer with outwright's own fields.
//!
//! A request that is not plainly one operation of one contract is answered here and never sent.

mod body;
mod callers;
mod fields;
mod hosts;
mod links;

use std::convert::Infallible;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::response::Parts;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, Response, header};
use outwright::asked::{self, Unreadable};
use outwright::dress::{self, Dress, Times};
use outwright::telemetry::TurnedAway;
use outwright::{
    Answer, Caller, CallerFacts, Core, Handed, Outbound, Outcome, Outlet, Outlets, Own, ReplyBody,
    Roster,
};
use outwright_core::admission::Unmatched;
use outwright_core::provider::{Links, Mode, OpIndex};
use outwright_core::time::Now;

use self::callers::Unknown;
use self::links::Here;
use crate::guard::Watch;
use crate::listener::{Answers, Inbound, Tls};
use crate::problem::OPERATION_UNKNOWN;
use crate::problem::{self, Kind, Place, Problem};

pub(crate) use self::body::AnswerBody;
pub(crate) use self::callers::{Access, Ask, Reach};
pub(crate) use self::hosts::Hosts;

/// The data port of one core.
#[derive(Debug)]
pub(crate) struct Door {
    core: Core,
    hosts: Hosts,
    dress: Dress,
    access: Access,
    /// How callers begin a URL that leads here.
    scheme: &'static str,
    /// Set where all that comes in is for the provider whose door is this port.
    of: Option<u16>,
}

/// A request that is a call.
struct Found {
    outlet: Rc<Outlet>,
    operation: OpIndex,
    path: PathAndQuery,
    /// Set where the provider's links to itself lead back here.
    here: Option<Here>,
}

/// A call that was handed in, and where the links of its answer lead.
struct Begun {
    call: Handed,
    back: Option<Box<Back>>,
}

/// What is needed to lead the links of an answer back here; in a box, since most contracts keep them.
struct Back {
    here: Here,
    outlet: Rc<Outlet>,
    operation: OpIndex,
}

/// Why a request is no call, and its provider, where that much is known.
type Lost = (&'static Kind, Option<usize>);

impl Door {
    /// The door of a core.
    pub(crate) fn new(core: Core, hosts: Hosts) -> Self {
        let dress = Dress::new(core.shared().name());
        Self { core, hosts, dress, access: Access::Open, scheme: "http", of: None }
    }

    /// The door of one provider, on this port of its own.
    pub(crate) fn of(core: Core, hosts: Hosts, port: u16) -> Self {
        Self { of: Some(port), ..Self::new(core, hosts) }
    }

    /// The same behind TLS.
    pub(crate) fn under(self, tls: Option<&Arc<Tls>>) -> Self {
        Self { scheme: scheme(tls), ..self }
    }

    /// The same for those alone who may come in.
    pub(crate) fn for_callers(self, access: Access) -> Self {
        Self { access, ..self }
    }

    /// Finds out which call a request is and hands it in, or answers what is none.
    fn begin(
        &self,
        mut request: Request<Inbound>,
        watch: &Rc<Watch>,
    ) -> Result<Begun, Box<Response<AnswerBody>>> {
        watch.call_begins();
        let arrived = self.core.now();
        // In a box: few requests are answered at once, and all would carry the room for that.
        let away =
            |kind, provider| Box::new(self.send_away(kind, provider, arrived, Rc::clone(watch)));
        let outlets = self.core.outlets();
        let fields = match fields::read(request.headers(), &self.hosts, outlets.roster()) {
            Ok(fields) => fields,
            Err(kind) => return Err(away(kind, None)),
        };
        if fields.key_quoted
            && let Err(Unreadable) = asked::unquote_key(request.headers_mut())
        {
            return Err(away(&problem::FIELD_INVALID, None));
        }
        let mut found = self.find(&request, fields.door, &outlets);
        // Before anything is said of contracts: whoever is not known learns nothing of them.
        let caller = match self.who(&mut request, &mut found, &outlets) {
            Ok(caller) => caller,
            Err(Unknown) => {
                return Err(Box::new(self.send_stranger_away(arrived, Rc::clone(watch))));
            }
        };
        if let Some(why) = asked::ends_here(&mut request, fields.forwards) {
            let mut answer = away(problem::turned_away(why), None);
            let allowed = self.allowed(&request, fields.door, &outlets);
            answer.headers_mut().insert(header::ALLOW, allowed);
            return Err(answer);
        }
        let found = match found {
            Ok(found) => found,
            Err((kind, provider)) => {
                if let Some(provider) = provider.filter(|_| kind.name == OPERATION_UNKNOWN.name) {
                    self.note_unnamed(&request, provider, fields.door, &outlets);
                }
                return Err(away(kind, provider));
            }
        };
        if found.outlet.provider().mode == Mode::Report {
            self.note_wide(&request, &found, fields.door, &outlets);
        }
        let facts =
            CallerFacts { timeout: fields.timeout, priority: fields.priority, arrived, caller };
        let Found { outlet, operation, path, here } = found;
        let back = here.map(|here| Box::new(Back { here, outlet: Rc::clone(&outlet), operation }));
        let outbound = Outbound { outlet, operation, request, path, facts };
        Ok(Begun { call: self.core.hand_in(outbound), back })
    }

    /// Who sent a request; nothing is looked at where nobody has a token.
    fn who(
        &self,
        request: &mut Request<Inbound>,
        found: &mut Result<Found, Lost>,
        outlets: &Outlets,
    ) -> Result<Option<Arc<Caller>>, Unknown> {
        if let Access::Open = self.access {
            return Ok(None);
        }
        let mut whole;
        let (outlet, path) = match found {
            Ok(found) => (Some(&found.outlet), &mut found.path),
            Err((_, provider)) => {
                let target = request.uri().path_and_query().cloned();
                whole = target.unwrap_or(PathAndQuery::from_static("/"));
                (provider.and_then(|provider| outlets.get(provider)), &mut whole)
            }
        };
        let provider = outlet.map(|outlet| outlet.provider());
        callers::identify(&self.access, provider, request.headers_mut(), path)
    }

    /// Answers somebody who is not known.
    fn send_stranger_away(&self, arrived: Now, watch: Rc<Watch>) -> Response<AnswerBody> {
        let mut answer = self.send_away(&problem::CALLER_UNKNOWN, None, arrived, watch);
        let bearer = HeaderValue::from_static("Bearer realm=\"outwright\"");
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
        answer
    }

    /// The provider is the first segment, unless the door says it; the operation is found by the rest.
    ///
    /// the bytes that were matched are those that are sent; nothing is decoded in between.
    fn find(
        &self,
        request: &Request<Inbound>,
        door: Option<usize>,
        outlets: &Outlets,
    ) -> Result<Found, Lost> {
        let whole = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
        let path = request.uri().path();
        let (known, name_end) = self.provider(path, door, outlets.roster());
        let known = known.and_then(|provider| Some((provider, outlets.get(provider)?)));
        let Some((provider, outlet)) = known else {
            return Err((&problem::PROVIDER_UNKNOWN, None));
        };
        let (rest, rest_path) = (whole.get(name_end..), path.get(name_end..));
        let rest_path = rest_path.filter(|rest| !rest.is_empty()).unwrap_or("/");
        let contract = outlet.provider();
        let operation = contract.routes.find(request.method(), rest_path).map_err(|why| {
            let kind = match why {
                Unmatched::Ambiguous(_) => &problem::PATH_AMBIGUOUS,
                Unmatched::Unknown => &OPERATION_UNKNOWN,
            };
            (kind, Some(provider))
        })?;
        let path = match rest.unwrap_or_default() {
            "" => Ok(PathAndQuery::from_static("/")),
            query if query.starts_with('?') => PathAndQuery::try_from(["/", query].concat()),
            rest => PathAndQuery::try_from(rest),
        };
        let path = path.map_err(|_| (&problem::PATH_AMBIGUOUS, Some(provider)))?;
        let here = match contract.links {
            Links::Keep => None,
            Links::Rewrite { .. } => {
                Here::of(request.headers(), whole.get(..name_end), self.scheme)
            }
        };
        Ok(Found { outlet: Rc::clone(outlet), operation, path, here })
    }

    /// Notes a request that no operation names, of somebody who may know that.
    #[cold]
    fn note_unnamed(
        &self,
        request: &Request<Inbound>,
        provider: usize,
        door: Option<usize>,
        outlets: &Outlets,
    ) {
        let path = request.uri().path();
        let (_, name_end) = self.provider(path, door, outlets.roster());
        let path = path.get(name_end..).unwrap_or_default();
        self.core.shared().unnamed().came(provider, request.method(), path);
    }

    /// The same for one that only a wide operation names, where a contract looks for what it should name.
    #[cold]
    fn note_wide(
        &self,
        request: &Request<Inbound>,
        found: &Found,
        door: Option<usize>,
        outlets: &Outlets,
    ) {
        let provider = found.outlet.provider();
        let index = outlets.roster().find(&provider.name);
        if let Some(index) =
            index.filter(|_| provider.operation(found.operation).template.ends_with("**"))
        {
            self.note_unnamed(request, index, door, outlets);
        }
    }

    /// The provider that a path begins with, and where its name ends; behind a door the whole path is the provider's.
    fn provider(&self, path: &str, door: Option<usize>, roster: &Roster) -> (Option<usize>, usize) {
        if let Some(port) = self.of {
            return (roster.port_doors().find(|(of, _)| *of == port).map(|(_, index)| index), 0);
        }
        if let Some(provider) = door {
            return (Some(provider), 0);
        }
        let name_end =
            path.get(1..).and_then(|rest| rest.find('/')).map_or(path.len(), |at| at + 1);
        let name = path.get(1..name_end).unwrap_or_default();
        (roster.find(name), name_end)
    }

    /// The methods that a contract lists for a path, for `Allow`.
    fn allowed(
        &self,
        request: &Request<Inbound>,
        door: Option<usize>,
        outlets: &Outlets,
    ) -> HeaderValue {
        let path = request.uri().path();
        let (provider, name_end) = self.provider(path, door, outlets.roster());
        let rest = path.get(name_end..).filter(|rest| !rest.is_empty()).unwrap_or("/");
        let outlet = provider.and_then(|provider| outlets.get(provider));
        let routes = outlet.map(|outlet| &outlet.provider().routes);
        let methods = routes.into_iter().flat_map(|routes| routes.methods(rest));
        let text = methods.map(Method::as_str).collect::<Vec<_>>().join(", ");
        HeaderValue::from_str(&text).expect("names of methods are a field value")
    }

    /// Answers what is no call.
    fn send_away(
        &self,
        kind: &'static Kind,
        provider: Option<usize>,
        arrived: Now,
        watch: Rc<Watch>,
    ) -> Response<AnswerBody> {
        let (head, document) = self.turned_away(kind, provider, arrived);
        Response::from_parts(head, AnswerBody::own(document, watch))
    }

    /// The same, counted, before it has a connection.
    fn turned_away(
        &self,
        kind: &'static Kind,
        provider: Option<usize>,
        arrived: Now,
    ) -> (Parts, Vec<u8>) {
        let status = kind.status.as_u16();
        let telemetry = self.core.telemetry();
        telemetry.turned_away(turned_away(kind), (provider, status), arrived.wall);
        let outwright = self.core.now().mono.since(arrived.mono);
        let times = Times { outwright, queue: Duration::ZERO, provider: Duration::ZERO };
        let outlets = self.core.outlets();
        let outlet = provider.and_then(|provider| outlets.get(provider));
        let place = Place {
            call: Some(self.core.next_call()),
            provider: outlet.map(|outlet| &*outlet.provider().name),
            ..Place::default()
        };
        problem::dressed(&Problem::of(kind), &place, (&self.dress, times))
    }

    /// Turns what became of a call into its answer.
    fn write(&self, answer: Answer, watch: Rc<Watch>) -> Response<AnswerBody> {
        match answer {
            Answer::Reply(reply) => self.relay(reply, watch),
            Answer::Own(own) => {
                let (head, document) = self.own(*own);
                Response::from_parts(head, AnswerBody::own(document, watch))
            }
        }
    }

    /// The same for a call without a reply to show, which is told of by that.
    fn own(&self, own: Own) -> (Parts, Vec<u8>) {
        let Own { outcome, outlet, mut record, at: now } = own;
        let provider = outlet.provider();
        let operation = provider.operation(record.operation);
        record.outcome = outcome.counts_as(operation);
        let problem = match outcome {
            Outcome::Refused(refusal) => {
                let wait = refusal.until.map(|until| until.since(now));
                Problem::refused(refusal.reason, wait)
            }
            Outcome::Failed(failure) => {
                let wait = failure.until.map(|until| until.since(now));
                Problem::failed(&failure, operation.plan, wait)
            }
            Outcome::Misuse(misuse) => Problem::misused(&misuse),
        };
        let problem = match record.barred() {
            Some(directive) => problem.barred(directive),
            None => problem,
        };
        record.status = problem.status.as_u16();
        self.core.telemetry().over(&record, now);
        let place = Place {
            call: Some(record.call),
            provider: Some(&provider.name),
            operation: Some(&operation.name),
            attempts: u8::try_from(record.attempts.count()).unwrap_or(u8::MAX),
        };
        let dress = (&self.dress, Times::of(&record, now));
        let (mut head, document) = problem::dressed(&problem, &place, dress);
        if let Some(word) = problem.retry() {
            dress::stop(&mut head.headers, Some(word), &provider.stop_retry);
        }
        (head, document)
    }

    /// A provider's reply: its own fields stay, ours come beside them.
    fn relay(&self, reply: Response<ReplyBody>, watch: Rc<Watch>) -> Response<AnswerBody> {
        let (mut head, body) = reply.into_parts();
        self.dress.relay(&mut head, &body, problem::came);
        Response::from_parts(head, AnswerBody::reply(body, watch))
    }
}

impl Answers for Door {
    type Body = AnswerBody;

    fn answer(
        self: Rc<Self>,
        request: Request<Inbound>,
        watch: Rc<Watch>,
    ) -> impl Future<Output = Result<Response<AnswerBody>, Infallible>> {
        // Before there is anything to wait for: what waits has no room for the request.
        let begun = self.begin(request, &watch);
        async move {
            let Begun { call, back } = match begun {
                Ok(begun) => begun,
                Err(answer) => return Ok(*answer),
            };
            let answer = call.answer().await;
            // Written in two places, so that an answer without links is not kept across the await below.
            Ok(match back {
                None => self.write(answer, watch),
                // In a box: most contracts keep links, and all calls would carry the room for it.
                Some(back) => {
                    let answer = self.write(answer, watch);
                    let held = self.core.shared().holder();
                    let Back { here, outlet, operation } = *back;
                    let whose = (outlet.provider(), operation);
                    let led = Box::pin(links::lead_back(answer, whose, &here, held)).await;
                    led.unwrap_or_else(|(mut body, instead)| {
                        let (head, document) = self.own(*instead);
                        body.answer(document);
                        Response::from_parts(head, body)
                    })
                }
            })
        }
    }

    fn turn_away(&self, kind: &'static Kind) -> (Parts, Vec<u8>) {
        self.turned_away(kind, None, self.core.now())
    }
}

/// How a URL of a listener begins.
pub(crate) const fn scheme(tls: Option<&Arc<Tls>>) -> &'static str {
    if tls.is_some() { "https" } else { "http" }
}

/// The word under which the door counts a request that it answered itself.
pub(crate) fn turned_away(kind: &'static Kind) -> TurnedAway {
    let mut all = TurnedAway::ALL.into_iter();
    all.find(|why| why.word() == kind.name).unwrap_or(TurnedAway::BadRequest)
}

#[cfg(test)]
mod tests {
    use crate::problem::KINDS;
    use outwright::telemetry::TurnedAway;

    #[test]
    fn every_word_of_the_door_is_a_problem() {
        for why in TurnedAway::ALL {
            let mut kinds = KINDS.iter();
            assert!(kinds.any(|kind| kind.name == why.word()), "{}", why.word());
        }
    }
}
