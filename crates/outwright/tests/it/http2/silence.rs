//! Peers that die without a word, in time that stands still: who is asked when, and what becomes of the calls.

use std::cell::RefCell;
use std::net::Shutdown;
use std::os::fd::AsFd as _;
use std::rc::Rc;
use std::time::Duration;

use outwright::Outcome;
use outwright_core::outcome::{Effect, Fault};
use outwright_gateway::demo::Demo;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, spawn_local, yield_now};
use tokio::time::{Instant, advance};
use tokio_rustls::server::TlsStream;

use super::On::{It, Number};
use super::{
    ACK, DATA, END_HEADERS, HEADERS, OK, PING, Peer, SETTINGS, answer, fault, frame, read, script,
    write,
};
use crate::world::{Got, Terms, World, demo, on_a_still_core};

/// Longer than any silence that ends a connection.
const PATIENT: &str =
    "{ connect: 5s, first_byte: 1000s, idle: 1000s, attempt: 1001s, total: 1100s }";
/// Shorter than any.
const SHORT: &str = "{ connect: 3s, first_byte: 3s, idle: 3s, attempt: 4s, total: 75s }";
/// What a timer of the runtime may be late.
const TICK: Duration = Duration::from_millis(2);
/// Not a frame: a sign that all frames before it were read.
const READ_ALL: u8 = 100;

/// What a peer does on its first connection; its later ones are well.
#[derive(Clone, Default)]
struct Falls {
    /// Requests that get an answer.
    answers: usize,
    /// Whether it still says that it is there.
    acks: bool,
    /// Whether the requests beyond get a part of an answer.
    begins: bool,
    /// Tells it to answer the last request after all.
    late: Rc<Notify>,
}

/// A hole after one answer.
fn hole() -> Falls {
    Falls { answers: 1, ..Falls::default() }
}

/// What came, on which connection.
type Seen = Rc<RefCell<Vec<(usize, u8)>>>;

/// Frames of this kind on this connection.
fn count(seen: &Seen, connection: usize, kind: u8) -> usize {
    seen.borrow().iter().filter(|came| **came == (connection, kind)).count()
}

/// Waits until so many came.
async fn until(seen: &Seen, connection: usize, kind: u8, many: usize) {
    while count(seen, connection, kind) < many {
        yield_now().await;
    }
}

/// Lets everybody do what there is to do: for a look at what did not happen.
async fn settle() {
    for _ in 0..2_000 {
        yield_now().await;
    }
}

async fn falls(mut stream: TlsStream<TcpStream>, number: usize, falls: Falls, seen: Seen) {
    let mut left = if number == 1 { falls.answers } else { usize::MAX };
    let mut last = 1;
    write(&mut stream, &[frame(SETTINGS, 0, Number(0), b"")], 0).await;
    loop {
        let came = tokio::select! {
            came = read(&mut stream) => came,
            () = falls.late.notified() => {
                write(&mut stream, &answer(b"fine"), last).await;
                continue;
            }
        };
        let Some(came) = came else { return };
        let acks = came.flags & ACK != 0;
        seen.borrow_mut()
            .push((number, if acks && came.kind == PING { READ_ALL } else { came.kind }));
        let frames = match came.kind {
            SETTINGS if !acks => vec![frame(SETTINGS, ACK, Number(0), b"")],
            PING if !acks && (falls.acks || number > 1) => vec![
                frame(PING, ACK, Number(0), &came.payload),
                frame(PING, 0, Number(0), b"read it?"),
            ],
            HEADERS if left > 0 => {
                left -= 1;
                answer(b"fine")
            }
            HEADERS if falls.begins => vec![
                frame(HEADERS, END_HEADERS, It, OK),
                frame(DATA, 0, It, b"a part"),
                frame(PING, 0, Number(0), b"read it?"),
            ],
            _ => Vec::new(),
        };
        last = came.stream.max(last);
        write(&mut stream, &frames, came.stream).await;
    }
}

/// A provider that falls like this, and a core that calls it under a contract by which a charge may be sent once only.
async fn start(how: Falls, demo: &Demo, timeouts: &'static str) -> (Peer, Seen, Rc<World>) {
    let seen = Seen::default();
    let log = Rc::clone(&seen);
    let peer = Peer::start(script(move |number, stream| {
        falls(stream, number, how.clone(), Rc::clone(&log))
    }));
    let peer = peer.await;
    let create = "    idempotency: { plan: once }\n";
    let world = World::new(&Terms { create, timeouts, ..peer.terms(demo) });
    (peer, seen, Rc::new(world))
}

fn get(world: &Rc<World>) -> JoinHandle<Got> {
    let world = Rc::clone(world);
    spawn_local(async move { world.get("/v1/charges").await.0 })
}

fn post(world: &Rc<World>) -> JoinHandle<Got> {
    let world = Rc::clone(world);
    spawn_local(async move { world.post("/v1/charges", "{}").await.0 })
}

async fn assert_fine(call: JoinHandle<Got>) {
    let got = call.await.unwrap();
    assert!(matches!(&got, Got::Reply(_, Ok(body)) if body == "fine"), "{got:?}");
}

/// It was sent once, and nobody knows what became of it.
async fn assert_unknown(call: JoinHandle<Got>) {
    let Got::Other(outcome) = call.await.unwrap() else { panic!("a reply") };
    let Outcome::Failed(failure) = *outcome else { panic!("{outcome:?}") };
    assert_eq!((failure.fault, failure.effect), (Fault::Reset, Effect::Unknown));
    assert_eq!(failure.attempts, 1);
}

/// the hole gets a question and nothing else; what would have gone into it goes to a peer that is there.
#[test]
fn a_mutation_that_may_be_sent_once_never_goes_into_a_hole() {
    let demo = demo();
    on_a_still_core(async {
        let (peer, seen, world) = start(hole(), &demo, PATIENT).await;
        assert_fine(get(&world)).await;
        advance(Duration::from_secs(30)).await;
        let call = post(&world);
        until(&seen, 1, PING, 1).await;
        // Half of what there is to connect in; the other half is for a new connection.
        advance(Duration::from_millis(2_490)).await;
        settle().await;
        assert_eq!(*peer.connections.borrow(), 1);
        advance(Duration::from_millis(10) + TICK).await;
        assert_fine(call).await;
        assert_eq!((count(&seen, 1, HEADERS), count(&seen, 1, PING)), (1, 1), "{seen:?}");
        assert_eq!((count(&seen, 2, HEADERS), *peer.connections.borrow()), (1, 2));
        world.assert_at_rest();
    });
}

/// The control of the one above: a moment earlier the same peer is trusted, and takes the mutation with it.
#[test]
fn a_peer_that_was_heard_a_moment_ago_is_not_asked() {
    let demo = demo();
    on_a_still_core(async {
        let (peer, seen, world) = start(hole(), &demo, PATIENT).await;
        assert_fine(get(&world)).await;
        advance(Duration::from_secs(29)).await;
        let call = post(&world);
        until(&seen, 1, HEADERS, 2).await;
        assert_eq!((count(&seen, 1, PING), *peer.connections.borrow()), (0, 1));
        advance(Duration::from_secs(1) + TICK).await;
        until(&seen, 1, PING, 1).await;
        advance(Duration::from_secs(10) + TICK).await;
        assert_unknown(call).await;
        world.assert_at_rest();
    });
}

/// whoever comes while the question is open waits for its answer too, whether the one who asked is there or gone.
#[test]
fn nobody_passes_an_open_question() {
    let demo = demo();
    on_a_still_core(async {
        let (peer, seen, world) = start(hole(), &demo, PATIENT).await;
        assert_fine(get(&world)).await;
        advance(Duration::from_secs(31)).await;
        let gone = get(&world);
        until(&seen, 1, PING, 1).await;
        gone.abort();
        let calls: Vec<_> = (0..5).map(|_| post(&world)).collect();
        settle().await;
        assert_eq!((count(&seen, 1, HEADERS), *peer.connections.borrow()), (1, 1), "{seen:?}");
        advance(Duration::from_millis(2_500) + TICK).await;
        for call in calls {
            assert_fine(call).await;
        }
        assert_eq!((count(&seen, 1, HEADERS), count(&seen, 1, PING)), (1, 1), "{seen:?}");
        assert_eq!(*peer.connections.borrow(), 2);
        world.assert_at_rest();
    });
}

/// a peer that says that it is there keeps its connection, and is not asked while nobody calls.
#[test]
fn a_peer_that_answers_is_used_again() {
    let demo = demo();
    on_a_still_core(async {
        let how = Falls { answers: usize::MAX, acks: true, ..Falls::default() };
        let (peer, seen, world) = start(how, &demo, PATIENT).await;
        for _ in 0..3 {
            assert_fine(post(&world)).await;
            advance(Duration::from_secs(60)).await;
            settle().await;
        }
        let seen = seen.borrow();
        let kinds = seen.iter().map(|(_, kind)| *kind);
        let kinds: Vec<u8> = kinds.filter(|kind| matches!(*kind, HEADERS | PING)).collect();
        assert_eq!(kinds, [HEADERS, PING, HEADERS, PING, HEADERS]);
        assert_eq!(*peer.connections.borrow(), 1);
        world.assert_at_rest();
    });
}

/// a peer that says nothing for 30 s while calls wait is asked; 10 s later they are told: sent, unknown.
#[test]
fn calls_on_a_connection_that_fell_silent_end_with_what_is_known() {
    let demo = demo();
    on_a_still_core(async {
        let (peer, seen, world) = start(Falls::default(), &demo, PATIENT).await;
        let began = Instant::now();
        let calls: Vec<_> = (0..3).map(|_| post(&world)).collect();
        until(&seen, 1, HEADERS, 3).await;
        advance(Duration::from_secs(30) + TICK).await;
        until(&seen, 1, PING, 1).await;
        advance(Duration::from_secs(9)).await;
        settle().await;
        assert!(calls.iter().all(|call| !call.is_finished()), "it still has a second");
        advance(Duration::from_secs(1) + TICK).await;
        for call in calls {
            assert_unknown(call).await;
        }
        assert_eq!(began.elapsed().as_secs(), 40);
        assert_fine(post(&world)).await;
        assert_eq!((count(&seen, 1, HEADERS), *peer.connections.borrow()), (3, 2));
        world.assert_at_rest();
    });
}

/// The control of the one above. A peer that only thinks is asked more and more seldom: gRPC's servers close on the third
/// PING that comes within five minutes of another.
#[test]
fn a_peer_that_thinks_for_long_is_asked_seldom_and_waited_for() {
    let demo = demo();
    on_a_still_core(async {
        let how = Falls { acks: true, ..Falls::default() };
        let late = Rc::clone(&how.late);
        let (peer, seen, world) = start(how, &demo, PATIENT).await;
        let call = post(&world);
        until(&seen, 1, HEADERS, 1).await;
        for (asked, after) in [30, 60, 120, 300, 300].into_iter().enumerate() {
            advance(Duration::from_secs(after - 1)).await;
            settle().await;
            assert_eq!(count(&seen, 1, PING), asked, "{after} s are not over");
            advance(Duration::from_secs(1) + TICK).await;
            // Once it has read that its own question was heard, it has read the answer before it.
            until(&seen, 1, READ_ALL, asked + 1).await;
        }
        late.notify_one();
        assert_fine(call).await;
        assert_eq!((count(&seen, 1, HEADERS), *peer.connections.borrow()), (1, 1));
        world.assert_at_rest();
    });
}

/// a peer of which nothing was heard while a call ran out of time is asked before the next one.
#[test]
fn a_call_that_ran_out_of_time_makes_its_peer_doubtful() {
    let demo = demo();
    on_a_still_core(async {
        let (peer, seen, world) = start(hole(), &demo, SHORT).await;
        assert_fine(get(&world)).await;
        advance(Duration::from_secs(1)).await;
        let late = get(&world);
        until(&seen, 1, HEADERS, 2).await;
        advance(Duration::from_secs(3) + TICK).await;
        assert_eq!(fault(late.await.unwrap()), Fault::FirstByteTimeout);
        until(&seen, 1, PING, 1).await;
        let call = post(&world);
        settle().await;
        advance(Duration::from_millis(1_500) + TICK).await;
        assert_fine(call).await;
        assert_eq!((count(&seen, 1, HEADERS), *peer.connections.borrow()), (2, 2));
        world.assert_at_rest();
    });
}

/// The control of the one above: a peer that was heard meanwhile is slow and not gone.
#[test]
fn a_peer_that_is_heard_while_a_call_runs_out_of_time_is_trusted() {
    let demo = demo();
    on_a_still_core(async {
        let how = Falls { begins: true, ..hole() };
        let (peer, seen, world) = start(how, &demo, SHORT).await;
        assert_fine(get(&world)).await;
        advance(Duration::from_secs(1)).await;
        let late = get(&world);
        until(&seen, 1, READ_ALL, 1).await;
        advance(Duration::from_millis(2_900)).await;
        let other = get(&world);
        until(&seen, 1, READ_ALL, 2).await;
        advance(Duration::from_millis(100) + TICK).await;
        let fault = fault(late.await.unwrap());
        assert_eq!(fault, Fault::BodyIdle);
        assert_eq!((count(&seen, 1, PING), *peer.connections.borrow()), (0, 1));
        other.abort();
    });
}

/// A body that stops in the middle is as silent as a head that does not come.
#[test]
fn a_body_on_a_connection_that_fell_silent_breaks_off() {
    let demo = demo();
    on_a_still_core(async {
        let how = Falls { begins: true, ..Falls::default() };
        let (_peer, seen, world) = start(how, &demo, PATIENT).await;
        let call = get(&world);
        until(&seen, 1, READ_ALL, 1).await;
        advance(Duration::from_secs(30) + TICK).await;
        until(&seen, 1, PING, 1).await;
        advance(Duration::from_secs(10) + TICK).await;
        assert_eq!(fault(call.await.unwrap()), Fault::BodyTruncated);
        world.assert_at_rest();
    });
}

/// An end that has arrived is seen before what may be sent once only is sent; what may be sent again need not wait for it.
#[test]
fn an_end_that_has_arrived_is_seen_by_who_trusts_none() {
    let demo = demo();
    for (method, connections) in [("post", 2), ("get", 1)] {
        on_a_still_core(async {
            let socket = Rc::new(RefCell::new(None));
            let keep = Rc::clone(&socket);
            let peer = Peer::start(script(move |number, stream| {
                let handle = stream.get_ref().0.as_fd().try_clone_to_owned().unwrap();
                keep.borrow_mut().get_or_insert(std::net::TcpStream::from(handle));
                let well = Falls { answers: usize::MAX, ..Falls::default() };
                falls(stream, number, well, Seen::default())
            }))
            .await;
            let create = "    idempotency: { plan: once }\n";
            let world = World::new(&Terms { create, ..peer.terms(&demo) });
            let (got, _) = world.get("/v1/charges").await;
            assert!(matches!(&got, Got::Reply(_, Ok(_))), "{got:?}");
            // While nobody looks.
            socket.borrow().as_ref().unwrap().shutdown(Shutdown::Both).unwrap();
            let (got, _) = match method {
                "post" => world.post("/v1/charges", "{}").await,
                _ => world.get("/v1/charges").await,
            };
            assert_eq!(matches!(&got, Got::Reply(_, Ok(_))), method == "post", "{got:?}");
            assert_eq!(*peer.connections.borrow(), connections);
            world.assert_at_rest();
        });
    }
}
