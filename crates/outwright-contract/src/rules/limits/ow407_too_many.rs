//! OW407: more than one provider can have.

use outwright_core::limits::{LANES_MAX, OPERATIONS_MAX, WINDOWS_MAX};

use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};
use crate::node::Node;

/// More than the engine can tell apart.
pub static TOO_MANY: Rule = Rule {
    code: "OW407",
    severity: Severity::Error,
    waivable: false,
    title: "more than one provider can have",
    what: "Finds more operations, windows or different sets of windows than one provider can have.",
    why: "windows and sets of windows are kept as bits of one word; operations by a short index",
    help: "split the provider, or let operations share windows",
    bad: "limits:
  windows:
    - { name: w0, requests: 100, per: 1s }
    - { name: w1, requests: 100, per: 1s }
    - { name: w2, requests: 100, per: 1s }
    - { name: w3, requests: 100, per: 1s }
    - { name: w4, requests: 100, per: 1s }
    - { name: w5, requests: 100, per: 1s }
    - { name: w6, requests: 100, per: 1s }
    - { name: w7, requests: 100, per: 1s }
    - { name: w8, requests: 100, per: 1s }
    - { name: w9, requests: 100, per: 1s }
    - { name: w10, requests: 100, per: 1s }
    - { name: w11, requests: 100, per: 1s }
    - { name: w12, requests: 100, per: 1s }
    - { name: w13, requests: 100, per: 1s }
    - { name: w14, requests: 100, per: 1s }
    - { name: w15, requests: 100, per: 1s }
    - { name: w16, requests: 100, per: 1s }
    - { name: w17, requests: 100, per: 1s }
    - { name: w18, requests: 100, per: 1s }
    - { name: w19, requests: 100, per: 1s }
    - { name: w20, requests: 100, per: 1s }
    - { name: w21, requests: 100, per: 1s }
    - { name: w22, requests: 100, per: 1s }
    - { name: w23, requests: 100, per: 1s }
    - { name: w24, requests: 100, per: 1s }
    - { name: w25, requests: 100, per: 1s }
    - { name: w26, requests: 100, per: 1s }
    - { name: w27, requests: 100, per: 1s }
    - { name: w28, requests: 100, per: 1s }
    - { name: w29, requests: 100, per: 1s }
    - { name: w30, requests: 100, per: 1s }
    - { name: w31, requests: 100, per: 1s }
    - { name: w32, requests: 100, per: 1s }
    - { name: w33, requests: 100, per: 1s }
    - { name: w34, requests: 100, per: 1s }
    - { name: w35, requests: 100, per: 1s }
    - { name: w36, requests: 100, per: 1s }
    - { name: w37, requests: 100, per: 1s }
    - { name: w38, requests: 100, per: 1s }
    - { name: w39, requests: 100, per: 1s }
    - { name: w40, requests: 100, per: 1s }
    - { name: w41, requests: 100, per: 1s }
    - { name: w42, requests: 100, per: 1s }
    - { name: w43, requests: 100, per: 1s }
    - { name: w44, requests: 100, per: 1s }
    - { name: w45, requests: 100, per: 1s }
    - { name: w46, requests: 100, per: 1s }
    - { name: w47, requests: 100, per: 1s }
    - { name: w48, requests: 100, per: 1s }
    - { name: w49, requests: 100, per: 1s }
    - { name: w50, requests: 100, per: 1s }
    - { name: w51, requests: 100, per: 1s }
    - { name: w52, requests: 100, per: 1s }
    - { name: w53, requests: 100, per: 1s }
    - { name: w54, requests: 100, per: 1s }
    - { name: w55, requests: 100, per: 1s }
    - { name: w56, requests: 100, per: 1s }
    - { name: w57, requests: 100, per: 1s }
    - { name: w58, requests: 100, per: 1s }
    - { name: w59, requests: 100, per: 1s }
    - { name: w60, requests: 100, per: 1s }
    - { name: w61, requests: 100, per: 1s }
    - { name: w62, requests: 100, per: 1s }
    - { name: w63, requests: 100, per: 1s }
    - { name: w64, requests: 100, per: 1s }
",
    good: "limits:
  windows:
    - { name: account, requests: 100, per: 1s }
",
    sources: &["chosen"],
};

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    let windows = view.root.at(&["limits", "windows"]).map(Node::items).unwrap_or_default().len();
    let sets = view.lanes().0.len();
    if windows > WINDOWS_MAX || sets > LANES_MAX {
        let message = format!(
            "{windows} windows in {sets} different sets; the limits are {WINDOWS_MAX} and {LANES_MAX}"
        );
        out.push(Finding::new(&TOO_MANY, view.name_at, message).on("limits"));
    }
    let operations = view.operations.len();
    if operations > OPERATIONS_MAX {
        let message = format!("{operations} operations; the limit is {OPERATIONS_MAX}");
        out.push(Finding::new(&TOO_MANY, view.name_at, message).on("operations"));
    }
}
