//! Paths of a description as paths of a contract, which knows one parameter per segment and `**` at the end.

use std::collections::BTreeMap;

use http::Method;
use outwright_core::admission::{RouteError, Routes};
use outwright_core::provider::OpIndex;

use crate::description::{Operation, Server};
use crate::effective::same_requests;

/// A path of a contract, and what was lost on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) method: String,
    pub(super) template: String,
    /// What the contract says otherwise than the description.
    pub(super) bent: Option<String>,
}

/// The route of an operation below a base path, or why it has none.
pub(super) fn route(operation: &Operation, prefix: &str) -> Result<Route, String> {
    let method = operation.method.as_str();
    if !crate::effective::METHODS.contains(&method) {
        return Err(format!("no contract names the method {method}"));
    }
    let mut bent = None;
    let mut path = operation.path.as_str();
    if let Some((before, after)) = path.split_once(['?', '#']) {
        bent = Some(format!(
            "the path ends in `{}`, which does not tell operations apart",
            crate::shape::short(after)
        ));
        path = before;
    }
    let Some(path) = path.strip_prefix('/') else {
        return Err("its path does not start with `/`".to_owned());
    };
    let mut template = prefix.trim_end_matches('/').to_owned();
    let segments: Vec<&str> = path.split('/').collect();
    for (index, segment) in segments.iter().enumerate() {
        template.push('/');
        let last = index + 1 == segments.len();
        let greedy = operation.greedy.iter().any(|name| *segment == format!("{{{name}}}"));
        if greedy && last {
            template.push_str("**");
            continue;
        }
        if greedy {
            bent = Some(format!("`{segment}` stands for one segment here, not for several"));
        }
        template.push_str(&part(segment, &mut bent)?);
    }
    crate::effective::request(&format!("{method} {template}"))?;
    read(method, &template)?;
    Ok(Route { method: method.to_owned(), template, bent })
}

/// One segment with names that a contract can read.
fn part(segment: &str, bent: &mut Option<String>) -> Result<String, String> {
    if segment.matches('{').count() > 1 {
        *bent = Some(format!("`{}` is one parameter here", crate::shape::short(segment)));
        return Ok(format!("{{{}}}", word(segment)));
    }
    let Some((before, rest)) = segment.split_once('{') else { return Ok(segment.to_owned()) };
    let Some((name, after)) = rest.split_once('}') else {
        return Err(format!("`{}` has a brace without its partner", crate::shape::short(segment)));
    };
    Ok(format!("{before}{{{}}}{after}", word(name)))
}

fn word(name: &str) -> String {
    let fine = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let word: String = name.chars().map(fine).collect();
    let word = word.trim_matches('_').to_owned();
    if word.is_empty() { "value".to_owned() } else { word }
}

/// What the engine's own reader says.
fn read(method: &str, template: &str) -> Result<(), String> {
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| "its method is no method")?;
    match Routes::build(&[(method, template, OpIndex(0))]) {
        Ok(_) => Ok(()),
        Err(RouteError::Template { fault, .. }) => {
            Err(format!("its path cannot be matched: {fault:?}"))
        }
        Err(RouteError::Duplicate { .. }) => Err("its path is there twice".to_owned()),
    }
}

/// Routes that are taken, by what requests they mean.
#[derive(Debug, Default)]
pub(super) struct Taken {
    by_shape: BTreeMap<String, String>,
}

impl Taken {
    /// Whether nobody has a route yet.
    pub(super) fn free(&self, route: &Route) -> Result<(), String> {
        match self.by_shape.get(&same_requests(&route.method, &route.template)) {
            Some(other) => Err(format!("`{other}` means the same requests")),
            None => Ok(()),
        }
    }

    /// Gives a route to an operation.
    pub(super) fn take(&mut self, route: &Route, name: &str) {
        self.by_shape.insert(same_requests(&route.method, &route.template), name.to_owned());
    }
}

/// What has to stand before the path of an operation that has a server of its own, or why it cannot be drafted.
pub(super) fn prefix(base: Option<&str>, own: Option<&[Server]>) -> Result<String, String> {
    let Some(own) = own else { return Ok(String::new()) };
    let Some(base) = base else {
        let first = own.first().map(|server| server.url.as_str()).unwrap_or_default();
        return Err(format!("it has a server of its own, {}", crate::shape::short(first)));
    };
    let base = base.trim_end_matches('/');
    for server in own {
        let url = server.url.trim_end_matches('/');
        if let Some(rest) = url.strip_prefix(base)
            && (rest.is_empty() || rest.starts_with('/'))
        {
            return Ok(rest.to_owned());
        }
    }
    let first = own.first().map(|server| server.url.as_str()).unwrap_or_default();
    Err(format!(
        "its server is {}, not the one of this contract: draft a provider of its own for it",
        crate::shape::short(first)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, greedy: &[&str]) -> Result<(String, bool), String> {
        let operation = Operation {
            path: path.to_owned(),
            method: "GET".to_owned(),
            greedy: greedy.iter().map(|name| (*name).to_owned()).collect(),
            ..Operation::default()
        };
        route(&operation, "").map(|route| (route.template, route.bent.is_some()))
    }

    #[test]
    fn paths_become_paths_of_a_contract() {
        for (path, template, bent) in [
            ("/v1/charges/{charge}", "/v1/charges/{charge}", false),
            ("/Accounts/{Sid}.json", "/Accounts/{Sid}.json", false),
            ("/a/{x-id}", "/a/{x_id}", false),
            ("/repos/{owner}/contents/{path}", "/repos/{owner}/contents/**", false),
            ("/a/{path}/b", "/a/{path}/b", true),
            ("/compare/{a}...{b}", "/compare/{a_____b}", true),
            ("/models?beta=true", "/models", true),
        ] {
            assert_eq!(of(path, &["path"]), Ok((template.to_owned(), bent)), "{path}");
        }
        for bad in ["v1", "/a b", "/a/../b", "/{a", "/a//b", "/é"] {
            assert!(of(bad, &[]).is_err(), "{bad}");
        }
    }
}
