//! Edits into texts: from the last byte to the first, none over another, and only what makes things better.

use super::{Edit, Fix, Grade};
use crate::finding::{Report, Severity};
use crate::load::load;
use crate::options::Options;
use crate::source::Source;

/// How often texts are repaired and looked at again: what one repair uncovers, the next pass repairs (chosen).
const PASSES_MAX: usize = 10;

/// A repair that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The rule of the finding.
    pub code: &'static str,
    /// `path:line:column`, as it was when it was found.
    pub spot: String,
    /// What was done.
    pub title: String,
}

/// Sources after their repairs.
#[derive(Clone, Debug)]
pub struct Repaired {
    /// All sources in their order, repaired or as they were.
    pub sources: Vec<Source>,
    /// What was done, in order.
    pub done: Vec<Done>,
    /// What is found now.
    pub report: Report,
}

/// Applies every safe repair, looks again, and goes on until there is none.
///
/// A pass after which there are more errors than before is taken back.
#[must_use]
pub fn repair(sources: &[Source], options: &Options) -> Repaired {
    let mut sources = sources.to_vec();
    let mut done = Vec::new();
    let mut report = load(&sources, options).report;
    for _ in 0..PASSES_MAX {
        let findings = report.findings.iter().filter(|f| f.severity != Severity::Waived);
        let safe = findings.filter_map(|finding| {
            let fix = finding.fix.as_ref().filter(|fix| fix.grade == Grade::Safe)?;
            let (code, title) = (finding.rule.code, fix.title.clone());
            Some((fix, Done { code, spot: report.spot(finding.place), title }))
        });
        let (fixes, notes): (Vec<&Fix>, Vec<Done>) = safe.unzip();
        if fixes.is_empty() {
            break;
        }
        let (next, applied) = apply(&sources, &fixes);
        let after = load(&next, options).report;
        if after.errors() > report.errors() {
            break;
        }
        let made = notes.into_iter().zip(applied).filter_map(|(note, made)| made.then_some(note));
        done.extend(made);
        (sources, report) = (next, after);
    }
    Repaired { sources, done, report }
}

/// The sources after these repairs, and which of them were made: one that would touch another's text is left out.
#[must_use]
pub fn apply(sources: &[Source], fixes: &[&Fix]) -> (Vec<Source>, Vec<bool>) {
    let mut chosen: Vec<&Edit> = Vec::new();
    let mut applied = Vec::new();
    for fix in fixes {
        let fits = fix.edits.iter().all(|edit| {
            let inside = sources.get(edit.place.file as usize).is_some_and(|source| {
                edit.place.start <= edit.place.end && edit.place.end as usize <= source.bytes.len()
            });
            inside && chosen.iter().all(|other| *other == edit || !touch(other, edit))
        });
        if fits {
            for edit in &fix.edits {
                if !chosen.contains(&edit) {
                    chosen.push(edit);
                }
            }
        }
        applied.push(fits);
    }
    chosen.sort_by_key(|edit| edit.place);
    let mut sources = sources.to_vec();
    for edit in chosen.into_iter().rev() {
        if let Some(source) = sources.get_mut(edit.place.file as usize) {
            let range = edit.place.start as usize..edit.place.end as usize;
            source.bytes.splice(range, edit.text.bytes());
        }
    }
    (sources, applied)
}

/// Whether two edits concern the same bytes, or insert in the same place.
fn touch(a: &Edit, b: &Edit) -> bool {
    let (x, y) = (a.place, b.place);
    x.file == y.file && (x.start == y.start || (x.start < y.end && y.start < x.end))
}
