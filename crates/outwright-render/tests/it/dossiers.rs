//! What a dossier says, and what it must not.

use outwright_contract::{Date, Options, Profile, Source, load};
use outwright_render::dossier;

/// The Stripe-like contract of the contract crate's own tests.
const CONTRACT: &str =
    include_str!("../../../outwright-contract/tests/it/sample/contracts/stripe.yaml");
const FACTS: &str = include_str!("../../../outwright-contract/tests/it/sample/facts/stripe.yaml");
const TODAY: Date = Date::from_days(20_780); // 2026-11-23

fn sample() -> Vec<Source> {
    vec![Source::new("contracts/stripe.yaml", CONTRACT), Source::new("facts/stripe.yaml", FACTS)]
}

fn profiles(sources: &[Source]) -> Vec<Profile> {
    let options = Options::check(TODAY);
    load(sources, &options).profiles(&options)
}

/// The sample with another text of its contract.
fn changed(from: &str, to: &str) -> Vec<Source> {
    assert!(CONTRACT.contains(from), "the sample still says {from}");
    let text = CONTRACT.replace(from, to);
    vec![Source::new("contracts/stripe.yaml", text), Source::new("facts/stripe.yaml", FACTS)]
}

/// what to do after a leak stands in it, in the order in which it is done.
#[test]
fn the_chapters_of_the_sample_read_as_they_were_approved() {
    for file in dossier(&profiles(&sample())).files() {
        if file.path.ends_with(".md") {
            insta::assert_snapshot!(file.path.replace('/', "__"), file.text);
        }
    }
}

///
#[test]
fn the_same_contracts_give_the_same_bytes_in_whatever_order_they_are_read() {
    let other = CONTRACT.replace("provider: stripe", "provider: another");
    let mut sources = sample();
    sources.push(Source::new("contracts/another.yaml", other));
    let first = dossier(&profiles(&sources)).files();
    sources.rotate_left(1);
    let second = dossier(&profiles(&sources)).files();
    assert_eq!(first, second);
    assert!(first.iter().any(|file| file.path == "another/limits.md"));
}

#[test]
fn a_day_later_it_is_still_the_same() {
    let options = Options::check(Date::from_days(20_781));
    let later = load(&sample(), &options).profiles(&options);
    assert_eq!(dossier(&later).files(), dossier(&profiles(&sample())).files());
}

/// a secret that somebody wrote into a contract does not reach the dossier.
#[test]
fn a_secret_in_a_contract_stays_out_of_its_dossier() {
    let secret = "sk_live_4eC39HqLyjWDarjtT1zdp7dc";
    let sources = changed("because: \"shown", &format!("because: \"{secret} shown"));
    let made = dossier(&profiles(&sources));
    let all: String = made.files().into_iter().map(|file| file.text).collect();
    assert!(!all.contains(secret), "the dossier holds the secret");
    assert!(all.contains("OW601"), "the dossier says that a secret stands there");
}

#[test]
fn what_nobody_decided_is_called_undecided() {
    let sources = changed("owner: { team: payments, contact: payments-oncall@example.com }\n", "");
    let made = dossier(&profiles(&sources));
    let markdown = made.markdown();
    assert!(markdown.contains("| owner | **UNDECIDED**, **UNDECIDED** |"), "{markdown}");
    let whole = dossier(&profiles(&sample())).markdown();
    assert!(!whole.contains("UNDECIDED"), "everything in the sample is decided:\n{whole}");
}

#[test]
fn a_contract_that_cannot_run_has_a_dossier_without_a_failure_matrix() {
    let sources =
        changed("idempotency:\n      plan: provider_key", "idempotency:\n      plan: wish");
    let made = dossier(&profiles(&sources)).markdown();
    assert!(made.contains("The contract has errors"), "{made}");
    assert!(made.contains("`OW107`"), "{made}");
}

#[test]
fn names_and_values_cannot_break_out_of_the_page() {
    let hostile = "</code><script>alert(1)</script>|`\"'";
    let yaml = hostile.replace('\\', "\\\\").replace('"', "\\\"");
    let sources = changed("because: \"shown", &format!("because: \"{yaml} shown"));
    let made = dossier(&profiles(&sources));
    let page = made.html();
    assert!(page.contains("&lt;script&gt;alert(1)"), "the value is shown as it is written");
    assert!(!page.contains("<script"), "{page}");
    let markdown = made.markdown();
    let marked = markdown.matches("<script").count();
    assert!(marked > 0 && marked == markdown.matches("\\<script").count(), "{markdown}");
}

#[test]
fn every_link_inside_of_the_page_leads_somewhere() {
    let page = dossier(&profiles(&sample())).html();
    let targets: Vec<&str> =
        page.split("href=\"#").skip(1).filter_map(|r| r.split('"').next()).collect();
    assert!(targets.len() > 5, "{targets:?}");
    for target in targets {
        let id = format!("id=\"{target}\"");
        assert_eq!(page.matches(&id).count(), 1, "{id}");
    }
}

#[test]
fn nothing_is_loaded_from_elsewhere() {
    let page = dossier(&profiles(&sample())).html();
    for loader in ["src=", "<script", "<link", "@import", "url("] {
        assert!(!page.contains(loader), "{loader}");
    }
}
