//! The provider's operations: small, and like those of real ones.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::reply::Reply;
use super::request::Request;

/// Objects kept of each kind; chosen, the oldest go first.
const OBJECTS_MAX: usize = 10_000;
/// Objects on one page of a list.
const PAGE_MAX: usize = 100;
/// The longest that `GET /v1/slow` takes and the most events of `GET /v1/stream`; chosen.
const SLOW_MAX: Duration = Duration::from_secs(600);
const EVENTS_MAX: u64 = 10_000;
/// The largest body of `GET /v1/bytes`; chosen.
const BYTES_MAX: usize = 64 << 20;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// `POST /v1/charges`: an effect, with idempotency keys.
    CreateCharge,
    /// `POST /v1/orders`: an effect, and keys are not known here.
    CreateOrder,
    /// `PUT /v1/items/{id}`: an effect under `If-Match`.
    PutItem,
    /// `DELETE /v1/items/{id}`: an effect.
    DeleteItem,
    /// Everything that reads, `POST /v1/echo` too.
    Read,
    /// A path of another provider that acts: an effect, with idempotency keys.
    Act,
    /// A path of another provider that reads.
    Look,
}

impl Operation {
    pub(super) fn of(method: &str, path: &str) -> Self {
        match (method, path) {
            ("POST", "/v1/charges") => Self::CreateCharge,
            ("POST", "/v1/orders") => Self::CreateOrder,
            ("PUT", path) if path.starts_with("/v1/items/") => Self::PutItem,
            ("DELETE", path) if path.starts_with("/v1/items/") => Self::DeleteItem,
            _ => Self::Read,
        }
    }

    pub(super) const fn knows_keys(self) -> bool {
        matches!(self, Self::CreateCharge | Self::Act)
    }

    pub(super) const fn acts(self) -> bool {
        !matches!(self, Self::Read | Self::Look)
    }
}

/// What the operations have made.
#[derive(Clone, Debug, Default)]
pub(super) struct Objects {
    made: u64,
    charges: Vec<Value>,
    orders: Vec<Value>,
    items: BTreeMap<String, Item>,
}

#[derive(Clone, Debug)]
struct Item {
    version: u64,
    body: String,
}

/// What an operation came to.
pub(super) struct Result {
    pub(super) reply: Reply,
    /// The id of what was made or changed, where something was.
    pub(super) object: Option<String>,
}

impl From<Reply> for Result {
    fn from(reply: Reply) -> Self {
        Self { reply, object: None }
    }
}

impl Objects {
    pub(super) fn perform(
        &mut self,
        operation: Operation,
        request: &Request,
        wall_s: u64,
    ) -> Result {
        match operation {
            Operation::CreateCharge => self.create(request, wall_s, Kind::Charge),
            Operation::CreateOrder => self.create(request, wall_s, Kind::Order),
            Operation::PutItem => self.put_item(request),
            Operation::DeleteItem => self.delete_item(request),
            Operation::Read => self.read(request).into(),
            Operation::Act => {
                self.made += 1;
                let id = format!("obj_{}", self.made);
                let reply = Reply::json(200, &json!({"ok": true, "id": id}));
                Result { reply, object: Some(id) }
            }
            Operation::Look => Reply::json(200, &json!({"ok": true, "data": []})).into(),
        }
    }

    fn create(&mut self, request: &Request, wall_s: u64, kind: Kind) -> Result {
        let fields = request.fields();
        let Some(Ok(amount)) = fields.get("amount").map(|amount| amount.parse::<u64>()) else {
            let message = "amount must be a whole number of cents";
            return Reply::error(400, "invalid_request_error", message).into();
        };
        self.made += 1;
        let id = format!("{}_{}", kind.prefix(), self.made);
        let metadata: BTreeMap<&str, &String> = fields
            .iter()
            .filter_map(|(name, value)| {
                let inner = name.strip_prefix("metadata[")?.strip_suffix(']')?;
                Some((inner, value))
            })
            .collect();
        let object = json!({
            "id": id, "object": kind.name(), "amount": amount, "created": wall_s,
            "currency": fields.get("currency").map_or("eur", String::as_str),
            "customer": fields.get("customer"), "reference": reference(&fields),
            "metadata": metadata, "status": "succeeded",
        });
        let list = self.list_mut(kind);
        if list.len() >= OBJECTS_MAX {
            list.remove(0);
        }
        list.push(object.clone());
        Result { reply: Reply::json(200, &object), object: Some(id) }
    }

    fn list_mut(&mut self, kind: Kind) -> &mut Vec<Value> {
        match kind {
            Kind::Charge => &mut self.charges,
            Kind::Order => &mut self.orders,
        }
    }

    fn put_item(&mut self, request: &Request) -> Result {
        let id = request.head.path().trim_start_matches("/v1/items/").to_owned();
        let version = self.items.get(&id).map_or(0, |item| item.version);
        let expected = request.head.header("if-match");
        if expected.is_some_and(|tag| tag != "*" && tag != etag(version)) {
            return Reply::error(412, "precondition_failed", "the item has another version").into();
        }
        if self.items.len() >= OBJECTS_MAX && version == 0 {
            return Reply::error(507, "full", "no room for more items").into();
        }
        let body = String::from_utf8_lossy(&request.body).into_owned();
        self.items.insert(id.clone(), Item { version: version + 1, body });
        let reply = self.item(&id);
        Result { reply, object: Some(id) }
    }

    fn delete_item(&mut self, request: &Request) -> Result {
        let id = request.head.path().trim_start_matches("/v1/items/").to_owned();
        match self.items.remove(&id) {
            Some(_) => Result { reply: Reply::text(204, "text/plain", ""), object: Some(id) },
            None => missing().into(),
        }
    }

    fn item(&self, id: &str) -> Reply {
        self.items.get(id).map_or_else(missing, |item| {
            let value = json!({"id": id, "version": item.version, "value": item.body});
            Reply::json(200, &value).with("ETag", etag(item.version))
        })
    }

    fn read(&self, request: &Request) -> Reply {
        let (method, path) = (request.head.method.as_str(), request.head.path());
        if path == "/v1/echo" {
            return echo(request);
        }
        if !matches!(method, "GET" | "HEAD") {
            return Reply::error(405, "invalid_request_error", "no such operation");
        }
        let query = request.head.query();
        let number = |name: &str| query.get(name).and_then(|text| text.parse::<u64>().ok());
        match path {
            "/v1/charges" => list(&self.charges, &query),
            "/v1/orders" => list(&self.orders, &query),
            "/v1/items" => self.items_page(number("page").unwrap_or(1)),
            "/v1/slow" => {
                let mut reply = Reply::json(200, &json!({"slow": true}));
                reply.takes = Duration::from_millis(number("ms").unwrap_or(1000)).min(SLOW_MAX);
                reply
            }
            "/v1/stream" => stream(number("events").unwrap_or(5), number("every_ms").unwrap_or(0)),
            "/v1/bytes" => {
                let wanted = number("n").and_then(|n| usize::try_from(n).ok()).unwrap_or(1024);
                Reply::text(200, "application/octet-stream", vec![b'x'; wanted.min(BYTES_MAX)])
            }
            _ => self.read_one(path),
        }
    }

    fn read_one(&self, path: &str) -> Reply {
        let find = |list: &[Value], id: &str| {
            list.iter().find(|object| object.get("id").and_then(Value::as_str) == Some(id)).cloned()
        };
        if let Some(id) = path.strip_prefix("/v1/charges/") {
            return find(&self.charges, id).map_or_else(missing, |one| Reply::json(200, &one));
        }
        if let Some(id) = path.strip_prefix("/v1/orders/") {
            return find(&self.orders, id).map_or_else(missing, |one| Reply::json(200, &one));
        }
        if let Some(id) = path.strip_prefix("/v1/items/") {
            return self.item(id);
        }
        if let Some(status) = path.strip_prefix("/v1/status/").and_then(|code| code.parse().ok()) {
            return Reply::json(status, &json!({"status": status}));
        }
        missing()
    }

    /// Three pages of two, each with the way to the next one in `Link` and in the body.
    fn items_page(&self, page: u64) -> Reply {
        let ids: Vec<u64> =
            if (1..=3).contains(&page) { vec![2 * page - 1, 2 * page] } else { Vec::new() };
        let next = (page < 3).then(|| format!("/v1/items?page={}", page + 1));
        let body = json!({"data": ids, "stored": self.items.len(), "next_url": next});
        let reply = Reply::json(200, &body);
        match next {
            Some(next) => reply.with("Link", format!("<{next}>; rel=\"next\"")),
            None => reply,
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Charge,
    Order,
}

impl Kind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Charge => "ch",
            Self::Order => "or",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Order => "order",
        }
    }
}

/// What the caller means by a request, however often and under whichever key it is sent.
pub(super) fn reference(fields: &BTreeMap<String, String>) -> Option<String> {
    const NAMES: [&str; 6] = [
        "reference",
        "order_id",
        "order",
        "metadata[reference]",
        "metadata[order]",
        "metadata[call]",
    ];
    NAMES.iter().find_map(|name| fields.get(*name)).cloned()
}

fn etag(version: u64) -> String {
    format!("\"v{version}\"")
}

fn missing() -> Reply {
    Reply::error(404, "invalid_request_error", "no such object")
}

/// The newest first, filtered by `customer`, `reference` and `created[gte]`.
fn list(objects: &[Value], query: &BTreeMap<String, String>) -> Reply {
    let same = |object: &Value, name: &str| {
        query
            .get(name)
            .is_none_or(|wanted| object.get(name).and_then(Value::as_str) == Some(wanted.as_str()))
    };
    let since = query.get("created[gte]").and_then(|text| text.parse().ok()).unwrap_or(0);
    let limit = query.get("limit").and_then(|text| text.parse().ok()).unwrap_or(10);
    let data: Vec<&Value> = objects
        .iter()
        .rev()
        .filter(|object| same(object, "customer") && same(object, "reference"))
        .filter(|object| object.get("created").and_then(Value::as_u64) >= Some(since))
        .take(PAGE_MAX.min(limit))
        .collect();
    Reply::json(200, &json!({"object": "list", "data": data}))
}

/// Server-sent events, one chunk each.
fn stream(events: u64, every_ms: u64) -> Reply {
    let body: String = (1..=events.min(EVENTS_MAX)).map(|n| format!("data: {n}\n\n")).collect();
    let mut reply = Reply::text(200, "text/event-stream", body);
    reply.pace = Some(Duration::from_millis(every_ms));
    reply
}

/// The request as the provider saw it.
fn echo(request: &Request) -> Reply {
    let head = &request.head;
    Reply::json(
        200,
        &json!({
            "method": head.method, "target": head.target, "headers": head.headers,
            "body": String::from_utf8_lossy(&request.body),
        }),
    )
}
