//! Configurations of peers: templates with `@NAME@` and lines that stand in one case only.

/// Markers of lines that stay in some cases only: how the provider is spoken to, and how callers come in.
const MARKERS: [&str; 5] = ["%plain ", "%tls ", "%h2 ", "%h1c ", "%h2c "];

/// Fills a template in; of the lines with a marker those of `keep` stay.
///
/// # Errors
///
/// The first placeholder that has no value.
pub(crate) fn fill(text: &str, keep: &[&str], values: &[(&str, &str)]) -> Result<String, String> {
    let mut filled = String::new();
    for line in text.lines() {
        let marker = MARKERS.iter().find(|marker| line.starts_with(**marker));
        if marker.is_some_and(|marker| !keep.contains(marker)) {
            continue;
        }
        filled.push_str(marker.and_then(|marker| line.strip_prefix(marker)).unwrap_or(line));
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
        assert_eq!(fill(text, &["%tls "], &[("PORT", "1")]), Ok("a 1\n  b\n".to_owned()));
        assert_eq!(fill(text, &["%plain "], &[("PORT", "1")]), Ok("a 1\nc\n".to_owned()));
    }

    #[test]
    fn a_placeholder_without_a_value_is_an_error() {
        assert!(fill("a @PORT@ b\n", &[], &[]).is_err());
        assert!(fill("mail a@example.com and \"@type\": x\n", &[], &[]).is_ok());
    }
}
