//! Equal reads of several callers.

use super::tokens::{BOOKS, Files, SHOP};
use crate::held::{End, Held, coalesced, good};
use crate::stage::{Answer, Stage};

const LIST: &str = "GET /demo/v1/charges";
const WAITING: &str = r#"outwright_coalesced_waiting{provider="demo"}"#;

/// R-171: two callers with the same words are two reads.
#[test]
fn two_callers_never_share() {
    let files = Files::new();
    let held = Held::new();
    let deployment = "#=== outwright.yaml\noutwright: 1\ncallers:\n  shop: { token: { file: /run/secrets/shop } }\n  books: { token: { file: /run/secrets/books } }\n";
    let stage = Stage::set_up(
        &held.peer,
        |contract| {
            let contract = coalesced(&held.calm(&contract));
            contract.replace("\negress:", "\ncallers: { shop: {}, books: {} }\negress:")
                + deployment
        },
        |config| files.configure(config),
    );
    let asks =
        |token: &str| End::asks(stage.data(), LIST, &[&format!("Authorization: Bearer {token}")]);
    let mut shop = vec![asks(SHOP)];
    let (first, _) = held.arrives();
    let mut books = asks(BOOKS);
    let (second, _) = held.arrives();
    shop.push(asks(SHOP));
    stage.until(WAITING, "1");
    first.ends(good("", "shop"));
    second.ends(good("", "books"));
    shop.iter_mut().for_each(|caller| assert_eq!(Answer::of(&caller.rest()).body, "shop"));
    assert_eq!(Answer::of(&books.rest()).body, "books");
    held.is_idle();
}
