//! When a codec is polled, and who is woken.

use super::*;
use std::cell::Cell;
use std::sync::atomic::AtomicU32;

#[derive(Default)]
struct Count(AtomicU32);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A codec that does this at each turn.
fn codec(mut turn: impl FnMut(&mut Context<'_>) + 'static) -> Codec {
    Codec::new(Box::pin(std::future::poll_fn(move |cx| {
        turn(cx);
        Poll::Pending
    })))
}

#[test]
fn a_codec_that_waits_is_not_polled_until_its_bell_rings() {
    let turns = Rc::new(Cell::new(0));
    let seen = Rc::clone(&turns);
    let mut codec = codec(move |_| seen.set(seen.get() + 1));
    let woken = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&woken));
    let cx = Context::from_waker(&waker);
    let bell = codec.waker.clone();
    for _ in 0..3 {
        assert!(codec.poll(&cx, First::Ask, |_| Poll::<()>::Pending).is_pending());
    }
    assert_eq!((turns.get(), woken.0.load(Ordering::Relaxed)), (1, 0), "the first turn only");
    bell.wake_by_ref();
    assert_eq!(woken.0.load(Ordering::Relaxed), 1, "its holder is told");
    assert!(codec.poll(&cx, First::Ask, |_| Poll::<()>::Pending).is_pending());
    assert_eq!(turns.get(), 2);
}

#[test]
fn what_the_codec_brings_is_taken_in_the_same_poll_and_wakes_nobody() {
    let brought = Rc::new(Cell::new(None));
    let bring = Rc::clone(&brought);
    let mut codec = codec(move |cx| {
        bring.set(Some(7));
        cx.waker().wake_by_ref();
    });
    let woken = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&woken));
    let taken = codec.poll(&Context::from_waker(&waker), First::Turn, |_| {
        brought.take().map_or(Poll::Pending, Poll::Ready)
    });
    assert_eq!(taken, Poll::Ready(7));
    assert_eq!(woken.0.load(Ordering::Relaxed), 0);
}

/// One part per turn, each of them there at once: a flood must not keep the core for itself.
#[test]
fn a_flood_lets_others_work() {
    check_flood(|cx| cx.waker().wake_by_ref());
}

/// The last turn may ring no more: who was sent away must be called back all the same.
#[test]
fn a_flood_that_ends_while_others_work_is_not_forgotten() {
    let mut turns = 0;
    check_flood(move |cx| {
        turns += 1;
        if turns < TURNS_MAX {
            cx.waker().wake_by_ref();
        }
    });
}

fn check_flood(turn: impl FnMut(&mut Context<'_>) + 'static) {
    let mut codec = codec(turn);
    let woken = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&woken));
    let cx = Context::from_waker(&waker);
    let mut taken = 0;
    let part = |codec: &mut Codec| {
        let mut asked = 0;
        codec.poll(&cx, First::Ask, |_| {
            asked += 1;
            if asked > 1 { Poll::Ready(()) } else { Poll::Pending }
        })
    };
    while part(&mut codec).is_ready() {
        taken += 1;
        assert!(taken < 100, "it never waits");
    }
    assert_eq!(woken.0.load(Ordering::Relaxed), 1, "and it comes back");
}

#[test]
fn a_codec_that_always_has_more_to_do_lets_others_work() {
    let mut codec = codec(|cx| cx.waker().wake_by_ref());
    let woken = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&woken));
    assert!(
        codec.poll(&Context::from_waker(&waker), First::Turn, |_| Poll::<()>::Pending).is_pending()
    );
    assert_eq!(woken.0.load(Ordering::Relaxed), 1, "and comes back");
}
