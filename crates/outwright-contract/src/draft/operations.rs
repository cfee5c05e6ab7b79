//! Which operations are drafted, and the text of each.

use std::collections::BTreeSet;

use outwright_core::limits::OPERATIONS_MAX;

use super::credentials::{Slots, Use};
use super::lines::Lines;
use super::routes::{Route, Taken, prefix, route};
use super::survey::{Drafted, Survey};
use super::{Base, Wishes, names};
use crate::description::{Description, KeyPlace, Operation};

/// An operation that is drafted.
#[derive(Clone, Debug)]
pub(super) struct Chosen<'a> {
    pub(super) name: String,
    pub(super) route: Route,
    pub(super) of: &'a Operation,
}

impl Chosen<'_> {
    /// Whether its method only reads (RFC 9110 section 9.2.1).
    fn reads(&self) -> bool {
        matches!(self.route.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }
}

/// The operations that are drafted; what becomes of every other one is told.
pub(super) fn choose<'a>(
    description: &'a Description,
    wishes: &Wishes,
    base: &Base,
    survey: &mut Survey,
) -> Vec<Chosen<'a>> {
    let mut chosen = Vec::new();
    let (mut names, mut routes) = (BTreeSet::new(), Taken::default());
    for operation in &description.operations {
        let request = format!("{} {}", operation.method, operation.path);
        let mut words = vec![operation.path.as_str(), &request];
        words.extend(operation.id.as_deref());
        words.extend(operation.tags.iter().map(String::as_str));
        if !names::wished(&wishes.only, &words) {
            survey.unasked(operation);
            continue;
        }
        let made = drafted(operation, base, (chosen.len(), &mut names, &mut routes));
        match made {
            Ok(one) => {
                survey.drafted.push(Drafted::of(&one));
                chosen.push(one);
            }
            Err(why) => survey.leave(operation, why),
        }
    }
    chosen
}

fn drafted<'a>(
    operation: &'a Operation,
    base: &Base,
    (before, names, routes): (usize, &mut BTreeSet<String>, &mut Taken),
) -> Result<Chosen<'a>, String> {
    if let Some(why) = &operation.unreadable {
        return Err(why.clone());
    }
    if before >= OPERATIONS_MAX {
        let why = "a provider has at most this many operations: choose with --only";
        return Err(format!("{why} ({OPERATIONS_MAX})"));
    }
    let own = operation.servers.as_deref();
    let route = route(operation, &prefix(base.url.as_deref(), own)?)?;
    if names::looks_secret(&route.template) {
        return Err("a part of its path would be taken for a secret".to_owned());
    }
    routes.free(&route)?;
    let name = names::operation(operation, names);
    routes.take(&route, &name);
    Ok(Chosen { name, route, of: operation })
}

/// Writes an operation below `operations:`.
pub(super) fn write(lines: &mut Lines, one: &Chosen<'_>, slots: &Slots, wishes: &Wishes) {
    let deprecated = one.of.deprecated.as_ref().map(|end| format!("deprecated ({end}); "));
    let why = format!("{}from {}", deprecated.unwrap_or_default(), one.of.at);
    lines.open(2, &one.name, if wishes.source.is_some() { &why } else { "" });
    if let Some(bent) = &one.route.bent {
        lines.note(4, bent);
    }
    let request = format!("{} {}", one.route.method, one.route.template);
    lines.raw(4, ("request", &request), "");
    credential(lines, slots.of_operation(&one.of.at), slots);
    if let Some(at) = &one.of.stream {
        lines.open(4, "stream", &format!("from {at}"));
        lines.undecided(6, "max", "the longest that one may last");
    }
    if one.reads() {
        lines.undecided(4, "fallback", "none, { stale: 10m } or { static: … }");
        if sounds_like_a_change(one) {
            lines.open(
                4,
                "idempotency",
                "it reads by its method, but its name says that it changes something",
            );
            lines.undecided(6, "plan", "safe, if it only reads");
        }
        return;
    }
    plan(lines, one, wishes);
}

fn credential(lines: &mut Lines, uses: &Use, slots: &Slots) {
    let several = slots.count() > 1;
    match uses {
        Use::Slot(slot, scopes) => {
            if several {
                lines.text_of(4, ("credential", slots.name(*slot)), "");
            }
            if !scopes.is_empty() {
                lines.list(4, "needs", scopes, "");
            }
        }
        Use::Nobody if slots.count() > 0 => lines.text_of(4, ("credential", "none"), ""),
        Use::Nobody => {}
        Use::Open if several => {
            lines.undecided(4, "credential", "the description does not say which one");
        }
        Use::Open => {}
    }
}

fn plan(lines: &mut Lines, one: &Chosen<'_>, wishes: &Wishes) {
    let method = one.route.method.as_str();
    lines.open(4, "idempotency", "");
    if let Some(key) = &one.of.key {
        let why = format!("from {}", key.at);
        let (plan, at) = match &key.place {
            KeyPlace::Header(name) => ("provider_key", ("header", name)),
            KeyPlace::Field(pointer) => ("body_field", ("field", pointer)),
        };
        lines.raw(6, ("plan", plan), &why);
        lines.text_of(6, (at.0, at.1), &why);
        lines.undecided(6, "key", "required, per_call or { derive: [/order_id] }");
        return;
    }
    if wishes.decided.money == Some(false) {
        lines.raw(6, ("plan", "once"), "default: sent once, and never again after a byte left");
        return;
    }
    let hint = match method {
        "PUT" | "DELETE" => "repeatable, unless a second one does more than the first",
        _ => "provider_key, body_field, reconcile or once; a search is safe",
    };
    lines.undecided(6, "plan", hint);
}

/// Verbs that say that something changes (from the operations of the descriptions that were looked at).
const VERBS: [&str; 16] = [
    "create", "delete", "remove", "update", "add", "set", "cancel", "revoke", "archive", "send",
    "post", "put", "patch", "approve", "close", "reset",
];

/// Whether the first or last word of its id or of its path's last segment is such a verb.
fn sounds_like_a_change(one: &Chosen<'_>) -> bool {
    let id = one.of.id.as_deref().unwrap_or_default();
    let id = id.rsplit(['/', '.', ':']).next().unwrap_or_default();
    let words = names::small_words(id);
    let named = [words.first(), words.last()].into_iter().flatten();
    let last =
        one.route.template.rsplit(['/', '.']).next().unwrap_or_default().to_ascii_lowercase();
    named.map(String::as_str).chain([last.as_str()]).any(|word| VERBS.contains(&word))
}
