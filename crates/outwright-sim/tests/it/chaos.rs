//! Everything at once, for many seeds: whatever happens, the promises hold and nothing is left behind.

use std::time::Duration;

use outwright_core::bulkhead;
use outwright_core::dice::{Dice, Draw, Salt};
use outwright_core::provider::{Priority, Provider};
use outwright_core::ratelimit;
use outwright_sim::peer::{Mood, Peer};
use outwright_sim::world::{CANARY, Setting, World};

use crate::contracts::{ONCE, READ, WRITE, provider, secs, set_timeouts};
use crate::worlds::{at, poisson, quick, run, setting};

/// Draws one after another from a seed.
struct Luck(u64, u64);

impl Luck {
    fn draw(&mut self) -> Draw {
        self.1 += 1;
        Dice::new(self.0).draw(self.1, Salt::Hint(0))
    }

    fn upto(&mut self, most: u64) -> u64 {
        u64::try_from(self.draw().upto(Duration::from_nanos(most)).as_nanos()).unwrap()
    }
}

/// Two windows in two lanes, few slots, a short queue.
pub(crate) fn tight() -> Provider {
    let mut provider = provider();
    set_timeouts(&mut provider, [0.2, 0.8, 0.5, 1.0, 5.0]);
    let window = |name, requests, per| ratelimit::Policy::new(name, requests, secs(per)).unwrap();
    provider.windows = Box::new([window("account", 40, 1.0), window("search", 5, 1.0)]);
    provider.lanes = Box::new([1, 3]);
    provider.operations[2].lane = 1;
    provider.operations[1].priority = Priority::Default;
    provider.bulkhead = bulkhead::Policy::new(6, 30, secs(0.7)).unwrap();
    provider
}

fn moods(luck: &mut Luck) -> Mood {
    match luck.upto(9) {
        0 => Mood::Errors { of_mille: 500, status: 500 },
        1 => Mood::Errors { of_mille: 1000, status: 503 },
        2 => Mood::Says { status: 429, retry_after: 1 + luck.upto(3) as u32 },
        3 => Mood::Says { status: 503, retry_after: 1 + luck.upto(3) as u32 },
        4 => Mood::Refuses,
        5 => Mood::Silent,
        6 => Mood::Resets,
        7 => Mood::Stalls,
        8 => Mood::Truncates,
        _ => Mood::Slow(10),
    }
}

pub(crate) fn chaos(seed: u64) -> (Setting, Peer) {
    let mut luck = Luck(seed, 0);
    let rate = [5.0, 30.0, 80.0][luck.upto(2) as usize];
    let mut callers = poisson(seed, rate, 40.0, &[READ, WRITE, ONCE]);
    for caller in &mut callers {
        caller.priority = Priority::ALL[luck.upto(2) as usize];
        caller.ledgered = luck.upto(3) == 0;
        if luck.upto(3) == 0 {
            caller.gone_after = Some(Duration::from_millis(luck.upto(800)));
        }
        if luck.upto(4) == 0 {
            caller.timeout = Some(Duration::from_millis(200 + luck.upto(2000)));
        }
    }
    let mut peer = quick();
    let mut time = luck.upto(3000);
    while time < 40_000 {
        let lasts = 200 + luck.upto(5000);
        let mood = moods(&mut luck);
        peer = peer.spell(at(time), at(time + lasts), mood);
        time += lasts + luck.upto(4000);
    }
    (setting(seed, callers), peer)
}

#[test]
fn whatever_happens_the_promises_hold_and_nothing_is_left() {
    let provider = tight();
    let (mut opened, mut closed, mut queued, mut gone) = (0, 0, 0, 0);
    for seed in 0..150 {
        let (setting, peer) = chaos(seed);
        let report = run(&provider, &setting, peer);
        opened += report.breakers.0;
        closed += report.breakers.1;
        queued += report.queued;
        gone += report.others.get("caller_gone").copied().unwrap_or(0);
    }
    // The worlds were not idle.
    assert!(opened > 100 && closed > 50 && queued > 10_000 && gone > 1_000);
    println!("{opened} {closed} {queued} {gone}");
}

///
#[test]
fn the_same_seed_is_the_same_run() {
    let provider = tight();
    for seed in [1, 2, 3] {
        let (setting, peer) = chaos(seed);
        let first = run(&provider, &setting, peer.clone());
        assert_eq!(first, run(&provider, &setting, peer), "seed {seed}");
    }
    let (setting, peer) = chaos(1);
    let (other, _) = chaos(2);
    let hash = |setting: &Setting| run(&provider, setting, peer.clone()).hash;
    assert_ne!(hash(&setting), hash(&other));
}

#[test]
fn a_record_replays_every_step_and_shows_no_secret() {
    let (provider, mut hints) = (tight(), 0);
    for seed in 0..10 {
        let (setting, peer) = chaos(seed);
        let (report, tape) = World::new(&provider, &setting, peer).run_on_tape().unwrap();
        assert!(tape.steps.len() as u64 > report.calls / 2);
        let record = tape.record.unwrap();
        assert_eq!(record.lost(), 0);
        let replayed = record.replay(&provider, &[]);
        let differs = tape.steps.iter().zip(&replayed).position(|(then, now)| then != now);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(tape.steps.len(), replayed.len(), "seed {seed}");
        let shown = format!("{record:?}");
        assert!(!shown.contains(CANARY), "seed {seed}");
        hints += usize::from(shown.contains("retry-after"));
    }
    assert!(hints > 0, "what may be kept is kept");
}

/// The control of the test above: another contract says something else.
#[test]
fn a_record_under_another_contract_is_another_story() {
    let (setting, peer) = chaos(1);
    let (_, tape) = World::new(&tight(), &setting, peer).run_on_tape().unwrap();
    assert_ne!(tape.steps, tape.record.unwrap().replay(&provider(), &[]));
}
