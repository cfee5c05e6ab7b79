//! Configurations of peers: templates with `@NAME@` and lines that stand in one case only.

/// Marker of lines that stay only where the provider speaks TLS.
const TLS: &str = "%tls ";
/// Marker of lines that stay only where the provider speaks plain HTTP.
const PLAIN: &str = "%plain ";

/// Fills a template in.
///
/// # Errors
///
/// The first placeholder that has no value.
pub(crate) fn fill(text: &str, tls: bool, values: &[(&str, &str)]) -> Result<String, String> {
    let (keep, drop) = if tls { (TLS, PLAIN) } else { (PLAIN, TLS) };
    let mut filled = String::new();
    for line in text.lines().filter(|l| !l.starts_with(drop)) {
        filled.push_str(line.strip_prefix(keep).unwrap_or(line));
        filled.push('\n');
    }
    for (name, value) in values {
        filled = filled.replace(&format!("@{name}@"), value);
    }
    match placeholder(&filled) {
        Some(name) => Err(format!("nothing fills @{name}@ in")),
        None => Ok(filled),
    }
}

/// The first `@NAME@` in a text.
fn placeholder(text: &str) -> Option<&str> {
    let mut parts = text.split('@').skip(1);
    let is_name =
        |p: &&str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    parts.find(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_other_case_goes_and_its_own_loses_the_marker() {
        let text = "a @PORT@\n%tls   b\n%plain c\n";
        assert_eq!(fill(text, true, &[("PORT", "1")]), Ok("a 1\n  b\n".to_owned()));
        assert_eq!(fill(text, false, &[("PORT", "1")]), Ok("a 1\nc\n".to_owned()));
    }

    #[test]
    fn a_placeholder_without_a_value_is_an_error() {
        assert!(fill("a @PORT@ b\n", false, &[]).is_err());
        assert!(fill("mail a@example.com and \"@type\": x\n", false, &[]).is_ok());
    }
}
