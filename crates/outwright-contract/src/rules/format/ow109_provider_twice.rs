//! OW109: the same provider twice.

use crate::finding::{Rule, Severity};

/// The same provider in two files.
pub static TWICE: Rule = Rule {
    code: "OW109",
    severity: Severity::Error,
    waivable: false,
    title: "the same provider twice",
    what: "Finds two contracts of one provider, and a second `outwright.yaml`.",
    why: "one name leads to one contract",
    help: "rename or remove one of them; further files of a folder hold `outwright`, `provider` and `operations` only",
    bad: "# more/contract.yaml
outwright: 1
provider: acme
",
    good: "# contracts/more.yaml
outwright: 1
provider: acme
operations:
  get_order:
    request: GET /v1/orders/{order}
    fallback: none
",
    sources: &["chosen"],
};
