//! The effective policy of a provider or operation in sentences, each value with its origin.

mod matrix;
mod sentences;

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::compile::{DECODED_BYTES, REPLAY_BYTES, REQUEST_BYTES, RESPONSE_BYTES};
use crate::effective::{Op, View};
use crate::load::{Contract, Loaded};
use crate::node::{Entry, Kind, Layer, Node, UNDECIDED};
use crate::options::Options;
use crate::rules::idempotency::{LEDGER_RETENTION, horizon};
use crate::rules::time::worst_case;
use crate::source::Place;
use crate::units::{duration, show};
use sentences::sentence;

pub use matrix::Row;
pub(crate) use matrix::rows;

/// What holds for a provider, or for one of its operations.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The provider.
    pub provider: String,
    /// The operation; none: the provider's own values.
    pub operation: Option<String>,
    /// One sentence each, in the order of a call.
    pub lines: Vec<Line>,
    /// The longest that a call can take, by its own figures.
    pub worst_case: Option<Timeline>,
    /// What happens after each failure of the operation; empty when the contract has an error.
    pub matrix: Vec<Row>,
}

/// A value that holds, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The key, such as `timeouts.total`.
    pub key: String,
    /// The value as a contract writes it.
    pub value: String,
    /// What it means.
    pub sentence: String,
    /// The layer that it came from.
    pub layer: Layer,
    /// `path:line:column`; empty for a default.
    pub spot: String,
}

impl Line {
    pub(crate) fn json(&self) -> Value {
        let Self { key, value, sentence, layer, spot } = self;
        json!({ "key": key, "value": value, "sentence": sentence, "layer": layer.word(), "spot": spot })
    }
}

/// The worst case of R-002.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// The sum in words.
    pub sentence: String,
    /// Steps with the time at which each ends, in milliseconds.
    pub steps: Vec<(String, u128)>,
    /// The sum, in milliseconds.
    pub sum_ms: u128,
    /// The total that it must fit into, in milliseconds.
    pub total_ms: u128,
}

impl Loaded {
    /// What holds for a provider, or for one of its operations; none when there is no such thing.
    #[must_use]
    pub fn explain(
        &self,
        provider: &str,
        operation: Option<&str>,
        options: &Options,
    ) -> Option<Explanation> {
        let contract = self.contracts.iter().find(|c| c.name == provider)?;
        let view = View {
            name: &contract.name,
            name_at: contract.name_at,
            contract: &contract.root,
            root: &contract.root,
            operations: &contract.operations,
            options,
        };
        let op = match operation {
            Some(name) => Some(contract.operations.iter().find(|op| op.name == name)?),
            None => None,
        };
        let mut lines = Vec::new();
        let node = op.map_or(&contract.root, |op| &op.node);
        self.walk(node, "", &mut lines);
        if let Some(op) = op {
            let own: Vec<String> = lines.iter().map(|line| line.key.clone()).collect();
            for key in ["breaker", "concurrency", "limits", "egress", "base_url", "mode", "callers"]
            {
                if let Some(entry) =
                    contract.root.entry(key).filter(|_| !own.iter().any(|k| k == key))
                {
                    self.walk_entry(entry, "", &mut lines);
                }
            }
            slot(self, &view, op, &mut lines);
        }
        defaults(&view, op, &mut lines);
        lines.sort_by_key(|line| order(&line.key));
        let compiled = self.providers.iter().find(|p| &*p.name == provider);
        Some(Explanation {
            matrix: compiled
                .zip(operation)
                .map_or_else(Vec::new, |(provider, name)| rows(provider, name)),
            provider: provider.to_owned(),
            operation: operation.map(str::to_owned),
            lines,
            worst_case: op.and_then(|op| timeline(&view, op)),
        })
    }

    /// The names of providers with the names of their operations, those with errors too.
    #[must_use]
    pub fn names(&self) -> Vec<(&str, Vec<&str>)> {
        self.contracts.iter().map(|c| (c.name.as_str(), names_of(c))).collect()
    }

    fn walk(&self, node: &Node, path: &str, lines: &mut Vec<Line>) {
        for entry in node.entries() {
            self.walk_entry(entry, path, lines);
        }
    }

    fn walk_entry(&self, entry: &Entry, path: &str, lines: &mut Vec<Line>) {
        const NOT_POLICY: &[&str] =
            &["outwright", "provider", "facts", "waivers", "environments", "operations"];
        let key = crate::shape::join(path, &entry.key);
        if NOT_POLICY.contains(&key.as_str()) {
            return;
        }
        if let Kind::Map(entries) = &entry.value.kind
            && !entries.is_empty()
        {
            return self.walk(&entry.value, &key, lines);
        }
        let value = flat(&entry.value);
        lines.push(Line {
            sentence: sentence(&key, &value),
            layer: entry.value.layer,
            spot: self.spot(entry.value.at),
            key,
            value,
        });
    }

    fn spot(&self, place: Place) -> String {
        self.report.spot(place)
    }
}

fn names_of(contract: &Contract) -> Vec<&str> {
    contract.operations.iter().map(|op| op.name.as_str()).collect()
}

/// A value in one line, as flow YAML.
pub(crate) fn flat(node: &Node) -> String {
    match &node.kind {
        Kind::Scalar { text, .. } => text.clone(),
        Kind::List(items) => {
            format!("[{}]", items.iter().map(flat).collect::<Vec<_>>().join(", "))
        }
        Kind::Map(entries) => {
            let inner: Vec<_> =
                entries.iter().map(|e| format!("{}: {}", e.key, flat(&e.value))).collect();
            if inner.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", inner.join(", ")) }
        }
        Kind::Empty => "nothing".to_owned(),
        Kind::Broken => "unreadable".to_owned(),
        Kind::Undecided => UNDECIDED.to_owned(),
    }
}

fn slot(loaded: &Loaded, view: &View<'_>, op: &Op, lines: &mut Vec<Line>) {
    if let Ok(Some(index)) = view.slot(op)
        && let Some(entry) = view.credentials().get(usize::from(index))
        && !op.node.has(&["credential"])
    {
        lines.push(Line {
            key: "credential".to_owned(),
            value: entry.key.clone(),
            sentence: format!(
                "The credential `{}` is sent: it alone carries the scopes.",
                entry.key
            ),
            layer: entry.value.layer,
            spot: loaded.spot(entry.key_at),
        });
    }
}

/// Values that the binary fills in.
fn defaults(view: &View<'_>, op: Option<&Op>, lines: &mut Vec<Line>) {
    let size = |bytes: u64| {
        if bytes.is_multiple_of(1 << 20) {
            format!("{}MiB", bytes >> 20)
        } else {
            format!("{}KiB", bytes >> 10)
        }
    };
    let (open_base, open_cap) = view.breaker_open();
    let mut all = vec![
        ("breaker.window", "10s".to_owned()),
        ("breaker.min_calls", "20".to_owned()),
        ("breaker.failure_ratio", "90%".to_owned()),
        ("breaker.open.base", show(open_base)),
        ("breaker.open.cap", show(open_cap)),
        ("breaker.probes", "1".to_owned()),
        ("concurrency.max", view.slots().to_string()),
        ("concurrency.queue", view.queue().to_string()),
        ("concurrency.queue_wait", show(view.queue_wait())),
        ("limits.dialect", "ietf".to_owned()),
        ("ledger.retention", show(LEDGER_RETENTION)),
        ("mode", "enforce".to_owned()),
        ("links", "keep".to_owned()),
        ("bodies.request", size(REQUEST_BYTES)),
        ("bodies.replay", size(REPLAY_BYTES)),
        ("bodies.response", size(RESPONSE_BYTES)),
        ("bodies.decoded", size(DECODED_BYTES)),
        ("bodies.media", "any".to_owned()),
        ("fields.trace", "restart".to_owned()),
        ("retry.throttle.base", "1s".to_owned()),
        ("retry.throttle.cap", "30s".to_owned()),
        ("retry.throttle.jitter", "equal".to_owned()),
        ("retry.late_attempts", "must_fit".to_owned()),
    ];
    if let Some(op) = op {
        all.push(("priority", "critical".to_owned()));
        all.push(("async", "never".to_owned()));
        let retention = view.root.read(&["idempotency", "retention"], duration);
        if let (Some("allowed" | "always"), Some(retention)) = (op.node.word(&["async"]), retention)
        {
            all.push(("outbox.horizon", show(horizon(retention))));
        }
        if !op.mutates() {
            all.push(("coalesce", "never".to_owned()));
        }
        if !op.mutates() {
            all.push(("idempotency.plan", "safe".to_owned()));
        }
    }
    for (key, value) in all {
        let under = |long: &str, short: &str| {
            long.strip_prefix(short).is_some_and(|rest| rest.starts_with('.'))
        };
        let told = |line: &Line| line.key == key || under(&line.key, key) || under(key, &line.key);
        if !lines.iter().any(told) {
            lines.push(Line {
                key: key.to_owned(),
                sentence: sentence(key, &value),
                value,
                layer: Layer::Default,
                spot: String::new(),
            });
        }
    }
}

/// The order of a call, then of the contract.
fn order(key: &str) -> (usize, String) {
    const GROUPS: &[&str] = &[
        "request",
        "base_url",
        "egress",
        "priority",
        "timeouts",
        "idempotency",
        "retry",
        "breaker",
        "limits",
        "concurrency",
        "bodies",
        "needs",
        "credential",
        "fallback",
        "coalesce",
        "stream",
        "async",
    ];
    let first = key.split('.').next().unwrap_or_default();
    let group = GROUPS.iter().position(|g| *g == first).unwrap_or(GROUPS.len());
    let inner = if first == "timeouts" {
        let phase = key.rsplit('.').next().unwrap_or_default();
        let at = crate::rules::time::PHASES.iter().position(|p| *p == phase).unwrap_or(9);
        at.to_string()
    } else if first == "fallback" {
        // What is shown, then what speaks for it.
        let at = FALLBACK.iter().position(|known| *known == key);
        at.unwrap_or(FALLBACK.len()).to_string()
    } else {
        key.to_owned()
    };
    (group, inner)
}

/// The keys of a fallback in the order in which they are told.
const FALLBACK: &[&str] = &[
    "fallback",
    "fallback.stale",
    "fallback.static.body",
    "fallback.static.status",
    "fallback.static.content_type",
    "fallback.despite",
    "fallback.because",
];

fn timeline(view: &View<'_>, op: &Op) -> Option<Timeline> {
    let worst = worst_case(view, op)?;
    let mut steps = Vec::new();
    let mut at = worst.queue_wait;
    steps.push((format!("waits in the queue for {}", show(worst.queue_wait)), at.as_millis()));
    for attempt in 1..=worst.attempts {
        at += worst.attempt;
        steps.push((
            format!("attempt {attempt} ends after {}", show(worst.attempt)),
            at.as_millis(),
        ));
        let wait = usize::try_from(attempt).ok().and_then(|n| worst.waits.get(n - 1));
        if let Some(wait) = wait {
            at += *wait;
            steps.push((format!("waits up to {}", show(*wait)), at.as_millis()));
        }
    }
    Some(Timeline {
        sentence: worst.sentence(),
        steps,
        sum_ms: worst.sum.as_millis(),
        total_ms: worst.total.as_millis(),
    })
}

impl Explanation {
    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = match &self.operation {
            Some(operation) => format!("{} of {}\n", operation, self.provider),
            None => format!("{}\n", self.provider),
        };
        let width =
            self.lines.iter().map(|l| l.sentence.chars().count()).max().unwrap_or(0).min(72);
        for line in &self.lines {
            let origin = if line.spot.is_empty() {
                line.layer.word().to_owned()
            } else {
                format!("{} ({})", line.spot, line.layer.word())
            };
            let _ = writeln!(out, "  {:width$}  {origin}", line.sentence);
        }
        if let Some(worst) = &self.worst_case {
            let _ = writeln!(out, "\nworst case: {}, within {} ms", worst.sentence, worst.total_ms);
            for (what, at) in &worst.steps {
                let _ = writeln!(out, "  {at:>8} ms  {what}");
            }
        }
        if !self.matrix.is_empty() {
            out.push_str("\nafter a failure:\n");
        }
        for row in &self.matrix {
            let _ = writeln!(out, "  {:28}  {:10}  {}", row.failure, row.next, row.sentence);
        }
        out
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let lines: Vec<Value> = self.lines.iter().map(Line::json).collect();
        let worst = self.worst_case.as_ref().map(|w| {
            let steps: Vec<Value> =
                w.steps.iter().map(|(what, at)| json!({ "at_ms": at, "what": what })).collect();
            json!({ "sentence": w.sentence, "steps": steps, "sum_ms": w.sum_ms, "total_ms": w.total_ms })
        });
        let matrix: Vec<Value> = self.matrix.iter().map(Row::json).collect();
        json!({
            "version": 1,
            "provider": self.provider,
            "operation": self.operation,
            "lines": lines,
            "worst_case": worst,
            "matrix": matrix,
        })
    }
}
