//! Texts that nobody wrote in good faith: a finding each, and never a panic.

use outwright_contract::{Colour, Loaded, Options, Source, load};
use proptest::prelude::*;

use crate::sample::TODAY;

pub(crate) const GOOD: &str = include_str!("good.yaml");

fn read(bytes: impl Into<Vec<u8>>) -> Loaded {
    let loaded = load(&[Source::new("contracts/x.yaml", bytes)], &Options::check(TODAY));
    let _ = loaded.report.text(Colour::Off);
    let _ = loaded.report.json();
    loaded
}

#[track_caller]
fn check(what: &str, bytes: impl Into<Vec<u8>>, code: &str) {
    let loaded = read(bytes);
    let codes: Vec<_> = loaded.report.findings.iter().map(|f| f.rule.code).collect();
    assert!(codes.contains(&code), "{what}: {codes:?}");
    assert!(loaded.providers.is_empty(), "{what}");
}

#[test]
fn hostile_texts_give_a_finding() {
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (from, to) in ["a", "b", "c", "d", "e", "f", "g", "h"]
        .into_iter()
        .zip(["b", "c", "d", "e", "f", "g", "h", "i"])
    {
        let list = vec![format!("*{from}"); 9].join(", ");
        bomb.push_str(&format!("{to}: &{to} [{list}]\n"));
    }
    check("bomb", bomb, "OW104");
    check("flow nesting", "[".repeat(200_000), "OW105");
    check(
        "block nesting",
        (0..40).map(|n| format!("{}a:\n", " ".repeat(n))).collect::<String>(),
        "OW105",
    );
    check("map nesting", "{a: ".repeat(100_000), "OW105");
    check("binary", vec![0xff, 0xfe, 0x00, 0x41], "OW105");
    check("invalid UTF-8 late", [GOOD.as_bytes(), &[0xc3, 0x28]].concat(), "OW105");
    check("NUL", format!("{GOOD}\0"), "OW105");
    check("escape sequence", format!("{GOOD}# \u{1b}[31m\n"), "OW105");
    check("two MiB", format!("{GOOD}#{}\n", "x".repeat(2 << 20)), "OW105");
    check("many keys", (0..100_000).map(|n| format!("k{n}: 1\n")).collect::<String>(), "OW105");
    check("many items", format!("a: [{}]\n", "x, ".repeat(200_000)), "OW105");
    check("dashes", "- ".repeat(200_000), "OW105");
    check("long key", format!("? {}\n", "k".repeat(900_000)), "OW102");
    check("long value", format!("provider: {}\n", "k".repeat(900_000)), "OW107");
    check("many secrets", "x://a:b@ ".repeat(100_000), "OW601");
    check("two documents", format!("{GOOD}---\n{GOOD}"), "OW105");
    check("tab", GOOD.replace("  dialect", "\tdialect"), "OW111");
    check("alias", GOOD.replace("tier: important", "tier: *t"), "OW104");
    check("merge key", format!("{GOOD}<<: {{ tier: critical }}\n"), "OW104");
    check("empty", "", "OW101");
    check("only a comment", "# nothing\n", "OW101");
    check("a list", "- a\n", "OW101");
    check("a word", "hello\n", "OW101");
    check("an unclosed quote", "outwright: \"1\n", "OW101");
    check("a map as a key", "{a: b}: c\n", "OW101");
    check(
        "yes for true",
        GOOD.replace("file: /run/secrets/acme", "file: /x, mode_ok: yes"),
        "OW107",
    );
    check("nothing", GOOD.replace("tier: important", "tier:"), "OW107");
}

#[test]
fn ten_mistakes_are_found_at_once() {
    let text = GOOD
        .replace("owner:", "ownr:")
        .replace("slo:", "sol:")
        .replace("connect: 1s", "connect: 1")
        .replace("ratio: 20%", "ratio: 20")
        .replace("tier: important", "tier: huge")
        .replace("bearer:", "bearr:")
        .replace("fallback: none", "fallback: nothing")
        .replace("key: required", "key: perhaps")
        .replace("notice: 90d", "notice: soon")
        .replace("strategy: dual", "strategy: luck");
    assert!(read(text).report.errors() >= 10);
}

/// Where each key of the good contract stands, as (start, end) of its bytes.
fn keys() -> Vec<(usize, usize)> {
    let word = |at: usize| {
        GOOD.as_bytes().get(at).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
    };
    let ends = [": ", ":\n"].into_iter().flat_map(|end| GOOD.match_indices(end));
    let ends = ends.map(|(colon, _)| colon);
    ends.filter_map(|colon| {
        (0..colon).rev().take_while(|at| word(*at)).last().map(|start| (start, colon))
    })
    .collect()
}

/// Names that the author chooses: another one is another thing, not a mistake.
const CHOSEN: &[&str] = &["main"];

/// a typo must not silently drop safety.
#[test]
fn any_key_with_one_letter_changed_is_an_error() {
    let keys = keys();
    assert!(keys.len() > 60, "{}", keys.len());
    for (start, end) in keys {
        let key = &GOOD[start..end];
        if CHOSEN.contains(&key) || key.ends_with("_order") || key.ends_with("_orders") {
            continue;
        }
        for mutated in
            [format!("{key}x"), format!("x{key}"), key[1..].to_owned() + "q", key.to_uppercase()]
        {
            let text = format!("{}{mutated}{}", &GOOD[..start], &GOOD[end..]);
            let loaded = read(text);
            assert!(loaded.report.errors() > 0, "{key} → {mutated}");
            assert!(loaded.providers.is_empty(), "{key} → {mutated}");
        }
    }
}

/// Where each value stands that has a unit, as (start, end) of its bytes.
fn units() -> Vec<(usize, usize)> {
    let starts = GOOD.match_indices(": ").map(|(at, _)| at + 2);
    let ends = |at: usize| GOOD[at..].find([',', ' ', '\n']).map(|length| at + length);
    let all = starts.filter_map(|at| Some((at, ends(at)?)));
    let unit = |text: &str| {
        let digits = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        digits.len() < text.len() && ["ms", "s", "d", "%"].contains(&digits)
    };
    all.filter(|(start, end)| unit(&GOOD[*start..*end])).collect()
}

/// a value whose unit is gone, misspelt or another kind's is an error, never a guess.
#[test]
fn any_value_with_another_unit_is_an_error() {
    let units = units();
    assert!(units.len() > 12, "{}", units.len());
    for (start, end) in units {
        let value = &GOOD[start..end];
        let number = value.trim_end_matches(|c: char| !c.is_ascii_digit());
        let other = if value.ends_with('%') { "s" } else { "%" };
        for unit in ["", "x", "sec", "S", "M", " s", "KiB", "%%", other] {
            let text = format!("{}{number}{unit}{}", &GOOD[..start], &GOOD[end..]);
            let loaded = read(text);
            assert!(loaded.report.errors() > 0, "{value} → {number}{unit}");
            assert!(loaded.providers.is_empty(), "{value} → {number}{unit}");
        }
    }
}

#[test]
fn the_good_contract_is_good() {
    let loaded = read(GOOD);
    assert_eq!(loaded.report.findings.len(), 0, "{}", loaded.report.text(Colour::Off));
    assert_eq!(loaded.providers.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_makes_it_panic(text in "[ -~\n\t]{0,200}") {
        read(text);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        read(bytes);
    }

    #[test]
    fn no_cut_or_paste_makes_it_panic(at in 0..GOOD.len(), length in 0_usize..40, put in "[{}\\[\\]:,&*!#\"'|>%@` \n\t0-9a-zé]{0,6}") {
        let end = (at + length).min(GOOD.len());
        let text = format!("{}{put}{}", &GOOD[..at], &GOOD[end..]);
        read(text);
    }

    /// whatever is done to the name of one key, it is never silently another thing or nothing.
    #[test]
    fn any_key_with_any_letters_changed_is_an_error(which in 0_usize..1000, at in 0_usize..16, cut in 0_usize..3, put in "[a-zA-Z0-9_.-]{0,3}") {
        let keys: Vec<_> = keys()
            .into_iter()
            .filter(|(start, end)| {
                let key = &GOOD[*start..*end];
                !CHOSEN.contains(&key) && !key.ends_with("_order") && !key.ends_with("_orders")
            })
            .collect();
        let (start, end) = keys[which % keys.len()];
        let at = start + at % (end - start);
        let mutated = format!("{}{put}{}", &GOOD[start..at], &GOOD[(at + cut).min(end)..end]);
        prop_assume!(mutated != GOOD[start..end]);
        let loaded = read(format!("{}{mutated}{}", &GOOD[..start], &GOOD[end..]));
        prop_assert!(loaded.report.errors() > 0, "{} → {mutated}", &GOOD[start..end]);
        prop_assert!(loaded.providers.is_empty());
    }
}
