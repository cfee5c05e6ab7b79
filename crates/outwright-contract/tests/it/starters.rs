//! The contracts and facts that come with outwright: complete, sourced, and with the figures that the documents state.

use std::time::Duration;

use outwright_contract::{Colour, Date, Loaded, Options, Source, load};
use outwright_core::classify::{Dialect, ResetUnit};
use outwright_core::provider::{Key, Provider};

/// The day on which the starters were reviewed: 2026-11-28.
const REVIEWED: Date = Date::from_days(20_785);

/// A starter: the provider, its contract, its facts.
struct Starter(&'static str, &'static str, &'static str);

macro_rules! starters {
    ($($name:literal)*) => {
        [$(Starter(
            $name,
            include_str!(concat!("../../../../contracts/", $name, ".yaml")),
            include_str!(concat!("../../../../facts/", $name, ".yaml")),
        )),*]
    };
}

const ALL: [Starter; 12] = starters!(
    "anthropic" "aws" "github" "hubspot" "openai" "salesforce"
    "sendgrid" "shopify" "slack" "square" "stripe" "twilio"
);

/// What the documents state, typed here a second time: windows of the facts first, then those of the contract.
struct Stated {
    dialect: Dialect,
    windows: &'static [(&'static str, u32, u64)],
    key: Option<&'static str>,
    stop: Option<&'static str>,
    request_id: Option<&'static str>,
    version: Option<(&'static str, &'static str)>,
    rows: usize,
}

const SILENT: Stated = Stated {
    dialect: Dialect::Ietf,
    windows: &[],
    key: None,
    stop: None,
    request_id: None,
    version: None,
    rows: 0,
};
const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;

const STATED: &[(&str, Stated)] = &[
    (
        "anthropic",
        Stated {
            dialect: Dialect::Anthropic,
            windows: &[("requests", 1_000, MINUTE)],
            stop: Some("x-should-retry"),
            request_id: Some("request-id"),
            version: Some(("anthropic-version", "2023-06-01")),
            rows: 4,
            ..SILENT
        },
    ),
    (
        "aws",
        Stated {
            dialect: Dialect::Aws,
            windows: &[("own", 100, MINUTE)],
            key: Some("/clientRequestToken"),
            request_id: Some("x-amzn-requestid"),
            rows: 5,
            ..SILENT
        },
    ),
    (
        "github",
        Stated {
            dialect: Dialect::Github,
            windows: &[
                ("primary", 5_000, HOUR),
                ("points", 900, MINUTE),
                ("content_minute", 80, MINUTE),
                ("content_hour", 500, HOUR),
            ],
            request_id: Some("x-github-request-id"),
            version: Some(("x-github-api-version", "2026-03-10")),
            rows: 1,
            ..SILENT
        },
    ),
    (
        "hubspot",
        Stated {
            dialect: Dialect::Hubspot,
            windows: &[("burst", 100, 10), ("daily", 250_000, DAY)],
            request_id: Some("x-hubspot-correlation-id"),
            rows: 3,
            ..SILENT
        },
    ),
    (
        "openai",
        Stated {
            dialect: Dialect::Openai,
            windows: &[("own", 500, MINUTE)],
            stop: Some("x-should-retry"),
            request_id: Some("x-request-id"),
            rows: 7,
            ..SILENT
        },
    ),
    (
        "salesforce",
        Stated {
            dialect: Dialect::Salesforce,
            windows: &[("daily", 100_000, DAY)],
            rows: 4,
            ..SILENT
        },
    ),
    (
        "sendgrid",
        Stated {
            dialect: Dialect::Generic(Some(ResetUnit::EpochS)),
            windows: &[("own", 600, MINUTE)],
            request_id: Some("x-message-id"),
            rows: 2,
            ..SILENT
        },
    ),
    (
        "shopify",
        Stated {
            dialect: Dialect::ShopifyGraphql,
            windows: &[("rest", 40, 20)],
            request_id: Some("x-request-id"),
            rows: 3,
            ..SILENT
        },
    ),
    (
        "slack",
        Stated {
            dialect: Dialect::Slack,
            windows: &[
                ("messages", 1, 1),
                ("conversations_list", 20, MINUTE),
                ("conversations_history", 50, MINUTE),
                ("users_info", 100, MINUTE),
                ("users_lookup", 50, MINUTE),
                ("update_message", 50, MINUTE),
            ],
            request_id: Some("x-slack-req-id"),
            rows: 4,
            ..SILENT
        },
    ),
    (
        "square",
        Stated {
            windows: &[("own", 10, 1)],
            key: Some("/idempotency_key"),
            version: Some(("square-version", "2026-08-19")),
            rows: 3,
            ..SILENT
        },
    ),
    (
        "stripe",
        Stated {
            dialect: Dialect::Stripe,
            windows: &[
                ("account", 100, 1),
                ("create_payment_intent", 25, 1),
                ("confirm_payment_intent", 25, 1),
                ("get_payment_intent", 25, 1),
                ("create_refund", 25, 1),
            ],
            key: Some("idempotency-key"),
            stop: Some("stripe-should-retry"),
            request_id: Some("request-id"),
            version: Some(("stripe-version", "2026-10-28.endive")),
            rows: 3,
        },
    ),
    (
        "twilio",
        Stated {
            dialect: Dialect::Twilio,
            windows: &[("own", 100, 1)],
            request_id: Some("twilio-request-id"),
            rows: 2,
            ..SILENT
        },
    ),
];

fn sources(starters: &[Starter]) -> Vec<Source> {
    let both = |Starter(name, contract, facts): &Starter| {
        [
            Source::new(format!("contracts/{name}.yaml"), *contract),
            Source::new(format!("facts/{name}.yaml"), *facts),
        ]
    };
    starters.iter().flat_map(both).collect()
}

fn alone(starter: &Starter, options: &Options) -> Loaded {
    let Starter(name, contract, facts) = starter;
    load(&sources(&[Starter(name, contract, facts)]), options)
}

fn provider(starter: &Starter) -> Provider {
    let loaded = alone(starter, &Options::run(REVIEWED));
    let text = loaded.report.text(Colour::Off);
    loaded.providers.into_iter().next().ok_or(text).expect("a starter is a provider")
}

/// each passes by itself and with all others, in every environment, also to be run.
#[test]
fn every_starter_is_complete_and_names_its_examples() {
    for starter in &ALL {
        for options in [Options::check(REVIEWED), Options::run(REVIEWED)] {
            let loaded = alone(starter, &options);
            let text = loaded.report.text(Colour::Off);
            assert_eq!((loaded.report.errors(), loaded.providers.len()), (0, 1), "{text}");
            let found = loaded.report.findings.iter().find(|f| f.rule.code == "OW805");
            let message = &found.ok_or(text).expect("a starter is a provider").message;
            for value in ["owner.team", "slo", "alerts.page", "alerts.ticket"] {
                assert!(message.contains(value), "{message}");
            }
        }
        let operations = provider(starter).operations.len();
        assert!((6..=12).contains(&operations), "{}: {operations} operations", starter.0);
    }
    let loaded = load(&sources(&ALL), &Options::check(REVIEWED));
    assert_eq!((loaded.report.errors(), loaded.providers.len()), (0, ALL.len()));
}

#[test]
fn a_starter_states_what_the_documents_state() {
    for starter in &ALL {
        let (provider, name) = (provider(starter), starter.0);
        let (_, stated) = STATED.iter().find(|(stated, _)| *stated == name).expect(name);
        assert_eq!(provider.dialect, stated.dialect, "{name}");
        let windows =
            |w: &outwright_core::ratelimit::Policy| (w.name().to_owned(), w.requests(), w.per());
        let windows: Vec<_> = provider.windows.iter().map(windows).collect();
        let expected = stated.windows.iter();
        let expected = expected.map(|(n, r, s)| ((*n).to_owned(), *r, Duration::from_secs(*s)));
        assert_eq!(windows, expected.collect::<Vec<_>>(), "{name}");
        let keys = provider.operations.iter().filter_map(|op| match &op.key {
            Key::None => None,
            Key::Header { name, .. } => Some(name.as_str()),
            Key::Body { pointer, .. } => Some(&**pointer),
        });
        let keys: Vec<_> = keys.collect();
        assert!(keys.iter().all(|key| Some(*key) == stated.key), "{name}: {keys:?}");
        assert_eq!(keys.is_empty(), stated.key.is_none(), "{name}");
        let stops: Vec<_> = provider.stop_retry.iter().map(|(field, _)| field.as_str()).collect();
        assert!(stops.contains(&stated.stop.unwrap_or("x-should-retry")), "{name}: {stops:?}");
        let id = provider.request_id.as_ref().map(http::HeaderName::as_str);
        assert_eq!(id, stated.request_id, "{name}");
        let version = provider.version.as_ref();
        let version = version.map(|(field, value)| (field.as_str(), value.to_str().unwrap()));
        assert_eq!(version, stated.version, "{name}");
        assert_eq!(provider.errors.len(), stated.rows, "{name}");
    }
}

/// A fact without a source or a date goes stale unseen: each line that states a figure or an error names its page.
#[test]
fn every_fact_has_a_source_and_a_date() {
    for Starter(name, contract, facts) in &ALL {
        let has = |line: &str| facts.lines().any(|l| l.starts_with(line));
        assert!(has("checked: 2026-") && has("docs: https://") && has("changelog: https://"));
        let stated = facts.lines().chain(contract.lines());
        for line in stated.filter(|l| l.contains("class:") || l.contains(", per:")) {
            assert!(line.contains("source: https://"), "{name}: {line}");
        }
        let mut block = "";
        for line in facts.lines() {
            if !line.starts_with([' ', '#']) {
                block = line.split(':').next().unwrap_or_default();
            }
            if matches!(block, "idempotency" | "limits" | "sla") && line.starts_with(block) {
                let rest = facts.split_once(line).map_or("", |(_, rest)| rest);
                let inner = rest.lines().skip(1).take_while(|l| l.starts_with(' '));
                let sourced =
                    line.contains("source:") || inner.clone().any(|l| l.contains("source:"));
                assert!(sourced, "{name}: {block} has no source");
            }
        }
    }
}

/// Every URL leads to the provider itself, never to a machine or a mirror.
#[test]
fn every_url_is_the_providers_own() {
    for Starter(name, contract, facts) in &ALL {
        let own: &[&str] = match *name {
            "anthropic" => &["anthropic.com", "claude.com"],
            "aws" => &["amazonaws.com", "amazon.com"],
            "github" => &["github.com", "github.blog"],
            "hubspot" => &["hubspot.com", "hubapi.com"],
            "openai" => &["openai.com"],
            "salesforce" => &["salesforce.com"],
            "sendgrid" => &["sendgrid.com", "twilio.com"],
            "shopify" => &["shopify.dev", "shopify.com", "myshopify.com"],
            "slack" => &["slack.com", "slack.dev"],
            "square" => &["squareup.com", "squareupsandbox.com"],
            "stripe" => &["stripe.com"],
            "twilio" => &["twilio.com"],
            other => panic!("nobody typed whose URLs {other} has"),
        };
        let mut seen = 0;
        for text in [contract, facts] {
            assert!(!text.contains("http://"), "{name}: in the clear");
            for rest in text.split("https://").skip(1) {
                let host = rest.split(['/', ' ', ',', '}', '"', '\n']).next().unwrap_or_default();
                let fits = |domain: &&str| host == *domain || host.ends_with(&format!(".{domain}"));
                assert!(own.iter().any(fits), "{name}: {host}");
                seen += 1;
            }
        }
        assert!(seen >= 5, "{name}: {seen} URLs");
    }
}
