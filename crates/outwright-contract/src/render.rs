//! A report as text, drawn as rustc draws its own, and as JSON.

use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};
use serde_json::{Value, json};

use crate::finding::{Finding, Report, Severity};
use crate::source::Place;

/// Most bytes of a source that are drawn with one finding; of longer ones only the place is told (chosen: 200 lines).
const DRAWN_BYTES_MAX: usize = 20_000;

/// Whether text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// ANSI colours, for terminals.
    On,
    /// Plain text.
    Off,
}

impl Report {
    /// The findings for people, each with its line, and a last line that counts them.
    #[must_use]
    pub fn text(&self, colour: Colour) -> String {
        let renderer = match colour {
            Colour::On => Renderer::styled(),
            Colour::Off => Renderer::plain(),
        };
        let mut out = String::new();
        for finding in &self.findings {
            out.push_str(&self.draw(finding, &renderer));
            out.push_str("\n\n");
        }
        let (errors, warnings) = (self.errors(), self.warnings());
        let _ = write!(
            out,
            "{}, {} in {}",
            count(errors, "error"),
            count(warnings, "warning"),
            count(self.texts.len(), "file")
        );
        let waived = self.findings.iter().filter(|f| f.severity == Severity::Waived).count();
        if waived > 0 {
            let _ = write!(out, ", {waived} waived");
        }
        out.push('\n');
        out
    }

    fn draw(&self, finding: &Finding, renderer: &Renderer) -> String {
        let level = match finding.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Waived => Level::NOTE.with_name(Some("waived")),
        };
        let title = level.primary_title(finding.sentence()).id(finding.rule.code);
        let main =
            self.snippet(finding.place, &finding.label, AnnotationKind::Primary, &finding.related);
        let mut group = match main {
            Some(snippet) => title.element(snippet),
            None => title.element(self.origin(finding.place)),
        };
        for (place, label) in &finding.related {
            if place.file != finding.place.file {
                group = group.elements(self.snippet(*place, label, AnnotationKind::Context, &[]));
            }
        }
        group = group.element(Level::NOTE.message(finding.rule.why));
        group = group.element(Level::HELP.message(finding.help.as_str()));
        renderer.render(&[group])
    }

    fn snippet<'a>(
        &'a self,
        place: Place,
        label: &'a str,
        kind: AnnotationKind,
        related: &'a [(Place, String)],
    ) -> Option<Snippet<'a, annotate_snippets::Annotation<'a>>> {
        let text = self.texts.get(place.file as usize)?;
        let here: Vec<&(Place, String)> =
            related.iter().filter(|(other, _)| other.file == place.file).collect();
        let spans = here.iter().map(|(other, _)| self.span(*other)).chain([self.span(place)]);
        let (from, to) = spans
            .fold((usize::MAX, 0), |(from, to), span| (from.min(span.start), to.max(span.end)));
        // Only these lines: what draws them reads the whole source, once per finding.
        let before = text.text.get(..from)?;
        let from = before.rfind('\n').map_or(0, |at| at + 1);
        let to = text.text.get(to..)?.find('\n').map_or(text.text.len(), |at| to + at);
        if to - from > DRAWN_BYTES_MAX {
            return None;
        }
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        let span = |place: Place| {
            let span = self.span(place);
            span.start - from..span.end - from
        };
        let mut main = kind.span(span(place));
        if !label.is_empty() {
            main = main.label(label);
        }
        let beside = here
            .into_iter()
            .map(|(other, label)| AnnotationKind::Context.span(span(*other)).label(label.as_str()));
        Some(
            Snippet::source(text.text.get(from..to)?)
                .line_start(line)
                .path(text.path.as_str())
                .annotation(main)
                .annotations(beside),
        )
    }

    /// A place without its lines.
    fn origin(&self, place: Place) -> Origin<'_> {
        let (path, line, column) = self.at(place);
        Origin::path(path).line(line).char_column(column)
    }

    /// A range that lies on character boundaries of its text and within one line.
    fn span(&self, place: Place) -> std::ops::Range<usize> {
        let text = self.texts.get(place.file as usize).map_or("", |t| t.text.as_str());
        let mut start = (place.start as usize).min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let line =
            text.get(start..).and_then(|rest| rest.find('\n')).map_or(text.len(), |at| start + at);
        let mut end = (place.end as usize).clamp(start, line.max(start));
        while !text.is_char_boundary(end) {
            end += 1;
        }
        start..end
    }

    /// The report for programs; its shape is in `docs/reference/contract.md`.
    #[must_use]
    pub fn json(&self) -> Value {
        let findings: Vec<Value> = self.findings.iter().map(|f| self.finding_json(f)).collect();
        json!({
            "version": 1,
            "errors": self.errors(),
            "warnings": self.warnings(),
            "files": self.texts.len(),
            "findings": findings,
        })
    }

    fn finding_json(&self, finding: &Finding) -> Value {
        let related: Vec<Value> = finding
            .related
            .iter()
            .map(|(place, label)| {
                let (file, line, column) = self.at(*place);
                json!({ "file": file, "line": line, "column": column, "label": label })
            })
            .collect();
        let (file, line, column) = self.at(finding.place);
        let (_, end_line, end_column) =
            self.at(Place { start: finding.place.end, ..finding.place });
        json!({
            "code": finding.rule.code,
            "severity": finding.severity.word(),
            "title": finding.rule.title,
            "message": finding.message,
            "provider": finding.provider,
            "subject": finding.subject,
            "also": finding.also,
            "file": file,
            "line": line,
            "column": column,
            "end_line": end_line,
            "end_column": end_column,
            "label": finding.label,
            "why": finding.rule.why,
            "help": finding.help,
            "related": related,
        })
    }

    fn at(&self, place: Place) -> (&str, usize, usize) {
        self.texts.get(place.file as usize).map_or(("", 0, 0), |text| {
            let (line, column) = text.line_column(place.start);
            (text.path.as_str(), line, column)
        })
    }
}

fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}
