//! Every method of every path, with what a contract can use of it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::reference::Document;
use super::{
    Form, Key, KeyPlace, Note, Operation, Unreadable, escape, kind, plain, security, servers,
};

/// The methods of a path, as descriptions write them, in the order in which they are drafted.
const METHODS: [&str; 9] =
    ["get", "head", "options", "post", "put", "patch", "delete", "trace", "query"];
/// Keys of a path that are no methods.
const BESIDE: [&str; 5] = ["$ref", "summary", "description", "servers", "parameters"];
/// Where providers say when an operation ends; under an operation.
const ENDS: [&str; 5] = [
    "/x-sunset",
    "/x-github/removalDate",
    "/x-github/deprecationDate",
    "/x-deprecated-at",
    "/x-deprecatedInVersion",
];

/// All operations, by path and method.
///
/// # Errors
///
/// There are no paths to read.
pub(super) fn all(
    document: Document<'_>,
    form: Form,
    notes: &mut Vec<Note>,
) -> Result<Vec<Operation>, Unreadable> {
    let paths = document.root.get("paths").ok_or(Unreadable::new("it has no `paths`"))?;
    let paths = paths
        .as_object()
        .ok_or_else(|| Unreadable::new(format!("`paths` is {} instead of a map", kind(paths))))?;
    let mut keys: Vec<&String> = paths.keys().collect();
    keys.sort();
    let mut operations = Vec::new();
    for path in keys {
        let at = format!("/paths/{}", escape(path));
        if path.starts_with("x-") {
            continue;
        }
        let Some(item) = paths.get(path).and_then(|item| document.map(item, &at, notes)) else {
            continue;
        };
        let before = operations.len();
        for method in METHODS {
            if let Some(value) = item.get(method) {
                let at = format!("{at}/{method}");
                operations.push(one(document, form, (path, method, &at), (item, value), notes));
            }
        }
        beside(item, &at, notes);
        if operations.len() == before {
            notes.push(Note { at, what: "this path has no operation".to_owned() });
        }
    }
    if operations.is_empty() {
        return Err(Unreadable::new("its `paths` name no operation"));
    }
    Ok(operations)
}

/// Keys of a path that nobody reads.
fn beside(item: &Map<String, Value>, at: &str, notes: &mut Vec<Note>) {
    for key in item.keys() {
        let known = METHODS.contains(&key.as_str()) || BESIDE.contains(&key.as_str());
        if !known && !key.starts_with("x-") {
            let at = format!("{at}/{}", escape(key));
            notes.push(Note { at, what: "this key of a path is not known".to_owned() });
        }
    }
}

fn one(
    document: Document<'_>,
    form: Form,
    (path, method, at): (&str, &str, &str),
    (item, value): (&Map<String, Value>, &Value),
    notes: &mut Vec<Note>,
) -> Operation {
    let mut operation = Operation {
        at: at.to_owned(),
        path: path.to_owned(),
        method: method.to_ascii_uppercase(),
        ..Operation::default()
    };
    let owner = match document.resolve(value) {
        Ok(owner) if owner.is_object() => owner,
        Ok(other) => {
            operation.unreadable = Some(format!("it is {} instead of a map", kind(other)));
            return operation;
        }
        Err(what) => {
            operation.unreadable = Some(what);
            return operation;
        }
    };
    operation.id = owner.get("operationId").map(plain).filter(|id| !id.is_empty());
    let tags = owner.get("tags").and_then(Value::as_array).into_iter().flatten();
    operation.tags = tags.map(plain).filter(|tag| !tag.is_empty()).collect();
    operation.deprecated = deprecated(owner);
    operation.security = security::requirements(owner, &format!("{at}/security"), notes);
    operation.servers = servers::listed(owner.get("servers"), at, notes).or_else(|| {
        let path = at.rsplit_once('/').map_or(at, |(path, _)| path);
        servers::listed(item.get("servers"), path, notes)
    });
    parameters(document, (item, owner), &mut operation, notes);
    body(document, owner, &mut operation);
    responses(document, (form, owner), &mut operation, notes);
    operation
}

fn deprecated(owner: &Value) -> Option<String> {
    let ends = ENDS.iter().find_map(|at| {
        let text = owner.pointer(at).map(plain).filter(|text| !text.is_empty())?;
        Some(format!("{} {text}", at.rsplit('/').next().unwrap_or_default()))
    });
    let flagged = owner.get("deprecated") == Some(&Value::Bool(true));
    match (flagged, ends) {
        (_, Some(ends)) => Some(ends),
        (true, None) => Some("no date".to_owned()),
        (false, None) => None,
    }
}

fn parameters(
    document: Document<'_>,
    (item, owner): (&Map<String, Value>, &Value),
    operation: &mut Operation,
    notes: &mut Vec<Note>,
) {
    let path = operation.at.rsplit_once('/').map_or("", |(path, _)| path).to_owned();
    let lists = [(owner.get("parameters"), operation.at.clone()), (item.get("parameters"), path)];
    for (list, at) in lists {
        let Some(list) = list.filter(|list| !list.is_null()) else { continue };
        let at = format!("{at}/parameters");
        let Some(list) = list.as_array() else {
            notes.push(Note { at, what: format!("{} stands here instead of a list", kind(list)) });
            continue;
        };
        for (index, parameter) in list.iter().enumerate() {
            let at = format!("{at}/{index}");
            let Some(found) = document.follow(parameter, &at, notes) else { continue };
            let word = |key: &str| found.get(key).map(plain).unwrap_or_default();
            let name = word("name");
            match word("in").as_str() {
                "header" if is_key(&name) && operation.key.is_none() => {
                    operation.key = Some(Key { at, place: KeyPlace::Header(name) });
                }
                "path" if found.get("x-multi-segment") == Some(&Value::Bool(true)) => {
                    operation.greedy.push(name);
                }
                "body" => {
                    let schema = found.get("schema");
                    field(document, schema, &format!("{at}/schema"), operation);
                }
                _ => {}
            }
        }
    }
}

/// Whether a name says that it is an idempotency key.
fn is_key(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    plain.to_ascii_lowercase().contains("idempotencykey")
}

fn body(document: Document<'_>, owner: &Value, operation: &mut Operation) {
    let Some(body) = owner.get("requestBody").and_then(|body| document.resolve(body).ok()) else {
        return;
    };
    let content = body.get("content").and_then(Value::as_object).into_iter().flatten();
    for (media, value) in content {
        if media.contains("json") {
            let at = format!("{}/requestBody/content/{}/schema", operation.at, escape(media));
            field(document, value.get("schema"), &at, operation);
        }
    }
}

/// Looks for an idempotency key among the properties of a body.
fn field(document: Document<'_>, schema: Option<&Value>, at: &str, operation: &mut Operation) {
    let Some(schema) = schema.and_then(|schema| document.resolve(schema).ok()) else { return };
    let parts = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
    let parts = parts.filter_map(|part| document.resolve(part).ok());
    for part in std::iter::once(schema).chain(parts) {
        let properties = part.get("properties").and_then(Value::as_object);
        let found = properties.into_iter().flatten().find(|(name, _)| is_key(name));
        if let (Some((name, _)), None) = (found, &operation.key) {
            let place = KeyPlace::Field(format!("/{}", escape(name)));
            operation.key = Some(Key { at: format!("{at}/properties/{}", escape(name)), place });
        }
    }
}

fn responses(
    document: Document<'_>,
    (form, owner): (Form, &Value),
    operation: &mut Operation,
    notes: &mut Vec<Note>,
) {
    let mut fields = BTreeSet::new();
    let responses = owner.get("responses").and_then(Value::as_object).into_iter().flatten();
    for (status, response) in responses {
        if status.starts_with("x-") {
            continue;
        }
        let at = format!("{}/responses/{}", operation.at, escape(status));
        operation.throttles |= status == "429";
        let Some(response) = document.follow(response, &at, notes) else { continue };
        let named = response.get("headers").and_then(Value::as_object).into_iter().flatten();
        fields.extend(named.map(|(name, _)| name.to_ascii_lowercase()).filter(|n| limits(n)));
        let mut media = response.get("content").and_then(Value::as_object).into_iter().flatten();
        if media.any(|(media, _)| is_stream(media)) && operation.stream.is_none() {
            operation.stream = Some(format!("{at}/content"));
        }
    }
    let produced = owner.get("produces").and_then(Value::as_array).into_iter().flatten();
    if form == Form::Swagger2 && produced.filter_map(Value::as_str).any(is_stream) {
        operation.stream = Some(format!("{}/produces", operation.at));
    }
    operation.limit_fields = fields.into_iter().collect();
}

fn is_stream(media: &str) -> bool {
    media.to_ascii_lowercase().starts_with("text/event-stream")
}

/// Whether a response field speaks of limits.
fn limits(name: &str) -> bool {
    name == "retry-after"
        || ["ratelimit", "rate-limit", "call-limit"].iter().any(|part| name.contains(part))
}
