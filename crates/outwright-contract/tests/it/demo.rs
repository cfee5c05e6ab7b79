//! The contract of the demo: it runs for development, and nowhere else.

use outwright_contract::{Colour, Loaded, Options, Source, load};
use outwright_core::provider::{Plan, Scheme};

use crate::sample::TODAY;

const DEMO: &str = include_str!("../../../../contracts/demo.yaml");

fn demo(options: &Options) -> Loaded {
    load(&[Source::new("contracts/demo.yaml", DEMO)], options)
}

#[test]
fn the_demo_runs_for_development_on_the_port_that_it_is_given() {
    let options = Options::run(TODAY).dev(true).base_url("demo", "http://127.0.0.1:50123");
    let loaded = demo(&options);
    assert_eq!(loaded.report.errors(), 0, "{}", loaded.report.text(Colour::Off));
    let [provider] = loaded.providers.as_slice() else { panic!("one provider") };
    assert_eq!((provider.base.scheme, provider.base.port), (Scheme::Http, 50_123));
    assert_eq!(provider.base.authority, "127.0.0.1:50123");
    let charge = provider.operations.iter().find(|op| &*op.name == "create_charge").unwrap();
    assert_eq!((charge.plan, charge.retry.attempts()), (Plan::ProviderKey, 3));
}

/// the production profile refuses plain http.
#[test]
fn the_demo_does_not_run_without_the_word_for_development() {
    let loaded = demo(&Options::run(TODAY));
    assert!(loaded.providers.is_empty());
    let codes: Vec<_> = loaded.report.findings.iter().map(|f| f.rule.code).collect();
    assert!(codes.contains(&"OW702"), "{codes:?}");
}
