//! OW408: paid calls without a cap on what they spend.

use crate::effective::{Op, View};
use crate::finding::{Finding, Rule, Severity};
use crate::node::Node;
use crate::units::{Money, money};

use super::super::format::FORM;

/// Paid calls without a cap on what they spend.
pub static SPEND: Rule = Rule {
    code: "OW408",
    severity: Severity::Warning,
    waivable: true,
    title: "paid calls without a cap on what they spend",
    what: "Finds an operation with a `cost` where `limits.spend` names no cap, a cap in another currency, or one below a single call.",
    why: "a loop that costs money is noticed when the bill comes",
    help: "add `spend: { cap: 500 USD, per: 30d }` under `limits`",
    bad: "operations:
  create_order:
    request: POST /v1/orders
    idempotency: { plan: provider_key, key: required }
    cost: 0.05 USD
",
    good: "limits:
  windows:
    - { name: account, requests: 100, per: 1s }
  spend: { cap: 500 USD, per: 30d }
operations:
  create_order:
    request: POST /v1/orders
    idempotency: { plan: provider_key, key: required }
    cost: 0.05 USD
",
    sources: &["R-022", "OWASP API Security 2023, API4"],
};

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    let cap_at = view.root.at(&["limits", "spend", "cap"]);
    let cap = cap_at.and_then(|node| amount(node, "limits.spend", out));
    for op in view.operations {
        let Some(node) = op.node.at(&["cost"]) else { continue };
        let Some(cost) = amount(node, &op.subject(), out) else { continue };
        if let Some(message) = uncapped(op, &cost, cap.as_ref(), cap_at.is_some()) {
            out.push(Finding::new(&SPEND, node.at, message).on(op.subject()));
        }
    }
}

fn uncapped(op: &Op, cost: &Money, cap: Option<&Money>, said: bool) -> Option<String> {
    match cap {
        None if said => None,
        None => Some(format!("`{}` costs money, and nothing caps what is spent", op.name)),
        Some(cap) if cap.currency != cost.currency => Some(format!(
            "`{}` is paid in {}, the cap is in {}",
            op.name, cost.currency, cap.currency
        )),
        Some(cap) if cap.amount < cost.amount => {
            Some(format!("the cap does not pay for one call of `{}`", op.name))
        }
        Some(_) => None,
    }
}

/// An amount of money, or a finding about its form.
fn amount(node: &Node, subject: &str, out: &mut Vec<Finding>) -> Option<Money> {
    match money(node.text()?) {
        Ok(money) => Some(money),
        Err(help) => {
            let message = "this is no amount of money";
            out.push(Finding::new(&FORM, node.at, message).on(subject).help(help));
            None
        }
    }
}
