//! What a contract lets each of its callers do.

use super::tokens::{BOOKS, Files, SHOP};
use crate::peer::{Peer, Says, Seen};
use crate::stage::Stage;

const DEPLOYMENT: &str = "#=== outwright.yaml
outwright: 1
callers:
  shop: { token: { file: /run/secrets/shop } }
  books: { token: { file: /run/secrets/books } }
";

/// A gateway whose contract says this of its callers.
fn stage(callers: &str) -> (Files, Peer, Stage) {
    let (files, peer) = (Files::new(), Peer::start(vec![Says::ok("", "fine")]));
    let change = |contract: String| {
        let contract = contract.replace("\negress:", &format!("\n{callers}\negress:"));
        contract + DEPLOYMENT
    };
    let stage = Stage::set_up(&peer, change, |config| {
        files.configure(config);
        config.tokens_required = false;
    });
    (files, peer, stage)
}

fn field(token: &str) -> String {
    format!("Authorization: Bearer {token}")
}

fn keys(seen: &[Seen]) -> Vec<String> {
    seen.iter().flat_map(|seen| seen.all("idempotency-key")).map(str::to_owned).collect()
}

/// each caller maps to operations; who is not listed, or not known, does nothing.
#[test]
fn a_caller_does_what_the_contract_lists_and_nothing_else() {
    let (_files, peer, mut stage) = stage("callers: { shop: { operations: [list_charges] } }");
    let ask = |line: &str, fields: &[&str]| stage.ask(line, fields, "");
    let (shop, books) = (field(SHOP), field(BOOKS));
    assert_eq!(ask("GET /demo/v1/charges", &[&shop]).status, 200);
    for (line, token) in [
        ("GET /demo/v1/charges/1", &shop),
        ("POST /demo/v1/charges", &shop),
        ("GET /demo/v1/charges", &books),
    ] {
        let answer = ask(line, &[token, "Idempotency-Key: k"]);
        assert_eq!((answer.status, answer.problem().as_str()), (403, "operation-not-allowed"));
        assert_eq!(answer.field("outwright-retry"), Some("refused"));
        assert_eq!(answer.field("outwright-attempts"), Some("0"));
    }
    let answer = ask("GET /demo/v1/charges", &[]);
    assert_eq!((answer.status, answer.problem().as_str()), (401, "caller-unknown"));
    assert_eq!(peer.seen().len(), 1, "nothing of that was sent");
    let row =
        "outwright_calls_total{provider=\"demo\",operation=\"list_charges\",outcome=\"rejected\"}";
    assert_eq!(stage.metric(row).as_deref(), Some("1"), "{}", stage.admin("/metrics").body);
    assert!(!stage.admin("/metrics").body.contains("shop"), "callers are no label");
    let lines = stage.log();
    assert_eq!(
        (&lines[1]["caller"], &lines[1]["refused"]),
        (&"shop".into(), &"not_allowed".into())
    );
    assert_eq!(lines[3]["caller"], "books");
}

/// `product.md` 3: the key never crosses callers, and is the same after a restart.
#[test]
fn the_same_key_of_two_callers_is_two_keys_to_the_provider() {
    let state = tempfile::tempdir().unwrap();
    let run = |callers: &str| {
        let (files, peer) = (Files::new(), Peer::start(vec![Says::ok("", "fine")]));
        let change = |contract: String| {
            contract.replace("\negress:", &format!("\n{callers}\negress:")) + DEPLOYMENT
        };
        let stage = Stage::set_up(&peer, change, |config| {
            files.configure(config);
            config.state = Some(state.path().to_owned());
        });
        for token in [SHOP, SHOP, BOOKS] {
            let fields = [&field(token), "Idempotency-Key: order-7"];
            stage.ask("POST /demo/v1/charges", &fields, "{}");
        }
        keys(&peer.seen())
    };
    let all = run("");
    assert_eq!((all.len(), &all[0], all[0] == all[2]), (3, &all[1], false), "{all:?}");
    assert!(all.iter().all(|key| key.len() == 32 && key != "order-7"), "{all:?}");
    assert_eq!(run(""), all, "another process with the same state makes the same keys");
    assert_eq!(run("callers: { shop: {}, books: {} }"), all);
    assert_eq!(run("callers: { shop: {} }"), ["order-7", "order-7"], "one caller: verbatim");
    let salt = state.path().join("key-salt");
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&salt).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    std::fs::remove_file(salt).unwrap();
    assert_ne!(run("")[0], all[0], "the keys are this deployment's alone");
}

/// A reload may change what callers do, and takes no token away.
#[test]
fn another_contract_lets_callers_do_other_things() {
    let (_files, peer, mut stage) = stage("callers: { shop: { operations: [list_charges] } }");
    let (shop, books) = (field(SHOP), field(BOOKS));
    let status =
        |stage: &Stage, token: &str| stage.ask("GET /demo/v1/charges", &[token], "").status;
    assert_eq!((status(&stage, &shop), status(&stage, &books)), (200, 403));
    let other = |contract: String| {
        let contract = contract
            .replace("callers: { shop: { operations: [list_charges] } }", "callers: { books: {} }");
        contract.replace("#=== outwright.yaml\n", "")
    };
    let (contract, deployment) = (other, DEPLOYMENT.replace("#=== outwright.yaml\n", ""));
    stage
        .reload(
            |whole| contract(whole).split("outwright: 1\ncallers:\n").next().unwrap().to_owned(),
            &[&deployment],
        )
        .unwrap();
    assert_eq!((status(&stage, &shop), status(&stage, &books)), (403, 200));
    assert_eq!(peer.seen().len(), 2);
}
