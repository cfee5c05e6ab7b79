//! `outwright call`: one call through a running gateway, named by operation instead of by path.

use std::io::{Read as _, Write as _};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue, Request};
use http_body_util::Full;
use outwright_core::provider::{Operation, Provider};

use crate::args::CallArgs;
use crate::exit::Exit;
use crate::{gateway, load};

/// Makes the call: the reply's body goes to stdout, its head to stderr.
pub(crate) fn call(args: &CallArgs) -> Exit {
    let providers = match load::for_reading(&args.contracts, None) {
        Ok(providers) => providers,
        Err(exit) => return exit,
    };
    let request = match find(&providers, args)
        .and_then(|(provider, operation)| prepare(args, provider, operation))
    {
        Ok(request) => request,
        Err(cause) => {
            eprintln!("error: {cause}");
            return Exit::WrongUse;
        }
    };
    match gateway::send(args.gateway, &args.tls, request) {
        Ok(reply) => {
            eprintln!("{:?} {}", reply.version(), reply.status());
            for (name, value) in reply.headers() {
                eprintln!("{name}: {}", String::from_utf8_lossy(value.as_bytes()));
            }
            let fine = reply.status().is_success();
            if std::io::stdout().write_all(reply.body()).is_err() {
                return Exit::Environment;
            }
            if fine { Exit::Fine } else { Exit::NotFine }
        }
        Err(error) => {
            eprintln!("error: {error}");
            Exit::Environment
        }
    }
}

fn find<'a>(
    providers: &'a [Provider],
    args: &CallArgs,
) -> Result<(&'a Provider, &'a Operation), String> {
    let provider =
        providers.iter().find(|provider| *provider.name == *args.provider).ok_or_else(|| {
            let known: Vec<&str> = providers.iter().map(|provider| &*provider.name).collect();
            format!(
                "no contract names the provider `{}`; known: {}",
                args.provider,
                known.join(", ")
            )
        })?;
    let operation = provider
        .operations
        .iter()
        .find(|operation| *operation.name == *args.operation)
        .ok_or_else(|| {
            let known: Vec<&str> =
                provider.operations.iter().map(|operation| &*operation.name).collect();
            format!(
                "the contract of `{}` has no operation `{}`; known: {}",
                args.provider,
                args.operation,
                known.join(", ")
            )
        })?;
    Ok((provider, operation))
}

fn prepare(
    args: &CallArgs,
    provider: &Provider,
    operation: &Operation,
) -> Result<Request<Full<Bytes>>, String> {
    let mut path = fill(&operation.template, &args.params)?;
    for (index, pair) in args.query.iter().enumerate() {
        let (name, value) =
            pair.split_once('=').ok_or_else(|| format!("`--query {pair}` is not NAME=VALUE"))?;
        path.push(if index == 0 { '?' } else { '&' });
        path.push_str(&encode(name));
        path.push('=');
        path.push_str(&encode(value));
    }
    let body = body(args.data.as_deref())?;
    let mut request = Request::builder()
        .method(operation.method.clone())
        .uri(format!("/{}{path}", provider.name))
        .header(HOST, gateway::host(args.gateway, &args.tls));
    if body.first() == Some(&b'{') || body.first() == Some(&b'[') {
        request = request.header(CONTENT_TYPE, "application/json");
    } else if !body.is_empty() {
        request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    if let Some(key) = &args.key {
        request = request.header("idempotency-key", key);
    }
    let mut request = request
        .body(Full::new(body))
        .map_err(|error| format!("cannot make a request of this: {error}"))?;
    for line in &args.headers {
        let (name, value) =
            line.split_once(':').ok_or_else(|| format!("`--header {line}` is not NAME: VALUE"))?;
        let name = HeaderName::from_bytes(name.trim().as_bytes())
            .map_err(|_| format!("`{name}` is not a field name"))?;
        let value = HeaderValue::from_str(value.trim())
            .map_err(|_| format!("the value of `{name}` is not a field value"))?;
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}

/// The path of a template with its parameters filled in, each percent-encoded.
fn fill(template: &str, params: &[String]) -> Result<String, String> {
    let mut given = Vec::new();
    for pair in params {
        given.push(
            pair.split_once('=').ok_or_else(|| format!("`--param {pair}` is not NAME=VALUE"))?,
        );
    }
    let mut path = String::new();
    let mut used = Vec::new();
    for segment in template.split('/').skip(1) {
        path.push('/');
        let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        if let Some(name) = name {
            let (_, value) = given
                .iter()
                .find(|(given, _)| *given == name)
                .ok_or_else(|| format!("{template} needs `--param {name}=VALUE`"))?;
            used.push(name);
            path.push_str(&encode(value));
        } else if segment.contains('*') {
            return Err(format!("{template} is a wide operation: call it by path, not by name"));
        } else {
            path.push_str(segment);
        }
    }
    match given.iter().find(|(name, _)| !used.contains(name)) {
        Some((name, _)) => Err(format!("{template} has no parameter `{name}`")),
        None => Ok(path),
    }
}

/// Percent-encodes all but the unreserved characters of RFC 3986 section 2.3.
fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn body(data: Option<&str>) -> Result<Bytes, String> {
    match data {
        None => Ok(Bytes::new()),
        Some("@-") => {
            let mut bytes = Vec::new();
            std::io::stdin()
                .read_to_end(&mut bytes)
                .map_err(|error| format!("cannot read stdin: {error}"))?;
            Ok(bytes.into())
        }
        Some(data) => match data.strip_prefix('@') {
            Some(path) => std::fs::read(path)
                .map(Bytes::from)
                .map_err(|error| format!("cannot read {path}: {error}")),
            None => Ok(Bytes::copy_from_slice(data.as_bytes())),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_and_its_values_are_encoded() {
        let params = ["charge=ch 1/2".to_owned()];
        assert_eq!(fill("/v1/charges/{charge}", &params).unwrap(), "/v1/charges/ch%201%2F2");
    }

    #[test]
    fn a_parameter_too_many_or_too_few_is_named() {
        assert!(fill("/v1/charges/{charge}", &[]).unwrap_err().contains("--param charge"));
        assert!(fill("/v1/charges", &["a=b".to_owned()]).unwrap_err().contains("no parameter `a`"));
    }
}
