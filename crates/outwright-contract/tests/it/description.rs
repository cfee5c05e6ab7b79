//! Descriptions of providers: what is read of them, what becomes of it, and what happens with hostile ones.

use outwright_contract::description::{BYTES_MAX, Description, Unreadable, read};
use outwright_contract::draft::{Decided, Draft, KeyKind, NoDraft, Wishes, draft};
use outwright_contract::{Colour, Options, Source, load};
use proptest::prelude::*;

use crate::sample::TODAY;

pub(crate) const ACME: &str = include_str!("descriptions/acme.yaml");

/// The start of a description, so that only its paths have to be said.
const TOP: &str =
    "openapi: 3.0.0\ninfo: { title: Acme }\nservers: [{ url: https://api.acme.example }]\n";

pub(crate) fn wishes() -> Wishes {
    Wishes { source: Some("specs/acme.yaml".to_owned()), ..Wishes::default() }
}

pub(crate) fn drafted(text: &str, wishes: &Wishes) -> Draft {
    let description = read(text.as_bytes()).expect("it is readable");
    draft(&description, wishes).expect("it has an operation")
}

/// Every operation is accounted for, and check refuses the draft for exactly what is undecided; how much that is.
#[track_caller]
fn exactly(description: &Description, draft: &Draft) -> usize {
    let survey = &draft.survey;
    assert_eq!(survey.total, description.operations.len());
    assert_eq!(survey.drafted.len() + survey.left.len(), survey.total);
    let sources: Vec<_> = draft
        .files()
        .into_iter()
        .map(|f| Source::new(format!("contracts/{}", f.name), f.text))
        .collect();
    let loaded = load(&sources, &Options::check(TODAY));
    let text = draft.text();
    let open = text
        .lines()
        .filter(|l| l.split('#').next().unwrap_or_default().trim_end().ends_with(": UNDECIDED"))
        .count();
    let found = loaded.report.findings.iter().filter(|f| f.rule.code == "OW113").count();
    let said = loaded.report.text(Colour::Off);
    assert_eq!((found, loaded.report.errors()), (open, open), "{text}\n{said}");
    assert!(loaded.providers.is_empty());
    found
}

#[test]
fn a_draft_says_where_each_line_comes_from_and_what_is_undecided() {
    let description = read(ACME.as_bytes()).unwrap();
    let draft = draft(&description, &wishes()).unwrap();
    exactly(&description, &draft);
    insta::assert_snapshot!("draft", draft.text());
    insta::assert_snapshot!("survey", draft.survey.text());
}

#[test]
fn the_same_description_gives_the_same_bytes_as_yaml_and_as_json() {
    let yaml = drafted(ACME, &wishes()).text();
    assert_eq!(yaml, drafted(ACME, &wishes()).text());
    let tree: serde_json::Value = serde_saphyr::from_str(ACME).unwrap();
    assert_eq!(yaml, drafted(&serde_json::to_string_pretty(&tree).unwrap(), &wishes()).text());
}

#[test]
fn what_is_decided_already_stands_in_the_draft() {
    let decided = Decided {
        base_url: Some("https://eu.acme.example".to_owned()),
        team: Some("shop".to_owned()),
        contact: Some("shop@example.com".to_owned()),
        tier: Some("important".to_owned()),
        key: Some(KeyKind::Header("Acme-Key".to_owned())),
        money: Some(false),
    };
    let description = read(ACME.as_bytes()).unwrap();
    let wishes = Wishes { decided, only: vec!["orders/*".to_owned()], ..wishes() };
    let draft = draft(&description, &wishes).unwrap();
    exactly(&description, &draft);
    let text = draft.text();
    for line in [
        "base_url: https://eu.acme.example ",
        "  team: shop ",
        "        name: Acme-Key",
        "      plan: once ",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!text.contains("refunds"), "{text}");
    assert!(draft.survey.left.iter().any(|left| left.unasked));
}

#[test]
fn older_and_newer_forms_are_read_too() {
    let swagger = "swagger: 2.0\ninfo: { title: Old, version: 1.10 }\nhost: api.old.example\nbasePath: /v1\nschemes: [http, https]\nsecurityDefinitions: { key: { type: apiKey, in: query, name: api_key } }\nsecurity: [{ key: [] }]\nproduces: [application/json]\npaths:\n  /pay:\n    post:\n      parameters:\n        - { in: body, name: body, schema: { properties: { IdempotencyKey: { type: string } } } }\n";
    let newer = r##"{"openapi":"3.1.0","info":{"title":"New"},"servers":[{"url":"https://{region}.new.example","variables":{"region":{"default":"eu"}}}],"components":{"securitySchemes":{"cert":{"type":"mutualTLS"},"pin":{"type":"apiKey","in":"header","name":"New-Version"}}},"security":[{"cert":[],"pin":[]}],"webhooks":{"paid":{}},"paths":{"/x":{"get":{}}}}"##;
    for (text, lines) in [
        (
            swagger,
            [
                "base_url: https://api.old.example/v1",
                "      plan: body_field",
                "        unavoidable: UNDECIDED",
                "provider: old",
            ],
        ),
        (newer, ["base_url: UNDECIDED", "      mtls: {}", "  value: UNDECIDED", "provider: new"]),
    ] {
        let description = read(text.as_bytes()).unwrap();
        let draft = draft(&description, &wishes()).unwrap();
        exactly(&description, &draft);
        for line in lines {
            assert!(draft.text().contains(line), "{line}\n{}", draft.text());
        }
    }
}

#[test]
fn an_operation_is_never_lost_without_a_reason() {
    let description = read(ACME.as_bytes()).unwrap();
    let draft = draft(&description, &wishes()).unwrap();
    let why = |at: &str| draft.survey.left.iter().find(|l| l.at == at).map(|l| l.why.as_str());
    assert!(why("/paths/~1uploads/post").is_some_and(|why| why.contains("uploads.acme.example")));
    assert!(why("/paths/~1files~1{path}/trace").is_some_and(|why| why.contains("TRACE")));
    assert!(
        why("/paths/~1orders~1{order-id}/get")
            .or(why("/paths/~1orders~1{id}/get"))
            .is_some_and(|why| why.contains("same requests"))
    );
    let notes: Vec<String> =
        description.notes.iter().map(|n| format!("{}: {}", n.at, n.what)).collect();
    for part in
        ["another file", "leads back to itself", "/paths/~1nothing: this path has no operation"]
    {
        assert!(notes.iter().any(|note| note.contains(part)), "{part} in {notes:?}");
    }
}

#[test]
fn more_operations_than_a_provider_can_have_are_left_out_with_a_word() {
    let paths: String = (0..1100).map(|n| format!("  /p{n}: {{ get: {{}} }}\n")).collect();
    let text = format!("{TOP}paths:\n{paths}");
    let description = read(text.as_bytes()).unwrap();
    let draft = draft(&description, &wishes()).unwrap();
    assert_eq!((draft.survey.drafted.len(), draft.survey.left.len()), (1024, 76));
    assert!(draft.survey.left.iter().all(|left| left.why.contains("--only")));
    exactly(&description, &draft);
}

#[track_caller]
fn refused(text: impl Into<Vec<u8>>, part: &str) -> Unreadable {
    let error = read(&text.into()).expect_err(part);
    assert!(error.what.contains(part) && !error.what.contains('\n'), "{part} in {error:?}");
    error
}

/// Bad input gets a line with its place.
#[test]
fn what_is_no_description_is_refused_in_one_line() {
    refused("", "empty");
    refused(" \n\t ", "empty");
    refused("<!DOCTYPE html><html>", "HTML");
    refused(vec![0x1f, 0x8b, 8, 0], "UTF-8");
    refused(b"openapi: 3.0.0\n\x00".to_vec(), "control character");
    assert_eq!(
        refused([b"openapi: 3\na: ".as_slice(), &[0xc3, 0x28]].concat(), "UTF-8").spot,
        Some((2, 4))
    );
    refused(vec![b' '; BYTES_MAX + 1], "bytes");
    refused("hello", "no map");
    refused("- a\n", "no map");
    refused("[1]", "no map");
    refused("{\"openapi\": \"3.0.0\", ", "no JSON");
    refused("openapi: \"3.0.0\npaths: {}", "no YAML");
    refused("openapi: 3.0.0\n\tpaths: {}\n", "no YAML");
    refused("a: 1\n", "neither");
    refused("openapi: 4.0.0\npaths: {}\n", "OpenAPI 4.0.0");
    refused("swagger: '1.2'\npaths: {}\n", "Swagger 1.2");
    refused("openapi: 3.0.0\n", "no `paths`");
    refused("openapi: 3.0.0\npaths: null\n", "nothing");
    refused("openapi: 3.0.0\npaths:\n", "nothing");
    refused("openapi: 3.0.0\npaths: []\n", "a list");
    refused("openapi: 3.0.0\npaths: {}\n", "no operation");
    refused("openapi: 3.0.0\npaths: {}\n---\nopenapi: 3.0.0\n", "no YAML");
    refused("[".repeat(100_000), "no YAML");
    refused(format!("{{\"openapi\":{}", "[".repeat(100_000)), "no JSON");
    let mut bomb = "openapi: 3.0.0\na: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (from, to) in
        ["a", "b", "c", "d", "e", "f", "g"].into_iter().zip(["b", "c", "d", "e", "f", "g", "h"])
    {
        bomb.push_str(&format!("{to}: &{to} [{}]\n", vec![format!("*{from}"); 9].join(", ")));
    }
    refused(bomb, "no YAML");
}

#[test]
fn odd_descriptions_are_read_as_far_as_they_go() {
    let odd = "paths:\n  /a:\n    get: null\n    post: { $ref: '#/paths/~1a/post' }\n    put: { parameters: 7, responses: [], security: no, tags: [1, {}], operationId: '///' }\n    unknown: {}\n  /b: { $ref: 'b.yaml' }\n  /c: 7\n  x-more: {}\n  c: { get: {} }\n";
    let text = format!("{TOP}{odd}");
    let description = read(text.as_bytes()).unwrap();
    assert_eq!(description.operations.len(), 4);
    let draft = draft(&description, &wishes()).unwrap();
    exactly(&description, &draft);
    assert_eq!(draft.survey.drafted.len(), 1, "{:?}", draft.survey);
    let names: Vec<_> = draft.survey.drafted.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["put_a"]);
    let twice = r#"{"openapi":"3.0.0","paths":{"/a":{"get":{}},"/a":{"post":{}}}}"#;
    let notes = read(twice.as_bytes()).unwrap().notes;
    assert!(notes.iter().any(|n| n.at == "/paths/~1a" && n.what.contains("twice")), "{notes:?}");
    let nothing = read(format!("{TOP}paths: {{ /a b: {{ get: {{}} }} }}").as_bytes()).unwrap();
    let (why, survey) = draft_of(&nothing).expect_err("a space is no path");
    assert_eq!((why, survey), (NoDraft::Nothing(1), 1));
}

fn draft_of(description: &Description) -> Result<(), (NoDraft, usize)> {
    draft(description, &wishes()).map(drop).map_err(|(why, survey)| (why, survey.left.len()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Never a panic, and never a draft that check refuses for anything but what is undecided.
    #[test]
    fn no_cut_or_paste_makes_it_panic(at in 0..ACME.len(), length in 0_usize..60, put in "[{}\\[\\]:,&*!#\"'|>%@` \n\t0-9a-z/$é]{0,8}") {
        let end = (at + length).min(ACME.len());
        let text = format!("{}{put}{}", &ACME[..at], &ACME[end..]);
        if let Ok(description) = read(text.as_bytes())
            && let Ok(draft) = draft(&description, &wishes())
        {
            exactly(&description, &draft);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes);
    }
}
