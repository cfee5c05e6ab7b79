//! What an operator is told of a contract that only reports.

use crate::peer::{Peer, Says};
use crate::stage::Stage;

/// Timeouts, hosts and framing bind in every mode, and so does what no operation names.
#[test]
fn an_operation_that_no_contract_names_is_found_and_not_sent() {
    let wide =
        "operations:\n  rest:\n    request: GET /v2/**\n    needs: [all]\n    fallback: none\n";
    let peer = Peer::start(vec![Says::ok("", "fine")]);
    let stage = Stage::before(&peer, |contract| {
        let reports = contract.replace("tier: best_effort", "tier: best_effort\nmode: report");
        reports.replace("operations:\n", wide)
    });
    for path in ["/v1/refunds/re_1", "/v1/refunds/re_2", "/v2/payouts/po_7"] {
        stage.ask(&format!("GET /demo{path}"), &[], "");
    }
    assert_eq!(peer.seen().len(), 1, "a wide operation is one that is named");
    let status = stage.admin("/v1/status").json();
    assert_eq!(status["providers"][0]["mode"], "report");
    let found = status["providers"][0]["unnamed"].as_array().unwrap();
    let found: Vec<_> =
        found.iter().map(|one| (one["request"].as_str(), one["calls"].as_u64())).collect();
    let expected = [(Some("GET /v1/refunds/{}"), Some(2)), (Some("GET /v2/payouts/{}"), Some(1))];
    assert_eq!(found, expected);
}
