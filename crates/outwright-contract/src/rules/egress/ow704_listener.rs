//! OW704: a listener off loopback without TLS and tokens.

use crate::deployment::Deployment;
use crate::edit::Repair;
use crate::finding::{Finding, Rule, Severity};
use crate::node::Node;

/// A listener that strangers can reach.
pub static LISTENER: Rule = Rule {
    code: "OW704",
    severity: Severity::Error,
    waivable: false,
    title: "a listener off loopback without TLS and tokens",
    what: "Finds a port of `outwright.yaml` that others can reach and that has no TLS or asks for no token.",
    why: "whoever reaches the port would spend our credentials",
    help: "listen on 127.0.0.1, or add `tls:` and `callers:` with their tokens",
    bad: r#"# outwright.yaml
outwright: 1
listen: { data: "0.0.0.0:4180" }
"#,
    good: r#"# outwright.yaml
outwright: 1
listen: { data: "127.0.0.1:4180" }
"#,
    sources: &["R-571"],
};

/// What `outwright.yaml` says of the two ports.
pub(crate) fn deployed(root: &Node, deployment: &Deployment, out: &mut Vec<Finding>) {
    for (port, address) in [("data", deployment.data), ("admin", deployment.admin)] {
        let tokens = port == "admin" || !deployment.callers.is_empty();
        if !address.ip().to_canonical().is_loopback()
            && (deployment.tls.is_none() || !tokens)
            && let Some(node) = root.at(&["listen", port])
        {
            let message = format!("`{address}` is off loopback, and has no TLS or no tokens");
            let repair = Repair::suggest("listen on loopback")
                .put(node.at, format!("127.0.0.1:{}", address.port()));
            out.push(Finding::new(&LISTENER, node.at, message).on("listen").repair(repair));
        }
    }
}
