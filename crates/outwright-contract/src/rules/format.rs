//! OW1xx: what a contract is written like, and what this version can execute of it.

use super::{fixed, warning};
use crate::effective::{Op, View};
use crate::finding::{Finding, Rule, Severity};
use crate::node::Node;
use crate::options::Purpose;
use crate::units::pointer;

/// The text is no YAML.
pub static SYNTAX: Rule = fixed(
    "OW101",
    "not readable",
    "a file that cannot be read safely is not read at all",
    "correct the line",
);
/// A key that nobody reads.
pub static UNKNOWN: Rule = fixed(
    "OW102",
    "unknown key",
    "a misspelt key would silently drop what it was to protect",
    "correct or remove the key",
);
/// A key that stands twice.
pub static DUPLICATE: Rule =
    fixed("OW103", "duplicate key", "one of the two would silently be ignored", "keep one of them");
/// Anchors, aliases, tags, merge keys.
pub static ANCHOR: Rule = fixed(
    "OW104",
    "anchors, aliases, tags and merge keys are not read",
    "what stands in a contract must be readable where it stands, and cannot grow when it is expanded",
    "write the value out where it is used; values for many contracts belong under `tiers` in outwright.yaml",
);
/// Size, depth, encoding, documents.
pub static BOUNDS: Rule = fixed(
    "OW105",
    "outside the bounds of a contract",
    "files are one UTF-8 document of at most 1 MiB, nested at most 32 deep",
    "split the contract: a folder's further files may add operations",
);
/// `{` in a flow mapping.
pub static BRACE: Rule = fixed(
    "OW106",
    "a brace inside a flow mapping",
    "in YAML a `{` inside of `{ … }` starts a mapping, so that a path template cannot stand there",
    "write the operation in block style: each key on its own line, without `{` and `}` around them",
);
/// A value of the wrong form.
pub static FORM: Rule = fixed(
    "OW107",
    "wrong form or unit",
    "a value without its unit, or of another kind, would be guessed",
    "correct the value",
);
/// A key that belongs here and does not stand here.
pub static MISSING: Rule =
    fixed("OW108", "missing key", "the rest cannot be understood without it", "add the key");
/// The same provider in two files.
pub static TWICE: Rule = fixed(
    "OW109",
    "the same provider twice",
    "one name leads to one contract",
    "rename or remove one of them; further files of a folder hold `outwright`, `provider` and `operations` only",
);
/// A name that leads nowhere.
pub static DANGLING: Rule = fixed(
    "OW110",
    "a name that leads nowhere",
    "what it names does not exist",
    "correct the name, or add what it names",
);
/// A tab that indents.
pub static TAB: Rule = fixed(
    "OW111",
    "indented with a tab",
    "YAML indents with spaces only",
    "replace the tab by spaces",
);
/// A fact without source or date.
pub static UNSOURCED: Rule = warning(
    "OW112",
    "a fact without source or date",
    "facts about a provider go stale, and nobody can look them up again",
    "add `source:` (or `docs:` for the whole file) and `checked: YYYY-MM-DD`",
);
/// A feature that this version cannot execute.
pub static NOT_EXECUTABLE: Rule = fixed(
    "OW190",
    "not executable by this version",
    "running without it would silently do something else than the contract says",
    "use a form that this version executes, or a version that executes this one",
);
/// A feature that this version leaves out honestly.
pub static NO_EFFECT: Rule = warning(
    "OW191",
    "without effect in this version",
    "this version leaves it out; what happens instead is safe",
    "nothing has to be changed",
);

/// What this version does with keys whose behaviour it does not have.
pub(crate) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    let root = view.root;
    let mut refuse = |node: Option<&Node>, subject: &str, what: &str| {
        if let Some(node) = node {
            out.push(not_executable(view, node, what).on(subject));
        }
    };
    refuse(root.at(&["tenants"]), "tenants", "this version does not serve tenants");
    for slot in view.credentials() {
        let subject = format!("credentials.{}", slot.key);
        for form in ["exec", "vault", "store"] {
            let what = format!("this version does not read secrets from `{form}`");
            refuse(slot.value.at(&["source", form]), &subject, &what);
        }
        for form in ["oauth2", "sigv4", "hmac", "mtls"] {
            let what = format!("this version does not send credentials as `{form}`");
            refuse(slot.value.at(&["inject", form]), &subject, &what);
        }
    }
    for op in view.operations {
        operation(view, op, out);
    }
    scopes(view, out);
    fields(view, out);
    links(view, out);
    unsourced(view, out);
}

fn operation(view: &View<'_>, op: &Op, out: &mut Vec<Finding>) {
    if let Some(node) = op.node.at(&["async"]).filter(|n| n.text() == Some("always")) {
        let what = format!("this version cannot hand `{}` over to an outbox", op.name);
        out.push(not_executable(view, node, &what).on(op.subject()));
    }
    let plan = op.node.word(&["idempotency", "plan"]);
    if let Some(entry) = op.node.entry_at(&["idempotency", "reconcile"]) {
        let message = if plan == Some("reconcile") {
            format!(
                "this version does not look whether `{}` happened: it sends once, and leaves a doubt as unknown",
                op.name
            )
        } else {
            format!(
                "this version does not look whether `{}` happened once its key may be forgotten",
                op.name
            )
        };
        out.push(Finding::new(&NO_EFFECT, entry.key_at, message).on(op.subject()));
    }
    if let Some(node) = op.node.at(&["on_store_down"]) {
        let message = "this version has no store that could be down";
        out.push(Finding::new(&NO_EFFECT, node.at, message).on(op.subject()));
    }
}

/// Whose quota a window is, where this version counts otherwise.
fn scopes(view: &View<'_>, out: &mut Vec<Finding>) {
    for window in view.root.at(&["limits", "windows"]).map(Node::items).unwrap_or_default() {
        let Some(node) = window.at(&["scope"]) else { continue };
        match node.text() {
            Some("tenant") => {
                let what = "this version does not count per tenant";
                out.push(not_executable(view, node, what).on("limits"));
            }
            Some("operation") => {
                let message =
                    "this version counts all operations of the window together, which is stricter";
                out.push(Finding::new(&NO_EFFECT, node.at, message).on("limits"));
            }
            Some(_) | None => {}
        }
    }
}

/// Fields that belong to the connection or to the framing of a message: no contract may write them (RFC 9110 section 7.6.1).
const FRAMING: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

fn fields(view: &View<'_>, out: &mut Vec<Finding>) {
    let own = view.operations.iter().filter_map(|op| op.node.at(&["idempotency", "header"]));
    let slots =
        view.credentials().iter().filter_map(|slot| slot.value.at(&["inject", "header", "name"]));
    let named = [&["version", "header"][..], &["idempotency", "header"]];
    let named = named.into_iter().filter_map(|path| view.root.at(path));
    for node in own.chain(slots).chain(named) {
        let Some(text) = node.text() else { continue };
        if FRAMING.iter().any(|field| field.eq_ignore_ascii_case(text)) {
            let message = format!("`{text}` belongs to the connection, not to a contract");
            out.push(Finding::new(&FORM, node.at, message).help("name another field"));
        }
    }
}

fn links(view: &View<'_>, out: &mut Vec<Finding>) {
    for node in view.root.at(&["links", "json"]).map(Node::items).unwrap_or_default() {
        if let Some(Err(help)) = node.text().map(pointer) {
            let message = "this is no JSON pointer to a URL";
            out.push(Finding::new(&FORM, node.at, message).on("links.json").help(help));
        }
    }
}

/// A warning where one only looks, an error where it would run.
pub(crate) fn not_executable(view: &View<'_>, node: &Node, what: &str) -> Finding {
    let mut finding = Finding::new(&NOT_EXECUTABLE, node.at, what);
    finding.severity = match view.options.purpose {
        Purpose::Check => Severity::Warning,
        Purpose::Run => Severity::Error,
    };
    finding
}

fn unsourced(view: &View<'_>, out: &mut Vec<Finding>) {
    let dated = view.root.has(&["checked"]);
    let documented = view.root.has(&["docs"]);
    let windows = view.root.at(&["limits", "windows"]).map(Node::items).unwrap_or_default();
    let facts = view.root.at(&["idempotency"]).into_iter().chain(windows);
    for fact in facts {
        let lacks = match (fact.has(&["source"]) || documented, fact.has(&["checked"]) || dated) {
            (true, true) => continue,
            (false, true) => "its source",
            (true, false) => "the date it was checked",
            (false, false) => "its source and the date it was checked",
        };
        let message = format!("this fact lacks {lacks}");
        out.push(Finding::new(&UNSOURCED, fact.at, message));
    }
}
