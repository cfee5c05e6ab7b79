//! Tokens of callers: in each place where one may stand, and in none where one must not end up.

use std::path::PathBuf;
use std::time::Instant;

use outwright_contract::deployment::Tls;
use outwright_core::provider::Source;
use outwright_gateway::Config;
use tempfile::TempDir;

use super::certificates::Certificates;
use super::{curl, status};
use crate::peer::{Peer, Says};
use crate::stage::{Answer, LONG, SECRET, Stage, ask, make_private};

pub(super) const SHOP: &str = "shop-6cf7f0c1d2e94b85";
pub(super) const BOOKS: &str = "books-0a3b5c7d9e1f2a4c";
const LIST: &str = "GET /demo/v1/charges";

/// Callers with their tokens in files.
pub(super) struct Files(TempDir);

impl Files {
    pub(super) fn new() -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        files.write("shop", SHOP);
        files.write("books", BOOKS);
        files
    }

    /// Replaces a token as tools do: a new file in the place of the old one.
    fn write(&self, caller: &str, token: &str) {
        let new = self.path("new");
        std::fs::write(&new, format!("{token}\n")).unwrap();
        make_private(&new);
        std::fs::rename(new, self.path(caller)).unwrap();
    }

    fn path(&self, caller: &str) -> PathBuf {
        self.0.path().join(caller)
    }

    /// A setup with both callers.
    pub(super) fn configure(&self, config: &mut Config) {
        let source = |name| Source::File { path: self.path(name), mode_ok: false };
        config.callers = ["shop", "books"].map(|name| (name.to_owned(), source(name))).into();
        config.tokens_required = true;
    }
}

fn stage(change: impl FnOnce(String) -> String) -> (Files, Peer, Stage) {
    let (files, peer) = (Files::new(), Peer::start(vec![Says::ok("", "fine")]));
    let stage = Stage::set_up(&peer, change, |config| files.configure(config));
    (files, peer, stage)
}

fn is_unknown(answer: &Answer) {
    assert_eq!((answer.status, answer.problem().as_str()), (401, "caller-unknown"), "{answer:?}");
    assert_eq!(answer.field("www-authenticate"), Some("Bearer realm=\"outwright\""));
    assert_eq!(answer.field("x-should-retry"), Some("false"));
    let said = format!("{}{}", answer.head, answer.body);
    assert!(!said.contains("6cf7f0c1") && !said.contains("stranger"), "{said}");
}

/// `product.md` 4: an official client needs only base URL and key. R-031: and the key stays here.
#[test]
fn a_token_stands_where_the_credential_would_and_goes_no_further() {
    let header = "inject: { header: { name: X-Api-Key, prefix: \"key \" } }";
    let query = "inject: { query: { name: api_key, unavoidable: true } }";
    let basic = "inject: { basic: { user: me } }";
    let bearer = "inject: { bearer: {} }";
    let both = "\nfields: { pass: [Authorization] }\negress:";
    // "shop:" and "anybody:" before the token, in Base64.
    for (inject, pass, target, field) in [
        (bearer, "", "", format!("Authorization: Bearer {SHOP}")),
        (bearer, "", "", format!("authorization: bearer   {SHOP}")),
        (bearer, both, "", format!("Authorization: Bearer {SHOP}")),
        (bearer, "", "", format!("Outwright-Token: {SHOP}")),
        (basic, "", "", "Authorization: Basic YW55Ym9keTpzaG9wLTZjZjdmMGMxZDJlOTRiODU=".to_owned()),
        (basic, both, "", "Authorization: Basic c2hvcC02Y2Y3ZjBjMWQyZTk0Yjg1Og==".to_owned()),
        (header, "", "", format!("X-Api-Key: {SHOP}")),
        (header, "", "", format!("X-Api-Key: key {SHOP}")),
        (header, "", "", format!("Authorization: Bearer {SHOP}")),
        (query, "", "?a=1&api_key=shop%2D6cf7f0c1d2e94b85&b=2", String::new()),
        (query, "", "?api_key=shop-6cf7f0c1d2e94b85", "Accept: */*".to_owned()),
    ] {
        let (_files, peer, mut stage) = stage(|contract| {
            let contract =
                contract.replace("\negress:", if pass.is_empty() { "\negress:" } else { pass });
            contract.replace(bearer, inject)
        });
        let fields: Vec<_> =
            Some(field.as_str()).filter(|field| !field.is_empty()).into_iter().collect();
        let answer = stage.ask(&format!("{LIST}{target}"), &fields, "");
        assert_eq!(answer.status, 200, "{field}{target}: {answer:?}");
        let seen = peer.only();
        assert!(
            !seen.head.contains("6cf7f0c1") && !seen.head.contains("Y2Y3ZjBj"),
            "{}",
            seen.head
        );
        assert!(!seen.head.to_lowercase().contains("outwright-token"), "{}", seen.head);
        let credential = seen.head.contains(SECRET) || seen.head.contains("Basic bWU6");
        assert!(credential, "the provider's own stands there: {}", seen.head);
        let lines = stage.log();
        assert_eq!(lines[0]["caller"], "shop", "{lines:?}");
        assert!(!format!("{lines:?}").contains("6cf7f0c1"));
    }
}

/// whoever is not known learns nothing of contracts, and is counted.
#[test]
fn who_is_not_known_is_turned_away_before_anything_is_said() {
    let (_files, peer, mut stage) = stage(|contract| contract);
    for (line, fields) in [
        (LIST, vec![]),
        (LIST, vec!["Authorization: Bearer stranger-0123456789ab".to_owned()]),
        (LIST, vec!["Authorization: Basic !!!".to_owned()]),
        (LIST, vec![format!("Authorization: Digest {SHOP}")]),
        (LIST, vec![format!("Outwright-Token: {SHOP}x")]),
        (LIST, vec![format!("X-Token: {SHOP}")]),
        // A mistake in the field that is there for it is not passed over.
        (
            LIST,
            vec![format!("Authorization: Bearer {SHOP}"), "Outwright-Token: stranger".to_owned()],
        ),
        // Two callers at once are nobody.
        (LIST, vec![format!("Authorization: Bearer {SHOP}"), format!("Outwright-Token: {BOOKS}")]),
        ("GET /nobody/v1/charges", vec![]),
        ("GET /demo/v1/unheard", vec![]),
        ("TRACE /demo/v1/charges", vec![]),
        ("OPTIONS /demo/v1/charges", vec!["Max-Forwards: 0".to_owned()]),
    ] {
        let fields: Vec<_> = fields.iter().map(String::as_str).collect();
        is_unknown(&stage.ask(line, &fields, ""));
    }
    assert!(peer.seen().is_empty());
    let known = [&*format!("Authorization: Bearer {SHOP}")];
    assert_eq!(stage.ask("GET /nobody/v1/charges", &known, "").problem(), "provider-unknown");
    assert_eq!(stage.ask("GET /demo/v1/unheard", &known, "").problem(), "operation-unknown");
    let demo = "GET /demo/v1/unheard?api_key=";
    is_unknown(&stage.ask(&format!("{demo}{SHOP}"), &[], ""));
    let row = "outwright_turned_away_total{problem=\"caller-unknown\"}";
    assert_eq!(stage.metric(row).as_deref(), Some("13"), "{}", stage.admin("/metrics").body);
    let log = format!("{:?}", stage.log());
    assert!(!log.contains("6cf7f0c1") && !log.contains("stranger"), "{log}");
}

/// what a request says of who sends it is nobody's token.
#[test]
fn a_name_in_a_field_makes_nobody_known() {
    let (_files, peer, stage) = stage(|contract| contract);
    for field in [
        "X-Forwarded-User: shop",
        "X-Forwarded-For: 127.0.0.1",
        "Forwarded: for=shop;by=127.0.0.1",
        "X-Real-IP: 127.0.0.1",
        "X-Client-Id: shop",
        "X-SSL-Client-Verify: SUCCESS",
        "Outwright-Caller: shop",
    ] {
        is_unknown(&stage.ask(LIST, &[field], ""));
    }
    assert_eq!(peer.seen().len(), 0);
}

/// On loopback a token may be shown, and need not be.
#[test]
fn where_tokens_are_free_a_caller_is_known_by_one_and_anybody_is_served() {
    let (files, peer) = (Files::new(), Peer::start(vec![Says::ok("", "fine")]));
    let mut stage = Stage::set_up(
        &peer,
        |contract| contract,
        |config| {
            files.configure(config);
            config.tokens_required = false;
        },
    );
    let fields =
        [format!("Authorization: Bearer {BOOKS}"), "Authorization: Bearer dummy".to_owned()];
    for field in &fields {
        assert_eq!(stage.ask(LIST, &[field], "").status, 200);
    }
    is_unknown(&stage.ask(LIST, &["Outwright-Token: stranger"], ""));
    let lines = stage.log();
    assert_eq!((&lines[0]["caller"], lines[1].get("caller")), (&"books".into(), None));
}

#[test]
fn a_token_that_was_replaced_is_over_and_the_new_one_works() {
    let (files, _peer, stage) = stage(|contract| contract);
    let with = |token: &str| stage.ask(LIST, &[&format!("Outwright-Token: {token}")], "").status;
    assert_eq!((with(SHOP), with(BOOKS)), (200, 200));
    let new = "shop-ffffffffffffffff";
    files.write("shop", new);
    let began = Instant::now();
    while with(new) != 200 {
        assert!(began.elapsed() < LONG, "the new token is read within a second or so");
        std::thread::yield_now();
    }
    assert_eq!((with(SHOP), with(BOOKS)), (401, 200));
}

/// with TLS and tokens, and not without, others than this machine come in.
#[test]
fn off_loopback_callers_need_tls_and_a_token_and_operators_theirs() {
    let (files, certificates) = (Files::new(), Certificates::new());
    certificates.sign("ours", |_| {});
    let tls: Tls = certificates.tls("ours");
    let peer = Peer::start(vec![Says::ok("", "fine")]);
    let stage = Stage::set_up(
        &peer,
        |contract| contract,
        |config| {
            files.configure(config);
            config.tokens_required = false;
            config.tls = Some(tls);
            config.hosts = vec!["localhost".to_owned()];
            config.data = "0.0.0.0:0".parse().unwrap();
            config.admin = "0.0.0.0:0".parse().unwrap();
        },
    );
    let ca = certificates.text("ca.pem");
    let (data, admin) = (stage.data().port(), stage.gateway().admin().port());
    let url = format!("https://localhost:{data}/demo/v1/charges");
    assert_eq!(status(&curl(&["--cacert", &ca, &url])), "401 2", "loopback_free is for loopback");
    let user = format!("anybody:{SHOP}");
    assert_eq!(status(&curl(&["--cacert", &ca, "-u", &user, &url])), "200 2");
    let token = format!("Authorization: Bearer {BOOKS}");
    assert_eq!(status(&curl(&["--cacert", &ca, "-H", &token, &url])), "200 2");
    let metrics = format!("https://localhost:{admin}/metrics");
    assert_eq!(status(&curl(&["--cacert", &ca, &metrics])), "401 2");
    let token = format!("Authorization: Bearer {}", stage.gateway().admin_token());
    assert_eq!(status(&curl(&["--cacert", &ca, "-H", &token, &metrics])), "200 2");
}

/// The doors of single providers ask for the same.
#[test]
fn a_door_of_one_provider_asks_for_a_token_too() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let door = free.local_addr().unwrap();
    drop(free);
    let listen = format!("\nlisten: {{ port: {} }}\negress:", door.port());
    let (_files, _peer, _stage) = stage(|contract| contract.replace("\negress:", &listen));
    let get = |fields: &[&str]| ask(door, &door.to_string(), "GET /v1/charges", fields, "");
    is_unknown(&get(&[]));
    assert_eq!(get(&[&format!("Authorization: Bearer {SHOP}")]).status, 200);
}
