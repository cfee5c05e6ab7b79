//! Requests of `reqwest` through contracts.

use std::time::Duration;

use outwright::{Account, Terms};
use outwright_gateway::demo::{Fault, Strikes};
use reqwest::{Client, Method, Request};

use crate::in_process::open;
use crate::world::{demo, on_a_core};

#[test]
fn code_that_speaks_reqwest_keeps_its_requests_and_responses() {
    let demo = demo();
    let outwright = open(&demo);
    on_a_core(async {
        let client = Client::new();
        let url = format!("{}/v1/charges", demo.origin());
        let order = client.post(&url).body("amount=500").build().unwrap();
        let terms = Terms::new().key("order-17");
        let response = outwright.execute_under(terms, order).await.unwrap();
        assert!(response.status().is_success(), "{response:?}");
        assert_eq!(response.url().as_str(), url);
        let account = response.extensions().get::<Account>().unwrap();
        assert_eq!(account.operation(), Some("create_charge"));
        assert_eq!(demo.control().wire_log()[0].key(), Some("order-17"));
        assert!(!response.bytes().await.unwrap().is_empty());
        let elsewhere = Request::new(Method::GET, "https://elsewhere.example/".parse().unwrap());
        assert_eq!(outwright.execute(elsewhere).await.unwrap_err().word(), "provider-unknown");
        demo.control().fault(Fault::Silent { strikes: Strikes::BeforeEffect });
        let short = client.get(&url).timeout(Duration::from_millis(300)).build().unwrap();
        assert_eq!(outwright.execute(short).await.unwrap_err().word(), "provider-late");
        assert_eq!(demo.control().arrived(), 2);
    });
}
