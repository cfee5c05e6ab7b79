//! The sample of the product paper: checked as it stands there.

use outwright_contract::{Colour, Date, Loaded, Options, Severity, Source, load};

pub(crate) const TODAY: Date = Date::from_days(20_780); // 2026-11-23
const CONTRACT: &str = include_str!("sample/contracts/stripe.yaml");
const FACTS: &str = include_str!("sample/facts/stripe.yaml");

pub(crate) fn sources() -> Vec<Source> {
    vec![Source::new("contracts/stripe.yaml", CONTRACT), Source::new("facts/stripe.yaml", FACTS)]
}

fn codes(loaded: &Loaded, severity: Severity) -> Vec<&'static str> {
    let chosen = loaded.report.findings.iter().filter(|f| f.severity == severity);
    chosen.map(|f| f.rule.code).collect()
}

#[test]
fn the_sample_of_the_product_paper_has_no_error() {
    let loaded = load(&sources(), &Options::check(TODAY));
    assert_eq!(loaded.report.errors(), 0, "{}", loaded.report.text(Colour::Off));
    assert_eq!(loaded.providers.len(), 1);
    // It was written before `data:` was: what it sends is nowhere said.
    assert_eq!(
        codes(&loaded, Severity::Warning),
        ["OW708", "OW191"],
        "{}",
        loaded.report.text(Colour::Off)
    );
}
