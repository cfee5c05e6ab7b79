//! The effective contract: layers merged, operations resolved, every value with its origin.

use std::time::Duration;

use http::Method;
use outwright_core::provider::Base;

use crate::edit::{Repair, Within, list};
use crate::finding::Finding;
use crate::node::{Entry, Kind, Layer, Node};
use crate::options::Options;
use crate::rules::{credentials, format};
use crate::source::Place;
use crate::units::duration;

/// One provider, merged, as rules and compiler see it.
pub(crate) struct View<'a> {
    pub(crate) name: &'a str,
    pub(crate) name_at: Place,
    /// The contract as it is written, its environments included.
    pub(crate) contract: &'a Node,
    /// The layers in one.
    pub(crate) root: &'a Node,
    pub(crate) operations: &'a [Op],
    pub(crate) options: &'a Options,
}

/// An operation with what it inherits.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    pub(crate) name: String,
    pub(crate) name_at: Place,
    /// What stands at the operation itself.
    pub(crate) own: Node,
    /// With what it inherits.
    pub(crate) node: Node,
    pub(crate) request: Result<(), String>,
    pub(crate) method: Option<Method>,
    pub(crate) template: Option<String>,
}

/// What an operation inherits from its contract.
const INHERITED: &[&str] = &["timeouts", "retry", "bodies", "alerts", "slo", "data", "outbox"];
/// What the fallback of missing keys is (`product.md` 3, the sample; `resilience.md` 6.1).
pub(crate) const SLOTS: u32 = 20;
pub(crate) const QUEUE_WAIT: Duration = Duration::from_secs(1);
pub(crate) const BREAKER_WINDOW: Duration = Duration::from_secs(10);
pub(crate) const OPEN_BASE: Duration = Duration::from_secs(2);
pub(crate) const OPEN_CAP: Duration = Duration::from_secs(60);

impl Op {
    pub(crate) fn new(entry: &Entry, root: &Node) -> Self {
        let own = entry.value.clone().on(Layer::Operation);
        let node = root.only(INHERITED).under(&own);
        let parsed = own.word(&["request"]).map_or_else(|| Err(String::new()), request);
        let (request, method, template) = match parsed {
            Ok((method, template)) => (Ok(()), Some(method), Some(template)),
            Err(message) => (Err(message), None, None),
        };
        Self {
            name: entry.key.clone(),
            name_at: entry.key_at,
            own,
            node,
            request,
            method,
            template,
        }
    }

    /// A repair that adds a key to the operation, or gives it another value.
    pub(crate) fn suggest(&self, title: &str, path: &[&str], value: impl Into<String>) -> Repair {
        let path = [&["operations", self.name.as_str()], path].concat();
        Repair::suggest(title).add(Within::File(self.name_at.file), &path, value)
    }

    pub(crate) fn subject(&self) -> String {
        format!("operations.{}", self.name)
    }

    /// Whether it may change something: neither its method nor its plan says that it only reads.
    pub(crate) fn mutates(&self) -> bool {
        let reads = self.method.as_ref().is_some_and(Method::is_safe);
        self.method.is_some() && !reads && self.node.word(&["idempotency", "plan"]) != Some("safe")
    }
}

/// The methods that a contract names.
pub(crate) const METHODS: [&str; 7] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];

/// `GET /v1/charges/{charge}`.
pub(crate) fn request(text: &str) -> Result<(Method, String), String> {
    let (method, template) = text.split_once(' ').ok_or("the request is not `METHOD /path`")?;
    if !METHODS.contains(&method) {
        return Err(format!("`{}` is none of {}", crate::shape::short(method), METHODS.join(", ")));
    }
    let method =
        Method::from_bytes(method.as_bytes()).map_err(|_| "the method is unknown".to_owned())?;
    if !template.starts_with('/') {
        return Err("the path does not start with `/`".to_owned());
    }
    let parts: Vec<&str> = template.split('/').skip(1).collect();
    for (index, part) in parts.iter().enumerate() {
        let last = index + 1 == parts.len();
        let literal = |b: u8| b.is_ascii_graphic() && !br#"{}*?#"<>\^`|"#.contains(&b);
        let inner = part.split_once('{').and_then(|(before, rest)| {
            let (name, after) = rest.split_once('}')?;
            before.bytes().chain(after.bytes()).all(literal).then_some(name)
        });
        let parameter = inner.is_some_and(|name| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        });
        let fine = parameter
            || (*part == "**" && last)
            || (!part.is_empty() && !matches!(*part, "." | "..") && part.bytes().all(literal))
            || (part.is_empty() && last);
        if !fine {
            return Err(format!("`{}` cannot be a part of a path", crate::shape::short(part)));
        }
    }
    Ok((method, template.to_owned()))
}

/// Method and path with every parameter made equal: what means the same requests.
pub(crate) fn same_requests(method: &str, template: &str) -> String {
    let mut out = format!("{method} ");
    let mut inside = false;
    for c in template.chars() {
        match c {
            '{' => inside = true,
            '}' => {
                inside = false;
                out.push_str("{}");
            }
            _ if inside => {}
            _ => out.push(c),
        }
    }
    out
}

impl<'a> View<'a> {
    /// Whether the operations themselves are unreadable or undecided, so that a name that is none of them is no news.
    pub(crate) fn nameless(&self) -> bool {
        self.root.broken_at(&["operations"])
    }

    /// A repair that adds a key to the contract, or gives it another value.
    pub(crate) fn suggest(&self, title: &str, path: &[&str], value: impl Into<String>) -> Repair {
        Repair::suggest(title).add(self.file(), path, value)
    }

    /// A finding about an operation that does not exist, with the one that may be meant.
    pub(crate) fn near_operation(&self, finding: Finding, name: &str) -> Finding {
        let names = self.operations.iter().map(|op| op.name.as_str());
        match crate::shape::nearest(name, names) {
            Some(near) => {
                let place = finding.place;
                let repair = Repair::suggest(format!("write `{near}`")).put(place, near);
                finding.help(format!("did you mean `{near}`?")).repair(repair)
            }
            None => finding,
        }
    }

    /// The file that begins the contract.
    pub(crate) const fn file(&self) -> Within {
        Within::File(self.name_at.file)
    }

    /// Credential slots by name.
    pub(crate) fn credentials(&self) -> &'a [Entry] {
        self.root.at(&["credentials"]).map(Node::entries).unwrap_or_default()
    }

    /// The base URL as text: the one of the options, else the contract's.
    pub(crate) fn base_url(&self) -> Option<&str> {
        let other = self.options.base_urls.iter().find(|(name, _)| name == self.name);
        other.map(|(_, url)| url.as_str()).or_else(|| self.root.word(&["base_url"]))
    }

    pub(crate) fn base(&self) -> Option<Base> {
        crate::url::base(self.base_url()?).ok()
    }

    pub(crate) fn slots(&self) -> u32 {
        self.root.count(&["concurrency", "max"]).unwrap_or(SLOTS)
    }

    pub(crate) fn queue(&self) -> u32 {
        self.root.count(&["concurrency", "queue"]).unwrap_or_else(|| {
            self.slots().saturating_mul(2).min(outwright_core::limits::QUEUE_MAX)
        })
    }

    pub(crate) fn queue_wait(&self) -> Duration {
        if self.queue() == 0 {
            return Duration::ZERO;
        }
        self.root.read(&["concurrency", "queue_wait"], duration).unwrap_or(QUEUE_WAIT)
    }

    /// Environments by name, as they are written.
    pub(crate) fn environments(&self) -> &'a [Entry] {
        self.contract.at(&["environments"]).map(Node::entries).unwrap_or_default()
    }

    /// How far back the breaker counts.
    pub(crate) fn breaker_window(&self) -> Duration {
        self.root.read(&["breaker", "window"], duration).unwrap_or(BREAKER_WINDOW)
    }

    /// First and longest time that the breaker stays open.
    pub(crate) fn breaker_open(&self) -> (Duration, Duration) {
        let base = self.root.read(&["breaker", "open", "base"], duration).unwrap_or(OPEN_BASE);
        let cap = self.root.read(&["breaker", "open", "cap"], duration).unwrap_or(OPEN_CAP);
        (base, cap)
    }

    /// The distinct sets of windows, and the set of each operation.
    pub(crate) fn lanes(&self) -> (Vec<u64>, Vec<u8>) {
        let windows = self.root.at(&["limits", "windows"]).map(Node::items).unwrap_or_default();
        let mut lanes: Vec<u64> = Vec::new();
        let mut of = Vec::new();
        for op in self.operations {
            let mut set = 0_u64;
            for (bit, window) in windows.iter().take(64).enumerate() {
                let uses = match window.at(&["operations"]) {
                    Some(list) => list.items().iter().any(|n| n.text() == Some(op.name.as_str())),
                    None => true,
                };
                set |= u64::from(uses) << bit;
            }
            let lane = lanes.iter().position(|known| *known == set).unwrap_or_else(|| {
                lanes.push(set);
                lanes.len() - 1
            });
            of.push(u8::try_from(lane).unwrap_or(u8::MAX));
        }
        (lanes, of)
    }

    /// Whether what would decide about the slot of an operation is unreadable or undecided, which has been told.
    fn open(&self, op: &Op) -> bool {
        self.root.broken_at(&["credentials"])
            || op.node.broken_at(&["credential"])
            || op.node.holes(&["needs"])
            || self.credentials().iter().any(|slot| slot.value.holes(&["scopes"]))
    }

    /// The slot of an operation: the named one, else the only one that carries its scopes.
    pub(crate) fn slot(&self, op: &Op) -> Result<Option<u8>, Box<Finding>> {
        let slots = self.credentials();
        if self.open(op) {
            return Ok(None);
        }
        let index = |at: usize| Ok(u8::try_from(at).ok());
        if let Some(node) = op.node.at(&["credential"])
            && let Some(name) = node.text()
        {
            if name == "none" {
                return Ok(None);
            }
            return match slots.iter().position(|slot| slot.key == name) {
                Some(at) => index(at),
                None => {
                    let message = format!("there is no credential `{name}`");
                    Err(Box::new(Finding::new(&format::DANGLING, node.at, message)))
                }
            };
        }
        let needs = op.node.words(&["needs"]);
        if slots.is_empty() && needs.is_empty() {
            return Ok(None);
        }
        let covers = |slot: &Entry| {
            let scopes = slot.value.words(&["scopes"]);
            needs.iter().all(|need| scopes.contains(need))
        };
        let mut fitting = slots.iter().enumerate().filter(|(_, slot)| covers(slot));
        match (fitting.next(), fitting.next()) {
            (Some((at, _)), None) => index(at),
            (None, _) => {
                let at = op.node.at(&["needs"]).map_or(op.name_at, |n| n.at);
                let message =
                    format!("no credential carries what `{}` needs: {}", op.name, needs.join(", "));
                let mut finding = Finding::new(&credentials::UNCOVERED, at, message);
                if let Some(slot) = slots.first() {
                    let carried = slot.value.words(&["scopes"]);
                    let lacking = needs.iter().filter(|need| !carried.contains(need));
                    let all: Vec<&str> = carried.iter().chain(lacking).copied().collect();
                    finding = finding.repair(self.suggest(
                        "if the credential carries it, say so",
                        &["credentials", &slot.key, "scopes"],
                        list(&all),
                    ));
                }
                Err(Box::new(finding))
            }
            (Some((_, a)), Some((_, b))) => {
                let message = format!("`{}` could use `{}` or `{}`", op.name, a.key, b.key);
                let repair = op.suggest("name the one that is meant", &["credential"], &a.key);
                Err(Box::new(
                    Finding::new(&credentials::UNCLEAR, op.name_at, message).repair(repair),
                ))
            }
        }
    }
}

/// Merges the layers of one provider, lowest first.
pub(crate) fn merge(
    contract: &Node,
    facts: Option<&Node>,
    tier: Option<&Node>,
    environment: Option<&Node>,
) -> Node {
    let mut root = Node::new(Kind::Map(Vec::new()), contract.at, Layer::Default);
    if let Some(tier) = tier {
        root = root.under(&tier.clone().on(Layer::Tier));
    }
    if let Some(facts) = facts {
        root = root.under(&facts.without(&["facts"]).on(Layer::Facts));
    }
    let rest = if contract.broken_at(&["operations"]) { "environments" } else { "operations" };
    root = root.under(&contract.without(&["environments", rest]));
    if let Some(environment) = environment {
        let over = environment.without(&["verify"]).on(Layer::Environment);
        root = root.under(&over);
    }
    root
}
