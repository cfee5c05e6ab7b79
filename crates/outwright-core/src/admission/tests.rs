//! Which path is which operation, and which is none.

use proptest::prelude::*;

use super::*;

fn routes(templates: &[(&str, &str)]) -> Result<Routes, RouteError> {
    let operations: Vec<(Method, &str, OpIndex)> = templates
        .iter()
        .zip(0..)
        .map(|((method, template), index)| {
            (Method::from_bytes(method.as_bytes()).expect("a method"), *template, OpIndex(index))
        })
        .collect();
    Routes::build(&operations)
}

const OPERATIONS: &[(&str, &str)] = &[
    ("GET", "/v1/charges"),
    ("GET", "/v1/charges/{charge}"),
    ("GET", "/v1/charges/search"),
    ("POST", "/v1/charges/{charge}/capture"),
    ("GET", "/v1/**"),
    ("GET", "/v1/charges/{charge}.json"),
    ("POST", "/v1/models/{model}:run"),
    ("GET", "/"),
    ("GET", "/v1/a/{x}/deep/er"),
    ("GET", "/v1/a/b/{y}"),
    ("GET", "/trailing/"),
    ("GET", "/v2/a%20b"),
];

fn check(method: &str, path: &str, expected: Result<u16, Unmatched>) {
    let routes = routes(OPERATIONS).expect("routes");
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    assert_eq!(routes.find(&method, path), expected.map(OpIndex), "{method} {path}");
}

#[test]
fn literal_beats_parameter_beats_everything() {
    check("GET", "/v1/charges", Ok(0));
    check("GET", "/v1/charges/ch_1", Ok(1));
    check("GET", "/v1/charges/search", Ok(2));
    check("POST", "/v1/charges/ch_1/capture", Ok(3));
    check("GET", "/v1/other/thing", Ok(4));
    check("GET", "/v1/charges/ch_1/refunds", Ok(4));
    check("GET", "/v1/charges/ch_1.json", Ok(5));
    check("POST", "/v1/models/m-1:run", Ok(6));
    check("GET", "/", Ok(7));
    check("GET", "/v1/charges/", Ok(4));
    check("GET", "/v2/a%20b", Ok(11));
}

#[test]
fn a_dead_end_behind_a_literal_goes_back_to_the_parameter() {
    check("GET", "/v1/a/b/deep/er", Ok(8));
    check("GET", "/v1/a/b/deep", Ok(9));
    check("GET", "/v1/a/b/deep/er/still", Ok(4));
}

#[test]
fn what_nobody_named_is_unknown() {
    let unknown = Err(Unmatched::Unknown);
    check("HEAD", "/v1/charges", unknown);
    check("DELETE", "/v1/charges/ch_1", unknown);
    check("POST", "/v1/models/:run", unknown);
    check("POST", "/v1/models/m-1:stop", unknown);
    check("GET", "/v1", unknown);
    check("GET", "/v3/charges", unknown);
    check("GET", "/trailing", unknown);
    check("GET", "/trailing/", Ok(10));
    check("GET", "", unknown);
    check("GET", "v1/charges", unknown);
}

#[test]
fn a_needless_encoding_is_the_same_operation() {
    check("GET", "/v1/ch%61rges", Ok(0));
    check("GET", "/v1/charges/se%61rch", Ok(2));
    check("GET", "/%761/charges", Ok(0));
}

/// Bad input of issue 2: an ambiguous path is never sent.
#[test]
fn a_path_with_two_readings_is_nobodys() {
    use Ambiguity as A;
    for (path, expected) in [
        ("/v1/../admin", A::DotSegment),
        ("/v1/./charges", A::DotSegment),
        ("/v1/..", A::DotSegment),
        ("/v1/.", A::DotSegment),
        ("/v1/%2e%2e/admin", A::DotSegment),
        ("/v1/.%2E/admin", A::DotSegment),
        ("/v1/%2e", A::DotSegment),
        ("/v1/..;x=1/admin", A::DotSegment),
        ("/v1/..%3bx/admin", A::DotSegment),
        ("//v1/charges", A::EmptySegment),
        ("/v1//charges", A::EmptySegment),
        ("/v1/charges//", A::EmptySegment),
        ("/v1/charges%2fsearch", A::Slash),
        ("/v1/charges%2Fsearch", A::Slash),
        ("/v1/charges\\search", A::Slash),
        ("/v1/charges%5csearch", A::Slash),
        ("/v1/charges%00", A::Byte),
        ("/v1/charges%0d%0aX: y", A::Byte),
        ("/v1/charges\u{7f}", A::Byte),
        ("/v1/charges\t", A::Byte),
        ("/v1/chärges", A::Byte),
        ("/v1/charges%", A::Percent),
        ("/v1/charges%2", A::Percent),
        ("/v1/charges%zz", A::Percent),
    ] {
        check("GET", path, Err(Unmatched::Ambiguous(expected)));
    }
}

#[test]
fn dots_inside_a_segment_are_only_dots() {
    for path in ["/v1/...", "/v1/a..b", "/v1/.well-known", "/v1/..a", "/v1/a..;b"] {
        check("GET", path, Ok(4));
    }
}

#[test]
fn templates_that_are_no_routes_are_named() {
    let fault = |template, expected| {
        let error = routes(&[("GET", "/fine"), ("GET", template)]).expect_err(template);
        assert_eq!(error, RouteError::Template { operation: OpIndex(1), fault: expected });
    };
    fault("v1", TemplateFault::NoSlash);
    fault("/v1/{a", TemplateFault::Brace);
    fault("/v1/a}", TemplateFault::Brace);
    fault("/v1/{}", TemplateFault::Brace);
    fault("/v1/{a}{b}", TemplateFault::TwoParameters);
    fault("/v1/**/a", TemplateFault::Star);
    fault("/v1/*", TemplateFault::Star);
    fault("/v1/../a", TemplateFault::Ambiguous(Ambiguity::DotSegment));
    fault("/v1//a", TemplateFault::Ambiguous(Ambiguity::EmptySegment));
    let twice = routes(&[("GET", "/a/{x}"), ("POST", "/a/{x}"), ("GET", "/a/{y}")]);
    let expected = RouteError::Duplicate { first: OpIndex(0), second: OpIndex(2) };
    assert_eq!(twice.expect_err("a duplicate"), expected);
    let wide = routes(&[("GET", "/a/**"), ("GET", "/a/**")]);
    let expected = RouteError::Duplicate { first: OpIndex(0), second: OpIndex(1) };
    assert_eq!(wide.expect_err("a duplicate"), expected);
}

proptest! {
    /// Whatever the bytes: no panic, and what is found has no dot segment in any decoding.
    #[test]
    fn a_found_path_never_climbs(path in "(/[a%2eE./;\\\\]{0,6}){0,5}") {
        let routes = routes(&[("GET", "/**")]).expect("routes");
        if routes.find(&Method::GET, &path).is_ok() {
            let plain = path.replace("%2e", ".").replace("%2E", ".");
            prop_assert!(plain.split('/').all(|segment| segment != "." && segment != ".."), "{path}");
            prop_assert!(!plain.contains("//") && !plain.contains('\\'));
        }
    }

    /// Every template finds itself when its parameters are filled in.
    #[test]
    fn a_template_finds_itself(words in prop::collection::vec("[a-z]{1,4}", 1..5), hole in 0_usize..5) {
        let template: String = words.iter().enumerate()
            .map(|(place, word)| if place == hole { format!("/{{{word}}}") } else { format!("/{word}") })
            .collect();
        let path: String = words.iter().map(|word| format!("/{word}")).collect();
        let routes = routes(&[("PUT", &template)]).expect("routes");
        prop_assert_eq!(routes.find(&Method::PUT, &path), Ok(OpIndex(0)));
    }
}
