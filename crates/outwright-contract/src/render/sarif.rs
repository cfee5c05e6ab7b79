//! A report as SARIF 2.1.0 (OASIS), with its rules, fixes and suppressions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::edit::Fix;
use crate::finding::{Finding, Report, Rule, Severity};
use crate::rules;
use crate::source::Place;

/// The place of the schema that the log is held against; also what tells readers its version.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

impl Report {
    /// The report as a SARIF log of one run.
    #[must_use]
    pub fn sarif(&self) -> Value {
        let rules: Vec<Value> = rules::ALL.iter().map(|rule| rule_json(rule)).collect();
        let mut seen = BTreeMap::new();
        let results: Vec<Value> =
            self.findings.iter().map(|finding| self.result(finding, &mut seen)).collect();
        json!({
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "outwright",
                    "version": env!("CARGO_PKG_VERSION"),
                    "informationUri": env!("CARGO_PKG_REPOSITORY"),
                    "rules": rules,
                } },
                "invocations": [{ "executionSuccessful": true }],
                "columnKind": "unicodeCodePoints",
                "results": results,
            }],
        })
    }

    fn result(&self, finding: &Finding, seen: &mut BTreeMap<String, u32>) -> Value {
        let level = match finding.severity {
            Severity::Waived => finding.rule.severity,
            Severity::Warning | Severity::Error => finding.severity,
        };
        let index = rules::ALL.iter().position(|rule| *rule == finding.rule);
        let related: Vec<Value> = finding
            .related
            .iter()
            .map(|(place, label)| {
                json!({
                    "physicalLocation": self.physical(*place),
                    "message": { "text": label },
                })
            })
            .collect();
        let mut result = json!({
            "ruleId": finding.rule.code,
            "ruleIndex": index,
            "level": level.word(),
            "message": { "text": message(finding) },
            "locations": [{
                "physicalLocation": self.physical(finding.place),
                "logicalLocations": logical(finding),
            }],
            "relatedLocations": related,
            "partialFingerprints": { "outwright/v1": self.fingerprint(finding, seen) },
            "suppressions": self.suppressions(finding),
        });
        if let (Some(fix), Some(result)) = (&finding.fix, result.as_object_mut()) {
            result.insert("fixes".to_owned(), json!([self.fix_sarif(fix)]));
        }
        result
    }

    fn fix_sarif(&self, fix: &Fix) -> Value {
        let mut changes: Vec<Value> = Vec::new();
        let mut files: Vec<u32> = fix.edits.iter().map(|edit| edit.place.file).collect();
        files.dedup();
        for file in files {
            let replacements: Vec<Value> = fix
                .edits
                .iter()
                .filter(|edit| edit.place.file == file)
                .map(|edit| {
                    json!({
                        "deletedRegion": self.region(edit.place),
                        "insertedContent": { "text": edit.text },
                    })
                })
                .collect();
            changes.push(json!({
                "artifactLocation": self.artifact(Place::top(file)),
                "replacements": replacements,
            }));
        }
        json!({ "description": { "text": fix.title }, "artifactChanges": changes })
    }

    /// Empty where nobody answers for the finding.
    fn suppressions(&self, finding: &Finding) -> Value {
        match &finding.waiver {
            Some(waiver) => json!([{
                "kind": "inSource",
                "status": "accepted",
                "justification":
                    format!("{} ({}, until {})", waiver.reason, waiver.owner, waiver.until),
                "location": { "physicalLocation": self.physical(waiver.place) },
            }]),
            None => json!([]),
        }
    }

    fn physical(&self, place: Place) -> Value {
        json!({ "artifactLocation": self.artifact(place), "region": self.region(place) })
    }

    fn artifact(&self, place: Place) -> Value {
        json!({ "uri": uri(self.at(place).0) })
    }

    fn region(&self, place: Place) -> Value {
        let (_, line, column) = self.at(place);
        let (_, end_line, end_column) = self.at(Place { start: place.end, ..place });
        json!({
            "startLine": line.max(1),
            "startColumn": column.max(1),
            "endLine": end_line.max(1),
            "endColumn": end_column.max(1),
        })
    }

    /// The same for the same finding after lines have moved: made of what is found, not of where.
    fn fingerprint(&self, finding: &Finding, seen: &mut BTreeMap<String, u32>) -> String {
        let parts = [
            finding.rule.code,
            self.at(finding.place).0,
            &finding.provider,
            &finding.subject,
            &finding.message,
        ];
        // FNV-1a with its published constants: tells findings apart, protects nothing.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in parts.iter().flat_map(|part| part.bytes().chain([0])) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let print = format!("{hash:016x}");
        let times = seen.entry(print.clone()).or_insert(0);
        *times += 1;
        format!("{print}:{times}")
    }
}

/// The operation, credential or key that is concerned; none where a file is.
fn logical(finding: &Finding) -> Vec<Value> {
    let names = [finding.provider.as_str(), finding.subject.as_str()];
    let name: Vec<&str> = names.into_iter().filter(|name| !name.is_empty()).collect();
    let subject = (!finding.subject.is_empty()).then(|| name.join("."));
    subject.into_iter().map(|name| json!({ "fullyQualifiedName": name })).collect()
}

/// The message and what to do: viewers show little else.
fn message(finding: &Finding) -> String {
    let mut text = finding.sentence();
    if !finding.label.is_empty() {
        text.push_str(": ");
        text.push_str(&finding.label);
    }
    format!("{text}. Help: {}.", finding.help)
}

fn rule_json(rule: &Rule) -> Value {
    let page =
        format!("{}/blob/main/docs/reference/rules/{}.md", env!("CARGO_PKG_REPOSITORY"), rule.code);
    json!({
        "id": rule.code,
        "name": rule.code,
        "shortDescription": { "text": rule.title },
        "fullDescription": { "text": rule.what },
        "help": { "text": rule.help, "markdown": rule.page() },
        "helpUri": page,
        "defaultConfiguration": { "level": rule.severity.word() },
    })
}

/// A path as a URI reference; what stands for itself there stays (RFC 3986 section 2.3).
fn uri(path: &str) -> String {
    let mut out = String::new();
    if path.starts_with('/') {
        out.push_str("file://");
    }
    for byte in path.trim_start_matches("./").bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_a_uri() {
        assert_eq!(uri("./contracts/a b.yaml"), "contracts/a%20b.yaml");
        assert_eq!(uri("/tmp/é.yaml"), "file:///tmp/%C3%A9.yaml");
    }
}
