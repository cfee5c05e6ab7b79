//! Base URLs: one spelling, nothing hidden.

use http::HeaderValue;
use outwright_core::provider::{Base, Scheme};

/// Reads `https://host[:port][/path]`.
///
/// # Errors
///
/// A sentence for everything else: userinfo, query, fragment, capitals, an unknown scheme, dots in the path.
pub fn base(text: &str) -> Result<Base, String> {
    let (scheme, rest) = if let Some(rest) = text.strip_prefix("https://") {
        (Scheme::Https, rest)
    } else if let Some(rest) = text.strip_prefix("http://") {
        (Scheme::Http, rest)
    } else {
        return Err("the base URL does not start with `https://`".to_owned());
    };
    for (sign, what) in
        [('@', "userinfo"), ('?', "a query"), ('#', "a fragment"), ('\\', "a backslash")]
    {
        if rest.contains(sign) {
            return Err(format!("the base URL holds {what}"));
        }
    }
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let (name, port) = split_port(authority)?;
    let default = scheme.port();
    let port = match port {
        None => default,
        Some(port) => match port.parse::<u16>() {
            Ok(number) if number > 0 && number.to_string() == port => number,
            Ok(_) | Err(_) => return Err("the port is not a number from 1 to 65535".to_owned()),
        },
    };
    let (host, shown) = match name.strip_prefix('[') {
        Some(inner) => {
            let inner = inner.strip_suffix(']').ok_or("the address lacks its `]`")?;
            let address: std::net::Ipv6Addr =
                inner.parse().map_err(|_| "the address in brackets is not IPv6".to_owned())?;
            (address.to_string(), format!("[{address}]"))
        }
        None => {
            host(name)?;
            (name.to_owned(), name.to_owned())
        }
    };
    let path = path.strip_suffix('/').unwrap_or(path);
    path_is_plain(path)?;
    let authority = if port == default { shown } else { format!("{shown}:{port}") };
    let authority =
        HeaderValue::from_str(&authority).map_err(|_| "the host is not plain text".to_owned())?;
    Ok(Base { scheme, host: host.into(), port, path: path.into(), authority })
}

fn split_port(authority: &str) -> Result<(&str, Option<&str>), String> {
    let bracket = authority.rfind(']').map_or(0, |at| at + 1);
    let tail = authority.get(bracket..).unwrap_or_default();
    match tail.find(':') {
        Some(at) => {
            let (name, port) = authority.split_at(bracket + at);
            let port = port.strip_prefix(':').unwrap_or(port);
            if port.is_empty() {
                Err("the port is empty".to_owned())
            } else {
                Ok((name, Some(port)))
            }
        }
        None => Ok((authority, None)),
    }
}

/// A host name in its one spelling, or an IPv4 address.
///
/// # Errors
///
/// A sentence when it is none.
pub fn host(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("the host is empty".to_owned());
    }
    if name.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err("the host has capital letters".to_owned());
    }
    if name.ends_with('.') {
        return Err("the host ends with a dot".to_owned());
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() > 253 || !name.split('.').all(label) {
        return Err("the host is not a name; write other scripts in their `xn--` form".to_owned());
    }
    if METADATA.contains(&name) {
        return Err("the host is the metadata service of a cloud".to_owned());
    }
    let last = name.rsplit('.').next().unwrap_or_default();
    let numeric = last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x");
    if numeric && name.parse::<std::net::Ipv4Addr>().is_err() {
        return Err("the host looks like an address, but is none in its usual form".to_owned());
    }
    Ok(())
}

/// Names under which clouds give their machines credentials; their addresses are special anyway.
const METADATA: [&str; 4] = [
    "metadata.google.internal",
    "metadata.goog",
    "metadata.amazonaws.com",
    "instance-data.ec2.internal",
];

fn path_is_plain(path: &str) -> Result<(), String> {
    let fine = |b: u8| {
        b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}')
    };
    if !path.bytes().all(fine) {
        return Err("the path holds what has to be percent-encoded".to_owned());
    }
    if path.split('/').any(|part| matches!(part, "." | "..")) || path.contains("//") {
        return Err("the path has an empty part or dots".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    ///
    #[test]
    fn only_one_spelling_of_a_base_url_is_accepted() {
        let good = base("https://api.example.com:8443/v1/").unwrap();
        assert_eq!((&*good.host, good.port, &*good.path), ("api.example.com", 8443, "/v1"));
        assert_eq!(good.authority, "api.example.com:8443");
        let six = base("http://[::1]:80").unwrap();
        assert_eq!((&*six.host, six.authority.to_str().unwrap()), ("::1", "[::1]"));
        for bad in [
            "ftp://x.example",
            "api.example.com",
            "https://",
            "https://me@x.example",
            "https://x.example/#a",
            "https://x.example?a=1",
            "https://X.example",
            "https://x.example.",
            "https://x.example:0",
            "https://x.example:99999",
            "https://x.example:",
            "https://0x7f.1",
            "https://0177.0.0.1",
            "https://127.0.0.0x1",
            "https://1.2.3",
            "https://127.0.0.1.",
            "https://[fe80::1%25eth0]",
            "https://[::ffff:127.0.0.1",
            "https://api.example.com\\@evil.example",
            "https://api.example.com:443@evil.example",
            "https://metadata.google.internal",
            "https://metadata.amazonaws.com",
            "https://127.1",
            "https://2130706433",
            "https://x.example/a/../b",
            "https://x.example//a",
            "https://[::1",
            "https://-x.example",
            "https://x.example/a b",
            "https://bücher.example",
            "https://x.example:+80",
        ] {
            assert!(base(bad).is_err(), "{bad}");
        }
    }
}
