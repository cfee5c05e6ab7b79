//! One URI reference (RFC 3986): whether it leads to the provider's base, and where that is at the gateway.

use std::net::Ipv6Addr;

use outwright_core::provider::{Base, Scheme};

use super::Here;

/// The same place at the gateway; none if it is not the provider's, would be the same, or is not plain.
pub(super) fn led_back(reference: &str, base: &Base, here: &Here) -> Option<String> {
    // Readers of URLs disagree about these: what one takes for a path is a host to another.
    if !reference.bytes().all(|byte| byte > b' ' && byte != 0x7f && byte != b'\\') {
        return None;
    }
    let (origin, path) = match authority(reference, base.scheme) {
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
            (is_providers(authority, base).then_some(&*here.origin)?, path)
        }
        None if reference.starts_with('/') => ("", reference),
        None => return None,
    };
    let inside = path.strip_prefix(&*base.path)?;
    if !(inside.is_empty() || inside.starts_with(['/', '?', '#'])) || leaves(inside) {
        return None;
    }
    let slash = if here.prefix.is_empty() && !inside.starts_with('/') { "/" } else { "" };
    let local = format!("{}{slash}{inside}", here.prefix);
    // Two slashes at the front would name another host.
    if local.starts_with("//") {
        return None;
    }
    let led = format!("{origin}{local}");
    (led != reference).then_some(led)
}

/// The provider's own address of a reference that names no host and is not led back, so that whoever resolves it at
/// the gateway does not end at another provider; its front page where readers of URLs disagree about the reference.
/// None for what names its host, or is no reference to a place.
pub(super) fn led_home(reference: &str, base: &Base) -> Option<String> {
    let scheme = match base.scheme {
        Scheme::Https => "https",
        Scheme::Http => "http",
    };
    let home = |path: &str| Some(format!("{scheme}://{}{path}", base.authority.to_str().ok()?));
    let plain = reference.bytes().all(|byte| byte > b' ' && byte != 0x7f && byte != b'\\');
    let before = reference.split(['/', '?', '#']).next().unwrap_or_default();
    match before.split_once(':') {
        // Some read `http:/x` as a path of where they are.
        Some((named, _)) if ["http", "https"].iter().any(|web| named.eq_ignore_ascii_case(web)) => {
            let behind = reference.get(named.len() + 1..).unwrap_or_default();
            if plain && behind.starts_with("//") { None } else { home("/") }
        }
        Some(_) if plain => None,
        None if plain && reference.starts_with("//") => None,
        None if plain && reference.starts_with('/') => home(reference),
        // Beside or below the page that was asked for, which is the provider's here as well.
        None if plain && !leaves(reference) => None,
        Some(_) | None => home("/"),
    }
}

/// What stands behind `//`, where it is spoken to as the provider is.
fn authority(reference: &str, scheme: Scheme) -> Option<&str> {
    if let Some(rest) = reference.strip_prefix("//") {
        return Some(rest);
    }
    let (named, rest) = reference.split_once("://")?;
    let providers = match scheme {
        Scheme::Https => "https",
        Scheme::Http => "http",
    };
    named.eq_ignore_ascii_case(providers).then_some(rest)
}

/// Whether an authority is the provider's, in whatever spelling; one with userinfo is nobody's.
fn is_providers(authority: &str, base: &Base) -> bool {
    let bracket = authority.rfind(']').map_or(0, |at| at + 1);
    let (name, port) = match authority.get(bracket..).and_then(|tail| tail.find(':')) {
        Some(at) => authority.split_at(bracket + at),
        None => (authority, ""),
    };
    let port = match port.strip_prefix(':').unwrap_or_default() {
        "" => Some(base.scheme.port()),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
        _ => None,
    };
    let six = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let same = match six {
        Some(six) => six.parse::<Ipv6Addr>().is_ok_and(|ours| base.host.parse() == Ok(ours)),
        None => name.eq_ignore_ascii_case(&base.host),
    };
    same && port == Some(base.port)
}

/// Whether a path has segments of dots, with which it could lead to another provider of the gateway.
fn leaves(inside: &str) -> bool {
    let path = inside.split(['?', '#']).next().unwrap_or_default();
    path.split('/').any(|segment| {
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        plain == "." || plain == ".."
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use outwright_contract::url;

    fn here(prefix: &str) -> Here {
        Here { origin: "http://127.0.0.1:4180".to_owned(), prefix: prefix.to_owned() }
    }

    fn check(base: &str, prefix: &str, cases: &[(&str, Option<&str>)]) {
        let base = url::base(base).unwrap();
        for (reference, expected) in cases {
            let led = led_back(reference, &base, &here(prefix));
            assert_eq!(led.as_deref(), *expected, "{reference}");
        }
    }

    /// At the gateway these would lead to whatever provider has that name there.
    #[test]
    fn a_reference_without_a_host_never_leads_to_another_provider() {
        let base = url::base("https://api.acme.example/api/v3").unwrap();
        for (reference, expected) in [
            ("/stripe/v1/charges", Some("https://api.acme.example/stripe/v1/charges")),
            ("/../stripe/v1/x", Some("https://api.acme.example/../stripe/v1/x")),
            ("../../stripe/v1/x", Some("https://api.acme.example/")),
            ("%2e%2e/stripe/v1", Some("https://api.acme.example/")),
            ("\\stripe/v1", Some("https://api.acme.example/")),
            ("/\\stripe", Some("https://api.acme.example/")),
            ("https:/stripe/v1", Some("https://api.acme.example/")),
            ("HTTP:stripe/v1", Some("https://api.acme.example/")),
            ("https://other.example/x", None),
            ("//other.example/x", None),
            ("?page=2", None),
            ("next", None),
            ("#part", None),
            ("mailto:someone@example.com", None),
        ] {
            assert_eq!(led_home(reference, &base).as_deref(), expected, "{reference}");
        }
    }

    #[test]
    fn what_leads_to_the_provider_leads_to_the_gateway() {
        check(
            "https://api.acme.example",
            "/acme",
            &[
                (
                    "https://api.acme.example/v1?page=2#x",
                    Some("http://127.0.0.1:4180/acme/v1?page=2#x"),
                ),
                ("HTTPS://API.Acme.example:443/v1", Some("http://127.0.0.1:4180/acme/v1")),
                ("https://api.acme.example:/v1", Some("http://127.0.0.1:4180/acme/v1")),
                ("https://api.acme.example", Some("http://127.0.0.1:4180/acme")),
                ("https://api.acme.example?a=/../", Some("http://127.0.0.1:4180/acme?a=/../")),
                ("//api.acme.example/v1", Some("http://127.0.0.1:4180/acme/v1")),
                ("/v1/charges", Some("/acme/v1/charges")),
                ("https://api.acme.example/a//b", Some("http://127.0.0.1:4180/acme/a//b")),
            ],
        );
        check(
            "https://api.acme.example:8443/api/v3",
            "",
            &[
                ("https://api.acme.example:8443/api/v3/x", Some("http://127.0.0.1:4180/x")),
                ("https://api.acme.example:8443/api/v3?x", Some("http://127.0.0.1:4180/?x")),
                ("/api/v3/x", Some("/x")),
                ("/api/v3", Some("/")),
            ],
        );
        check(
            "http://[::1]:80",
            "/six",
            &[("http://[0:0::1]/x", Some("http://127.0.0.1:4180/six/x"))],
        );
    }

    #[test]
    fn what_leads_elsewhere_stays() {
        check(
            "https://api.acme.example",
            "/acme",
            &[
                ("https://docs.acme.example/v1", None),
                ("https://api.acme.example.evil.example/v1", None),
                ("https://evil.example/https://api.acme.example/", None),
                ("http://api.acme.example/v1", None),
                ("https://api.acme.example:8443/v1", None),
                ("mailto:me@api.acme.example", None),
                ("next", None),
                ("?page=2", None),
                ("#x", None),
                ("", None),
            ],
        );
        check(
            "https://api.acme.example/api/v3",
            "",
            &[
                ("https://api.acme.example/api/v33/x", None),
                ("https://api.acme.example/graphql", None),
                ("/v1", None),
            ],
        );
        check("https://api.acme.example", "", &[("/v1/charges", None)]);
    }

    /// What two readers could understand in two ways is not touched.
    #[test]
    fn hostile_references_stay() {
        check(
            "https://api.acme.example",
            "/acme",
            &[
                ("https://me@api.acme.example/v1", None),
                ("https://api.acme.example@evil.example/v1", None),
                ("https://evil.example\\@api.acme.example/v1", None),
                ("https://api.acme.example\\v1", None),
                ("https://api.acme.example:443:443/v1", None),
                ("https://api.acme.example:+443/v1", None),
                ("https://api.acme.example:99999/v1", None),
                ("https://api.acme.example/../other/v1", None),
                ("https://api.acme.example/a/%2E%2e/%2e./other", None),
                ("/../other/v1", None),
                ("/./v1", None),
                (" https://api.acme.example/v1", None),
                ("https://api.acme.example/\tv1", None),
                ("https://[api.acme.example]/v1", None),
                ("https://]:443/v1", None),
                ("https://", None),
                ("//", None),
            ],
        );
        check("https://api.acme.example/v1", "", &[("/v1//evil.example/x", None)]);
        check(
            "https://api.acme.example/v1",
            "",
            &[("https://api.acme.example/v1//evil.example", None)],
        );
    }
}
