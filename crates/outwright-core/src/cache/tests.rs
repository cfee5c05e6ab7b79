use super::*;
use crate::time::Timestamp;

const DATE: &str = "Sat, 22 Nov 2025 07:00:46 GMT";
const WALL: u64 = 1_763_794_846_000;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn head(fields: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn policy(age_max: u64, despite: &[Directive]) -> Policy {
    Policy::new(secs(age_max), despite.iter().copied().collect()).unwrap()
}

/// A 200 that was sent at one second and came at two.
fn times() -> Times {
    let wall = Timestamp::from_millis(WALL);
    Times { sent: Mono::from_millis(1_000), came: Now { mono: Mono::from_millis(2_000), wall } }
}

fn kept(policy: &Policy, fields: &[(&'static str, &str)]) -> Option<Kept> {
    Kept::of(policy, (StatusCode::OK, &head(fields)), &Wish::default(), times())
}

/// What is shown so many seconds after the head came, to a caller who asks for this.
fn shown(policy: &Policy, fields: &[(&'static str, &str)], wish: &str, later: f64) -> Shown {
    let kept = kept(policy, fields).expect("it is kept");
    let wish = Wish::of(&head(&[("cache-control", wish)]));
    let now = times().came.mono.plus(Duration::from_secs_f64(later));
    look(policy, Some(&Found { kept, wish }), now)
}

#[test]
fn an_answer_of_no_age_is_no_policy() {
    assert_eq!(Policy::new(Duration::ZERO, Directives::default()), Err(AgeZero));
}

/// only what is whole and good in itself is kept, whatever its lifetime.
#[test]
fn a_good_final_answer_is_kept_and_nothing_else() {
    let policy = policy(600, &[]);
    for status in 200..600 {
        let status = StatusCode::from_u16(status).unwrap();
        let headers = head(&[("cache-control", "max-age=60, public")]);
        let kept = Kept::of(&policy, (status, &headers), &Wish::default(), times());
        assert_eq!(kept.is_some(), [200, 203, 204].contains(&status.as_u16()), "{status}");
    }
    let no_store = Wish::of(&head(&[("cache-control", "no-store")]));
    assert_eq!(Kept::of(&policy, (StatusCode::OK, &head(&[])), &no_store, times()), None);
}

///
#[test]
fn what_varies_by_anything_is_not_kept() {
    for vary in ["*", "accept, *", " * ,accept"] {
        assert_eq!(kept(&policy(600, &[]), &[("vary", vary)]), None, "{vary}");
    }
    assert!(kept(&policy(600, &[]), &[("vary", "accept")]).is_some());
}

/// each directive forbids alone, in any spelling, and each is overridden by its own name alone.
#[test]
fn a_directive_forbids_unless_the_contract_names_it() {
    for (value, directive, later) in [
        ("no-store", Directive::NoStore, 0.0),
        ("max-age=60, No-Store", Directive::NoStore, 0.0),
        ("private", Directive::Private, 0.0),
        ("private=\"x-name\"", Directive::Private, 0.0),
        ("max-age=60, no-cache", Directive::NoCache, 0.0),
        ("no-cache=\"set-cookie\"", Directive::NoCache, 0.0),
        ("max-age=5, must-revalidate", Directive::MustRevalidate, 5.0),
        ("max-age=5, proxy-revalidate", Directive::ProxyRevalidate, 5.0),
        ("s-maxage=5", Directive::SMaxage, 5.0),
    ] {
        let fields = [("cache-control", value)];
        let barred = Shown::Barred(directive);
        assert_eq!(shown(&policy(600, &[]), &fields, "", later), barred, "{value}");
        for other in Directive::ALL {
            let expected = if other == directive { Shown::Yes } else { barred };
            assert_eq!(shown(&policy(600, &[other]), &fields, "", later), expected, "{value}");
        }
    }
}

/// what has to be asked for again once it is stale is a good answer before.
#[test]
fn what_must_be_asked_for_again_is_shown_while_it_is_fresh() {
    for value in ["max-age=5, must-revalidate", "max-age=5, proxy-revalidate", "s-maxage=5"] {
        let shown = |later| shown(&policy(600, &[]), &[("cache-control", value)], "", later);
        // A second of it went by on its way.
        assert_eq!(shown(3.9), Shown::Yes, "{value}");
        assert!(matches!(shown(4.0), Shown::Barred(_)), "{value}");
    }
}

#[test]
fn of_what_may_never_be_shown_only_the_reason_is_kept() {
    for (value, part) in [
        ("no-store", Part::Note),
        ("private", Part::Note),
        ("no-cache", Part::Note),
        ("max-age=0, must-revalidate", Part::Whole),
        ("", Part::Whole),
    ] {
        let kept = kept(&policy(600, &[]), &[("cache-control", value)]).unwrap();
        assert_eq!(kept.body(), part, "{value}");
    }
    let despite = policy(600, &[Directive::NoStore]);
    let kept = kept(&despite, &[("cache-control", "no-store")]).unwrap();
    assert_eq!(kept.body(), Part::Whole);
}

/// the contract's age and the provider's `stale-if-error` both end it, to the second.
#[test]
fn an_answer_is_shown_up_to_its_limit_and_not_after() {
    let sie = "max-age=600, stale-if-error=1200";
    for (age_max, value, last) in [
        (3_600, sie, 1_800),
        (1_000, sie, 1_000),
        (3_600, "", 3_600),
        (3_600, "stale-if-error=60", 60),
        (3_600, "stale-if-error=nonsense", 0),
        (3_600, "max-age=600, stale-if-error=1200, stale-if-error=60", 660),
    ] {
        let shown = |age: f64| {
            // A second of it went by on its way.
            shown(&policy(age_max, &[]), &[("cache-control", value)], "", age - 1.0)
        };
        let last = f64::from(last);
        if last > 1.0 {
            assert_eq!(shown(last - 1.0), Shown::Yes, "{value}");
            assert_eq!(shown(last), Shown::Yes, "{value}");
        }
        assert_eq!(shown(last + 1.0), Shown::TooOld, "{value}");
    }
}

/// RFC 9111 section 4.2.3, with its own names.
#[test]
fn the_age_is_that_of_the_standard() {
    let earlier = "Sat, 22 Nov 2025 07:00:06 GMT";
    let later = "Sat, 22 Nov 2025 07:10:46 GMT";
    for (fields, initial) in [
        // Only the response delay.
        (&[][..], 1),
        (&[("date", DATE)], 1),
        // The provider's clock is ahead: no age by it.
        (&[("date", later)], 1),
        // The apparent age: 40 s.
        (&[("date", earlier)], 40),
        // The age value and the delay.
        (&[("age", "30")], 31),
        // The larger of the two.
        (&[("date", earlier), ("age", "30")], 40),
        (&[("date", earlier), ("age", "50")], 51),
        // What cannot be read is not there; of a list the first counts.
        (&[("age", "-7")], 1),
        (&[("age", "7.5")], 1),
        (&[("age", "soon")], 1),
        (&[("age", "7, 900")], 8),
        (&[("age", "7"), ("age", "900")], 8),
        (&[("age", "99999999999999999999")], (1 << 31) + 1),
    ] {
        let kept = kept(&policy(600, &[]), fields).unwrap();
        let came = times().came.mono;
        assert_eq!(kept.age(came), secs(initial), "{fields:?}");
        assert_eq!(kept.age(came.plus(secs(100))), secs(initial + 100), "resident: {fields:?}");
    }
}

#[test]
fn the_lifetime_is_what_is_said_first_and_never_guessed() {
    let in_a_minute = "Sat, 22 Nov 2025 07:01:46 GMT";
    for (fields, lifetime) in [
        (&[][..], 0),
        (&[("last-modified", DATE)], 0),
        (&[("cache-control", "max-age=5")], 5),
        (&[("cache-control", "max-age=5, s-maxage=7")], 7),
        (&[("cache-control", "max-age=5"), ("cache-control", "max-age=3")], 3),
        (&[("cache-control", "max-age=x")], 0),
        (&[("cache-control", "max-age")], 0),
        (&[("date", DATE), ("expires", in_a_minute)], 60),
        (&[("expires", in_a_minute)], 60),
        (&[("date", DATE), ("expires", in_a_minute), ("cache-control", "max-age=5")], 5),
        (&[("date", in_a_minute), ("expires", DATE)], 0),
        (&[("date", DATE), ("expires", "0")], 0),
    ] {
        let kept = kept(&policy(600, &[]), fields).unwrap();
        assert_eq!(kept.lifetime(), secs(lifetime), "{fields:?}");
    }
}

/// a caller may want less than the contract allows, never more.
#[test]
fn a_caller_gets_nothing_that_it_does_not_want() {
    for (wish, later, expected) in [
        ("", 100.0, Shown::Yes),
        ("max-stale", 100.0, Shown::Yes),
        ("max-stale=41", 100.0, Shown::Yes),
        ("max-stale=40", 100.0, Shown::Unwanted),
        ("max-stale=nonsense", 100.0, Shown::Yes),
        ("no-cache", 0.0, Shown::Unwanted),
        // Without max-stale, an age is a wish for something fresh.
        ("max-age=1000", 10.0, Shown::Yes),
        ("max-age=1000", 100.0, Shown::Unwanted),
        ("max-age=1000, max-stale", 100.0, Shown::Yes),
        ("max-age=50, max-stale", 100.0, Shown::Unwanted),
        ("max-age=0", 0.0, Shown::Unwanted),
        ("min-fresh=40", 10.0, Shown::Yes),
        ("min-fresh=50", 10.0, Shown::Unwanted),
        ("max-stale=4000", 3_000.0, Shown::TooOld),
    ] {
        let fields = [("cache-control", "max-age=60")];
        assert_eq!(shown(&policy(600, &[]), &fields, wish, later), expected, "{wish} {later}");
    }
    let pragma = Wish::of(&head(&[("pragma", "No-Cache")]));
    assert!(pragma.no_cache);
    let both = Wish::of(&head(&[("pragma", "no-cache"), ("cache-control", "max-stale")]));
    assert!(!both.no_cache, "it counts only where nothing better is said");
}

#[test]
fn nothing_is_shown_where_nothing_is_kept() {
    assert_eq!(look(&policy(600, &[]), None, Mono::MAX), Shown::Absent);
}

/// what may be kept and needs not be asked for again answers several; what is one caller's own stays with it.
#[test]
fn a_reply_that_may_be_kept_answers_several() {
    for (fields, expected) in [
        (&[][..], Share::Yes),
        (&[("cache-control", "max-age=60")], Share::Yes),
        (&[("cache-control", "private, max-age=60, must-revalidate")], Share::Yes),
        (&[("cache-control", "no-store")], Share::No),
        (&[("cache-control", "private, No-Cache")], Share::No),
        (&[("cache-control", "max-age=0, private, must-revalidate")], Share::No),
        (&[("cache-control", "s-maxage=0")], Share::No),
        (&[("vary", "*")], Share::No),
        (&[("vary", "accept")], Share::Yes),
        (&[("set-cookie", "a=b")], Share::No),
        (&[("content-type", "Text/Event-Stream; charset=utf-8")], Share::No),
        (&[("content-type", "application/json")], Share::Yes),
    ] {
        let share = share((StatusCode::OK, &head(fields)), &Wish::default(), times());
        assert_eq!(share, expected, "{fields:?}");
    }
    for status in [201, 202, 206, 304, 404, 500, 503] {
        let status = StatusCode::from_u16(status).unwrap();
        let share = share((status, &head(&[])), &Wish::default(), times());
        assert_eq!(share, Share::No, "{status}");
    }
    for wish in ["no-store", "no-cache", "max-age=0"] {
        let wish = Wish::of(&head(&[("cache-control", wish)]));
        let share = share((StatusCode::OK, &head(&[])), &wish, times());
        assert_eq!(share, Share::No, "{wish:?}");
    }
}
