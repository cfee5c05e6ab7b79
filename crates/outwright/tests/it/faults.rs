//! What a broken provider comes out as, and that the core is as good as new after it.

use std::time::Duration;

use outwright::{BrokenOff, Outcome};
use outwright_core::outcome::Fault as Ours;
use outwright_gateway::demo::{AtConnect, Demo, Ending, Endless, Fault, Injection, Strikes};

use crate::world::{Got, TIGHT, Terms, World, demo, on_a_core};

/// A call that meets this fault at the provider ends in that one here, and the next call goes well.
async fn check(world: &World, demo: &Demo, fault: Fault, want: Ours) {
    let shown = format!("{fault:?}");
    demo.control().fault(Injection::once(fault));
    let (got, record) = world.get("/v1/charges").await;
    match got {
        Got::Reply(_, Err(BrokenOff(fault))) => assert_eq!(fault, want, "{shown}"),
        Got::Reply(_, Ok(_)) => panic!("{shown}: {got:?}"),
        Got::Other(outcome) => {
            let Outcome::Failed(failure) = *outcome else { panic!("{shown}: {outcome:?}") };
            assert_eq!(failure.fault, want, "{shown}");
        }
    }
    assert_eq!(record.attempts.count(), 1, "{shown}");
    demo.control().clear_faults();
    let (got, _) = world.get("/v1/charges").await;
    assert!(matches!(&got, Got::Reply(status, Ok(_)) if *status == 200), "after {shown}: {got:?}");
    world.assert_at_rest();
}

fn unanswered(ending: Ending) -> Fault {
    Fault::Unanswered { ending, strikes: Strikes::BeforeEffect }
}

///
#[test]
fn every_fault_of_a_provider_has_its_name_and_the_pool_is_healthy_after_it() {
    let demo = demo();
    on_a_core(async {
        let none = Duration::ZERO;
        for (fault, want) in [
            (unanswered(Ending::Close), Ours::Reset),
            (unanswered(Ending::Reset), Ours::Reset),
            (Fault::Silent { strikes: Strikes::BeforeEffect }, Ours::FirstByteTimeout),
            (Fault::BlackHole { strikes: Strikes::BeforeEffect }, Ours::FirstByteTimeout),
            (Fault::Slow { by: Duration::from_secs(5) }, Ours::FirstByteTimeout),
            (Fault::EndAfterHead { ending: Ending::Close }, Ours::BodyTruncated),
            (Fault::EndAfterHead { ending: Ending::Reset }, Ours::BodyTruncated),
            (Fault::ShortBody { missing_bytes: 3 }, Ours::BodyTruncated),
            (Fault::HeaderFlood { fields: 500 }, Ours::HeadTooLarge),
            (Fault::LongLine { bytes: 200_000 }, Ours::HeadTooLarge),
            (Fault::EndlessHead { every: none }, Ours::HeadTooLarge),
            (Fault::EndlessInterim { every: none }, Ours::HeadTooLarge),
            (Fault::EndlessBody { framing: Endless::Chunked, every: none }, Ours::BodyTooLarge),
        ] {
            let world = World::new(&Terms { timeouts: TIGHT, ..Terms::plain(&demo) });
            check(&world, &demo, fault, want).await;
        }
    });
}

///
#[test]
fn a_handshake_that_fails_is_refused_or_cut() {
    let demo = demo();
    let folder = tempfile::tempdir().unwrap();
    on_a_core(async {
        let terms = Terms { timeouts: TIGHT, ..Terms::tls(&demo, &folder.path().join("ca.pem")) };
        for (how, want) in [
            (AtConnect::CertExpired, Ours::TlsRefused),
            (AtConnect::CertNotYetValid, Ours::TlsRefused),
            (AtConnect::CertWrongHost, Ours::TlsRefused),
            (AtConnect::CertSelfSigned, Ours::TlsRefused),
            (AtConnect::CertUntrustedRoot, Ours::TlsRefused),
            (AtConnect::TlsAlert, Ours::TlsRefused),
            (AtConnect::TlsGarbage, Ours::TlsTransport),
            (AtConnect::TlsClose, Ours::TlsTransport),
            (AtConnect::TlsStall, Ours::TlsTimeout),
        ] {
            let world = World::new(&terms);
            check(&world, &demo, Fault::AtConnect { how }, want).await;
        }
    });
}
