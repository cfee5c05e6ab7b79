//! Equal reads on many cores.

use std::num::NonZeroUsize;

use crate::held::{End, Held, coalesced, good};
use crate::stage::{Answer, Stage};

const LIST: &str = "GET /demo/v1/charges";
const WAITING: &str = r#"outwright_coalesced_waiting{provider="demo"}"#;

/// Whichever core takes a connection: the flight is the process's.
#[test]
fn equal_reads_on_many_cores_are_one_request() {
    let held = Held::new();
    let stage = Stage::set_up(
        &held.peer,
        |contract| coalesced(&held.calm(&contract)),
        |config| config.cores = NonZeroUsize::new(8).unwrap(),
    );
    let mut callers = vec![End::asks(stage.data(), LIST, &[])];
    let (provider, _) = held.arrives();
    callers.extend((0..63).map(|_| End::asks(stage.data(), LIST, &[])));
    stage.until(WAITING, "63");
    provider.ends(good("", "for all"));
    for caller in &mut callers {
        let answer = Answer::of(&caller.rest());
        assert_eq!((answer.status, answer.body.as_str()), (200, "for all"));
    }
    held.is_idle();
}

/// The leader's caller goes, and with it its connection's core has nothing left to do for it but this.
#[test]
fn followers_on_other_cores_get_all_of_it_when_the_first_caller_leaves() {
    let held = Held::new();
    let stage = Stage::set_up(
        &held.peer,
        |contract| coalesced(&held.calm(&contract)),
        |config| config.cores = NonZeroUsize::new(8).unwrap(),
    );
    let leader = End::asks(stage.data(), LIST, &[]);
    let (mut provider, _) = held.arrives();
    let mut callers: Vec<_> = (0..31).map(|_| End::asks(stage.data(), LIST, &[])).collect();
    stage.until(WAITING, "31");
    provider.says("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\nhalf");
    callers.iter_mut().for_each(|caller| {
        caller.until("half");
    });
    drop(leader);
    let cancelled =
        r#"outwright_calls_total{provider="demo",operation="list_charges",outcome="cancelled"}"#;
    stage.until(cancelled, "1");
    provider.ends(" all!");
    callers.iter_mut().for_each(|caller| assert_eq!(caller.rest(), " all!"));
    // All of them go: the core of the leader hears of it from others.
    let mut callers: Vec<_> = (0..16).map(|_| End::asks(stage.data(), LIST, &[])).collect();
    let (mut provider, _) = held.arrives();
    stage.until(WAITING, "15");
    callers.clear();
    provider.is_left();
    stage.until(r#"outwright_concurrency_used{provider="demo"}"#, "0");
}
