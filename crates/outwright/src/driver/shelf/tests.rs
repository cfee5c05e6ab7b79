use std::time::Duration;

use outwright_core::cache::{Directives, Policy, Times, Wish};
use outwright_core::time::Now;

use super::*;
use crate::driver::memory::Memory;

fn kept() -> Kept {
    let policy = Policy::new(Duration::from_secs(60), Directives::default()).unwrap();
    let times = Times { sent: Now::default().mono, came: Now::default() };
    let head = (StatusCode::OK, &HeaderMap::new());
    Kept::of(&policy, head, &Wish::default(), times).unwrap()
}

fn key(target: &str, whose: u8) -> Key {
    Key { target: target.into(), whose: [whose; 32], credential: None, varying: Arc::new([]) }
}

fn entry(memory: &Arc<Memory>, key: &Key, body: usize) -> Entry {
    let reply = Reply {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        body: Bytes::from(vec![b'x'; body]),
    };
    Entry {
        began: 0,
        key: key.clone(),
        kept: kept(),
        vary: Box::new([]),
        reply: Some(Arc::new(reply)),
        held: memory.holder(),
    }
}

fn roomy() -> Arc<Memory> {
    Arc::new(Memory::new(usize::MAX))
}

#[test]
fn what_is_kept_last_is_found_by_its_owner_alone() {
    let (mut shelf, memory) = (Shelf::new("9c1e"), roomy());
    let (mine, theirs) = (key("/a", 1), key("/a", 2));
    shelf.put(entry(&memory, &mine, 1), "9c1e");
    shelf.put(entry(&memory, &mine, 2), "9c1e");
    let (_, reply) = shelf.find(&mine, "9c1e").unwrap();
    assert_eq!(reply.unwrap().body.len(), 2);
    assert!(shelf.find(&theirs, "9c1e").is_none());
    assert!(shelf.find(&key("/b", 1), "9c1e").is_none());
    assert_eq!(shelf.len(), 1);
}

///
#[test]
fn a_variant_is_found_by_the_same_values_alone() {
    let (mut shelf, memory) = (Shelf::new("9c1e"), roomy());
    let field = |name: &'static str, value: &'static str| {
        (HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    let with = |fields: Vec<_>| Key { varying: fields.into(), ..key("/a", 1) };
    let gzip = with(vec![field("accept-encoding", "gzip"), field("user-agent", "a")]);
    let other_agent = with(vec![field("accept-encoding", "gzip"), field("user-agent", "b")]);
    let plain = with(vec![field("user-agent", "a")]);
    let vary: Box<[_]> = Box::new([HeaderName::from_static("accept-encoding")]);
    shelf.put(Entry { vary: vary.clone(), ..entry(&memory, &gzip, 1) }, "9c1e");
    assert!(shelf.find(&gzip, "9c1e").is_some());
    assert!(shelf.find(&other_agent, "9c1e").is_some(), "it does not vary with that");
    assert!(shelf.find(&plain, "9c1e").is_none());
    shelf.put(Entry { vary, ..entry(&memory, &plain, 2) }, "9c1e");
    assert_eq!(shelf.len(), 2, "both variants stand beside each other");
    assert_eq!(shelf.find(&gzip, "9c1e").unwrap().1.unwrap().body.len(), 1);
}

#[test]
fn the_one_that_was_used_longest_ago_goes_first() {
    let (mut shelf, memory) = (Shelf::new("9c1e"), roomy());
    for number in 0..ENTRIES_MAX {
        shelf.put(entry(&memory, &key(&format!("/{number}"), 1), 0), "9c1e");
    }
    assert!(shelf.find(&key("/0", 1), "9c1e").is_some());
    shelf.put(entry(&memory, &key("/more", 1), 0), "9c1e");
    assert_eq!(shelf.len(), ENTRIES_MAX);
    assert!(shelf.find(&key("/0", 1), "9c1e").is_some(), "it was looked up");
    assert!(shelf.find(&key("/1", 1), "9c1e").is_none());
}

/// a provider has its bytes, a target its copies, and all of it comes back.
#[test]
fn bytes_and_copies_are_bounded_and_counted_back() {
    let (mut shelf, memory) = (Shelf::new("9c1e"), roomy());
    for number in 0..100 {
        shelf.put(entry(&memory, &key(&format!("/{number}"), 1), ENTRY_BYTES_MAX), "9c1e");
        assert!(shelf.bytes <= BYTES_MAX);
        assert_eq!(shelf.bytes, memory.used());
    }
    assert_eq!(shelf.len(), BYTES_MAX / ENTRY_BYTES_MAX - 1, "bookkeeping costs too");
    for number in 0..100 {
        shelf.put(entry(&memory, &key("/same", number), 0), "9c1e");
    }
    assert!(shelf.find(&key("/same", 0), "9c1e").is_none());
    assert!(shelf.find(&key("/same", 99), "9c1e").is_some());
    shelf.forget("/same");
    assert!(shelf.find(&key("/same", 99), "9c1e").is_none());
    assert_eq!(shelf.bytes, memory.used());
    drop(shelf);
    assert_eq!(memory.used(), 0);
}

///
#[test]
fn a_process_without_room_keeps_less_and_never_more() {
    let memory = Arc::new(Memory::new(3 * ENTRY_BYTES_MAX));
    let mut shelf = Shelf::new("9c1e");
    for number in 0..10 {
        shelf.put(entry(&memory, &key(&format!("/{number}"), 1), ENTRY_BYTES_MAX), "9c1e");
    }
    assert_eq!(shelf.len(), 2);
    assert!(shelf.find(&key("/9", 1), "9c1e").is_some(), "the last ones stay");
    let mut others = memory.holder();
    while others.grow(3 * ENTRY_BYTES_MAX).is_none() {
        shelf.drop_oldest();
    }
    shelf.put(entry(&memory, &key("/none", 1), 0), "9c1e");
    assert_eq!(shelf.len(), 0);
}

/// a version that is over takes with it what was read with it, also what only arrives later.
#[test]
fn what_was_read_with_a_credential_goes_with_it() {
    let (mut shelf, memory) = (Shelf::new("9c1e"), roomy());
    shelf.credential_is(0, Some(1));
    shelf.credential_is(1, Some(4));
    let with = |slot, version| Key { credential: Some((slot, version)), ..key("/a", 1) };
    shelf.put(entry(&memory, &with(0, 1), 0), "9c1e");
    shelf.put(entry(&memory, &with(1, 4), 0), "9c1e");
    shelf.put(entry(&memory, &key("/a", 1), 0), "9c1e");
    assert_eq!(shelf.len(), 3);
    shelf.credential_is(0, Some(2));
    assert!(shelf.find(&with(0, 1), "9c1e").is_none());
    assert_eq!(shelf.len(), 2);
    shelf.put(entry(&memory, &with(0, 1), 0), "9c1e");
    assert_eq!(shelf.len(), 2, "it came too late");
    shelf.credential_is(1, None);
    assert_eq!(shelf.len(), 1, "a slot that is empty has nothing");
    assert_eq!(shelf.bytes, memory.used());
}

/// What was decided under one contract is not shown under another, also what only arrives later.
#[test]
fn what_was_kept_goes_with_its_contract() {
    let (mut shelf, memory) = (Shelf::new("9c1e"), roomy());
    shelf.put(entry(&memory, &key("/a", 1), 0), "9c1e");
    shelf.stands("9c1e");
    assert_eq!(shelf.len(), 1);
    shelf.contract_is("77aa");
    assert_eq!((shelf.len(), memory.used()), (0, 0));
    shelf.put(entry(&memory, &key("/a", 1), 0), "9c1e");
    assert_eq!(shelf.len(), 0, "it came too late");
    shelf.put(entry(&memory, &key("/a", 1), 0), "77aa");
    assert_eq!(shelf.len(), 1);
}

/// A contract that was taken away and given back still has its credentials.
#[test]
fn a_shelf_that_changes_its_contract_still_knows_the_versions() {
    let (mut shelf, memory) = (Shelf::new("9c1e"), roomy());
    shelf.credential_is(0, Some(3));
    let key = Key { credential: Some((0, 3)), ..key("/a", 1) };
    shelf.put(entry(&memory, &key, 1), "9c1e");
    shelf.contract_is("other");
    assert!(shelf.find(&key, "9c1e").is_none(), "what was kept under the other is gone");
    shelf.stands("9c1e");
    shelf.put(entry(&memory, &key, 1), "9c1e");
    assert!(shelf.find(&key, "9c1e").is_some());
    assert!(shelf.find(&key, "other").is_none(), "nobody is shown what another contract kept");
}
