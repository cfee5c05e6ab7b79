//! Blocks as one page of HTML: nothing is loaded from elsewhere, no script, readable in light, dark, on paper and without colours.

use super::{Block, Picture, Span, Table, Text};

/// The look of a page. Words are at least 4.5 to 1 against their ground in both schemes (WCAG 2.2, 1.4.3).
const STYLE: &str = "\
:root{color-scheme:light dark;--ground:#fff;--ink:#1f2328;--dim:#59636e;--line:#d1d9e0;--soft:#f6f8fa;--link:#0969da;\
--good:#1a7f37;--watch:#9a6700;--bad:#cf222e}\
@media (prefers-color-scheme:dark){:root{--ground:#0d1117;--ink:#f0f6fc;--dim:#9198a1;--line:#3d444d;--soft:#151b23;--link:#4493f8;\
--good:#3fb950;--watch:#d29922;--bad:#f85149}}\
body{background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:72rem;padding:1rem 1.5rem 4rem}\
h1,h2,h3,h4{line-height:1.25;margin:2em 0 .6em}h1{margin-top:.5em}h2{border-bottom:1px solid var(--line);padding-bottom:.2em}\
a{color:var(--link)}nav ul{columns:14rem;padding-left:1.2rem}nav ul ul{columns:auto}\
code{background:var(--soft);border-radius:4px;font:.875em ui-monospace,monospace;overflow-wrap:break-word;padding:.1em .3em}\
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem}th,td{border:1px solid var(--line);padding:.3em .6em;text-align:left;vertical-align:top}\
th{background:var(--soft)}figure{margin:1em 0;overflow-x:auto}figure svg{max-width:none}\
.good{color:var(--good)}.watch{color:var(--watch);font-weight:600}.bad{color:var(--bad);font-weight:700}.quiet{color:var(--dim)}\
@media print{body{max-width:none;padding:0}.scroll,figure{overflow:visible}h2{break-before:page}a{color:inherit}}";

/// A page with a list of its sections in front.
#[must_use]
pub fn page(title: &str, blocks: &[Block]) -> String {
    let mut body = String::new();
    let mut rest = blocks;
    if let [first @ Block::Heading { level: 1, .. }, others @ ..] = blocks {
        body.push_str(&block(first));
        rest = others;
    }
    body.push_str(&contents(blocks));
    for one in rest {
        body.push_str(&block(one));
    }
    let title = escaped(title);
    let pictures = Picture::style();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>{STYLE}{pictures}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}

/// Links to the headings of level 2, with those of level 3 below them.
fn contents(blocks: &[Block]) -> String {
    let mut out = String::from("<nav aria-label=\"Contents\">\n<ul>\n");
    let mut open = Open::Nothing;
    for one in blocks {
        let Block::Heading { level, text, id } = one else { continue };
        let link = format!("<a href=\"#{id}\">{}</a>", escaped(text));
        match (level, open) {
            (2, _) => {
                out.push_str(open.close());
                out.push_str(&format!("<li>{link}"));
                open = Open::Item;
            }
            (3, Open::Item) => {
                out.push_str(&format!("\n<ul>\n<li>{link}</li>\n"));
                open = Open::Inner;
            }
            (3, Open::Inner) => out.push_str(&format!("<li>{link}</li>\n")),
            _ => {}
        }
    }
    out.push_str(open.close());
    out.push_str("</ul>\n</nav>\n");
    out
}

/// What of the contents is still open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    Item,
    Inner,
}

impl Open {
    const fn close(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Item => "</li>\n",
            Self::Inner => "</ul>\n</li>\n",
        }
    }
}

fn block(block: &Block) -> String {
    match block {
        Block::Heading { level, text, id } => {
            format!("<h{level} id=\"{id}\">{}</h{level}>\n", escaped(text))
        }
        Block::Text(text) => format!("<p>{}</p>\n", inline(text)),
        Block::List(items) => format!("<ul>\n{}</ul>\n", items_of(items)),
        Block::Steps(items) => format!("<ol>\n{}</ol>\n", items_of(items)),
        Block::Table(table) => rows(table),
        Block::Picture(picture) => format!("<figure>{}</figure>\n", picture.inline()),
    }
}

fn items_of(items: &[Text]) -> String {
    items.iter().map(|item| format!("<li>{}</li>\n", inline(item))).collect()
}

/// A wide table scrolls in its own place, and can be reached there by keyboard.
fn rows(table: &Table) -> String {
    let cells = |tag: &str, cells: &[Text]| -> String {
        cells.iter().map(|cell| format!("<{tag}>{}</{}>", inline(cell), tag_name(tag))).collect()
    };
    let mut out = String::from(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"table\">\n<table>\n<thead>\n<tr>",
    );
    out.push_str(&cells("th scope=\"col\"", &table.head));
    out.push_str("</tr>\n</thead>\n<tbody>\n");
    for row in &table.rows {
        out.push_str(&format!("<tr>{}</tr>\n", cells("td", row)));
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
    out
}

fn tag_name(tag: &str) -> &str {
    tag.split(' ').next().unwrap_or(tag)
}

fn inline(text: &Text) -> String {
    let mut out = String::new();
    for span in &text.0 {
        match span {
            Span::Words(words) => out.push_str(&escaped(words)),
            Span::Mark(tone, word) => {
                out.push_str(&format!("<span class=\"{}\">{}</span>", tone.class(), escaped(word)));
            }
            Span::Value(value) if value.is_empty() => {}
            Span::Value(value) => out.push_str(&format!("<code>{}</code>", escaped(value))),
            Span::Link(url) => {
                let url = escaped(url);
                out.push_str(&format!("<a href=\"{url}\" rel=\"noreferrer\">{url}</a>"));
            }
        }
    }
    out
}

/// Text as text, inside of elements and of attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::{Text, heading};
    use super::*;

    #[test]
    fn a_value_cannot_become_markup() {
        let hostile = "\"><script>alert(1)</script>";
        let blocks = [heading(1, hostile, hostile), Block::Text(Text::of("{}", &[hostile]))];
        let page = page(hostile, &blocks);
        assert!(!page.contains("<script"), "{page}");
        assert!(!page.contains("id=\"\""), "{page}");
    }

    #[test]
    fn sections_are_listed_below_the_one_that_they_belong_to() {
        let blocks = [
            heading(1, "T", "t"),
            heading(2, "A", "a"),
            heading(3, "B", "b"),
            heading(2, "C", "c"),
        ];
        let listed = contents(&blocks);
        let expected = "<li><a href=\"#a\">A</a>\n<ul>\n<li><a href=\"#b\">B</a></li>\n</ul>\n</li>\n<li><a href=\"#c\">C</a></li>";
        assert!(listed.contains(expected), "{listed}");
    }
}
