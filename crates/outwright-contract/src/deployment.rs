//! `outwright.yaml`: listeners, TLS, store, environment, callers.

use std::net::SocketAddr;
use std::path::PathBuf;

use outwright_core::provider::Source;

use crate::document::TIERS;
use crate::finding::{Finding, Severity};
use crate::node::Node;
use crate::options::{Options, Purpose};
use crate::rules::{callers, egress, format};
use crate::units;

/// Where the gateway listens and what it keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Its name towards others, in `Via` and `Proxy-Status`; none: `outwright`.
    pub name: Option<String>,
    /// The data port.
    pub data: SocketAddr,
    /// The admin port.
    pub admin: SocketAddr,
    /// A Unix socket for callers.
    pub socket: Option<PathBuf>,
    /// Further names of the listeners, with or without a port.
    pub hosts: Vec<String>,
    /// Certificate chain and key of the listeners, PEM.
    pub tls: Option<Tls>,
    /// What the process holds at most.
    pub bounds: Bounds,
    /// Whether callers on loopback need a token too.
    pub tokens_required: bool,
    /// The environment.
    pub environment: Option<String>,
    /// All environments that contracts may name; empty: any.
    pub environments: Vec<String>,
    /// All teams that contracts may name; empty: any.
    pub teams: Vec<String>,
    /// Callers by name, with where their tokens are read.
    pub callers: Vec<(String, Source)>,
}

/// TLS of the listeners, in files that are opened at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The certificate chain.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
    /// The roots that callers' certificates must have.
    pub client_ca: Option<PathBuf>,
}

/// What a process holds at most; none: what it would without being told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Calls under way at once.
    pub calls: Option<usize>,
    /// Bytes of bodies and kept replies.
    pub bytes: Option<usize>,
}

/// Least bytes that a process may hold (chosen: a few calls whose replies are looked into).
const BYTES_MIN: usize = 1 << 20;

impl Default for Deployment {
    fn default() -> Self {
        Self {
            name: None,
            data: SocketAddr::from(([127, 0, 0, 1], 4180)),
            admin: SocketAddr::from(([127, 0, 0, 1], 4181)),
            socket: None,
            hosts: Vec::new(),
            tls: None,
            bounds: Bounds::default(),
            tokens_required: false,
            environment: None,
            environments: Vec::new(),
            teams: Vec::new(),
            callers: Vec::new(),
        }
    }
}

pub(crate) fn read(roots: &[&Node], options: &Options, findings: &mut Vec<Finding>) -> Deployment {
    let Some(root) = roots.first() else { return Deployment::default() };
    for other in roots.iter().skip(1) {
        let message = "a second outwright.yaml; only the first is read";
        findings.push(Finding::new(&format::TWICE, other.at, message));
    }
    let defaults = Deployment::default();
    let deployment = Deployment {
        name: root.word(&["name"]).map(str::to_owned),
        data: address(root, "data", defaults.data, findings),
        admin: address(root, "admin", defaults.admin, findings),
        socket: root.word(&["listen", "socket"]).map(PathBuf::from),
        hosts: hosts(root, findings),
        tls: tls(root),
        bounds: bounds(root),
        tokens_required: root.word(&["tokens"]) == Some("required"),
        environment: root.word(&["environment"]).map(str::to_owned),
        environments: root.words(&["environments"]).into_iter().map(str::to_owned).collect(),
        teams: names(root, "teams"),
        callers: tokens(root),
    };
    tiers(root, findings);
    refuse(root, &deployment, options, findings);
    deployment
}

/// A misspelt tier would silently lend its values to nobody.
fn tiers(root: &Node, findings: &mut Vec<Finding>) {
    for tier in root.at(&["tiers"]).map(Node::entries).unwrap_or_default() {
        if !TIERS.contains(&tier.key.as_str()) {
            let message = format!("there is no tier `{}`", tier.key);
            let help = format!("tiers: {}", TIERS.join(", "));
            findings.push(Finding::new(&format::UNKNOWN, tier.key_at, message).help(help));
        }
    }
}

fn address(
    root: &Node,
    port: &str,
    default: SocketAddr,
    findings: &mut Vec<Finding>,
) -> SocketAddr {
    let Some(node) = root.at(&["listen", port]) else { return default };
    let Some(text) = node.text() else { return default };
    text.parse().unwrap_or_else(|_| {
        let message = format!("`listen.{port}` is no address with a port");
        let help = "write an address, such as `127.0.0.1:4180` or `[::1]:4180`";
        findings.push(Finding::new(&format::FORM, node.at, message).help(help));
        default
    })
}

/// Names as they stand in `Host`: plain host names or addresses, with or without a port.
fn hosts(root: &Node, findings: &mut Vec<Finding>) -> Vec<String> {
    let items = root.at(&["listen", "hosts"]).map(Node::items).unwrap_or_default();
    let mut hosts = Vec::new();
    for item in items {
        let Some(text) = item.text() else { continue };
        // As in a base URL, but for its scheme.
        let plain =
            crate::url::base(&format!("http://{text}")).is_ok_and(|url| url.path.is_empty());
        if plain && !text.ends_with('/') {
            hosts.push(text.to_owned());
        } else {
            let message = format!("`{}` is no name of a listener", crate::shape::short(text));
            let help =
                "write a host name in small letters, such as `outwright.internal`, or with a port";
            findings.push(Finding::new(&format::FORM, item.at, message).on("listen").help(help));
        }
    }
    hosts
}

fn names(root: &Node, key: &str) -> Vec<String> {
    let entries = root.at(&[key]).map(Node::entries).unwrap_or_default();
    entries.iter().map(|entry| entry.key.clone()).collect()
}

fn tls(root: &Node) -> Option<Tls> {
    Some(Tls {
        certificate: root.word(&["tls", "certificate"])?.into(),
        key: root.word(&["tls", "key"])?.into(),
        client_ca: root.word(&["tls", "client_ca"]).map(PathBuf::from),
    })
}

fn bounds(root: &Node) -> Bounds {
    let calls = root.word(&["bounds", "calls"]).and_then(|text| text.parse().ok());
    let bytes = root.word(&["bounds", "bytes"]).and_then(|text| units::bytes(text).ok());
    Bounds { calls, bytes: bytes.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX)) }
}

fn tokens(root: &Node) -> Vec<(String, Source)> {
    let entries = root.at(&["callers"]).map(Node::entries).unwrap_or_default();
    let token = |node: &Node| match (node.word(&["token", "file"]), node.word(&["token", "env"])) {
        (Some(path), _) => Some(Source::File {
            path: path.into(),
            mode_ok: node.word(&["token", "mode_ok"]) == Some("true"),
        }),
        (None, Some(name)) => Some(Source::Env(name.into())),
        (None, None) => None,
    };
    entries.iter().filter_map(|e| Some((e.key.clone(), token(&e.value)?))).collect()
}

fn refuse(root: &Node, deployment: &Deployment, options: &Options, findings: &mut Vec<Finding>) {
    // RFC 9209 section 2: it is a token where others read it, and a token begins with a letter.
    let begins = |name: &str| name.starts_with(|letter: char| letter.is_ascii_alphabetic());
    if let (Some(name), Some(node)) = (&deployment.name, root.at(&["name"]))
        && !begins(name)
    {
        let message = format!("`name` has the wrong form: `{name}`");
        let help = "a deployment's name begins with a letter";
        findings.push(Finding::new(&format::FORM, node.at, message).on("name").help(help));
    }
    if deployment.bounds.bytes.is_some_and(|bytes| bytes < BYTES_MIN)
        && let Some(node) = root.at(&["bounds", "bytes"])
    {
        let message = "`bounds.bytes` is too little for ordinary bodies";
        let help = "write 1MiB or more";
        findings.push(Finding::new(&format::FORM, node.at, message).on("bounds").help(help));
    }
    egress::deployed(root, deployment, findings);
    callers::deployed(root, options, findings);
    let unbuilt: [(&[&str], &str); 2] = [
        (&["store", "sqlite"], "this version has no store on disk"),
        (&["store", "postgres"], "this version has no store in PostgreSQL"),
    ];
    let used = unbuilt.into_iter().filter_map(|(path, what)| Some((root.at(path)?, what)));
    for (node, what) in used {
        let mut finding = Finding::new(&format::NOT_EXECUTABLE, node.at, what);
        if options.purpose == Purpose::Check {
            finding.severity = Severity::Warning;
        }
        findings.push(finding);
    }
}
