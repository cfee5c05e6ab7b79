//! The process: several cores, and its ports.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;

use outwright_gateway::demo::Settings;
use outwright_gateway::{Config, Server, StartError};

use crate::stage::Stage;

const TWO: NonZeroUsize = NonZeroUsize::new(2).expect("two is not zero");

#[test]
fn two_cores_are_one_gateway() {
    let mut stage = Stage::on_cores(TWO, Settings::default());
    let calls = 24;
    for _ in 0..calls {
        assert_eq!(stage.ask("GET /demo/v1/charges", &[], "").status, 200);
    }
    let row =
        r#"outwright_calls_total{provider="demo",operation="list_charges",outcome="success"}"#;
    stage.until(row, "24");
    let window = stage.admin("/v1/status").json()["providers"][0]["windows"][0]["left"].clone();
    assert_eq!(window, 500 - calls, "the quota is one for both");
    let ids: BTreeSet<_> = stage.log().iter().map(|line| line["call"].to_string()).collect();
    assert_eq!(ids.len(), calls, "no id is given twice");
}

#[test]
fn a_port_that_another_gateway_has_is_not_shared_unseen() {
    let stage = Stage::on_cores(TWO, Settings::default());
    let config = Config {
        data: stage.data(),
        admin: SocketAddr::from(([127, 0, 0, 1], 0)),
        cores: TWO,
        ..Config::default()
    };
    let second = Server::start(&config, Arc::clone(stage.gateway().shared()));
    assert!(matches!(second, Err(StartError::Bind(address, _)) if address == stage.data()));
}
