//! T-09: the cases of h2spec (af83a65) in which the server's frames are watched one by one: the limit of streams, and
//! how an answer fits into a small window.

use super::{
    ACK, Caller, DATA, END_HEADERS, END_STREAM, HEADERS, PING, RST_STREAM, SETTINGS, WINDOW_UPDATE,
    head,
};
use crate::peer::{Peer, Says};
use crate::stage::Stage;

/// What a connection may have open at once, as its settings say.
const STREAMS_MAX: u32 = 100;
const REFUSED_STREAM: u32 = 7;

/// `SETTINGS_INITIAL_WINDOW_SIZE`, once for each value.
fn window(caller: &mut Caller, sizes: &[u32]) {
    let payload = sizes.iter().flat_map(|size| [&[0, 4][..], &size.to_be_bytes()].concat());
    caller.frame(SETTINGS, 0, 0, &payload.collect::<Vec<u8>>());
}

fn get(caller: &mut Caller, stage: &Stage, stream: u32) {
    let block = head("GET", "/demo/v1/charges", &stage.data().to_string(), &[]);
    caller.frame(HEADERS, END_HEADERS | END_STREAM, stream, &block);
}

/// The next DATA frame of a stream: its bytes, and whether it is the last.
fn data(caller: &mut Caller, stream: u32) -> (Vec<u8>, bool) {
    loop {
        let came = caller.read().expect("the connection stands");
        if came.kind == DATA && came.stream == stream {
            return (came.payload, came.flags & END_STREAM != 0);
        }
    }
}

/// Whether nothing of a body comes on a stream in front of the answer to a PING that is sent behind its head.
fn is_quiet(caller: &mut Caller, stream: u32) -> bool {
    loop {
        let came = caller.read().expect("the connection stands");
        if came.kind == HEADERS && came.stream == stream {
            break;
        }
    }
    caller.frame(PING, 0, 0, b"are-you?");
    loop {
        let came = caller.read().expect("the connection stands");
        match came.kind {
            DATA => return false,
            PING if came.flags & ACK != 0 => return true,
            _ => {}
        }
    }
}

/// The rest of an answer whose first frames were read, given room for it.
fn rest(caller: &mut Caller, stream: u32, room: u32) -> Vec<u8> {
    caller.frame(WINDOW_UPDATE, 0, stream, &room.to_be_bytes());
    let mut all = Vec::new();
    loop {
        let (bytes, last) = data(caller, stream);
        all.extend(bytes);
        if last {
            return all;
        }
    }
}

fn stage() -> (Peer, Stage) {
    let peer = Peer::start(vec![Says::ok("", "fine")]);
    let stage = Stage::before(&peer, |contract| contract.replace("request: 1KiB", "request: 1MiB"));
    (peer, stage)
}

/// 6.5.3/1, 6.9.1/1: an answer comes in frames that fit, and no further.
#[test]
fn an_answer_fits_into_a_window_of_one_byte() {
    let (_peer, stage) = stage();
    for sizes in [&[1][..], &[100, 1]] {
        let mut caller = Caller::greet(stage.data());
        window(&mut caller, sizes);
        get(&mut caller, &stage, 1);
        assert_eq!(data(&mut caller, 1), (b"f".to_vec(), false), "{sizes:?}");
        assert_eq!(rest(&mut caller, 1, 3), b"ine");
    }
}

/// 6.9.2/1: what is set while an answer waits counts for it.
#[test]
fn a_window_that_opens_later_lets_an_answer_go_on() {
    let (_peer, stage) = stage();
    let mut caller = Caller::greet(stage.data());
    window(&mut caller, &[0]);
    get(&mut caller, &stage, 1);
    assert!(is_quiet(&mut caller, 1));
    window(&mut caller, &[1]);
    assert_eq!(data(&mut caller, 1), (b"f".to_vec(), false));
    assert_eq!(rest(&mut caller, 1, 3), b"ine");
}

/// 6.9.2/2: a window that became negative has to be made up for first.
#[test]
fn a_negative_window_is_made_up_for() {
    let (_peer, stage) = stage();
    let mut caller = Caller::greet(stage.data());
    window(&mut caller, &[3]);
    get(&mut caller, &stage, 1);
    assert_eq!(data(&mut caller, 1), (b"fin".to_vec(), false));
    // Three of two are used.
    window(&mut caller, &[2]);
    assert_eq!(rest(&mut caller, 1, 2), b"e");
}

/// 5.1.2/1: one stream beyond what was said is refused, and only that one; a place that is given back can be used.
#[test]
fn a_stream_beyond_the_limit_is_refused() {
    let (_peer, stage) = stage();
    let host = stage.data().to_string();
    let mut caller = Caller::greet(stage.data());
    let post = head("POST", "/demo/v1/orders", &host, &[]);
    // Their bodies do not come, so that they stay open.
    for place in 0..=STREAMS_MAX {
        caller.frame(HEADERS, END_HEADERS, 2 * place + 1, &post);
    }
    let beyond = 2 * STREAMS_MAX + 1;
    let frames = caller.answer(beyond);
    let [only] = frames.as_slice() else { panic!("{frames:?}") };
    assert_eq!(
        (only.kind, only.payload.as_slice()),
        (RST_STREAM, &REFUSED_STREAM.to_be_bytes()[..])
    );
    caller.frame(DATA, END_STREAM, 1, b"abc");
    let frames = caller.answer(1);
    assert!(frames.iter().any(|came| came.payload == b"fine"), "{frames:?}");
    caller.frame(HEADERS, END_HEADERS, beyond + 2, &post);
    caller.frame(DATA, END_STREAM, beyond + 2, b"abc");
    let frames = caller.answer(beyond + 2);
    assert!(frames.iter().any(|came| came.payload == b"fine"), "{frames:?}");
}
