//! OW707: shares that are more than all there is.

use crate::finding::{Finding, Rule, Severity};
use crate::node::Node;
use crate::units::ratio;

/// Shares that are more than all there is.
pub static SHARES: Rule = Rule {
    code: "OW707",
    severity: Severity::Warning,
    waivable: true,
    title: "shares that are more than all there is",
    what: "Adds up the shares of the callers; finds a sum above 100%.",
    why: "a share is the most that a caller holds; where shares are more than all, one caller's load is felt by the others",
    help: "lower the shares until they are 100% together, or leave them out",
    bad: "# outwright.yaml
outwright: 1
callers:
  checkout: { token: { file: /run/secrets/checkout } }
  reports: { token: { file: /run/secrets/reports } }
# contracts/acme.yaml
callers:
  checkout: { share: 70% }
  reports: { share: 40% }
",
    good: "# outwright.yaml
outwright: 1
callers:
  checkout: { token: { file: /run/secrets/checkout } }
  reports: { token: { file: /run/secrets/reports } }
# contracts/acme.yaml
callers:
  checkout: { share: 70% }
  reports: { share: 30% }
",
    sources: &["chosen"],
};

pub(super) fn check(callers: &Node, out: &mut Vec<Finding>) {
    let shares = callers.entries().iter().filter_map(|c| c.value.read(&["share"], ratio));
    let sum: f64 = shares.sum();
    // A hair more, so that three times 33.4% is found and ten times 10% is not.
    if sum > 1.0 + 1e-9 {
        let message = format!("the shares of the callers are {:.1}% together", sum * 100.0);
        out.push(Finding::new(&SHARES, callers.at, message).on("callers"));
    }
}
