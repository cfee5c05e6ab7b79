//! What a check says: findings with a rule, a place and a way out.

use crate::edit::{Fix, Repair, Trees};
use crate::source::{Place, Text};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Stands in a waiver that has not expired: shown, counts for nothing.
    Waived,
    /// Worth a look; does not stop anything.
    Warning,
    /// The contract does not run.
    Error,
}

impl Severity {
    /// Its word in reports; stable.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waived => "waived",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A rule that contracts are held to; its page and `outwright explain CODE` are made of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// `OWnnn`; never reused.
    pub code: &'static str,
    /// How bad a finding of it is.
    pub severity: Severity,
    /// Whether a waiver in the contract may name it.
    pub waivable: bool,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// What the rule looks for; one sentence a line.
    pub what: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// What to do.
    pub help: &'static str,
    /// What breaks it, to be laid over a whole contract: see [`crate::page`].
    pub bad: &'static str,
    /// What keeps it.
    pub good: &'static str,
    /// Requirements, standards and books that ask for it; `chosen` where it is our own judgement.
    pub sources: &'static [&'static str],
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// How bad it is here; a rule's own severity unless waived or the purpose changes it.
    pub severity: Severity,
    /// What is wrong, with names.
    pub message: String,
    /// Where.
    pub place: Place,
    /// What to see there.
    pub label: String,
    /// The provider, where it is known.
    pub provider: String,
    /// The operation, credential or key that is concerned, such as `operations.create_charge`.
    pub subject: String,
    /// Further subjects that the same value breaks the same rule for.
    pub also: Vec<String>,
    /// Other places that belong to it.
    pub related: Vec<(Place, String)>,
    /// Further facts, each under its word: what it leads to, what the provider says.
    pub notes: Vec<(&'static str, String)>,
    /// What to do.
    pub help: String,
    /// The edits that do it, where the text bears them.
    pub fix: Option<Fix>,
    /// Who answers for it, where it is waived.
    pub waiver: Option<Waiver>,
    /// The fix before its place in the text is known.
    pub(crate) repair: Option<Repair>,
}

/// Who answers for a finding, why and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// Where it stands.
    pub place: Place,
    /// Why.
    pub reason: String,
    /// Who.
    pub owner: String,
    /// The last day, as it is written.
    pub until: String,
}

impl Finding {
    /// A finding of `rule` at `place`; says the rule's own help until told better.
    pub(crate) fn new(rule: &'static Rule, place: Place, message: impl Into<String>) -> Self {
        Self {
            rule,
            severity: rule.severity,
            message: message.into(),
            place,
            label: String::new(),
            provider: String::new(),
            subject: String::new(),
            also: Vec::new(),
            related: Vec::new(),
            notes: Vec::new(),
            help: rule.help.to_owned(),
            fix: None,
            waiver: None,
            repair: None,
        }
    }

    /// The message without the name of its operation: one inherited value may break a rule for many.
    fn nameless(&self) -> String {
        let name = self.subject.rsplit('.').next().unwrap_or_default();
        if name.is_empty() {
            self.message.clone()
        } else {
            self.message.replace(&format!("`{name}`"), "`…`")
        }
    }

    /// The message, with how many more it concerns.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self.also.len() {
            0 => self.message.clone(),
            n => format!("{} (and {n} more)", self.message),
        }
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    pub(crate) fn on(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    pub(crate) fn note(mut self, word: &'static str, note: impl Into<String>) -> Self {
        self.notes.push((word, note.into()));
        self
    }

    pub(crate) fn repair(mut self, repair: Repair) -> Self {
        self.repair = Some(repair);
        self
    }

    pub(crate) fn see(mut self, place: Place, label: impl Into<String>) -> Self {
        self.related.push((place, label.into()));
        self
    }
}

/// Everything that a check found, with the masked texts that it refers to.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The findings, by file and place.
    pub findings: Vec<Finding>,
    /// Findings that count and are not shown.
    pub hidden: Vec<Finding>,
    /// The texts that places point into.
    pub texts: Vec<Text>,
}

impl Report {
    /// How many findings stop the contracts from running.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.count(Severity::Error)
    }

    /// How many findings are worth a look.
    #[must_use]
    pub fn warnings(&self) -> usize {
        self.count(Severity::Warning)
    }

    fn count(&self, severity: Severity) -> usize {
        let all = self.findings.iter().chain(&self.hidden);
        all.filter(|finding| finding.severity == severity).count()
    }

    /// The rules of the findings that are shown and not waived, with how many there are, most first.
    pub(crate) fn by_rule(&self) -> Vec<(&'static Rule, usize)> {
        let mut rules: Vec<(&'static Rule, usize)> = Vec::new();
        for finding in self.findings.iter().filter(|f| f.severity != Severity::Waived) {
            match rules.iter_mut().find(|(rule, _)| *rule == finding.rule) {
                Some((_, findings)) => *findings += 1,
                None => rules.push((finding.rule, 1)),
            }
        }
        rules.sort_by_key(|(rule, findings)| (std::cmp::Reverse(*findings), rule.code));
        rules
    }

    /// Finds the edits of every finding that has a way out.
    fn repairs(&mut self) {
        let mut trees = Trees::new(&self.texts);
        for finding in &mut self.findings {
            finding.fix = finding.repair.take().and_then(|repair| trees.resolve(&repair));
        }
    }

    /// Sorts by place, drops what was found twice, and finds the edits of what is left.
    pub(crate) fn settle(&mut self) {
        self.findings.sort_by(|a, b| {
            (a.place, a.rule.code, &a.message).cmp(&(b.place, b.rule.code, &b.message))
        });
        self.findings.dedup_by(|later, first| {
            let same = later.place == first.place
                && later.rule == first.rule
                && later.severity == first.severity
                && later.nameless() == first.nameless();
            if same && later.subject != first.subject && !first.also.contains(&later.subject) {
                first.also.push(later.subject.clone());
            }
            same
        });
        self.repairs();
    }

    /// `path:line:column` of a place.
    #[must_use]
    pub fn spot(&self, place: Place) -> String {
        self.texts.get(place.file as usize).map_or_else(String::new, |text| {
            let (line, column) = text.line_column(place.start);
            format!("{}:{line}:{column}", text.path)
        })
    }
}
