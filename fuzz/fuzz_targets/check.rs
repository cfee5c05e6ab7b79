//! Any bytes as contract, facts and deployment: findings whose places and edits lie in the text, and no panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use outwright_contract::{Colour, Date, Diff, Options, Source, load, repair};

/// 2026-11-23, so that dates of the corpus mean what they meant when it was made.
const TODAY: Date = Date::from_days(20_780);

fuzz_target!(|bytes: &[u8]| {
    // A line `#=== path` begins another file, as in the fixtures of rules.
    let mut sources: Vec<Source> = vec![Source::new("contracts/a.yaml", Vec::new())];
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let next = line.strip_prefix(b"#=== ").filter(|_| sources.len() < 4);
        if let Some(path) = next {
            sources.push(Source::new(String::from_utf8_lossy(path).trim(), Vec::new()));
        } else if let Some(source) = sources.last_mut() {
            source.bytes.extend_from_slice(line);
        }
    }
    let options = Options::check(TODAY);
    let loaded = load(&sources, &options);
    let report = &loaded.report;
    for finding in &report.findings {
        for edit in finding.fix.iter().flat_map(|fix| &fix.edits) {
            let text = &report.texts[edit.place.file as usize].text;
            assert!(text.get(edit.place.start as usize..edit.place.end as usize).is_some());
        }
    }
    let _printed = (report.text(Colour::Off), report.json(), report.sarif(), report.github());
    let repaired = repair(&sources, &options);
    assert!(repaired.report.errors() <= report.errors(), "a safe repair makes nothing worse");
    let _diff = Diff::of(&loaded, &load(&repaired.sources, &options)).text();
    for (provider, operations) in loaded.names() {
        let first = operations.first().copied();
        let _explained = loaded.explain(provider, first, &options).map(|e| e.text());
    }
});
