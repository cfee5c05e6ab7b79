//! The JSON Schemas of our files, held against fixtures by a validator that we did not write.

use outwright_contract::schema::{File, schema};
use outwright_contract::{Options, load, rules};
use serde_json::Value;

use crate::rules::sources as fixture;
use crate::sample::{TODAY, sources};

fn validator(file: File) -> jsonschema::Validator {
    jsonschema::draft202012::options().build(&schema(file)).expect("it is a schema")
}

/// Which file a source is; none: it is no readable YAML.
fn value(source: &outwright_contract::Source) -> Option<(File, Value)> {
    let text = std::str::from_utf8(&source.bytes).ok()?;
    let value: Value = serde_saphyr::from_str(text).ok()?;
    let file = if value.get("provider").is_some() {
        File::Contract
    } else if source.path.ends_with("outwright.yaml") {
        File::Config
    } else if value.get("facts").is_some() && value.get("outwright").is_none() {
        File::Facts
    } else {
        File::Contract
    };
    Some((file, value))
}

/// Each schema is one by the rules of JSON Schema 2020-12 itself.
#[test]
fn the_schemas_are_schemas() {
    for file in [File::Contract, File::Facts, File::Config] {
        let schema = schema(file);
        assert!(jsonschema::meta::is_valid(&schema), "{file:?}");
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        let about = &schema["properties"]["limits"]["description"];
        assert!(file == File::Config || about.as_str().is_some_and(|text| !text.is_empty()));
    }
}

#[test]
fn what_the_checker_takes_the_schema_takes() {
    let of_rules = rules::ALL.iter().flat_map(|rule| fixture(rule.code, "good.yaml"));
    let mut checked = 0;
    for source in of_rules.chain(sources()) {
        if source.bytes.is_empty() {
            continue;
        }
        let (file, value) = value(&source).expect("a good fixture can be read");
        let wrong: Vec<String> = validator(file)
            .iter_errors(&value)
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{}: {wrong:#?}", source.path);
        checked += 1;
    }
    assert!(checked > 60, "{checked}");
}

/// A misspelt key, a value of another form and a missing key are found by the schema too.
#[test]
fn what_has_a_bad_form_the_schema_refuses() {
    for code in ["OW102", "OW107", "OW108"] {
        let sources = fixture(code, "bad.yaml");
        let report = load(&sources, &Options::check(TODAY)).report;
        let found = report.findings.iter().filter(|f| f.rule.code == code).count();
        let mut refused = 0;
        for source in &sources {
            let Some((file, value)) = value(source) else { continue };
            refused += usize::from(!validator(file).is_valid(&value));
        }
        assert!(found > 0 && refused > 0, "{code}: {found} found, {refused} refused");
    }
}

#[test]
fn forms_that_the_checker_refuses_the_schema_refuses() {
    let good = crate::hostile::GOOD;
    for (from, to) in [
        ("connect: 1s", "connect: 1"),
        ("connect: 1s", "connect: 1 s"),
        ("ratio: 20%", "ratio: 20"),
        ("attempts: 3", "attempts: \"3\""),
        ("tier: important", "tier: huge"),
        ("reviewed: 2026-11-01", "reviewed: yesterday"),
        ("bearer: {}", "bearer: {}, basic: {}"),
        ("fallback: none", "fallback: nothing"),
        ("key: required", "key: { derive: /order }"),
        ("outwright: 1", "outwright: 2"),
        ("per: 1s", "pre: 1s"),
        ("strategy: dual, ", ""),
    ] {
        assert!(good.contains(from), "{from}");
        let text = good.replacen(from, to, 1);
        let value: Value = serde_saphyr::from_str(&text).expect("it is YAML");
        assert!(!validator(File::Contract).is_valid(&value), "{to}");
    }
}
