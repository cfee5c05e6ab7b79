//! The numbered requirements, and the tests that cite them.

use std::collections::BTreeMap;

use crate::tree::{Complaint, Tree};

/// Where the list stands: number, priority, issue that fills it, a few words.
pub const LIST: &str = "docs/reference/requirements.tsv";

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement<'a> {
    /// `R-001`.
    pub number: &'a str,
    /// `P0`, `P1` or `P2`.
    pub priority: &'a str,
    /// The issue that it waits for.
    pub issue: u32,
    /// What it is about.
    pub words: &'a str,
}

/// A test whose doc line cites a requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Citation {
    /// The file.
    pub path: String,
    /// Line of the citation.
    pub line: usize,
    /// Name of the test.
    pub test: String,
}

/// The list, or the number of the first line that cannot be read.
///
/// # Errors
///
/// A line with fewer than four columns, or an issue that is no number.
pub fn read(tree: &Tree) -> Result<Vec<Requirement<'_>>, usize> {
    let mut all = Vec::new();
    for (n, line) in tree.get(LIST).unwrap_or_default().lines().enumerate() {
        if n > 0 {
            all.push(row(line).ok_or(n + 1)?);
        }
    }
    Ok(all)
}

fn row(line: &str) -> Option<Requirement<'_>> {
    let mut columns = line.split('\t');
    let number = columns.next()?;
    let priority = columns.next()?;
    let issue = columns.next()?.parse().ok()?;
    let words = columns.next()?;
    Some(Requirement { number, priority, issue, words })
}

/// Tests by the number they cite.
#[must_use]
pub fn tests_by_number(tree: &Tree) -> BTreeMap<String, Vec<Citation>> {
    let mut found: BTreeMap<String, Vec<Citation>> = BTreeMap::new();
    for (path, text) in tree.rust() {
        let mut cited: Vec<(String, usize)> = Vec::new();
        let mut is_test = false;
        for (n, line) in text.lines().enumerate() {
            let line = line.trim_start();
            if line.starts_with("///") {
                cited.extend(numbers(line).map(|number| (number, n + 1)));
            } else if line.starts_with("#[") {
                is_test |= line.contains("test");
            } else {
                let name = line.split_once("fn ").and_then(|(_, rest)| rest.split('(').next());
                if let Some(name) = name.filter(|_| is_test) {
                    for (number, line) in cited.drain(..) {
                        let test = name.to_owned();
                        let citation = Citation { path: path.to_owned(), line, test };
                        found.entry(number).or_default().push(citation);
                    }
                }
                cited.clear();
                is_test = false;
            }
        }
    }
    found
}

/// The requirement numbers in a line.
pub fn numbers(line: &str) -> impl Iterator<Item = String> {
    line.match_indices("R-").filter_map(|(at, _)| {
        let before = line.get(..at)?.chars().last();
        let digits = line.get(at + 2..at + 5)?;
        let after = line.get(at + 5..)?.chars().next();
        let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '-');
        let number = digits.bytes().all(|b| b.is_ascii_digit());
        (number && !inside(before) && !after.is_some_and(char::is_alphanumeric))
            .then(|| format!("R-{digits}"))
    })
}

/// Whatever is cited anywhere in comments exists in the list.
#[must_use]
pub fn citations(tree: &Tree) -> Vec<Complaint> {
    let Ok(list) = read(tree) else { return Vec::new() };
    let mut complaints = Vec::new();
    let files = tree.rust().chain(tree.ending(".md"));
    for (path, text) in files.filter(|(p, _)| *p != "crates/tidy/src/requirements.rs") {
        for (n, line) in text.lines().enumerate() {
            for number in numbers(line).filter(|x| !list.iter().any(|r| r.number == x)) {
                complaints.push(Complaint::new(path, n + 1, format!("{number} is not in {LIST}")));
            }
        }
    }
    complaints
}

/// The list is ordered, without gaps in its columns, and short.
#[must_use]
pub fn list(tree: &Tree) -> Vec<Complaint> {
    let list = match read(tree) {
        Ok(list) => list,
        Err(line) => return vec![Complaint::new(LIST, line, "number, priority, issue, words")],
    };
    let mut complaints = Vec::new();
    let mut last = "";
    for (n, row) in list.iter().enumerate() {
        let words = row.words.split_whitespace().count();
        let fine = row.number > last
            && ["P0", "P1", "P2"].contains(&row.priority)
            && (2..=9).contains(&row.issue)
            && (2..=12).contains(&words);
        if !fine {
            complaints.push(Complaint::new(
                LIST,
                n + 2,
                "ordered, P0 to P2, issue 2 to 9, few words",
            ));
        }
        last = row.number;
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "number\tpriority\tissue\twords\n";

    #[test]
    fn a_number_that_does_not_exist_is_refused() {
        let tree = Tree::of(&[
            (LIST, &format!("{HEAD}R-001\tP0\t2\tfour timeouts\n")),
            ("crates/outwright/src/a.rs", "/// R-001, R-999 and FOR-001.\n#[test]\nfn a() {}\n"),
        ]);
        assert_eq!(citations(&tree).len(), 1);
        assert_eq!(tests_by_number(&tree).len(), 2);
    }

    #[test]
    fn a_citation_on_something_else_is_not_a_test() {
        let tree = Tree::of(&[("crates/outwright/src/a.rs", "/// R-001.\nfn a() {}\n")]);
        assert!(tests_by_number(&tree).is_empty());
    }

    #[test]
    fn an_unordered_list_is_refused() {
        let rows = "R-002\tP0\t2\tfour timeouts\nR-001\tP0\t2\tfour timeouts\n";
        assert_eq!(list(&Tree::of(&[(LIST, &format!("{HEAD}{rows}"))])).len(), 1);
        assert_eq!(list(&Tree::of(&[(LIST, &format!("{HEAD}R-001\tP0\n"))])).len(), 1);
    }
}
