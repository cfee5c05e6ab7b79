//! Rust source taken apart: code, comments, literals.
//!
//! A scanner of characters, not a parser: enough to know that a word stands in code and not in a string.

/// A source file taken apart; all three texts have the line numbers of the original.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// The code, with comments and literals blanked.
    pub code: String,
    /// The comments alone, without code and literals.
    pub comments: String,
    /// The contents of string literals alone.
    pub literals: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum In {
    Code,
    Line,
    Block(u32),
    Text,
    Raw(usize),
}

impl Source {
    /// Takes a source text apart.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let mut out = Self::default();
        let mut place = In::Code;
        let mut at = 0;
        while let Some(&c) = chars.get(at) {
            let next = chars.get(at + 1).copied().unwrap_or('\0');
            let (kind, width, after) = scan(&chars, at, c, next, place);
            for offset in 0..width {
                let c = chars.get(at + offset).copied().unwrap_or(' ');
                out.push(kind, c);
            }
            at += width;
            place = after;
        }
        out
    }

    /// The same without test modules at the end of the file.
    #[must_use]
    pub fn product(text: &str) -> Self {
        let whole = Self::of(text);
        let lines: Vec<&str> = whole.code.lines().collect();
        let cut = lines.iter().enumerate().position(|(n, line)| {
            let inline = lines.get(n + 1).is_some_and(|l| l.contains("mod ") && l.contains('{'));
            *line == "#[cfg(test)]" && inline
        });
        let keep = |text: &str| match cut {
            Some(n) => text.lines().take(n).map(|l| format!("{l}\n")).collect(),
            None => text.to_owned(),
        };
        Self {
            code: keep(&whole.code),
            comments: keep(&whole.comments),
            literals: keep(&whole.literals),
        }
    }

    fn push(&mut self, kind: In, c: char) {
        let blank = if c == '\n' { '\n' } else { ' ' };
        let pick = |wanted: bool| if wanted { c } else { blank };
        self.code.push(pick(kind == In::Code));
        self.comments.push(pick(matches!(kind, In::Line | In::Block(_))));
        self.literals.push(pick(matches!(kind, In::Text | In::Raw(_))));
    }
}

/// What the characters at `at` are, how many of them, and where we are after them.
fn scan(chars: &[char], at: usize, c: char, next: char, place: In) -> (In, usize, In) {
    match place {
        In::Code => scan_code(chars, at, c, next),
        In::Line if c == '\n' => (In::Code, 1, In::Code),
        In::Line => (In::Line, 1, In::Line),
        In::Block(depth) if c == '*' && next == '/' => {
            let after = if depth <= 1 { In::Code } else { In::Block(depth - 1) };
            (place, 2, after)
        }
        In::Block(depth) if c == '/' && next == '*' => (place, 2, In::Block(depth + 1)),
        In::Block(_) => (place, 1, place),
        In::Text if c == '\\' => (In::Text, 2, In::Text),
        In::Text if c == '"' => (In::Code, 1, In::Code),
        In::Text => (In::Text, 1, In::Text),
        In::Raw(hashes) if c == '"' && hashes_at(chars, at + 1) >= hashes => {
            (In::Code, 1 + hashes, In::Code)
        }
        In::Raw(_) => (place, 1, place),
    }
}

fn scan_code(chars: &[char], at: usize, c: char, next: char) -> (In, usize, In) {
    match (c, next) {
        ('/', '/') => (In::Line, 2, In::Line),
        ('/', '*') => (In::Block(1), 2, In::Block(1)),
        ('"', _) => (In::Code, 1, In::Text),
        ('r', '"' | '#') if !in_word(chars, at) => {
            let hashes = hashes_at(chars, at + 1);
            if chars.get(at + 1 + hashes) == Some(&'"') {
                (In::Code, hashes + 2, In::Raw(hashes))
            } else {
                (In::Code, 1, In::Code)
            }
        }
        // A character, as opposed to a lifetime.
        ('\'', '\\') => {
            let end = (3..12).find(|n| chars.get(at + n) == Some(&'\'')).unwrap_or(3);
            (In::Text, end + 1, In::Code)
        }
        ('\'', _) if chars.get(at + 2) == Some(&'\'') => (In::Text, 3, In::Code),
        _ => (In::Code, 1, In::Code),
    }
}

/// Whether the character before `at` belongs to a word; `b` of `br""` does not count.
fn in_word(chars: &[char], at: usize) -> bool {
    let before = |n: usize| at.checked_sub(n).and_then(|i| chars.get(i)).copied().unwrap_or(' ');
    let word = |c: char| c.is_alphanumeric() || c == '_';
    word(before(1)) && (before(1) != 'b' || word(before(2)))
}

fn hashes_at(chars: &[char], at: usize) -> usize {
    chars.iter().skip(at).take_while(|c| **c == '#').count()
}

/// The words (letters, digits, `_`) of a line of code, with their column.
pub fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| !w.is_empty())
}

/// Whether `needle` stands in `line` and is not the tail or the head of a longer word.
#[must_use]
pub fn contains_word(line: &str, needle: &str) -> bool {
    let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let open = |c: Option<char>| !word(c);
    line.match_indices(needle).any(|(at, found)| {
        let (before, rest) = line.split_at(at);
        let after = rest.get(found.len()..).unwrap_or_default();
        let head = needle.chars().next();
        let tail = needle.chars().last();
        (!word(head) || open(before.chars().last())) && (!word(tail) || open(after.chars().next()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_comments_are_not_code() {
        let source =
            Source::of("let a = \"spawn // x\"; // spawn\n/* spawn */ let b = r#\"spawn\"#;");
        assert!(!source.code.contains("spawn"));
        assert_eq!(source.comments.matches("spawn").count(), 2);
        assert_eq!(source.literals.matches("spawn").count(), 2);
        assert!(source.code.contains("let b ="));
    }

    #[test]
    fn a_lifetime_is_not_a_character() {
        let source = Source::of("fn f<'a>(x: &'a str) { let c = '\"'; let d = '\\''; spawn(); }");
        assert!(source.code.contains("spawn"));
    }

    #[test]
    fn tests_at_the_end_are_not_product() {
        let source = Source::product("fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n");
        assert!(source.code.contains("fn a"));
        assert!(!source.code.contains("fn b"));
    }

    #[test]
    fn a_word_inside_a_word_is_another_word() {
        assert!(contains_word("tokio::spawn(x)", "spawn"));
        assert!(!contains_word("respawned", "spawn"));
        assert!(contains_word("a.b(", ".b("));
    }
}
