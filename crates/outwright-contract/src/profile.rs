//! What a contract says about its provider, gathered for people: every value as it is written, `UNDECIDED` where it is undecided.
//!
//! A [`Profile`] exists for every contract that could be read, those with errors too: what is missing there is part of what it says.
//! It holds no secret: contracts hold references only, and what looked like a secret was masked when the text was read.

mod numbers;

use serde_json::{Value, json};

use crate::effective::{Op, View};
use crate::explain::{Explanation, Line};
use crate::finding::Severity;
use crate::load::{Contract, Loaded};
use crate::node::{Kind, Node};
use crate::options::Options;

pub use numbers::{Burn, Numbers, Quota, burns, carried};

/// What a contract says about one provider.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The provider.
    pub provider: String,
    /// The environment that it was read for.
    pub environment: Option<String>,
    /// The provider's own values, in the order of a call.
    pub lines: Vec<Line>,
    /// Its operations, in the order of the contract.
    pub operations: Vec<OperationProfile>,
    /// Credential slots; keys such as `source.file`.
    pub credentials: Vec<Record>,
    /// Known quotas; keys such as `requests`.
    pub windows: Vec<Record>,
    /// Rows of the provider's own error model, numbered from 1.
    pub errors: Vec<Record>,
    /// Callers and what each may do.
    pub callers: Vec<Record>,
    /// Environments and what differs there.
    pub environments: Vec<Record>,
    /// Waivers, named by the rule that they waive.
    pub waivers: Vec<Record>,
    /// What the check found.
    pub findings: Vec<Brief>,
    /// The figures that can be computed with.
    pub numbers: Numbers,
}

/// What holds for one operation.
#[derive(Clone, Debug)]
pub struct OperationProfile {
    /// Its values, its worst case, and what happens after each failure.
    pub explanation: Explanation,
    /// Its name.
    pub name: String,
    /// Whether it may change something at the provider.
    pub mutates: bool,
    /// The credential slot that it uses.
    pub credential: Option<String>,
}

/// A named thing with its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its name.
    pub name: String,
    /// Keys, joined by dots, and values as a contract writes them.
    pub values: Vec<(String, String)>,
}

/// A finding in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brief {
    /// `OWnnn`.
    pub code: &'static str,
    /// `error`, `warning` or `waived`.
    pub severity: &'static str,
    /// What is wrong.
    pub message: String,
    /// `path:line:column`.
    pub spot: String,
    /// What to do.
    pub help: String,
}

impl Brief {
    fn json(&self) -> Value {
        let Self { code, severity, message, spot, help } = self;
        json!({ "code": code, "severity": severity, "message": message, "spot": spot, "help": help })
    }
}

impl Record {
    fn json(&self) -> Value {
        let values = self.values.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
        json!({ "name": self.name, "values": Value::Object(values) })
    }

    /// The value of a key.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&str> {
        self.values.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// The first key below `parent`, such as `file` below `source`, with what stands there.
    #[must_use]
    pub fn form(&self, parent: &str) -> Option<(&str, &str)> {
        self.values.iter().find_map(|(key, value)| {
            let below = key.strip_prefix(parent)?.strip_prefix('.')?;
            Some((below, value.as_str()))
        })
    }
}

impl Profile {
    /// The provider's own value of a key, such as `timeouts.total`.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&str> {
        value(&self.lines, key)
    }

    /// The profile for programs; its shape is in `docs/guides/dossier.md`.
    #[must_use]
    pub fn json(&self) -> Value {
        let records = |records: &[Record]| records.iter().map(Record::json).collect::<Vec<_>>();
        let findings: Vec<Value> = self.findings.iter().map(Brief::json).collect();
        let operations: Vec<Value> = self.operations.iter().map(OperationProfile::json).collect();
        json!({
            "provider": self.provider,
            "environment": self.environment,
            "values": self.lines.iter().map(Line::json).collect::<Vec<_>>(),
            "operations": operations,
            "credentials": records(&self.credentials),
            "windows": records(&self.windows),
            "errors": records(&self.errors),
            "callers": records(&self.callers),
            "environments": records(&self.environments),
            "waivers": records(&self.waivers),
            "findings": findings,
        })
    }

    /// How many findings of a severity there are: `error`, `warning` or `waived`.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity.word()).count()
    }
}

impl OperationProfile {
    fn json(&self) -> Value {
        let mut value = self.explanation.json();
        if let Value::Object(map) = &mut value {
            map.insert("mutates".to_owned(), Value::Bool(self.mutates));
            map.insert("credential".to_owned(), json!(self.credential));
        }
        value
    }

    /// The operation's value of a key.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&str> {
        value(&self.explanation.lines, key)
    }
}

fn value<'a>(lines: &'a [Line], key: &str) -> Option<&'a str> {
    lines.iter().find(|line| line.key == key).map(|line| line.value.as_str())
}

impl Loaded {
    /// What every contract says, by provider, those with errors too.
    #[must_use]
    pub fn profiles(&self, options: &Options) -> Vec<Profile> {
        let mut contracts: Vec<&Contract> = self.contracts.iter().collect();
        contracts.sort_by(|a, b| a.name.cmp(&b.name));
        contracts.into_iter().filter_map(|contract| self.profile(contract, options)).collect()
    }

    fn profile(&self, contract: &Contract, options: &Options) -> Option<Profile> {
        let view = View {
            name: &contract.name,
            name_at: contract.name_at,
            contract: &contract.root,
            root: &contract.root,
            operations: &contract.operations,
            options,
        };
        let own = self.explain(&contract.name, None, options)?;
        let operations = contract.operations.iter();
        let operations = operations.filter_map(|op| self.operation(&view, op)).collect();
        let root = &contract.root;
        Some(Profile {
            provider: contract.name.clone(),
            environment: options.environment.clone(),
            lines: own.lines,
            operations,
            credentials: named(root, &["credentials"]),
            windows: listed(root, &["limits", "windows"], "name"),
            errors: listed(root, &["errors"], ""),
            callers: named(root, &["callers"]),
            environments: contract
                .environments
                .as_ref()
                .map(|all| named(all, &[]))
                .unwrap_or_default(),
            waivers: listed(root, &["waivers"], "rule"),
            findings: self.briefs(contract),
            numbers: Numbers::of(&view),
        })
    }

    fn operation(&self, view: &View<'_>, op: &Op) -> Option<OperationProfile> {
        let slot = view.slot(op).ok().flatten();
        let credential = slot.and_then(|at| view.credentials().get(usize::from(at)));
        Some(OperationProfile {
            explanation: self.explain(view.name, Some(&op.name), view.options)?,
            name: op.name.clone(),
            mutates: op.mutates(),
            credential: credential.map(|entry| entry.key.clone()),
        })
    }

    /// What was found in it, and in its files before it was known whose they are.
    fn briefs(&self, contract: &Contract) -> Vec<Brief> {
        let findings = self.report.findings.iter().filter(|f| {
            f.provider == contract.name
                || (f.provider.is_empty() && contract.files.contains(&f.place.file))
        });
        let brief = |f: &crate::finding::Finding| Brief {
            code: f.rule.code,
            severity: f.severity.word(),
            message: f.sentence(),
            spot: self.report.spot(f.place),
            help: f.help.clone(),
        };
        findings.map(brief).collect()
    }
}

/// The entries of a map as records.
fn named(root: &Node, path: &[&str]) -> Vec<Record> {
    let entries = root.at(path).map(Node::entries).unwrap_or_default();
    entries.iter().map(|entry| record(entry.key.clone(), &entry.value)).collect()
}

/// The items of a list as records, named by one of their keys, or numbered from 1.
fn listed(root: &Node, path: &[&str], name: &str) -> Vec<Record> {
    let items = root.at(path).map(Node::items).unwrap_or_default();
    let name_of = |number: usize, item: &Node| {
        item.word(&[name]).map_or_else(|| number.to_string(), str::to_owned)
    };
    (1..).zip(items).map(|(number, item)| record(name_of(number, item), item)).collect()
}

fn record(name: String, node: &Node) -> Record {
    let mut values = Vec::new();
    flatten(node, "", &mut values);
    Record { name, values }
}

/// Maps become dotted keys; an empty map is a form without parameters, such as `bearer: {}`.
fn flatten(node: &Node, path: &str, out: &mut Vec<(String, String)>) {
    match &node.kind {
        Kind::Map(entries) if !entries.is_empty() => {
            for entry in entries {
                flatten(&entry.value, &crate::shape::join(path, &entry.key), out);
            }
        }
        Kind::Map(_) => out.push((path.to_owned(), String::new())),
        Kind::List(_) | Kind::Scalar { .. } | Kind::Empty | Kind::Broken | Kind::Undecided => {
            out.push((path.to_owned(), crate::explain::flat(node)));
        }
    }
}
