//! The examples run: each is a test.

#[path = "../../examples/call.rs"]
mod call;
#[path = "../../examples/layer.rs"]
mod layer;
#[cfg(feature = "reqwest")]
#[path = "../../examples/reqwest.rs"]
mod reqwest;
#[path = "../../examples/unknown.rs"]
mod unknown;

#[test]
fn one_call_goes_well() {
    call::main().unwrap();
}

#[test]
fn a_client_behind_the_layer_reaches_its_provider() {
    layer::main().unwrap();
}

#[cfg(feature = "reqwest")]
#[test]
fn code_that_speaks_reqwest_reaches_its_provider() {
    reqwest::main().unwrap();
}

#[test]
fn an_unknown_outcome_is_told_as_one() {
    unknown::main().unwrap();
}

/// They are read from the guide, so they stay as short as it says.
#[test]
fn an_example_is_short() {
    let main = |text: &str| text.lines().skip_while(|line| !line.starts_with("pub(crate)")).count();
    for text in [
        include_str!("../../examples/call.rs"),
        include_str!("../../examples/layer.rs"),
        include_str!("../../examples/reqwest.rs"),
        include_str!("../../examples/unknown.rs"),
    ] {
        assert!(main(text) <= 15, "{} lines", main(text));
    }
}
