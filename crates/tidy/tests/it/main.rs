//! The checks on the repository that holds them.

use std::path::Path;

use tidy::{CHECKS, Tree, references};

fn repository() -> Tree {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Tree::read(&root).expect("the repository can be read")
}

/// Writes pages that are made from the repository, when asked to.
fn bless() {
    if std::env::var_os("OUTWRIGHT_BLESS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(references::PAGE);
        std::fs::write(path, references::page(&repository())).expect("the page can be written");
    }
}

#[test]
fn the_repository_is_tidy() {
    bless();
    let tree = repository();
    let mut found = String::new();
    for check in CHECKS {
        for complaint in (check.run)(&tree) {
            found.push_str(&format!("{complaint} ({})\n", check.name));
        }
    }
    assert!(found.is_empty(), "\n{found}");
}

#[test]
fn the_tree_that_is_judged_is_the_whole_one() {
    let tree = repository();
    let crates =
        tidy::imports::MAP.iter().filter(|(n, _)| tree.has(&format!("crates/{n}"))).count();
    assert!(crates >= 8, "{crates} crates found");
    assert!(tree.rust().count() > 30);
}
