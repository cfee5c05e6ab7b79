//! JSON Schemas (2020-12) of the files, made from the shapes that the checker holds them against.
//!
//! An editor completes keys and flags forms with them; what only a merged contract shows is the checker's alone.

use serde_json::{Map, Value, json};

use crate::document::{CONTRACT, DEPLOYMENT, FACTS};
use crate::shape::{Field, Need, Shape, free_names};

/// A file that has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    /// `contracts/<provider>.yaml`.
    Contract,
    /// `facts/<provider>.yaml`.
    Facts,
    /// `outwright.yaml`.
    Config,
}

/// What a name looks like; see `name` in the checker.
const NAME: &str = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$";

/// The schema of a file.
#[must_use]
pub fn schema(file: File) -> Value {
    let (word, about, shape) = match file {
        File::Contract => ("contract", "What we decide about one provider.", &CONTRACT),
        File::Facts => ("facts", "What a provider says of itself.", &FACTS),
        File::Config => ("config", "The deployment: listeners, TLS, store, callers.", &DEPLOYMENT),
    };
    let mut schema = of(shape, "");
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("urn:outwright:schema:{word}"),
        "title": format!("outwright {word}"),
        "description": about,
    });
    merge(&mut schema, head);
    schema
}

fn of(shape: &Shape, path: &str) -> Value {
    match shape {
        Shape::Map(fields) => map(fields, path),
        Shape::OneOf(fields) => {
            let mut schema = map(fields, path);
            let forms: Vec<Value> = fields
                .iter()
                .filter(|field| field.need != Need::Also)
                .map(|field| json!({ "required": [field.key] }))
                .collect();
            merge(&mut schema, json!({ "oneOf": forms }));
            schema
        }
        Shape::Named(inner) => {
            let mut schema = json!({ "type": "object", "additionalProperties": of(inner, path) });
            if !free_names(path) {
                merge(&mut schema, json!({ "propertyNames": { "pattern": NAME } }));
            }
            schema
        }
        Shape::List(inner) => json!({ "type": "array", "items": of(inner, path) }),
        Shape::MapOr(a, b) | Shape::ListOr(a, b) => {
            json!({ "anyOf": [of(a, path), of(b, path)] })
        }
        Shape::WordOr(words, inner) => json!({ "anyOf": [{ "enum": words }, of(inner, path)] }),
        Shape::Duration => json!({ "type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$" }),
        Shape::Ratio => {
            json!({ "type": "string", "pattern": "^[0-9]+(\\.[0-9]*)?%$|^\\.[0-9]+%$" })
        }
        Shape::Bytes => json!({ "type": "string", "pattern": "^[0-9]+(B|KiB|MiB|GiB)$" }),
        Shape::Count(low, high) => json!({ "type": "integer", "minimum": low, "maximum": high }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Date => {
            json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" })
        }
        Shape::Network => json!({ "type": "string", "pattern": "^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$" }),
        Shape::Word(words) => json!({ "enum": words }),
        // What stands without quotes is a number or a flag to other readers, and text to us.
        Shape::Text => json!({ "type": ["string", "number", "boolean"], "pattern": "\\S" }),
        Shape::Name => json!({ "type": ["string", "number", "boolean"], "pattern": NAME }),
        Shape::Any => json!({ "type": ["string", "number", "boolean"] }),
    }
}

fn map(fields: &[Field], path: &str) -> Value {
    let mut properties = Map::new();
    for field in fields {
        let mut property = of(&field.shape, &crate::shape::join(path, field.key));
        merge(&mut property, json!({ "description": field.about }));
        properties.insert(field.key.to_owned(), property);
    }
    let required: Vec<&str> =
        fields.iter().filter(|field| field.need == Need::Must).map(|field| field.key).collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        merge(&mut schema, json!({ "required": required }));
    }
    schema
}

fn merge(schema: &mut Value, more: Value) {
    if let (Value::Object(schema), Value::Object(more)) = (schema, more) {
        schema.extend(more);
    }
}
