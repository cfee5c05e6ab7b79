//! Which findings are shown: by code, or by the beginning that a hundred shares.
//!
//! It never decides what counts.

use crate::finding::{Finding, Report};
use crate::rules::ALL;
use crate::shape::nearest;

/// Codes and beginnings of codes, such as `OW301` and `OW3`.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    select: Vec<String>,
    ignore: Vec<String>,
}

/// A code that no rule has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownCode {
    /// As it was given.
    pub code: String,
    /// The code that is most like it.
    pub near: Option<&'static str>,
}

impl Selection {
    /// Shows what `select` names, all where it is empty, but for what `ignore` names.
    ///
    /// # Errors
    ///
    /// A name that is neither a code nor the beginning of one.
    pub fn new(select: &[String], ignore: &[String]) -> Result<Self, UnknownCode> {
        let known = |codes: &[String]| codes.iter().map(|code| beginning(code)).collect();
        let select: Result<Vec<String>, UnknownCode> = known(select);
        let ignore: Result<Vec<String>, UnknownCode> = known(ignore);
        Ok(Self { select: select?, ignore: ignore? })
    }

    fn shows(&self, finding: &Finding) -> bool {
        let named = |codes: &[String]| {
            codes.iter().any(|code| finding.rule.code.starts_with(code.as_str()))
        };
        (self.select.is_empty() || named(&self.select)) && !named(&self.ignore)
    }
}

impl Report {
    /// Takes out of sight what a selection does not show; it counts as before.
    pub fn show(&mut self, selection: &Selection) {
        let all = std::mem::take(&mut self.findings);
        let (shown, hidden): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|finding| selection.shows(finding));
        self.findings = shown;
        self.hidden.extend(hidden);
    }
}

fn beginning(code: &str) -> Result<String, UnknownCode> {
    let upper = code.trim().to_ascii_uppercase();
    let begins = upper.len() >= "OW".len() && ALL.iter().any(|rule| rule.code.starts_with(&upper));
    if begins {
        return Ok(upper);
    }
    let near = nearest(&upper, ALL.iter().map(|rule| rule.code));
    Err(UnknownCode { code: code.to_owned(), near })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_no_rule_has_is_refused_with_the_nearest() {
        assert!(Selection::new(&["OW301".into(), "ow3".into()], &["OW".into()]).is_ok());
        for (code, near) in
            [("OW30l", Some("OW301")), ("E501", Some("OW501")), ("", None), ("O", None)]
        {
            let refused = Selection::new(&[], &[code.to_owned()]).unwrap_err();
            assert_eq!((refused.code.as_str(), refused.near), (code, near));
        }
    }
}
