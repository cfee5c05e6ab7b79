//! OW905: no version of the provider's API is pinned.

use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};

/// No version of the provider's API is pinned.
pub static NO_VERSION: Rule = Rule {
    code: "OW905",
    severity: Severity::Warning,
    waivable: true,
    title: "no version of the provider's API is pinned",
    what: "Finds a contract without `version`, unless the path of `base_url` or of every operation holds one: a part such as `v2` or `2026-10`.",
    why: "an API without a version changes on the day that suits the provider",
    help: "add `version: { header: …, value: … }`, write the version into `base_url`, or say `version: none` where the provider has none",
    bad: "operations:
  list_orders:
    request: GET /orders
    fallback: none
",
    good: r#"version: { header: Acme-Version, value: "2026-10-01" }
operations:
  list_orders:
    request: GET /orders
    fallback: none
"#,
    sources: &["R-019", "OWASP API Security 2023, API9", "RFC 9745", "RFC 8594"],
};

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    let in_base = view.base().is_some_and(|base| base.path.split('/').any(is_version));
    let mut templates = view.operations.iter().filter_map(|op| op.template.as_deref());
    let in_paths = templates.all(|template| template.split('/').any(is_version));
    if view.root.has(&["version"]) || in_base || in_paths {
        return;
    }
    let message = format!("`{}` pins no version of the provider's API", view.name);
    out.push(Finding::new(&NO_VERSION, view.name_at, message).on("version"));
}

/// `v1`, `v2.1`, `v1beta`, `2026-10`, `2026-10-01`, `2010-04-01.json`.
fn is_version(part: &str) -> bool {
    let digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    if let Some(rest) = part.strip_prefix(['v', 'V']) {
        return digit(rest);
    }
    let mut numbers = part.split('-');
    let year = numbers.next().is_some_and(|year| {
        year.len() == 4 && year.starts_with("20") && year.bytes().all(|b| b.is_ascii_digit())
    });
    year && numbers.next().is_some_and(digit)
}
