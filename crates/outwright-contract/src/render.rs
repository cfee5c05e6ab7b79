//! A report as text, drawn as rustc draws its own; for programs as JSON, SARIF and annotations of GitHub.

mod github;
mod json;
mod sarif;

use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Patch, Renderer, Snippet};

use crate::edit::{Edit, Fix, Grade};
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
        out.push_str(&self.summary());
        out
    }

    /// How many findings of each rule there are, most first, and the line that counts them all.
    #[must_use]
    pub fn statistics(&self) -> String {
        let mut out = String::new();
        for (rule, findings) in self.by_rule() {
            let severity = rule.severity.word();
            let _ = writeln!(out, "{findings:>5}  {}  {severity:7}  {}", rule.code, rule.title);
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out + &self.summary()
    }

    /// The last line: what was counted, shown or not.
    fn summary(&self) -> String {
        let mut out = format!(
            "{}, {} in {}",
            count(self.errors(), "error"),
            count(self.warnings(), "warning"),
            count(self.texts.len(), "file")
        );
        let all = || self.findings.iter().chain(&self.hidden);
        let waived = all().filter(|f| f.severity == Severity::Waived).count();
        if waived > 0 {
            let _ = write!(out, ", {waived} waived");
        }
        if !self.hidden.is_empty() {
            let _ = write!(out, ", {} not shown", self.hidden.len());
        }
        let safe = |f: &&Finding| {
            f.severity != Severity::Waived
                && f.fix.as_ref().is_some_and(|fix| fix.grade == Grade::Safe)
        };
        let safe = all().filter(safe).count();
        if safe > 0 {
            let _ = write!(out, "; {safe} can be repaired with --fix");
        }
        out + "\n"
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
        for (word, note) in &finding.notes {
            group = group.element(Level::NOTE.with_name(Some(*word)).message(note.as_str()));
        }
        let see = format!("outwright explain {}", finding.rule.code);
        let see = Level::NOTE.with_name(Some("see")).message(see);
        match finding.fix.as_ref().and_then(|fix| self.patch(fix)) {
            Some(patch) => {
                // The lines say what the rule's own help says; what this finding adds to it is said too.
                let own =
                    finding.help != finding.rule.help && !finding.help.contains("did you mean");
                if own {
                    group = group.element(Level::HELP.message(finding.help.as_str()));
                }
                renderer.render(&[group, patch.element(see)])
            }
            None => {
                let help = Level::HELP.message(finding.help.as_str());
                renderer.render(&[group.element(help).element(see)])
            }
        }
    }

    /// The lines of a fix with what is added and taken away; none where they are too far apart to be drawn.
    fn patch<'a>(&'a self, fix: &'a Fix) -> Option<Group<'a>> {
        let mut group =
            Level::HELP.secondary_title(fix.title.as_str()).elements(Vec::<Origin<'_>>::new());
        let mut files: Vec<u32> = fix.edits.iter().map(|edit| edit.place.file).collect();
        files.dedup();
        for file in files {
            let edits: Vec<&Edit> = fix.edits.iter().filter(|e| e.place.file == file).collect();
            let text = self.texts.get(file as usize)?;
            let first = edits.first()?.place.start as usize;
            let last = edits.last()?.place.end as usize;
            let before = text.text.get(..first)?;
            let from = before.rfind('\n').map_or(0, |at| at + 1);
            let rest = text.text.get(last..)?;
            let to = rest.find('\n').map_or(text.text.len(), |at| last + at);
            if to - from > DRAWN_BYTES_MAX {
                return None;
            }
            let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
            let patches = edits.into_iter().map(|edit| {
                let (start, end) = (edit.place.start as usize, edit.place.end as usize);
                Patch::new(start - from..end - from, edit.text.as_str())
            });
            group = group.element(
                Snippet::source(text.text.get(from..to)?)
                    .line_start(line)
                    .path(text.path.as_str())
                    .patches(patches),
            );
        }
        Some(group)
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
