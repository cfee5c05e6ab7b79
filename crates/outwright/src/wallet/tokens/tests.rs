use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use outwright_core::provider::Source;
use tempfile::TempDir;

use super::{TokenFault, Tokens};
use crate::driver::Caller;
use crate::wallet::{Fault, Refused};

const SHOP: &[u8] = b"shop-6cf7f0c1d2e94b85";
const BOOKS: &[u8] = b"books-0a3b5c7d9e1f2a4c";

fn write(path: &PathBuf, token: &[u8], mode: u32) {
    fs::write(path, token).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Callers with these tokens, in files of this mode.
fn tokens(callers: &[(&str, &[u8], u32)]) -> (TempDir, Tokens) {
    let folder = tempfile::tempdir().unwrap();
    let mut opened = Vec::new();
    for (name, token, mode) in callers {
        let path = folder.path().join(name);
        write(&path, token, *mode);
        let source = Source::File { path, mode_ok: false };
        opened.push((Arc::new(Caller::new(name, b"secret")), source));
    }
    let tokens = Tokens::open(opened, false);
    (folder, tokens)
}

fn who<'a>(tokens: &'a Tokens, offered: &[u8]) -> Option<&'a str> {
    tokens.find(offered).map(|caller| caller.name())
}

#[test]
fn only_the_whole_token_names_its_caller() {
    let (_folder, tokens) = tokens(&[("shop", SHOP, 0o600), ("books", BOOKS, 0o600)]);
    assert_eq!(who(&tokens, SHOP), Some("shop"));
    assert_eq!(who(&tokens, BOOKS), Some("books"));
    for wrong in [&SHOP[..20], &[SHOP, b"x"].concat(), b"", &[b'x'; 5_000], b"shop"] {
        assert_eq!(who(&tokens, wrong), None, "{wrong:?}");
    }
    assert!(tokens.faults().is_empty());
    assert!(!format!("{tokens:?}").contains("6cf7f0c1"));
}

#[test]
fn a_token_of_two_callers_names_neither() {
    let (folder, tokens) = tokens(&[("shop", SHOP, 0o600), ("books", SHOP, 0o600)]);
    assert_eq!(who(&tokens, SHOP), None);
    let shared = TokenFault::Shared;
    assert_eq!(tokens.faults(), [("shop", shared.clone()), ("books", shared)]);
    write(&folder.path().join("books"), BOOKS, 0o600);
    tokens.reread();
    assert_eq!((who(&tokens, SHOP), who(&tokens, BOOKS)), (Some("shop"), Some("books")));
}

/// as with a credential, who else can read a token decides whether it is used.
#[test]
fn a_token_that_others_can_read_or_guess_names_nobody() {
    let (folder, tokens) = tokens(&[("shop", SHOP, 0o644), ("books", b"short", 0o600)]);
    assert_eq!(who(&tokens, SHOP), None);
    let path = folder.path().join("shop").display().to_string().into_boxed_str();
    let readable = TokenFault::Source(Fault::File(Refused::OthersRead(path)));
    assert_eq!(tokens.faults(), [("shop", readable), ("books", TokenFault::Length)]);
}

#[test]
fn a_token_that_was_replaced_is_over() {
    let (folder, tokens) = tokens(&[("shop", SHOP, 0o600)]);
    write(&folder.path().join("new"), BOOKS, 0o600);
    fs::rename(folder.path().join("new"), folder.path().join("shop")).unwrap();
    tokens.reread();
    assert_eq!((who(&tokens, SHOP), who(&tokens, BOOKS)), (None, Some("shop")));
    // Who still shows it is not taken for nobody: a repeat of a call would then go under another key.
    assert!(tokens.was_known(SHOP) && !tokens.was_known(BOOKS));
    assert!(!tokens.was_known(b"a-placeholder-of-a-client"));
    fs::remove_file(folder.path().join("shop")).unwrap();
    tokens.reread();
    assert_eq!(who(&tokens, BOOKS), None);
}

#[test]
fn a_token_in_the_environment_is_for_development() {
    let caller = || vec![(Arc::new(Caller::new("shop", b"s")), Source::Env("PATH".into()))];
    let fault = |tokens: &Tokens| tokens.faults().pop().map(|(_, fault)| fault);
    let refused = TokenFault::Source(Fault::NotForDevelopment("PATH".into()));
    assert_eq!(fault(&Tokens::open(caller(), false)), Some(refused));
    let path = std::env::var("PATH").unwrap();
    assert_eq!(who(&Tokens::open(caller(), true), path.as_bytes()), Some("shop"));
}
