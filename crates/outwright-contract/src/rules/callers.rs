//! OW706 and OW707: which callers there are, and what each may do.

mod ow706_unusable;
mod ow707_shares;

use std::collections::BTreeMap;

use outwright_core::limits::CALLERS_MAX;

use super::{credentials, format};
use crate::deployment::Deployment;
use crate::edit::{Repair, Within};
use crate::effective::View;
use crate::finding::{Finding, Severity};
use crate::node::{Entry, Kind, Node};
use crate::options::{Options, Purpose};
use crate::units::ratio;

pub use ow706_unusable::UNUSABLE;
pub use ow707_shares::SHARES;

pub(crate) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    let Some(node) = view.root.at(&["callers"]).filter(|node| !node.broken()) else { return };
    let callers = node.entries();
    if callers.is_empty() && matches!(node.kind, Kind::Map(_) | Kind::Empty) {
        let message = "`callers` lists nobody, so that nobody could call";
        let finding = Finding::new(&UNUSABLE, node.at, message).on("callers");
        let entry = view.root.entry("callers").map_or(node.at, |entry| entry.key_at);
        out.push(finding.repair(Repair::suggest("leave it out").remove(entry)));
    }
    if callers.len() > CALLERS_MAX {
        let message = format!("{} callers; the limit is {CALLERS_MAX}", callers.len());
        out.push(Finding::new(&UNUSABLE, node.at, message).on("callers"));
    }
    for caller in callers {
        operations(view, caller, out);
        let share = caller.value.read(&["share"], ratio);
        if share == Some(0.0) {
            let message = format!("`{}` has a share of nothing", caller.key);
            let finding = Finding::new(&UNUSABLE, caller.value.at, message).on(subject(caller));
            let path = ["callers", &caller.key, "share"];
            out.push(finding.repair(view.suggest("give it a share", &path, "50%")));
        }
    }
    ow707_shares::check(node, out);
}

fn operations(view: &View<'_>, caller: &Entry, out: &mut Vec<Finding>) {
    for name in caller.value.at(&["operations"]).map(Node::items).unwrap_or_default() {
        if let Some(text) = name.text()
            && !view.nameless()
            && !view.operations.iter().any(|op| op.name == text)
        {
            let message = format!("there is no operation `{text}`");
            let finding = Finding::new(&format::DANGLING, name.at, message).on(subject(caller));
            out.push(view.near_operation(finding, text));
        }
    }
}

fn subject(caller: &Entry) -> String {
    format!("callers.{}", caller.key)
}

/// Whether the deployment knows the callers that a contract lists: nobody else has a token for them.
pub(crate) fn known(
    contract: &Node,
    deployment: &Deployment,
    options: &Options,
    out: &mut Vec<Finding>,
) {
    for entry in contract.at(&["callers"]).map(Node::entries).unwrap_or_default() {
        if deployment.callers.iter().any(|(name, _)| *name == entry.key) {
            continue;
        }
        let message = format!("outwright.yaml names no caller `{}`", entry.key);
        let help = "name it under `callers` of outwright.yaml, with where its token is read";
        let mut finding = Finding::new(&format::DANGLING, entry.key_at, message);
        if deployment.callers.is_empty() && options.purpose == Purpose::Check {
            // A contract may be looked at without its deployment.
            finding.severity = Severity::Warning;
        }
        out.push(finding.on(subject(entry)).help(help));
    }
}

/// What `outwright.yaml` says of callers and their tokens.
pub(crate) fn deployed(root: &Node, options: &Options, out: &mut Vec<Finding>) {
    let callers = root.at(&["callers"]).map(Node::entries).unwrap_or_default();
    let required = root.at(&["tokens"]).filter(|node| node.text() == Some("required"));
    if let Some(node) = required.filter(|_| callers.is_empty()) {
        let message = "tokens are required, and no caller has one";
        out.push(Finding::new(&UNUSABLE, node.at, message).on("tokens"));
    }
    let teams = root.at(&["teams"]).map(Node::entries).unwrap_or_default();
    let mut places: BTreeMap<String, &Entry> = BTreeMap::new();
    for caller in callers {
        source(caller, options, out);
        if let Some(node) = caller.value.at(&["team"])
            && let Some(team) = node.text()
            && !teams.is_empty()
            && !teams.iter().any(|known| known.key == team)
        {
            let message = format!("there is no team `{team}`");
            out.push(Finding::new(&format::DANGLING, node.at, message).on(subject(caller)));
        }
        let token = |kind: &str| Some(format!("{kind} {}", caller.value.word(&["token", kind])?));
        let Some(place) = token("file").or_else(|| token("env")) else { continue };
        if let Some(twin) = places.get(&place) {
            let message = format!("`{}` and `{}` have the same token", twin.key, caller.key);
            let found = Finding::new(&UNUSABLE, caller.key_at, message);
            let path = ["callers", &caller.key, "token"];
            let own = format!("{{ file: /run/secrets/{} }}", caller.key);
            let repair = Repair::suggest("give it a token of its own").add(
                Within::File(caller.key_at.file),
                &path,
                own,
            );
            let found = found.see(twin.key_at, "the other one").on(subject(caller));
            out.push(found.repair(repair));
        } else {
            places.insert(place, caller);
        }
    }
}

/// Where one token is read.
fn source(caller: &Entry, options: &Options, out: &mut Vec<Finding>) {
    let say = |rule, at, message: String| Finding::new(rule, at, message).on(subject(caller));
    if let Some(entry) = caller.value.entry_at(&["token", "env"]) {
        let message = format!("the token of `{}` is read from the environment", caller.key);
        let mut finding = say(&credentials::ENVIRONMENT, entry.key_at, message);
        if options.purpose == Purpose::Check || options.dev {
            finding.severity = Severity::Warning;
        }
        out.push(finding);
    }
    for form in ["exec", "vault", "store"] {
        if let Some(entry) = caller.value.entry_at(&["token", form]) {
            let message = format!("this version does not read tokens from `{form}`");
            let mut finding = say(&format::NOT_EXECUTABLE, entry.key_at, message);
            if options.purpose == Purpose::Check {
                finding.severity = Severity::Warning;
            }
            out.push(finding);
        }
    }
    if let Some(entry) = caller.value.entry_at(&["token", "mode_ok"])
        && entry.value.text() == Some("true")
        && !caller.value.has(&["token", "because"])
    {
        let message = format!("`{}` accepts a file that others can read", caller.key);
        out.push(say(&credentials::READABLE, entry.key_at, message));
    }
}
