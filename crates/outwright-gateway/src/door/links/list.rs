//! The value of a `Link` field (RFC 8288 section 3): several links, each a target in angles and parameters.

/// The value with its targets led back; none if nothing changes, or if it is not such a list.
pub(super) fn led_back(value: &str, lead: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    let mut changed = false;
    loop {
        // Empty elements of a list are allowed (RFC 9110 section 5.6.1).
        let begin = rest.find(|sign: char| !matches!(sign, ' ' | '\t' | ','));
        let Some((between, link)) = begin.and_then(|at| rest.split_at_checked(at)) else { break };
        let (target, behind) = link.strip_prefix('<')?.split_once('>')?;
        let (parameters, next) = behind.split_at_checked(end(behind)?)?;
        let led = lead(target);
        changed |= led.is_some();
        for part in [between, "<", led.as_deref().unwrap_or(target), ">", parameters] {
            out.push_str(part);
        }
        rest = next;
    }
    out.push_str(rest);
    changed.then_some(out)
}

/// Where the parameters of a link end: at a comma outside of quotes, or at the end; none if they are no parameters.
fn end(text: &str) -> Option<usize> {
    if !text.trim_start_matches([' ', '\t']).starts_with([';', ',']) && !text.trim().is_empty() {
        return None;
    }
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => return Some(at),
            // Outside of quotes it would begin a target in the midst of another link's parameters.
            b'<' | b'>' if !quoted => return None,
            _ => {}
        }
    }
    (!quoted).then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::led_back;

    fn led(value: &str) -> Option<String> {
        led_back(value, |target| Some(format!("http://here{}", target.strip_prefix("https://p")?)))
    }

    /// RFC 8288 section 3.5: several links in one field, with commas and semicolons in targets and in quotes.
    #[test]
    fn every_target_of_a_list_is_led_back() {
        for (value, expected) in [
            ("<https://p/x?page=2>; rel=\"next\"", "<http://here/x?page=2>; rel=\"next\""),
            (
                "<https://p/?page=2>; rel=\"next\", <https://p/?page=9>; rel=\"last\"",
                "<http://here/?page=2>; rel=\"next\", <http://here/?page=9>; rel=\"last\"",
            ),
            (
                "<https://other/a>; rel=deprecation,<https://p/a,b;c>;rel=next; title=\"a, b\"",
                "<https://other/a>; rel=deprecation,<http://here/a,b;c>;rel=next; title=\"a, b\"",
            ),
            (
                r#"<https://p/1>; title="an \" and <https://p/no>, <https://p/no>; rel=next", <https://p/2>"#,
                r#"<http://here/1>; title="an \" and <https://p/no>, <https://p/no>; rel=next", <http://here/2>"#,
            ),
            (" , ,<https://p/1>\t,, <https://p/2> ,", " , ,<http://here/1>\t,, <http://here/2> ,"),
            (
                "<https://p/1>;rel=\"a b\";title*=UTF-8''n%c3%a4",
                "<http://here/1>;rel=\"a b\";title*=UTF-8''n%c3%a4",
            ),
        ] {
            assert_eq!(led(value).as_deref(), Some(expected), "{value}");
        }
    }

    #[test]
    fn a_list_without_a_target_of_the_provider_stays() {
        for value in ["", ",", "<https://other/1>; rel=next", "<>; rel=next", "<https://q>, </x>"] {
            assert_eq!(led(value), None, "{value}");
        }
    }

    /// What cannot be read for certain is not touched at all, also where a part of it could be.
    #[test]
    fn what_is_no_list_of_links_stays() {
        for value in [
            "https://p/1",
            "<https://p/1",
            "<https://p/1>; title=\"open",
            "<https://p/1>; title=\"open\\\"",
            "<https://p/1>; rel=next <https://p/2>; rel=last",
            "<https://p/1> rel=next",
            "<https://p/1>, rel=next",
            "<https://p/1>; a=b>c",
            "rel=next; <https://p/1>",
            "<<https://p/1>>",
        ] {
            assert_eq!(led(value), None, "{value}");
        }
    }
}
