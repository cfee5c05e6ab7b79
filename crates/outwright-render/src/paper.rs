//! A page as blocks, which Markdown and HTML are both written from, so that the two cannot say different things.
//!
//! Every value of a contract is data here: it is escaped where it is written, whatever it looks like.

mod html;
mod markdown;
mod svg;

pub use html::page;
pub use markdown::{Pictures, markdown};
pub use svg::{Anchor, Picture};

/// A part of a page.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// A heading of level 1 to 4.
    Heading {
        /// 1 to 4.
        level: u8,
        /// What it says.
        text: String,
        /// Where links lead; unique on its page.
        id: String,
    },
    /// A paragraph.
    Text(Text),
    /// A list.
    List(Vec<Text>),
    /// A numbered list.
    Steps(Vec<Text>),
    /// A table.
    Table(Table),
    /// A picture.
    Picture(Picture),
}

/// A table: every row is as long as the head.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Heads of the columns.
    pub head: Vec<Text>,
    /// Rows of cells.
    pub rows: Vec<Vec<Text>>,
}

/// Words with values in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(pub Vec<Span>);

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    /// Words of ours.
    Words(String),
    /// A value, as it is written in a file or on a wire.
    Value(String),
    /// A word that is also a colour; never the colour alone.
    Mark(Tone, String),
    /// A web page; only `https:` addresses become links.
    Link(String),
}

/// What a mark means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Worth a look.
    Watch,
    /// Not as it should be, or to be decided.
    Bad,
    /// Neither.
    Quiet,
}

impl Tone {
    const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Watch => "watch",
            Self::Bad => "bad",
            Self::Quiet => "quiet",
        }
    }
}

/// The word of a contract for what nobody has decided yet.
pub const UNDECIDED: &str = "UNDECIDED";

impl Text {
    /// Words with `{}` where the values go, in their order.
    #[must_use]
    pub fn of(template: &str, values: &[&str]) -> Self {
        let mut text = Self::default();
        let mut values = values.iter();
        let mut parts = template.split("{}");
        if let Some(first) = parts.next() {
            text.words(first);
        }
        for part in parts {
            if let Some(value) = values.next() {
                text.value(value);
            }
            text.words(part);
        }
        text
    }

    /// A value alone.
    #[must_use]
    pub fn only(value: &str) -> Self {
        Self::of("{}", &[value])
    }

    /// A mark alone.
    #[must_use]
    pub fn mark(tone: Tone, word: &str) -> Self {
        Self(vec![Span::Mark(tone, word.to_owned())])
    }

    /// A value of a contract, or a mark that there is none.
    #[must_use]
    pub fn value_or(value: Option<&str>, missing: &str) -> Self {
        value.map_or_else(|| Self::mark(Tone::Watch, missing), Self::only)
    }

    /// A place to look something up: a link where it is a web page, else a value.
    #[must_use]
    pub fn place(value: &str) -> Self {
        if linkable(value) { Self(vec![Span::Link(value.to_owned())]) } else { Self::only(value) }
    }

    /// Values, separated by commas.
    #[must_use]
    pub fn values<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut text = Self::default();
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                text.words(", ");
            }
            text.value(value);
        }
        text
    }

    /// This text, then another one.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Whether it says nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn words(&mut self, words: &str) {
        if !words.is_empty() {
            self.0.push(Span::Words(words.to_owned()));
        }
    }

    fn value(&mut self, value: &str) {
        self.0.push(if value == UNDECIDED {
            Span::Mark(Tone::Bad, UNDECIDED.to_owned())
        } else {
            Span::Value(value.to_owned())
        });
    }
}

impl From<&str> for Text {
    fn from(words: &str) -> Self {
        Self::of(words, &[])
    }
}

impl From<String> for Text {
    /// Words of ours that were put together from ours alone.
    fn from(words: String) -> Self {
        Self(vec![Span::Words(words)])
    }
}

/// Whether a value may become a link: an `https:` address without anything that could end it.
fn linkable(value: &str) -> bool {
    let plain = |b: u8| b.is_ascii_graphic() && !br#""'<>`\(){}|^"#.contains(&b);
    value.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(plain))
}

/// A heading.
#[must_use]
pub fn heading(level: u8, text: &str, id: &str) -> Block {
    Block::Heading { level, text: text.to_owned(), id: anchor(id) }
}

/// Where a heading is reached: lower-case letters, digits and `-`.
#[must_use]
pub fn anchor(id: &str) -> String {
    let fit = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    id.chars().map(fit).collect()
}

/// A table with these heads.
#[must_use]
pub fn table(head: &[&str], rows: Vec<Vec<Text>>) -> Block {
    Block::Table(Table { head: head.iter().map(|&word| Text::from(word)).collect(), rows })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_https_addresses_become_links() {
        assert!(linkable("https://example.com/a?b=c#d"));
        for bad in [
            "https://",
            "http://example.com",
            "javascript:alert(1)",
            "https://a b",
            "https://a\"onclick=",
            "https://a)<script>",
            "docs/runbooks/x.md",
        ] {
            assert!(!linkable(bad), "{bad}");
        }
    }

    #[test]
    fn what_is_undecided_is_marked_wherever_it_stands() {
        let text = Text::of("ends after {} or {}", &["7s", UNDECIDED]);
        assert!(text.0.contains(&Span::Mark(Tone::Bad, UNDECIDED.to_owned())));
        assert!(text.0.contains(&Span::Value("7s".to_owned())));
    }
}
