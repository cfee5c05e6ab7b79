//! Where a provider is: `servers`, or `host`, `basePath` and `schemes` of Swagger 2.0.

use serde_json::Value;

use super::{Form, Note, plain};

/// An address that a description names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The JSON pointer of where it is named.
    pub at: String,
    /// As it is written, in one line.
    pub url: String,
    /// With every variable replaced by its default.
    pub example: String,
}

/// The servers of the whole description.
pub(super) fn of_document(root: &Value, form: Form, notes: &mut Vec<Note>) -> Vec<Server> {
    match form {
        Form::Swagger2 => of_swagger(root),
        Form::OpenApi30 | Form::OpenApi31 => {
            listed(root.get("servers"), "", notes).unwrap_or_default()
        }
    }
}

/// The servers that a path or an operation names for itself.
pub(super) fn listed(list: Option<&Value>, at: &str, notes: &mut Vec<Note>) -> Option<Vec<Server>> {
    let list = list?;
    let at = format!("{at}/servers");
    let Some(items) = list.as_array() else {
        notes.push(Note { at, what: "`servers` is no list".to_owned() });
        return None;
    };
    let mut servers = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let at = format!("{at}/{index}");
        match item.get("url").map(plain).filter(|url| !url.is_empty()) {
            Some(url) => {
                let example = filled(&url, item.get("variables"));
                servers.push(Server { at: format!("{at}/url"), url, example });
            }
            None => notes.push(Note { at, what: "this server has no `url`".to_owned() }),
        }
    }
    (!servers.is_empty()).then_some(servers)
}

fn filled(url: &str, variables: Option<&Value>) -> String {
    let mut out = url.to_owned();
    for (name, variable) in variables.and_then(Value::as_object).into_iter().flatten() {
        let default = variable.get("default").map(plain).unwrap_or_default();
        out = out.replace(&format!("{{{name}}}"), &default);
    }
    out
}

fn of_swagger(root: &Value) -> Vec<Server> {
    let host = root.get("host").map(plain).unwrap_or_default();
    let path = root.get("basePath").map(plain).unwrap_or_default();
    let schemes = root.get("schemes").and_then(Value::as_array);
    let schemes: Vec<String> = schemes.into_iter().flatten().map(plain).collect();
    let url = match (host.is_empty(), schemes.iter().any(|s| s == "https"), schemes.first()) {
        (true, _, _) => path,
        (false, true, _) | (false, false, None) => format!("https://{host}{path}"),
        (false, false, Some(scheme)) => format!("{scheme}://{host}{path}"),
    };
    if url.is_empty() {
        return Vec::new();
    }
    vec![Server { at: "/host".to_owned(), example: url.clone(), url }]
}
