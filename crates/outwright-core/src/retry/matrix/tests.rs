//! The table, cell by cell, and what a contract may do to it.

use super::*;

/// The same table, typed a second time.
const EXPECTED: &str = include_str!("../matrix.csv");

/// What differs between the table and a CSV, a line per cell.
fn differences(csv: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lines: Vec<&str> = csv.lines().skip(1).collect();
    if lines.len() != Signal::ALL.len() {
        found.push(format!("{} lines for {} signals", lines.len(), Signal::ALL.len()));
    }
    for (signal, line) in Signal::ALL.into_iter().zip(lines) {
        let cells: Vec<&str> = line.split(',').collect();
        let mut ours = vec![signal.word(), signal.certainty().word()];
        ours.extend(Column::ALL.map(|column| short(cell(signal, column))));
        for (theirs, our) in cells.iter().zip(&ours) {
            if theirs != our {
                found.push(format!("{}: {theirs} is expected, {our} stands", signal.word()));
            }
        }
        if cells.len() != ours.len() {
            found.push(format!("{}: {} cells", signal.word(), cells.len()));
        }
    }
    found
}

fn short(next: Move) -> &'static str {
    match next {
        Move::Again(Delay::AtOnce) => "D0",
        Move::Again(Delay::Transient) => "D1",
        Move::Again(Delay::Throttle) => "D2",
        Move::Reconcile => "DR",
        Move::No => "no",
    }
}

///
#[test]
fn every_cell_is_what_was_typed_a_second_time() {
    assert_eq!(differences(EXPECTED), Vec::<String>::new());
}

#[test]
fn a_single_wrong_cell_is_found() {
    let wrong = EXPECTED.replace("\nreset,U,D1,D1,D1,DR,no", "\nreset,U,D1,D1,D1,DR,D1");
    assert!(differences(&wrong).len() == 1, "{:?}", differences(&wrong));
    let short = EXPECTED.replace("4xx,P,no,no,no,no,no\n", "");
    assert!(!differences(&short).is_empty());
}

/// Product paper 3, plan `once`: only what the protocol proves, and failures before any byte.
#[test]
fn once_is_repeated_only_where_nothing_can_have_happened() {
    for signal in Signal::ALL {
        if cell(signal, Column::Nothing) != Move::No {
            assert_eq!(signal.certainty(), Certainty::NotProcessed, "{signal:?}");
            assert_eq!(signal.effect(), Effect::None, "{signal:?}");
        }
    }
}

#[test]
fn a_later_column_never_allows_more_than_an_earlier_one() {
    for signal in Signal::ALL.into_iter().filter(|signal| {
        // A key in progress, and a lookup, exist only where there is something to wait for or look up.
        !matches!(signal, Signal::S409 | Signal::S409InProgress | Signal::S500Replayed)
    }) {
        let mut allowed = true;
        for column in Column::ALL {
            let now = cell(signal, column) != Move::No;
            assert!(allowed || !now, "{signal:?} {column:?}");
            allowed = now;
        }
    }
}

fn told_verdict(signal: Signal, class: Class, effect: Effect) -> Verdict {
    Verdict { class, effect, grounds: Grounds::Contract, ..Verdict::of(signal) }
}

#[test]
fn facts_that_state_no_effect_let_once_repeat_a_429_and_nothing_else_does() {
    let none = Overrides::default();
    let told = told_verdict(Signal::S429, Class::Throttled, Effect::None);
    let throttle = Move::Again(Delay::Throttle);
    assert_eq!(look(&told, Plan::Once, &none), Answer { next: throttle, by: By::Outcome });
    let plain = Verdict::of(Signal::S429);
    assert_eq!(look(&plain, Plan::Once, &none), Answer { next: Move::No, by: By::Plan });
}

#[test]
fn a_declared_row_is_decided_by_class_and_effect() {
    use {Class as C, Effect as E};
    let t = Move::Again(Delay::Transient);
    let h = Move::Again(Delay::Throttle);
    let n = Move::No;
    for (class, effect, expected) in [
        (C::Transient, E::None, [t, t, t, t, t]),
        (C::Transient, E::Unknown, [t, t, t, Move::Reconcile, n]),
        (C::Transient, E::Done, [t, n, n, n, n]),
        (C::Overloaded, E::Unknown, [h, h, h, Move::Reconcile, n]),
        (C::Throttled, E::None, [h, h, h, h, h]),
        (C::Rejected, E::None, [n, n, n, n, n]),
        (C::Exhausted, E::None, [n, n, n, n, n]),
        (C::Success, E::Done, [n, n, n, n, n]),
        (C::Unauthorized, E::None, [Move::Again(Delay::AtOnce); 5]),
    ] {
        assert_eq!(Column::ALL.map(|column| told(class, effect, column)), expected, "{class:?}");
    }
}

#[test]
fn a_contract_moves_a_row_both_ways_and_says_so() {
    let moved = |to| Overrides(Box::from([(Signal::S500, to)]));
    let verdict = Verdict::of(Signal::S500);
    let never = look(&verdict, Plan::Safe, &moved(Override::Never));
    assert_eq!(never, Answer { next: Move::No, by: By::Contract });
    let risky = look(&verdict, Plan::Once, &moved(Override::Unprocessed));
    assert_eq!(risky, Answer { next: Move::Again(Delay::Transient), by: By::Contract });
    let other = look(&Verdict::of(Signal::S502), Plan::Once, &moved(Override::Unprocessed));
    assert_eq!(other, Answer { next: Move::No, by: By::Plan });
}

#[test]
fn words_are_unique() {
    let mut words: Vec<&str> = Signal::ALL.map(Signal::word).to_vec();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), Signal::ALL.len());
}

/// The page that people read is the table that the engine uses.
#[test]
fn the_page_shows_every_row() {
    let page = include_str!("../../../../../docs/concepts/matrix.md");
    for line in EXPECTED.lines().skip(1) {
        let (signal, cells) = line.split_once(',').expect("a signal and cells");
        let row = format!("| `{signal}` | {} |", cells.replace(',', " | "));
        assert!(page.contains(&row), "the page lacks {row}");
    }
}
