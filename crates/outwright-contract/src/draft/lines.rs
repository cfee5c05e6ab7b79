//! Lines of block-style YAML, with their comments in one column.

/// Where comments begin (chosen: as in the contracts that are shipped).
const COMMENT_COLUMN: usize = 44;
/// Longest comment, in characters (chosen: what a description says there is a hint, not a text).
const COMMENT_MAX: usize = 160;

/// Text that is being written.
#[derive(Debug, Default)]
pub(super) struct Lines {
    out: String,
}

impl Lines {
    /// A line of its own that explains what follows.
    pub(super) fn note(&mut self, indent: usize, text: &str) {
        self.out.push_str(&" ".repeat(indent));
        self.out.push_str("# ");
        self.out.push_str(&comment(text));
        self.out.push('\n');
    }

    /// A key whose value follows on further lines.
    pub(super) fn open(&mut self, indent: usize, key: &str, why: &str) {
        self.line(format!("{}{key}:", " ".repeat(indent)), why);
    }

    /// A key with a value that is written as it is.
    pub(super) fn raw(&mut self, indent: usize, (key, value): (&str, &str), why: &str) {
        self.line(format!("{}{key}: {value}", " ".repeat(indent)), why);
    }

    /// A key with text.
    pub(super) fn text_of(&mut self, indent: usize, (key, value): (&str, &str), why: &str) {
        self.raw(indent, (key, &scalar(value)), why);
    }

    /// A key that nobody has decided.
    pub(super) fn undecided(&mut self, indent: usize, key: &str, why: &str) {
        self.raw(indent, (key, crate::node::UNDECIDED), why);
    }

    /// A key with text, or undecided.
    pub(super) fn known(&mut self, indent: usize, (key, value): (&str, Option<&str>), why: &str) {
        match value {
            Some(value) => self.text_of(indent, (key, value), "given to init"),
            None => self.undecided(indent, key, why),
        }
    }

    /// A list of texts.
    pub(super) fn list(&mut self, indent: usize, key: &str, items: &[String], why: &str) {
        self.open(indent, key, why);
        for item in items {
            self.line(format!("{}- {}", " ".repeat(indent + 2), scalar(item)), "");
        }
    }

    fn line(&mut self, line: String, why: &str) {
        self.out.push_str(&line);
        if !why.is_empty() {
            let width = line.chars().count();
            self.out.push_str(&" ".repeat(COMMENT_COLUMN.saturating_sub(width).max(1)));
            self.out.push_str("# ");
            self.out.push_str(&comment(why));
        }
        self.out.push('\n');
    }

    pub(super) fn text(self) -> String {
        self.out
    }
}

/// One line, without control characters, of bounded length; what looks like a secret is masked.
fn comment(text: &str) -> String {
    let line: Vec<&str> = text.split_whitespace().collect();
    let line: String =
        line.join(" ").chars().filter(|c| !c.is_control()).take(COMMENT_MAX).collect();
    crate::secrets::mask(line).0
}

/// Text as a YAML scalar: plain where every reader reads it the same way, else quoted.
pub(super) fn scalar(text: &str) -> String {
    let starts = text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'/');
    let inside = |b: u8| b.is_ascii_alphanumeric() || b"_-./:{}*~$@+%=".contains(&b);
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let plain = starts
        && text.bytes().all(inside)
        && !text.contains(": ")
        && !text.ends_with(':')
        && !words.contains(&text.to_ascii_lowercase().as_str())
        && text != crate::node::UNDECIDED;
    if plain { text.to_owned() } else { quoted(text) }
}

/// In double quotes, where JSON's escapes are YAML's.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_plain_only_where_every_reader_reads_the_same() {
        for plain in ["/v1/charges/{charge}", "payments", "https://api.example.com/v1", "a.b-c_d"] {
            assert_eq!(scalar(plain), plain);
        }
        for quoted in
            ["", "12", "1s", "yes", "No", "null", "a b", "a #b", "- a", "*a", "UNDECIDED", "a:"]
        {
            assert_eq!(scalar(quoted), format!("\"{quoted}\""), "{quoted}");
        }
        assert_eq!(scalar("a\"b\n"), r#""a\"b\n""#);
    }

    #[test]
    fn a_comment_stays_on_its_line_and_shows_no_secret() {
        let mut lines = Lines::default();
        lines.undecided(2, "tier", "one\ntwo\u{1b}[31m sk_live_4eC39HqLyjWD");
        assert_eq!(
            lines.text(),
            "  tier: UNDECIDED                           # one two[31m ********************\n"
        );
    }
}
