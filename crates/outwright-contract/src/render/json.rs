//! A report for programs; the shape is in `docs/reference/check.md`.

use serde_json::{Value, json};

use crate::edit::{Fix, Grade};
use crate::finding::{Finding, Report};
use crate::source::Place;

impl Report {
    /// The report for programs; its shape is in `docs/reference/check.md`.
    #[must_use]
    pub fn json(&self) -> Value {
        let findings: Vec<Value> = self.findings.iter().map(|f| self.finding_json(f)).collect();
        json!({
            "version": 1,
            "errors": self.errors(),
            "warnings": self.warnings(),
            "files": self.texts.len(),
            "hidden": self.hidden.len(),
            "findings": findings,
        })
    }

    /// How many findings of each rule there are, for programs.
    #[must_use]
    pub fn statistics_json(&self) -> Value {
        let rules: Vec<Value> = self
            .by_rule()
            .into_iter()
            .map(|(rule, findings)| {
                json!({
                    "code": rule.code,
                    "severity": rule.severity.word(),
                    "title": rule.title,
                    "findings": findings,
                })
            })
            .collect();
        json!({
            "version": 1,
            "errors": self.errors(),
            "warnings": self.warnings(),
            "files": self.texts.len(),
            "hidden": self.hidden.len(),
            "rules": rules,
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
        let notes: Vec<Value> = finding
            .notes
            .iter()
            .map(|(word, note)| json!({ "word": word, "note": note }))
            .collect();
        let waiver = finding.waiver.as_ref().map(|waiver| {
            json!({
                "reason": waiver.reason,
                "owner": waiver.owner,
                "until": waiver.until,
                "at": self.spot(waiver.place),
            })
        });
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
            "notes": notes,
            "help": finding.help,
            "related": related,
            "waiver": waiver,
            "fix": finding.fix.as_ref().map(|fix| self.fix_json(fix)),
        })
    }

    /// Ranges are given twice: in bytes, which programs replace, and in lines and columns.
    fn fix_json(&self, fix: &Fix) -> Value {
        let edits: Vec<Value> = fix
            .edits
            .iter()
            .map(|edit| {
                let (file, line, column) = self.at(edit.place);
                let (_, end_line, end_column) =
                    self.at(Place { start: edit.place.end, ..edit.place });
                json!({
                    "file": file,
                    "start": edit.place.start,
                    "end": edit.place.end,
                    "line": line,
                    "column": column,
                    "end_line": end_line,
                    "end_column": end_column,
                    "text": edit.text,
                })
            })
            .collect();
        json!({ "title": fix.title, "safe": fix.grade == Grade::Safe, "edits": edits })
    }
}
