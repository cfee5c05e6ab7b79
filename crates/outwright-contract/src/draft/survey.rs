//! What became of a description: every operation, drafted or left out with the reason, and what was not understood.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::operations::Chosen;
use crate::description::{Description, Form, Note, Operation};

/// Most lines of one kind in the report for people; programs get all (chosen: a screen).
const SHOWN_MAX: usize = 20;

/// The account of a description.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Title, version and standard, in one line.
    pub about: String,
    /// How many operations the description has.
    pub total: usize,
    /// Those that were drafted.
    pub drafted: Vec<Drafted>,
    /// Those that were left out.
    pub left: Vec<Left>,
    /// What was not understood.
    pub notes: Vec<Note>,
    /// What is said of limits; empty when nothing is.
    pub limits: String,
}

/// An operation that was drafted.
#[derive(Clone, Debug)]
pub struct Drafted {
    /// Its place in the description.
    pub at: String,
    /// Its name in the contract.
    pub name: String,
    /// Method and path there.
    pub request: String,
    /// What the contract says otherwise than the description.
    pub bent: Option<String>,
    /// What the description says of its end.
    pub deprecated: Option<String>,
}

/// An operation that was left out.
#[derive(Clone, Debug)]
pub struct Left {
    /// Its place in the description.
    pub at: String,
    /// Method and path there.
    pub request: String,
    /// Why.
    pub why: String,
    /// Whether it was not asked for.
    pub unasked: bool,
}

impl Drafted {
    pub(super) fn of(one: &Chosen<'_>) -> Self {
        Self {
            at: one.of.at.clone(),
            name: one.name.clone(),
            request: format!("{} {}", one.route.method, one.route.template),
            bent: one.route.bent.clone(),
            deprecated: one.of.deprecated.clone(),
        }
    }
}

impl Survey {
    pub(super) fn of(description: &Description) -> Self {
        let mut about = description.title.clone();
        if !description.version.is_empty() {
            let _ = write!(about, " {}", description.version);
        }
        let old = if description.form == Form::Swagger2 { ", superseded in 2017" } else { "" };
        let _ = write!(about, " ({}{old})", description.form.word());
        Self {
            about: about.trim().to_owned(),
            total: description.operations.len(),
            drafted: Vec::new(),
            left: Vec::new(),
            notes: description.notes.clone(),
            limits: String::new(),
        }
    }

    pub(super) fn unasked(&mut self, operation: &Operation) {
        self.leave(operation, "not asked for".to_owned());
        if let Some(left) = self.left.last_mut() {
            left.unasked = true;
        }
    }

    pub(super) fn leave(&mut self, operation: &Operation, why: String) {
        self.left.push(Left {
            at: operation.at.clone(),
            request: format!("{} {}", operation.method, operation.path),
            why,
            unasked: false,
        });
    }

    pub(super) fn limits(&mut self, chosen: &[Chosen<'_>]) {
        let throttled = chosen.iter().filter(|one| one.of.throttles).count();
        let spoken = chosen.iter().filter(|one| !one.of.limit_fields.is_empty()).count();
        if throttled + spoken > 0 {
            self.limits = format!(
                "{throttled} of the operations may answer 429, {spoken} name fields that speak of limits"
            );
        }
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = format!("{}: {} operations\n", self.about, self.total);
        let _ = writeln!(out, "  {} drafted", self.drafted.len());
        let unasked = self.left.iter().filter(|left| left.unasked).count();
        if unasked > 0 {
            let _ = writeln!(out, "  {unasked} not asked for");
        }
        let left: Vec<String> = self
            .left
            .iter()
            .filter(|left| !left.unasked)
            .map(|left| format!("{}: {}", left.request, left.why))
            .collect();
        listed(&mut out, "left out", &left);
        let said = |of: fn(&Drafted) -> Option<&String>| -> Vec<String> {
            let some = |one: &Drafted| Some(format!("{}: {}", one.name, of(one)?));
            self.drafted.iter().filter_map(some).collect()
        };
        listed(&mut out, "drafted otherwise than described", &said(|one| one.bent.as_ref()));
        listed(&mut out, "deprecated", &said(|one| one.deprecated.as_ref()));
        let notes: Vec<String> = gathered(&self.notes);
        listed(&mut out, "not understood", &notes);
        if !self.limits.is_empty() {
            let _ = writeln!(out, "  limits: {}", self.limits);
        }
        out
    }

    /// For programs; its shape is in `docs/reference/init.md`.
    #[must_use]
    pub fn json(&self) -> Value {
        let drafted: Vec<Value> = self
            .drafted
            .iter()
            .map(|one| {
                json!({ "at": one.at, "name": one.name, "request": one.request, "bent": one.bent, "deprecated": one.deprecated })
            })
            .collect();
        let left: Vec<Value> = self
            .left
            .iter()
            .map(|left| {
                json!({ "at": left.at, "request": left.request, "why": left.why, "unasked": left.unasked })
            })
            .collect();
        let notes: Vec<Value> =
            self.notes.iter().map(|note| json!({ "at": note.at, "what": note.what })).collect();
        json!({
            "about": self.about,
            "total": self.total,
            "drafted": drafted,
            "left_out": left,
            "not_understood": notes,
            "limits": self.limits,
        })
    }
}

/// The same remark about many places in one line.
fn gathered(notes: &[Note]) -> Vec<String> {
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for note in notes {
        places.entry(&note.what).or_default().push(&note.at);
    }
    let line = |(what, at): (&str, Vec<&str>)| match at.as_slice() {
        [first, rest @ ..] if !rest.is_empty() => {
            format!("{first} (and {} more): {what}", rest.len())
        }
        [first, ..] => format!("{first}: {what}"),
        [] => what.to_owned(),
    };
    places.into_iter().map(line).collect()
}

fn listed(out: &mut String, what: &str, all: &[String]) {
    if all.is_empty() {
        return;
    }
    let _ = writeln!(out, "  {} {what}", all.len());
    for line in all.iter().take(SHOWN_MAX) {
        let _ = writeln!(out, "    {line}");
    }
    if all.len() > SHOWN_MAX {
        let more = all.len() - SHOWN_MAX;
        let _ = writeln!(out, "    and {more} more; `--format json` lists all");
    }
}
