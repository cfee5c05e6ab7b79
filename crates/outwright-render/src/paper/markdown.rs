//! Blocks as Markdown: CommonMark with tables, as it is shown by code hosts.

use super::{Block, Span, Table, Text, Tone};

/// What stands where a picture belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pictures {
    /// A link to its file beside the text.
    Linked,
    /// What it shows, in words: there is no file.
    Told,
}

/// The blocks as Markdown.
#[must_use]
pub fn markdown(blocks: &[Block], pictures: Pictures) -> String {
    let mut out = String::new();
    for block in blocks {
        if !out.is_empty() {
            out.push('\n');
        }
        match block {
            Block::Heading { level, text, .. } => {
                let marks = "#".repeat(usize::from(*level));
                out.push_str(&format!("{marks} {}\n", escaped(text)));
            }
            Block::Text(text) => {
                out.push_str(&inline(text, Where::Line));
                out.push('\n');
            }
            Block::List(items) => list(&mut out, items, |_| "- ".to_owned()),
            Block::Steps(items) => list(&mut out, items, |number| format!("{number}. ")),
            Block::Table(table) => rows(&mut out, table),
            Block::Picture(picture) => {
                let title = escaped(picture.title());
                match pictures {
                    Pictures::Linked => {
                        out.push_str(&format!("![{title}]({}.svg)\n", picture.name()));
                    }
                    Pictures::Told => out.push_str(&format!("{title}.\n")),
                }
            }
        }
    }
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    Line,
    Cell,
}

fn list(out: &mut String, items: &[Text], mark: impl Fn(usize) -> String) {
    for (number, item) in (1..).zip(items) {
        out.push_str(&format!("{}{}\n", mark(number), inline(item, Where::Line)));
    }
}

fn rows(out: &mut String, table: &Table) {
    let line = |cells: &[Text]| {
        let cells: Vec<String> = cells.iter().map(|cell| inline(cell, Where::Cell)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    out.push_str(&line(&table.head));
    out.push_str(&format!("|{}\n", " --- |".repeat(table.head.len())));
    for row in &table.rows {
        out.push_str(&line(row));
    }
}

fn inline(text: &Text, place: Where) -> String {
    let mut out = String::new();
    for span in &text.0 {
        match span {
            Span::Words(words) => out.push_str(&escaped(words)),
            Span::Mark(Tone::Watch | Tone::Bad, word) => {
                out.push_str(&format!("**{}**", escaped(word)));
            }
            Span::Mark(Tone::Good | Tone::Quiet, word) => out.push_str(&escaped(word)),
            Span::Value(value) => out.push_str(&code(value, place)),
            Span::Link(url) => out.push_str(&format!("<{url}>")),
        }
    }
    out
}

/// A value between backticks, more of them than stand in it.
fn code(value: &str, place: Where) -> String {
    let mut value = one_line(value);
    if place == Where::Cell {
        value = value.replace('|', "\\|");
    }
    if value.is_empty() {
        return String::new();
    }
    let longest = value.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if value.starts_with('`') || value.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{value}{pad}{fence}")
}

/// Words, so that nothing in them is taken for a mark of Markdown or for HTML.
fn escaped(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for c in one_line(words).chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Text, heading, table};
    use super::*;

    #[test]
    fn a_value_cannot_leave_its_place() {
        let text = Text::of("reads {}", &["a`b|c\n# d"]);
        let blocks = [table(&["what"], vec![vec![text]])];
        assert_eq!(
            markdown(&blocks, Pictures::Told),
            "| what |\n| --- |\n| reads ``a`b\\|c # d`` |\n"
        );
    }

    #[test]
    fn words_are_no_marks() {
        assert_eq!(
            markdown(&[heading(2, "a <b> *c*", "x")], Pictures::Told),
            "## a \\<b\\> \\*c\\*\n"
        );
    }
}
