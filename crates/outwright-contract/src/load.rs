//! Sources to report and providers: parse, hold against the shape, merge, hold against the rules, compile.

use outwright_core::provider::Provider;

use crate::compile;
use crate::deployment::{self, Deployment};
use crate::document;
use crate::edit::Repair;
use crate::effective::{Op, View, merge};
use crate::finding::{Finding, Report, Severity, Waiver};
use crate::node::{Entry, Kind, Layer, Node};
use crate::options::Options;
use crate::rules::{self, format, lifecycle};
use crate::shape;
use crate::source::{Place, Source, Text};
use crate::units::date;

/// Most literal secrets of one file that are told one by one; all of them are masked.
const SECRETS_SHOWN: usize = 100;

/// What sources gave.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Everything that was found.
    pub report: Report,
    /// The providers without an error, by name.
    pub providers: Vec<Provider>,
    /// The deployment of `outwright.yaml`, or its defaults.
    pub deployment: Deployment,
    /// Effective contracts, for explanations.
    pub(crate) contracts: Vec<Contract>,
    /// The same in each of their environments, where none is chosen.
    pub(crate) environments: Vec<Contract>,
}

/// An effective contract.
#[derive(Clone, Debug)]
pub(crate) struct Contract {
    pub(crate) name: String,
    /// The environment that it is looked at in; none: without one, or in the chosen one.
    pub(crate) environment: Option<String>,
    pub(crate) name_at: Place,
    pub(crate) root: Node,
    pub(crate) operations: Vec<Op>,
    /// What differs in which environment, as written.
    pub(crate) environments: Option<Node>,
    /// The files that it is made of.
    pub(crate) files: Vec<u32>,
}

impl Contract {
    /// The provider, with the environment where it is one of several.
    pub(crate) fn label(&self) -> String {
        match &self.environment {
            Some(environment) => format!("{} ({environment})", self.name),
            None => self.name.clone(),
        }
    }
}

/// A parsed document.
struct Document {
    file: u32,
    /// Further files of its folder.
    parts: Vec<u32>,
    path: String,
    root: Node,
}

#[derive(Default)]
struct Documents {
    contracts: Vec<Document>,
    facts: Vec<Document>,
    deployments: Vec<Document>,
}

/// Checks every source and compiles the providers that have no error.
#[must_use]
pub fn load(sources: &[Source], options: &Options) -> Loaded {
    load_telling(sources, options, &mut |_| {})
}

/// The same; says how many of [`steps`] are done after each, so that somebody who waits can see it.
#[must_use]
pub fn load_telling(sources: &[Source], options: &Options, tell: &mut dyn FnMut(usize)) -> Loaded {
    let mut findings = Vec::new();
    let texts: Vec<Text> =
        (0..).zip(sources).map(|(file, source)| Text::new(file, source)).collect();
    let files = texts.len();
    let mut documents = Documents::default();
    for (file, text) in (0..).zip(&texts) {
        for place in text.secrets.iter().take(SECRETS_SHOWN) {
            let message = "a secret stands here in plain sight";
            let repair = Repair::suggest("take it out, and withdraw it at the provider")
                .put(*place, "withdrawn");
            let finding = Finding::new(&rules::credentials::LITERAL, *place, message);
            findings.push(finding.label("masked").repair(repair));
        }
        if let Some(root) = crate::parse::parse(file, text, &mut findings) {
            sort(
                Document { file, parts: Vec::new(), path: text.path.clone(), root },
                &mut documents,
                &mut findings,
            );
        }
        tell(file as usize + 1);
    }
    let deployment = deployment::read(&documents.deployments_roots(), options, &mut findings);
    let mut loaded = Loaded {
        report: Report::default(),
        providers: Vec::new(),
        deployment,
        contracts: Vec::new(),
        environments: Vec::new(),
    };
    join_folders(&mut documents.contracts);
    twice(&documents.contracts, &mut findings);
    for (number, document) in documents.contracts.iter().enumerate() {
        one(document, &documents, options, &mut loaded, &mut findings);
        tell(files + number + 1);
    }
    loaded.providers.sort_by(|a, b| a.name.cmp(&b.name));
    loaded.report = Report { findings, hidden: Vec::new(), texts };
    loaded.report.settle();
    loaded
}

/// How many steps [`load_telling`] tells at most: every file is read, then every contract is held against the rules.
#[must_use]
pub const fn steps(sources: &[Source]) -> usize {
    2 * sources.len()
}

/// The facts files that a contract names, so that its reader can hand them in too.
#[must_use]
pub fn mentions(source: &Source) -> Vec<String> {
    let text = Text::new(0, source);
    let root = crate::parse::parse(0, &text, &mut Vec::new());
    root.filter(|root| root.has(&["provider"]))
        .and_then(|root| root.word(&["facts"]).map(str::to_owned))
        .into_iter()
        .collect()
}

impl Documents {
    fn deployments_roots(&self) -> Vec<&Node> {
        self.deployments.iter().map(|document| &document.root).collect()
    }
}

/// Tells contract, facts and deployment apart by the key that names them, and holds each against its shape.
fn sort(mut document: Document, documents: &mut Documents, findings: &mut Vec<Finding>) {
    let root = &mut document.root;
    if !matches!(root.kind, Kind::Map(_)) {
        let top = Place::top(document.file);
        findings.push(Finding::new(&format::SYNTAX, top, "the file is no map of keys and values"));
        return;
    }
    let shape = document::of_file(&document.path, root);
    shape::check(root, shape, "", findings);
    if std::ptr::eq(shape, &document::DEPLOYMENT) {
        documents.deployments.push(document);
    } else if std::ptr::eq(shape, &document::FACTS) {
        documents.facts.push(document);
    } else {
        documents.contracts.push(document);
    }
}

/// Further files of a folder only add operations to the contract beside them.
fn join_folders(contracts: &mut Vec<Document>) {
    let part = |d: &Document| {
        d.root.has(&["operations"])
            && d.root
                .entries()
                .iter()
                .all(|e| matches!(e.key.as_str(), "outwright" | "provider" | "operations"))
    };
    let folder = |d: &Document| d.path.rsplit_once('/').map(|(dir, _)| dir.to_owned());
    let (parts, mut mains): (Vec<_>, Vec<_>) = contracts.drain(..).partition(part);
    for part in parts {
        let main = mains.iter_mut().find(|main| {
            main.root.word(&["provider"]) == part.root.word(&["provider"])
                && folder(main) == folder(&part)
        });
        match main {
            Some(main) => {
                let root = std::mem::replace(
                    &mut main.root,
                    Node::new(Kind::Empty, part.root.at, Layer::Contract),
                );
                main.root = root.under(&part.root.without(&["outwright", "provider"]));
                main.parts.push(part.file);
            }
            None => mains.push(part),
        }
    }
    *contracts = mains;
}

fn twice(contracts: &[Document], findings: &mut Vec<Finding>) {
    for (index, document) in contracts.iter().enumerate() {
        let Some(entry) = document.root.entry("provider") else { continue };
        let Some(name) = entry.value.text() else { continue };
        let first = contracts.iter().take(index).find(|d| d.root.word(&["provider"]) == Some(name));
        if let Some(first) = first.and_then(|d| d.root.entry("provider")) {
            let message = format!("`{name}` has two contracts");
            findings.push(
                Finding::new(&format::TWICE, entry.value.at, message)
                    .see(first.value.at, "the first"),
            );
        }
    }
}

/// One provider: in its environment, and, where none is chosen, in every environment that it names.
fn one(
    document: &Document,
    documents: &Documents,
    options: &Options,
    loaded: &mut Loaded,
    findings: &mut Vec<Finding>,
) {
    let Some(name) = document.root.entry("provider") else { return };
    let Some(text) = name.value.text() else { return };
    let before = findings.len();
    let facts = facts(document, documents, findings);
    let mut files = vec![document.file];
    files.extend(&document.parts);
    files.extend(facts.map(|facts| facts.file));
    files.extend(documents.deployments.iter().map(|deployment| deployment.file));
    let environments = document.root.at(&["environments"]).map(Node::entries).unwrap_or_default();
    let chosen = options.environment.as_deref().or(loaded.deployment.environment.as_deref());
    let variants: Vec<Option<&Entry>> = match chosen {
        Some(chosen) => vec![environments.iter().find(|e| e.key == chosen)],
        None => std::iter::once(None).chain(environments.iter().map(Some)).collect(),
    };
    elsewhere(document, &loaded.deployment, findings);
    rules::callers::known(&document.root, &loaded.deployment, options, findings);
    let mut provider = None;
    for (index, environment) in variants.into_iter().enumerate() {
        let tier = tier(&document.root, documents);
        let over = environment.map(|entry| &entry.value);
        let root = merge(&document.root, facts.map(|f| &f.root), tier, over);
        let entries = document.root.at(&["operations"]).map(Node::entries).unwrap_or_default();
        let operations: Vec<Op> = entries.iter().map(|entry| Op::new(entry, &root)).collect();
        let view = View {
            name: text,
            name_at: name.value.at,
            contract: &document.root,
            root: &root,
            operations: &operations,
            options,
        };
        check_provider(&view, findings);
        if index == 0 && !stopped(findings, before, &files) {
            match compile::provider(&view, &digest(&root, &operations)) {
                Ok(made) => provider = Some(made),
                Err(compile::Impossible(_)) if unbuilt(findings, before) => {}
                Err(compile::Impossible(why)) => {
                    let message = format!("`{text}` cannot be compiled: {why}");
                    findings.push(Finding::new(&format::FORM, name.value.at, message));
                }
            }
        }
        let contract = Contract {
            name: text.to_owned(),
            environment: environment.filter(|_| index > 0).map(|entry| entry.key.clone()),
            name_at: name.value.at,
            root,
            operations,
            environments: document.root.at(&["environments"]).cloned(),
            files: files.clone(),
        };
        if index == 0 {
            loaded.contracts.push(contract);
        } else {
            loaded.environments.push(contract);
        }
    }
    for finding in findings.iter_mut().skip(before) {
        text.clone_into(&mut finding.provider);
    }
    if !stopped(findings, before, &files)
        && let Some(provider) = provider
        && loaded.providers.iter().all(|p| p.name != provider.name)
    {
        loaded.providers.push(provider);
    }
}

/// Names of a contract that `outwright.yaml` must know, where it lists any.
fn elsewhere(document: &Document, deployment: &Deployment, findings: &mut Vec<Finding>) {
    let environments = document.root.at(&["environments"]).map(Node::entries).unwrap_or_default();
    if let Some(team) = document.root.at(&["owner", "team"])
        && let Some(name) = team.text()
        && !deployment.teams.is_empty()
        && !deployment.teams.iter().any(|known| known == name)
    {
        let message = format!("outwright.yaml names no team `{name}`");
        findings.push(Finding::new(&format::DANGLING, team.at, message).on("owner"));
    }
    for entry in environments {
        let known = &deployment.environments;
        if !known.is_empty() && !known.contains(&entry.key) {
            let message = format!("outwright.yaml names no environment `{}`", entry.key);
            findings
                .push(Finding::new(&format::DANGLING, entry.key_at, message).on("environments"));
        }
    }
}

/// Whether a provider has an error: among the findings since `before`, or in one of the files that it is made of.
fn stopped(findings: &[Finding], before: usize, files: &[u32]) -> bool {
    let error = |f: &Finding| f.severity == Severity::Error;
    findings.iter().skip(before).any(error)
        || findings.iter().any(|f| files.contains(&f.place.file) && error(f))
}

/// Whether this version cannot execute a provider: then it need not compile.
fn unbuilt(findings: &[Finding], before: usize) -> bool {
    findings.iter().skip(before).any(|f| f.rule == &format::NOT_EXECUTABLE)
}

fn facts<'a>(
    document: &Document,
    documents: &'a Documents,
    findings: &mut Vec<Finding>,
) -> Option<&'a Document> {
    let node = document.root.at(&["facts"])?;
    let path = node.text()?;
    let tail = format!("/{}", path.trim_start_matches("./"));
    let found = documents.facts.iter().find(|d| d.path == path || d.path.ends_with(&tail));
    let Some(found) = found else {
        let message =
            format!("the facts file `{}` was not found, or could not be read", shape::short(path));
        let mut finding = Finding::new(&format::DANGLING, node.at, message).on("facts");
        if let Some(entry) = document.root.entry("facts") {
            let repair = Repair::suggest("until there is one, leave it out");
            finding = finding.repair(repair.remove(entry.key_at));
        }
        findings.push(finding);
        return None;
    };
    if found.root.word(&["facts"]) != document.root.word(&["provider"])
        && let Some(about) = found.root.at(&["facts"]).filter(|node| !node.broken())
    {
        let message = "these facts are about another provider";
        findings.push(
            Finding::new(&format::DANGLING, node.at, message).see(about.at, "about this one"),
        );
    }
    Some(found)
}

fn tier<'a>(contract: &Node, documents: &'a Documents) -> Option<&'a Node> {
    let name = contract.word(&["tier"])?;
    documents.deployments.first()?.root.at(&["tiers", name])
}

/// Holds one effective contract against the rules, then applies its waivers.
fn check_provider(view: &View<'_>, findings: &mut Vec<Finding>) {
    let mut found = Vec::new();
    if view.operations.is_empty() && !view.nameless() {
        let message = format!("`{}` has no operation", view.name);
        found.push(Finding::new(&format::MISSING, view.name_at, message).on("operations"));
    }
    rules::check(view, &mut found);
    waive(view, &mut found);
    findings.append(&mut found);
}

fn waive(view: &View<'_>, found: &mut Vec<Finding>) {
    let mut idle = Vec::new();
    for waiver in view.root.at(&["waivers"]).map(Node::items).unwrap_or_default() {
        let (Some(rule), Some(place)) = (waiver.word(&["rule"]), waiver.word(&["place"])) else {
            continue;
        };
        if waiver.read(&["until"], date).is_none_or(|until| view.options.today > until) {
            continue;
        }
        let mut used = false;
        for finding in found.iter_mut().filter(|f| f.rule.code.eq_ignore_ascii_case(rule)) {
            let here = place == "provider"
                || finding.subject == place
                || finding.subject.strip_prefix(place).is_some_and(|rest| rest.starts_with('.'));
            if here && finding.rule.waivable {
                finding.severity = Severity::Waived;
                let word = |key: &str| waiver.word(&[key]).unwrap_or_default().to_owned();
                finding.waiver = Some(Waiver {
                    place: waiver.at,
                    reason: word("reason"),
                    owner: word("owner"),
                    until: word("until"),
                });
                used = true;
            }
        }
        if !used {
            let why = match rules::find(rule) {
                None => "there is no such rule",
                Some(rule) if !rule.waivable => "this rule cannot be waived",
                Some(_) => "nothing is found there",
            };
            let message = format!("this waiver waives nothing: {why}");
            // A waiver of what does not exist may be misspelt: its author decides.
            let known = rules::find(rule).is_some_and(|rule| rule.waivable);
            let repair =
                if known { Repair::safe("remove it") } else { Repair::suggest("remove it") };
            let finding = Finding::new(&lifecycle::IDLE_WAIVER, waiver.at, message).on("waivers");
            idle.push(finding.repair(repair.remove(waiver.at)));
        }
    }
    found.append(&mut idle);
}

/// Eight bytes of a digest (FNV-1a, its published constants) over keys and values: tells versions apart, protects nothing.
fn digest(root: &Node, operations: &[Op]) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    feed(root, &mut hash);
    for op in operations {
        feed_text(&op.name, &mut hash);
        feed(&op.node, &mut hash);
    }
    format!("{hash:016x}")
}

fn feed(node: &Node, hash: &mut u64) {
    match &node.kind {
        Kind::Map(entries) => {
            feed_text("{", hash);
            for entry in entries {
                feed_text(&entry.key, hash);
                feed(&entry.value, hash);
            }
            feed_text("}", hash);
        }
        Kind::List(items) => {
            feed_text("[", hash);
            items.iter().for_each(|item| feed(item, hash));
            feed_text("]", hash);
        }
        Kind::Scalar { text, .. } => feed_text(text, hash),
        Kind::Empty | Kind::Broken | Kind::Undecided => feed_text("~", hash),
    }
}

fn feed_text(text: &str, hash: &mut u64) {
    for byte in text.bytes().chain([0]) {
        *hash = (*hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
}
