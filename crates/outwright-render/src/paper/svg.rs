//! Pictures as SVG: boxes, bars, lines and words, in colours of the page that they stand on.
//!
//! A picture works alone as a file, too: it brings its own colours, light and dark.

use std::fmt::Write as _;

use super::html::escaped;

/// A picture under construction; units are those of its view box.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    name: String,
    title: String,
    width: f64,
    height: f64,
    body: String,
}

/// Where words stand relative to their point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// They begin there.
    Start,
    /// They lie around it.
    Middle,
    /// They end there.
    End,
}

impl Anchor {
    const fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }
}

/// Colours by class, for light and dark surroundings; all pairs have a contrast of at least 4.5 to 1 for words (WCAG 2.2, 1.4.3).
const STYLE: &str = "<style>\
.ink{fill:#1f2328}.dim{fill:#59636e}.edge{stroke:#59636e;fill:none}.box{fill:#f6f8fa;stroke:#8c959f}\
.ours{fill:#ddf4ff;stroke:#0969da}.try{fill:#0969da}.wait{fill:#bf8700}.spare{fill:#d1d9e0}.over{fill:#cf222e}\
text{font-family:system-ui,sans-serif;font-size:12px}\
@media (prefers-color-scheme:dark){.ink{fill:#f0f6fc}.dim{fill:#9198a1}.edge{stroke:#9198a1}.box{fill:#151b23;stroke:#656c76}\
.ours{fill:#121d2f;stroke:#4493f8}.try{fill:#4493f8}.wait{fill:#d29922}.spare{fill:#3d444d}.over{fill:#f85149}}\
</style>";

impl Picture {
    /// An empty picture; `name` is that of its file, without `.svg`.
    #[must_use]
    pub fn new(name: &str, title: &str, width: f64, height: f64) -> Self {
        let name = super::anchor(name);
        Self { name, title: title.to_owned(), width, height, body: String::new() }
    }

    /// The name of its file, without `.svg`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it shows, for those who do not see it.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// A rectangle of a class.
    pub fn rect(&mut self, class: &str, at: (f64, f64), size: (f64, f64)) {
        let (x, y) = at;
        let (w, h) = (size.0.max(0.0), size.1.max(0.0));
        let _ = write!(
            self.body,
            r#"<rect class="{class}" x="{x:.1}" y="{y:.1}" width="{w:.1}" height="{h:.1}" rx="3"/>"#
        );
    }

    /// An arrow to the right, or down.
    pub fn arrow(&mut self, from: (f64, f64), to: (f64, f64)) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let head = if (x2 - x1).abs() > (y2 - y1).abs() {
            let back = if x2 > x1 { -6.0 } else { 6.0 };
            [(x2 + back, y2 - 4.0), (x2 + back, y2 + 4.0)]
        } else {
            let back = if y2 > y1 { -6.0 } else { 6.0 };
            [(x2 - 4.0, y2 + back), (x2 + 4.0, y2 + back)]
        };
        let [(ax, ay), (bx, by)] = head;
        let _ = write!(
            self.body,
            r#"<path class="edge" d="M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}M{ax:.1} {ay:.1}L{x2:.1} {y2:.1}L{bx:.1} {by:.1}"/>"#
        );
    }

    /// A straight line.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64)) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let _ = write!(self.body, r#"<path class="edge" d="M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}"/>"#);
    }

    /// Words; longer ones than `most` characters are cut with an ellipsis.
    pub fn words(&mut self, class: &str, at: (f64, f64), anchor: Anchor, words: &str, most: usize) {
        let (x, y) = at;
        let cut: String = if words.chars().count() > most {
            words.chars().take(most.saturating_sub(1)).chain(['…']).collect()
        } else {
            words.to_owned()
        };
        let _ = write!(
            self.body,
            r#"<text class="{class}" x="{x:.1}" y="{y:.1}" text-anchor="{}">{}</text>"#,
            anchor.word(),
            escaped(&cut)
        );
    }

    /// The picture as a file.
    #[must_use]
    pub fn svg(&self) -> String {
        self.drawn(STYLE)
    }

    /// The picture as a part of a page that has the colours.
    pub(super) fn inline(&self) -> String {
        self.drawn("")
    }

    fn drawn(&self, style: &str) -> String {
        let Self { name, title, width, height, body } = self;
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0} {height:.0}" width="{width:.0}" height="{height:.0}" role="img" aria-labelledby="{name}-title"><title id="{name}-title">{}</title>{style}{body}</svg>"#,
            escaped(title)
        )
    }

    /// The colours of pictures, for a page that holds some.
    pub(super) fn style() -> &'static str {
        STYLE.trim_start_matches("<style>").trim_end_matches("</style>")
    }
}
