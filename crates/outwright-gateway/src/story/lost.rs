//! Act 1: the provider makes the charge, and its reply never comes.

use std::io;

use http::Method;

use super::{Act, Caller, Promise, Stage, short};
use crate::demo::{Fault, Injection, Naive, NaiveKeys, Strikes};

const CHARGES: &str = "/v1/charges";
const KEY: &str = "order-1042";
const REFERENCE: &str = "order-1042";

pub(super) async fn play(stage: &Stage) -> io::Result<Act> {
    let lost =
        || Injection::once(Fault::Silent { strikes: Strikes::AfterEffect }).on("POST /v1/charges");
    stage.provider.fault(lost());
    stage.twin.fault(lost());

    let body = format!(r#"{{"amount":1200,"currency":"eur","reference":"{REFERENCE}"}}"#);
    let saw = Caller { gateway: stage.gateway }
        .call(Method::POST, &format!("/demo{CHARGES}"), Some(KEY), &body)
        .await?;
    let naive = Naive { keys: NaiveKeys::NewEachAttempt, ..Naive::default() }
        .call(
            stage.twin.plain(),
            Method::POST,
            CHARGES,
            &format!("amount=1200&currency=eur&reference={REFERENCE}"),
        )
        .await;

    let effects = stage.provider.effects().count();
    let sends = stage.provider.wire_log();
    let keys: std::collections::BTreeSet<Option<String>> =
        sends.iter().map(|seen| seen.key().map(str::to_owned)).collect();
    let twins = stage.twin.effects().count();
    Ok(Act {
        title: "A reply is lost after the charge was made",
        with: format!(
            "{effects} charge from {} sends under {} key; the caller got {} after {}",
            sends.len(),
            keys.len(),
            saw.status.as_u16(),
            short(saw.took)
        ),
        without: format!("{twins} charges from {} sends", naive.attempts),
        promises: vec![
            Promise::new("one effect at the provider", effects == 1),
            Promise::new("the caller got its charge", saw.status.is_success()),
            Promise::new(
                "every send carried the same key",
                keys.len() == 1 && keys.iter().all(Option::is_some) && sends.len() > 1,
            ),
        ],
    })
}
