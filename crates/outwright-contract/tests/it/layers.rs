//! Layers: which value holds, where it came from, and what files are made of.

use outwright_contract::node::Layer;
use outwright_contract::{Colour, Explanation, Loaded, Options, Severity, Source, changes, load};
use outwright_core::provider::Links;

use crate::hostile::GOOD;
use crate::sample::{TODAY, sources};

fn read(sources: &[(&str, &str)], options: &Options) -> Loaded {
    let sources: Vec<_> = sources.iter().map(|(path, text)| Source::new(*path, *text)).collect();
    load(&sources, options)
}

fn explain(loaded: &Loaded, provider: &str, operation: &str) -> Explanation {
    loaded
        .explain(provider, Some(operation), &Options::check(TODAY))
        .expect("the operation is there")
}

#[track_caller]
fn holds(explanation: &Explanation, key: &str, value: &str, layer: Layer, spot: &str) {
    let line = explanation.lines.iter().find(|line| line.key == key);
    let line = line.map(|l| (l.value.as_str(), l.layer, l.spot.as_str()));
    assert_eq!(line, Some((value, layer, spot)), "{key}");
}

#[test]
fn operation_beats_environment_beats_contract_beats_facts_beats_tier() {
    let deployment = "outwright: 1\ntiers:\n  important:\n    breaker: { window: 20s, probes: 2 }\n    timeouts: { idle: 9s }\n";
    let facts = "facts: acme\nchecked: 2026-11-01\ndocs: https://a.example\nrequest_id: Facts-Id\nlimits: { windows: [{ name: account, requests: 7, per: 1s }, { name: day, requests: 900, per: 1d }] }\n";
    let contract = GOOD
        .replace(
            "tier: important",
            "tier: important\nfacts: facts/acme.yaml\nbreaker: { window: 30s }",
        )
        .replace("    fallback: none", "    fallback: none\n    timeouts: { total: 14s }")
        + "environments:\n  sandbox:\n    limits: { windows: [{ name: account, requests: 5, per: 1s }] }\n";
    let all =
        [("outwright.yaml", deployment), ("facts/acme.yaml", facts), ("c/acme.yaml", &contract)];
    let loaded = read(&all, &Options::check(TODAY).environment("sandbox"));
    assert_eq!(loaded.report.errors(), 0, "{}", loaded.report.text(Colour::Off));
    let listed = explain(&loaded, "acme", "list_orders");
    holds(&listed, "timeouts.total", "14s", Layer::Operation, "c/acme.yaml:33:24");
    holds(&listed, "timeouts.idle", "2s", Layer::Contract, "c/acme.yaml:10:48");
    holds(&listed, "breaker.window", "30s", Layer::Contract, "c/acme.yaml:7:20");
    holds(&listed, "breaker.probes", "2", Layer::Tier, "outwright.yaml:4:37");
    holds(&listed, "breaker.min_calls", "20", Layer::Default, "");
    let provider = loaded.explain("acme", None, &Options::check(TODAY)).expect("it is there");
    holds(&provider, "request_id", "Facts-Id", Layer::Facts, "facts/acme.yaml:4:13");
    let made = loaded.providers.first().expect("no error");
    let windows: Vec<_> = made.windows.iter().map(|w| (w.name(), w.requests())).collect();
    assert_eq!(windows, [("account", 5), ("day", 900)]);
}

#[test]
fn further_files_of_a_folder_add_operations_only() {
    let more = "outwright: 1\nprovider: acme\noperations:\n  ping:\n    request: GET /ping\n    needs: [orders]\n    fallback: none\n";
    let loaded =
        read(&[("c/acme/main.yaml", GOOD), ("c/acme/more.yaml", more)], &Options::check(TODAY));
    assert_eq!(loaded.report.errors(), 0, "{}", loaded.report.text(Colour::Off));
    let names: Vec<_> =
        loaded.providers.iter().flat_map(|p| &p.operations).map(|o| &*o.name).collect();
    assert_eq!(names, ["list_orders", "create_order", "ping"]);
    let elsewhere =
        read(&[("c/acme/main.yaml", GOOD), ("c/other/more.yaml", more)], &Options::check(TODAY));
    assert!(elsewhere.report.findings.iter().any(|f| f.rule.code == "OW109"));
}

#[test]
fn what_this_version_cannot_execute_is_an_error_only_to_run() {
    let uses = [
        ("{ file: /run/secrets/acme }", "{ vault: { path: secret/acme } }"),
        ("{ file: /run/secrets/acme }", "{ exec: [pass, acme] }"),
        ("{ bearer: {} }", "{ oauth2: { token_url: https://acme.example/token } }"),
        ("{ bearer: {} }", "{ sigv4: { region: eu-1, service: s3 } }"),
        ("{ bearer: {} }", "{ hmac: { header: X-Signature } }"),
        ("{ bearer: {} }", "{ mtls: {} }"),
        ("key: required }", "key: required }\n    async: always"),
        ("tier: important", "tier: important\ntenants: { hosts: [\"*.acme.example\"] }"),
        ("per: 1s }", "per: 1s, scope: tenant }"),
    ];
    for (from, to) in uses {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{to}");
        let severity = |options: &Options| {
            let loaded = read(&[("c/acme.yaml", &text)], options);
            let found =
                loaded.report.findings.iter().find(|f| f.rule.code == "OW190").map(|f| f.severity);
            (found, loaded.report.errors(), loaded.providers.len())
        };
        let (checked, errors, _) = severity(&Options::check(TODAY));
        assert_eq!((checked, errors), (Some(Severity::Warning), 0), "{to}");
        let (run, errors, providers) = severity(&Options::run(TODAY));
        assert_eq!((run, errors, providers), (Some(Severity::Error), 1, 0), "{to}");
    }
}

#[test]
fn links_are_led_back_where_the_contract_says_so() {
    let links = |line: &str| {
        let text = GOOD.replacen("tier: important", &format!("tier: important\n{line}"), 1);
        let loaded = read(&[("c/acme.yaml", &text)], &Options::run(TODAY));
        let report = loaded.report.text(Colour::Off);
        (loaded.providers.first().map(|provider| provider.links.clone()), report)
    };
    let led = |json: &[&str]| {
        Some(Links::Rewrite { json: json.iter().map(|&pointer| pointer.into()).collect() })
    };
    assert_eq!(links("mode: enforce").0, Some(Links::Keep));
    assert_eq!(links("links: keep").0, Some(Links::Keep));
    assert_eq!(links("links: rewrite").0, led(&[]));
    assert_eq!(links("links: { json: [/next, /data/*/url] }").0, led(&["/next", "/data/*/url"]));
    for bad in ["links: away", "links: {}", "links: { json: /next }", "links: { json: [next] }"] {
        let (made, report) = links(bad);
        assert!(made.is_none() && report.contains("links"), "{bad}: {report}");
    }
}

#[test]
fn a_deployment_that_this_version_cannot_serve_does_not_run() {
    for line in [
        "store: { sqlite: state.db }",
        "callers: { shop: { token: { exec: [pass, shop] } } }",
        "callers: { shop: { token: { vault: { path: secret/shop } } } }",
    ] {
        let deployment = format!("outwright: 1\n{line}\n");
        let all = [("outwright.yaml", deployment.as_str()), ("c/acme.yaml", GOOD)];
        assert_eq!(read(&all, &Options::check(TODAY)).report.errors(), 0, "{line}");
        assert_eq!(read(&all, &Options::run(TODAY)).report.errors(), 1, "{line}");
    }
}

#[test]
fn a_broken_facts_file_leaves_no_provider() {
    let contract = GOOD.replace("tier: important", "tier: important\nfacts: facts/acme.yaml");
    let facts = "facts: acme\nlimits: { dialect: unheard_of }\n";
    let loaded =
        read(&[("facts/acme.yaml", facts), ("c/acme.yaml", &contract)], &Options::check(TODAY));
    assert_eq!((loaded.report.errors(), loaded.providers.len()), (1, 0));
}

#[test]
fn an_explanation_says_every_value_with_its_origin() {
    let loaded = load(&sources(), &Options::check(TODAY));
    let explained = explain(&loaded, "stripe", "create_charge");
    insta::assert_snapshot!("create_charge", explained.text());
    assert!(loaded.explain("stripe", Some("nothing"), &Options::check(TODAY)).is_none());
}

#[test]
fn a_misspelt_tier_team_or_environment_is_found() {
    let deployment = "outwright: 1\nenvironments: [production]\nteams: { pay: { contact: x } }\ntiers: { critcal: { breaker: { probes: 1 } } }\n";
    let contract =
        GOOD.to_owned() + "environments: { sandbox: { base_url: https://api.acme.example } }\n";
    let all = [("outwright.yaml", deployment), ("c/acme.yaml", contract.as_str())];
    let loaded = read(&all, &Options::check(TODAY));
    let codes: Vec<_> = loaded.report.findings.iter().map(|f| f.rule.code).collect();
    assert_eq!(codes, ["OW102", "OW110", "OW110"], "{}", loaded.report.text(Colour::Off));
}

/// RFC 9209, section 2: the name is a token where others read it.
#[test]
fn a_deployments_name_begins_with_a_letter() {
    for (name, errors) in [("shop-egress", 0), ("e1.shop", 0), ("1shop", 1), ("shop egress", 1)] {
        let deployment = format!("outwright: 1\nname: {name}\n");
        let all = [("outwright.yaml", deployment.as_str()), ("c/acme.yaml", GOOD)];
        assert_eq!(read(&all, &Options::run(TODAY)).report.errors(), errors, "{name}");
    }
}

fn change(before: &str, after: &str) -> Vec<String> {
    let state = |text: &str| read(&[("c/acme.yaml", text)], &Options::check(TODAY));
    changes(&state(before), &state(after)).iter().map(ToString::to_string).collect()
}

#[test]
fn what_changed_is_told_once_where_all_operations_inherit_it() {
    let faster = GOOD.replace("tier: important", "tier: critical");
    assert_eq!(change(GOOD, GOOD), [] as [&str; 0]);
    assert_eq!(change(GOOD, &faster), ["acme: tier: important -> critical"]);
    let one = GOOD.replace("    fallback: none", "    fallback: none\n    timeouts: { idle: 1s }");
    let said = change(GOOD, &one);
    assert!(
        said.contains(&"acme: operations.list_orders.timeouts.idle: 2s -> 1s".to_owned()),
        "{said:?}"
    );
    let more = GOOD.replace(
        "operations:\n",
        "operations:\n  ping:\n    request: GET /ping\n    needs: [orders]\n    fallback: none\n",
    );
    assert_eq!(change(GOOD, &more), ["acme: operations.ping: GET /ping (added)"]);
    assert_eq!(change(&more, GOOD), ["acme: operations.ping: GET /ping (removed)"]);
    let other = GOOD.replace("provider: acme", "provider: other");
    assert_eq!(change(GOOD, &other), ["acme: removed", "other: added"]);
}

#[test]
fn a_secret_is_masked_on_both_sides_of_a_change() {
    let with = |secret: &str| {
        GOOD.replace("tier: important", &format!("tier: important\nfields: {{ pass: [{secret}] }}"))
    };
    let said = change(
        &with("sk_live_4eC39HqLyjWDarjtT1zdp7dc"),
        &with("sk_live_9zZ39HqLyjWDarjtT1zdp7aa"),
    );
    assert!(said.iter().all(|line| !line.contains("sk_live")), "{said:?}");
}

#[test]
fn what_a_fallback_does_is_explained_in_sentences() {
    let sentences = |fallback: &str| {
        let text = GOOD.replacen("fallback: none", fallback, 1);
        let loaded = read(&[("c/acme.yaml", &text)], &Options::check(TODAY));
        assert_eq!(loaded.report.errors(), 0, "{fallback}");
        let lines = explain(&loaded, "acme", "list_orders").lines;
        let lines = lines.into_iter().filter(|line| line.key.starts_with("fallback"));
        lines.map(|line| line.sentence).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(sentences("fallback: none"));
    insta::assert_snapshot!(sentences(
        "fallback: { stale: 10m, despite: [no-store], because: \"shown with its age\" }"
    ));
    insta::assert_snapshot!(sentences(
        "fallback: { static: { status: 203, content_type: text/plain, body: \"none now\" } }"
    ));
}

#[test]
fn what_coalescing_does_is_explained_in_a_sentence() {
    let sentence = |key: &str| {
        let text = GOOD.replacen("fallback: none", &format!("fallback: none{key}"), 1);
        let loaded = read(&[("c/acme.yaml", &text)], &Options::check(TODAY));
        assert_eq!(loaded.report.errors(), 0, "{key}");
        let lines = explain(&loaded, "acme", "list_orders").lines;
        let mut lines = lines.into_iter().filter(|line| line.key == "coalesce");
        lines.next().expect("it is said").sentence
    };
    let never = "Each is sent, also while an equal one is under way.";
    assert_eq!(sentence(""), never);
    assert_eq!(sentence("\n    coalesce: never"), never);
    let allowed = sentence("\n    coalesce: allowed");
    assert!(
        allowed.starts_with("While one is under way, equal ones of the same caller"),
        "{allowed}"
    );
}

/// what is safe off loopback starts, and nothing else.
#[test]
fn off_loopback_only_tls_with_tokens_is_accepted() {
    let tls = "tls: { certificate: a.pem, key: b.pem }";
    let callers = "callers: { shop: { token: { file: /run/secrets/shop } } }";
    for (lines, errors) in [
        (vec!["listen: { data: 0.0.0.0:4180 }"], 1),
        (vec!["listen: { data: 0.0.0.0:4180 }", tls], 1),
        (vec!["listen: { data: 0.0.0.0:4180 }", callers], 1),
        (vec!["listen: { data: 0.0.0.0:4180, hosts: [outwright.internal] }", tls, callers], 0),
        (vec!["listen: { admin: 10.0.0.1:4181 }"], 1),
        (vec!["listen: { admin: 10.0.0.1:4181 }", tls], 0),
        (vec!["listen: { socket: /run/outwright.sock }"], 0),
        (vec![tls], 0),
        (vec!["tokens: required"], 1),
        (vec!["tokens: required", callers], 0),
        (vec!["listen: { hosts: [\"Outwright.Internal\", \"a/b\", \"x:y\"] }"], 3),
        (vec!["callers: { a: { token: { file: x } }, b: { token: { file: x } } }"], 1),
        (
            vec![
                "teams: { shop: { contact: x } }",
                "callers: { a: { token: { file: x }, team: u } }",
            ],
            1,
        ),
        (vec!["callers: { a: { token: { file: x, mode_ok: true } } }"], 1),
        (vec!["callers: { a: { token: { env: A } } }"], 1),
    ] {
        let deployment = format!("outwright: 1\n{}\n", lines.join("\n"));
        let all = [("outwright.yaml", deployment.as_str()), ("c/acme.yaml", GOOD)];
        let loaded = read(&all, &Options::run(TODAY));
        assert_eq!(
            loaded.report.errors(),
            errors,
            "{lines:?}\n{}",
            loaded.report.text(Colour::Off)
        );
    }
}

#[test]
fn callers_of_a_contract_are_those_of_the_deployment() {
    let callers = "tier: important\ncallers: { shop: { operations: [list_orders], priority: default, share: 50% }, books: {} }";
    let contract = GOOD.replace("tier: important", callers);
    let deployed = |names: &[&str]| {
        let token =
            |name: &&str| format!("  {name}: {{ token: {{ file: /run/secrets/{name} }} }}\n");
        let callers: String = names.iter().map(token).collect();
        let callers = if callers.is_empty() { callers } else { format!("callers:\n{callers}") };
        format!("outwright: 1\n{callers}")
    };
    let load = |names: &[&str], contract: &str, options: &Options| {
        let deployment = deployed(names);
        read(&[("outwright.yaml", deployment.as_str()), ("c/acme.yaml", contract)], options)
    };
    let loaded = load(&["shop", "books", "other"], &contract, &Options::run(TODAY));
    assert_eq!(loaded.report.errors(), 0, "{}", loaded.report.text(Colour::Off));
    let provider = &loaded.providers[0];
    let [shop, books] = &*provider.callers else { panic!("{:?}", provider.callers) };
    assert_eq!((&*shop.name, shop.operations.as_ref().map(|all| all.len())), ("shop", Some(1)));
    assert_eq!((shop.share.slots(), shop.share.places()), (10, 20));
    assert_eq!((books.operations.is_none(), books.share.slots()), (true, 20));
    let errors = |names: &[&str], options| load(names, &contract, &options).report.errors();
    assert_eq!(errors(&["shop"], Options::check(TODAY)), 1, "one that nobody knows");
    assert_eq!(errors(&[], Options::run(TODAY)), 2, "without tokens nobody is known");
    assert_eq!(errors(&[], Options::check(TODAY)), 0, "a contract may be looked at alone");
    for (from, to) in [
        ("[list_orders]", "[unheard_of]"),
        ("share: 50%", "share: 0%"),
        ("books: {}", "books: { priority: urgent }"),
    ] {
        let contract = contract.replace(from, to);
        let loaded = load(&["shop", "books"], &contract, &Options::check(TODAY));
        assert_eq!(loaded.report.errors(), 1, "{to}: {}", loaded.report.text(Colour::Off));
    }
    let nobody = GOOD.replace("tier: important", "tier: important\ncallers: {}");
    assert_eq!(load(&["shop"], &nobody, &Options::check(TODAY)).report.errors(), 1);
}

/// what a process may hold is said once for all providers, or left to it.
#[test]
fn the_bounds_of_a_process_are_those_of_the_deployment() {
    for (line, expected) in [
        ("", Some((None, None))),
        ("bounds: { calls: 100, bytes: 1MiB }", Some((Some(100), Some(1 << 20)))),
        ("bounds: { calls: 1 }", Some((Some(1), None))),
        ("bounds: { calls: 0 }", None),
        ("bounds: { bytes: 1023KiB }", None),
        ("bounds: { bytes: 1000 }", None),
        ("bounds: { connections: 5 }", None),
    ] {
        let deployment = format!("outwright: 1\n{line}\n");
        let all = [("outwright.yaml", deployment.as_str()), ("c/acme.yaml", GOOD)];
        let loaded = read(&all, &Options::run(TODAY));
        let bounds = loaded.deployment.bounds;
        let read = (loaded.report.errors() == 0).then_some((bounds.calls, bounds.bytes));
        assert_eq!(read, expected, "{line}\n{}", loaded.report.text(Colour::Off));
    }
}
