//! OW314: nothing is said of how the provider tells errors.

use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};

/// Nothing is said of the provider's error model.
pub static ERROR_MODEL: Rule = Rule {
    code: "OW314",
    severity: Severity::Warning,
    waivable: true,
    title: "nothing is said of how the provider tells errors",
    what: "Finds a contract without `errors`, neither by itself nor by its facts.\nA status without a row keeps its class by HTTP: an unknown one that of its hundred, a success in another media type than `bodies.media` none.",
    why: "some providers say in a 200 that they did nothing, or in a 403 that calls came too fast; taken by the status alone, such an answer is told to the caller as something else",
    help: "add rows to `errors` in the facts, or `errors: []`, if the provider's error model is HTTP's own",
    bad: "# without errors
",
    good: "errors: []
",
    sources: &["R-025", "OWASP API Security 2023, API10", "RFC 9110 section 15"],
};

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    if !view.root.has(&["errors"]) {
        let message = format!("`{}` does not say how the provider tells errors", view.name);
        out.push(Finding::new(&ERROR_MODEL, view.name_at, message).on("errors"));
    }
}
