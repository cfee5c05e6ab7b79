//! A difference for people, for programs and for reviews.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Diff, Effect, Part, Tendency};

impl Diff {
    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        for part in &self.parts {
            let _ = writeln!(out, "{}: {}", part.title(), part.tendency().word());
            for effect in &part.effects {
                let what = effect.what();
                let _ =
                    writeln!(out, "  {:10}  {what}: {}", effect.tendency.word(), effect.sentence);
            }
            out.push('\n');
        }
        out + &self.summary() + "\n"
    }

    /// For the description of a change that people review.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = format!("**{}**\n", self.summary());
        for part in &self.parts {
            let _ = write!(out, "\n### {}: {}\n\n", escaped(&part.title()), part.tendency().word());
            out.push_str("| | key | before | after | meaning |\n| --- | --- | --- | --- | --- |\n");
            for effect in &part.effects {
                let value = |value: &Option<String>| match value.as_deref() {
                    None | Some("") => "–".to_owned(),
                    Some(value) => escaped(value),
                };
                let _ = writeln!(
                    out,
                    "| {} | {} | {} | {} | {} |",
                    effect.tendency.word(),
                    escaped(&effect.key),
                    value(&effect.before),
                    value(&effect.after),
                    escaped(&effect.sentence),
                );
            }
        }
        out
    }

    /// For programs; the shape is in `docs/reference/diff.md`.
    #[must_use]
    pub fn json(&self) -> Value {
        let parts: Vec<Value> = self.parts.iter().map(Part::json).collect();
        json!({
            "version": 1,
            "tendency": self.tendency().word(),
            "loosening": self.count(Tendency::Loosening),
            "tightening": self.count(Tendency::Tightening),
            "neutral": self.count(Tendency::Neutral),
            "parts": parts,
        })
    }

    fn summary(&self) -> String {
        if self.parts.is_empty() {
            return "nothing that is in force differs".to_owned();
        }
        let count = |tendency: Tendency| format!("{} {}", self.count(tendency), tendency.word());
        let all = [Tendency::Loosening, Tendency::Tightening, Tendency::Neutral].map(count);
        format!("{}: {}", self.tendency().word(), all.join(", "))
    }
}

impl Part {
    fn title(&self) -> String {
        match &self.operation {
            Some(operation) => format!("{}.{operation}", self.provider),
            None => self.provider.clone(),
        }
    }

    fn json(&self) -> Value {
        let effects: Vec<Value> = self
            .effects
            .iter()
            .map(|effect| {
                json!({
                    "key": effect.key,
                    "before": effect.before,
                    "after": effect.after,
                    "tendency": effect.tendency.word(),
                    "sentence": effect.sentence,
                })
            })
            .collect();
        json!({
            "provider": self.provider,
            "operation": self.operation,
            "tendency": self.tendency().word(),
            "effects": effects,
        })
    }
}

impl Effect {
    /// The key with its values, in one line.
    fn what(&self) -> String {
        let some = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
        let key = if self.key.is_empty() { "" } else { self.key.as_str() };
        match (some(&self.before), some(&self.after)) {
            (Some(before), Some(after)) => format!("{key}: {before} -> {after}"),
            (None, Some(after)) => format!("{key}: {after} (added)"),
            (Some(before), None) => format!("{key}: {before} (removed)"),
            (None, None) if self.after.is_some() => format!("{key} (added)"),
            (None, None) => format!("{key} (removed)"),
        }
        .trim_start_matches([':', ' '])
        .to_owned()
    }
}

/// What ends a cell or begins markup is written as itself.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '|' | '*' | '_' | '`' | '[' | ']' | '<' | '>' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' | '\r' => out.push(' '),
            _ => out.push(c),
        }
    }
    out
}
