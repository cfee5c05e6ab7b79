//! A report as commands of a GitHub workflow, which shows them beside the lines of a pull request.

use std::fmt::Write as _;

use crate::finding::{Report, Severity};
use crate::source::Place;

impl Report {
    /// One workflow command per finding that is not waived.
    #[must_use]
    pub fn github(&self) -> String {
        let mut out = String::new();
        for finding in &self.findings {
            let command = match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Waived => continue,
            };
            let (file, line, column) = self.at(finding.place);
            let (_, end_line, end_column) =
                self.at(Place { start: finding.place.end, ..finding.place });
            let _ = write!(out, "::{command} file={},line={line},", property(file));
            if line == end_line {
                let _ = write!(out, "endLine={end_line},col={column},endColumn={end_column},");
            }
            let title = format!("{} {}", finding.rule.code, finding.rule.title);
            let message = format!("{}\nhelp: {}", finding.sentence(), finding.help);
            let _ = writeln!(out, "title={}::{}", property(&title), data(&message));
        }
        out
    }
}

/// What ends a command's message is written as its code (actions/toolkit, `command.ts`).
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// In a property, also what ends the property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_command_is_escaped() {
        assert_eq!(data("50%: a\r\nb"), "50%25: a%0D%0Ab");
        assert_eq!(property("a:b,c%"), "a%3Ab%2Cc%25");
    }
}
