//! How many tests passed, failed and were skipped, from what the test programs said.

/// Numbers of tests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Tests that passed and were not skipped.
    pub passed: u64,
    /// Tests that failed; a part that fails without a failed test counts one.
    pub failed: u64,
    /// Tests that were ignored or said that they lack something; a skipped part counts one.
    pub skipped: u64,
    /// The lines in which tests said what they lack.
    pub said: Vec<String>,
}

impl Counts {
    /// A part that could not run at all.
    pub(crate) fn failed_part() -> Self {
        Self { failed: 1, ..Self::default() }
    }

    /// A part that was left out.
    pub(crate) fn skipped_part() -> Self {
        Self { skipped: 1, ..Self::default() }
    }

    /// Adds what a test program said: its result lines, and lines `SKIPPED <part>: <what is missing>`.
    ///
    /// A test that says so has passed as far as its program knows; it is moved to the skipped ones.
    pub(crate) fn read(&mut self, said: &str) {
        let mut moved = 0;
        for line in said.lines().map(str::trim) {
            if let Some(result) = line.strip_prefix("test result: ") {
                self.passed += before(result, " passed");
                self.failed += before(result, " failed");
                self.skipped += before(result, " ignored");
            } else if line.starts_with("SKIPPED ") && line.contains(": ") {
                moved += 1;
                if !self.said.iter().any(|s| s == line) {
                    self.said.push(line.to_owned());
                }
            }
        }
        self.passed = self.passed.saturating_sub(moved);
        self.skipped += moved;
    }

    /// Adds the numbers of another part.
    pub(crate) fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// The number before a word: 12 in `ok. 12 passed; 0 failed`.
fn before(text: &str, word: &str) -> u64 {
    let head = text.split(word).next().unwrap_or_default();
    let digits = head.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    if head.len() == text.len() { 0 } else { digits.parse().unwrap_or(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_several_programs_add_up() {
        let mut counts = Counts::default();
        counts.read(
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
             noise\n\
             test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n",
        );
        assert_eq!(counts, Counts { passed: 15, failed: 2, skipped: 1, said: vec![] });
    }

    #[test]
    fn a_test_that_lacks_its_tool_is_skipped_and_not_passed() {
        let mut counts = Counts::default();
        counts.read("SKIPPED wire: node\ntest result: ok. 4 passed; 0 failed; 0 ignored\n");
        assert_eq!((counts.passed, counts.skipped, counts.said.len()), (3, 1, 1));
    }

    #[test]
    fn a_line_without_numbers_counts_nothing() {
        assert_eq!(before("ok. many", " passed"), 0);
    }
}
