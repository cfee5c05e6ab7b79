//! Credential slots of a draft: one for each way to show who calls that its operations use.

use std::collections::{BTreeMap, BTreeSet};

use super::lines::Lines;
use super::operations::Chosen;
use super::survey::Survey;
use super::{Base, KeyKind, Wishes, names};
use crate::description::{Description, Kind, Note, Requirement, Scheme};

/// The slots, and which of them each operation uses.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    /// By the pointer of the operation.
    uses: BTreeMap<String, Use>,
    /// Header fields that pin a version instead of showing who calls.
    pub(super) pins: Vec<(String, String)>,
    host: Option<String>,
}

/// What an operation sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// A slot, under these scopes.
    Slot(usize, Vec<String>),
    /// Nothing.
    Nobody,
    /// Nothing says what.
    Open,
}

#[derive(Clone, Debug)]
struct Slot {
    name: String,
    why: String,
    inject: Option<Kind>,
    scopes: BTreeSet<String>,
}

impl Slots {
    pub(super) fn of(
        description: &Description,
        wishes: &Wishes,
        chosen: &[Chosen<'_>],
        base: &Base,
        survey: &mut Survey,
    ) -> Self {
        let mut slots = Self { host: base.host(), ..Self::default() };
        if let Some(key) = &wishes.decided.key {
            slots.given(key, chosen);
            return slots;
        }
        let mut taken = BTreeSet::from(["none".to_owned()]);
        for one in chosen {
            let required = one.of.security.as_ref().or(description.security.as_ref());
            let uses = slots.required(description, (one, required), &mut taken, survey);
            slots.uses.insert(one.of.at.clone(), uses);
        }
        if slots.slots.is_empty() && slots.uses.values().any(|uses| *uses == Use::Open) {
            let why =
                "the description does not say how callers are known; remove it if they are not";
            slots.slots.push(Slot::open("main", why));
        }
        slots
    }

    /// One slot, as somebody said.
    fn given(&mut self, key: &KeyKind, chosen: &[Chosen<'_>]) {
        let inject = match key {
            KeyKind::Bearer => Kind::Bearer,
            KeyKind::Basic => Kind::Basic,
            KeyKind::Header(name) => Kind::Header(name.clone()),
            KeyKind::Query(name) => Kind::Query(name.clone()),
            KeyKind::None => {
                self.uses = chosen.iter().map(|one| (one.of.at.clone(), Use::Nobody)).collect();
                return;
            }
        };
        let mut slot = Slot::open("main", "given to init");
        slot.inject = Some(inject);
        self.slots.push(slot);
        let uses = || Use::Slot(0, Vec::new());
        self.uses = chosen.iter().map(|one| (one.of.at.clone(), uses())).collect();
    }

    /// What an operation uses of what it requires.
    fn required(
        &mut self,
        description: &Description,
        (one, required): (&Chosen<'_>, Option<&Vec<Requirement>>),
        taken: &mut BTreeSet<String>,
        survey: &mut Survey,
    ) -> Use {
        let Some(required) = required else { return Use::Open };
        let scheme = |name: &str| description.schemes.iter().find(|scheme| scheme.name == name);
        let mut best: Option<(usize, usize, &Requirement)> = None;
        for one in required.iter().filter(|one| !one.is_empty()) {
            let ranks = one.iter().map(|(name, _)| scheme(name).map_or(RANK_MAX, rank));
            let rank = (one.len(), ranks.max().unwrap_or(RANK_MAX), one);
            if best.is_none_or(|best| (rank.0, rank.1) < (best.0, best.1)) {
                best = Some(rank);
            }
        }
        let Some((_, _, best)) = best else { return Use::Nobody };
        let mut keys: Vec<(&String, &Vec<String>)> = Vec::new();
        for (name, scopes) in best {
            match scheme(name).map(|scheme| (&scheme.kind, &scheme.at)) {
                Some((Kind::Header(field), at)) if is_version(field) => self.pin(field, at),
                Some(_) | None => keys.push((name, scopes)),
            }
        }
        keys.sort_by_key(|(name, _)| scheme(name).map_or(RANK_MAX, rank));
        if keys.len() > 1 {
            let all: Vec<&str> = keys.iter().map(|(name, _)| name.as_str()).collect();
            let what =
                format!("{} are required together; a call sends the first", all.join(" and "));
            survey.notes.push(Note { at: format!("{}/security", one.of.at), what });
        }
        match keys.first() {
            Some((name, scopes)) => {
                let found = scheme(name);
                if found.is_none() {
                    let what =
                        format!("there is no security scheme `{}`", crate::shape::short(name));
                    survey.notes.push(Note { at: format!("{}/security", one.of.at), what });
                }
                let slot = self.slot((name, found), taken);
                if let Some(slot) = self.slots.get_mut(slot) {
                    slot.scopes.extend(scopes.iter().cloned());
                }
                Use::Slot(slot, (*scopes).clone())
            }
            None => Use::Nobody,
        }
    }

    fn pin(&mut self, field: &str, at: &str) {
        if !self.pins.iter().any(|(known, _)| known == field) {
            self.pins.push((field.to_owned(), at.to_owned()));
        }
    }

    /// The slot of a scheme, made where it is the first use.
    fn slot(
        &mut self,
        (name, scheme): (&str, Option<&Scheme>),
        taken: &mut BTreeSet<String>,
    ) -> usize {
        let why = scheme.map_or_else(
            || format!("the description names `{name}` and does not define it"),
            |scheme| format!("from {}", scheme.at),
        );
        if let Some(known) = self.slots.iter().position(|slot| slot.why == why) {
            return known;
        }
        let inject = scheme.map(|scheme| scheme.kind.clone());
        let name = names::free(names::plain(name), taken);
        self.slots.push(Slot { name, why, inject, scopes: BTreeSet::new() });
        self.slots.len() - 1
    }

    pub(super) fn count(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn name(&self, slot: usize) -> &str {
        self.slots.get(slot).map_or("", |slot| &slot.name)
    }

    pub(super) fn of_operation(&self, at: &str) -> &Use {
        self.uses.get(at).unwrap_or(&Use::Open)
    }

    /// Writes the slots.
    pub(super) fn write(&self, lines: &mut Lines) {
        if self.slots.is_empty() {
            return;
        }
        lines.open(0, "credentials", "");
        for slot in &self.slots {
            lines.open(2, &slot.name, &slot.why);
            let issued = matches!(slot.inject, Some(Kind::OAuth2 { .. }));
            lines.undecided(4, "source", "such as { file: /run/secrets/NAME }");
            slot.inject(lines);
            match &self.host {
                Some(host) => lines.list(4, "hosts", std::slice::from_ref(host), ""),
                None => lines.undecided(4, "hosts", "the host of base_url"),
            }
            if !slot.scopes.is_empty() {
                let scopes: Vec<String> = slot.scopes.iter().cloned().collect();
                lines.list(4, "scopes", &scopes, "what its operations need");
            }
            if !issued {
                lines.open(4, "rotation", "");
                lines.undecided(6, "strategy", "dual, replace or reissue");
                lines.undecided(6, "max_age", "such as 90d");
                lines.undecided(4, "revoke", "such as { manual: https://… }");
            }
        }
    }
}

impl Slot {
    fn open(name: &str, why: &str) -> Self {
        let (name, why) = (name.to_owned(), why.to_owned());
        Self { name, why, inject: None, scopes: BTreeSet::new() }
    }

    fn inject(&self, lines: &mut Lines) {
        let why = "bearer, header, basic, query, oauth2, sigv4, hmac or mtls";
        match &self.inject {
            None => lines.undecided(4, "inject", why),
            Some(Kind::Other(what)) => {
                lines.undecided(4, "inject", &format!("the description says: {what}"));
            }
            Some(kind) => {
                lines.open(4, "inject", "");
                form(lines, kind);
            }
        }
    }
}

fn form(lines: &mut Lines, kind: &Kind) {
    match kind {
        Kind::Bearer => lines.raw(6, ("bearer", "{}"), ""),
        Kind::Basic => lines.raw(6, ("basic", "{}"), "the secret is user:password"),
        Kind::Header(name) => {
            lines.open(6, "header", "");
            field(lines, name);
            if name.eq_ignore_ascii_case("authorization") {
                lines.undecided(8, "prefix", "what stands before the secret, such as \"Bearer \"");
            }
        }
        Kind::Query(name) => {
            lines.open(6, "query", "");
            field(lines, name);
            lines.undecided(8, "unavoidable", "true, if the provider accepts nothing else");
        }
        Kind::OAuth2 { token_url, client_credentials } => {
            lines.open(6, "oauth2", "");
            let known = token_url.starts_with("https://").then_some(token_url.as_str());
            match known {
                Some(url) => lines.text_of(8, ("token_url", url), ""),
                None => lines.undecided(8, "token_url", "where tokens are asked for"),
            }
            if *client_credentials {
                lines.raw(8, ("grant", "client_credentials"), "");
            } else {
                lines.undecided(
                    8,
                    "grant",
                    "client_credentials, refresh_token, jwt_bearer or token_exchange",
                );
            }
        }
        Kind::Certificate => lines.raw(6, ("mtls", "{}"), ""),
        Kind::Other(_) => {}
    }
}

/// The name of a field, where it is one that a contract can have.
fn field(lines: &mut Lines, name: &str) {
    if !name.is_empty() && names::safe(name) == *name && name.parse::<http::HeaderName>().is_ok() {
        lines.text_of(8, ("name", name), "");
    } else {
        lines.undecided(8, "name", &format!("the description says `{name}`"));
    }
}

/// Whether a key of this name pins a version.
fn is_version(field: &str) -> bool {
    field.to_ascii_lowercase().contains("version")
}

/// The rank of what is no scheme.
const RANK_MAX: usize = 9;

/// How gladly a scheme is drafted: what needs no exchange first, what leaks late.
const fn rank(scheme: &Scheme) -> usize {
    match scheme.kind {
        Kind::Bearer => 0,
        Kind::Header(_) => 1,
        Kind::Basic => 2,
        Kind::OAuth2 { .. } => 3,
        Kind::Query(_) => 4,
        Kind::Certificate => 5,
        Kind::Other(_) => 6,
    }
}
