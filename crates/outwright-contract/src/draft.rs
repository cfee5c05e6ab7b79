//! A contract drafted from what is known of a provider, with `UNDECIDED` where nothing can know it.
//!
//! The same input gives the same bytes: operations stand in the order of their paths, names are made of the
//! description's own, and nothing depends on a clock.
//! Every operation of the description is drafted or told with the reason why not.

mod credentials;
mod head;
mod lines;
pub mod merge;

mod names;
mod operations;
mod routes;
mod survey;

use crate::description::{Description, Server};
use crate::parse::BYTES_MAX;
use lines::Lines;
pub use names::safe;
pub use survey::{Drafted, Left, Survey};

/// Most bytes of a file of operations, where one file is not enough: half of what a contract may have (chosen).
const PART_BYTES_MAX: usize = BYTES_MAX / 2;

/// What is asked of a draft beside the description.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// The provider's name, where it is not to be guessed.
    pub provider: Option<String>,
    /// Only operations that one of these patterns fits: an id, a tag, a path; `*` stands for anything.
    pub only: Vec<String>,
    /// What the description is called, as in `lifecycle.verify`; none: there is no description.
    pub source: Option<String>,
    /// What people have decided already.
    pub decided: Decided,
}

/// Answers to what a description cannot know.
#[derive(Clone, Debug, Default)]
pub struct Decided {
    /// Where the provider is.
    pub base_url: Option<String>,
    /// The owning team.
    pub team: Option<String>,
    /// How to reach it.
    pub contact: Option<String>,
    /// How much our service depends on it.
    pub tier: Option<String>,
    /// How the provider knows us.
    pub key: Option<KeyKind>,
    /// Whether operations move money or cannot be undone: then every plan is decided one by one.
    pub money: Option<bool>,
}

/// How a provider knows who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// `Authorization: Bearer …`.
    Bearer,
    /// `Authorization: Basic …`.
    Basic,
    /// A header field of this name.
    Header(String),
    /// A query parameter of this name.
    Query(String),
    /// It does not ask.
    None,
}

impl KeyKind {
    /// `bearer`, `basic`, `header:NAME`, `query:NAME` or `none`.
    ///
    /// # Errors
    ///
    /// The text is none of these.
    pub fn read(text: &str) -> Result<Self, String> {
        let fits = |name: &str| !name.is_empty() && safe(name) == name;
        match text.split_once(':') {
            None if text == "bearer" => Ok(Self::Bearer),
            None if text == "basic" => Ok(Self::Basic),
            None if text == "none" => Ok(Self::None),
            Some(("header", name)) if fits(name) => Ok(Self::Header(name.to_owned())),
            Some(("query", name)) if fits(name) => Ok(Self::Query(name.to_owned())),
            Some(_) | None => {
                Err("a key is one of bearer, basic, header:NAME, query:NAME or none".to_owned())
            }
        }
    }
}

/// A drafted contract.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The provider's name.
    pub provider: String,
    /// Everything up to the operations.
    head: String,
    /// Each operation by its name, with its text.
    operations: Vec<(String, String)>,
    /// What became of the description.
    pub survey: Survey,
}

/// A file of a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name in the folder of contracts.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Why there is no draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoDraft {
    /// Nothing gives the provider a name.
    Nameless,
    /// No operation is left: with how many there were.
    Nothing(usize),
    /// The name of the provider is no name.
    Name(String),
}

impl std::fmt::Display for NoDraft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nameless => f.write_str("nothing in the description gives the provider a name"),
            Self::Nothing(operations) => {
                write!(f, "none of the {operations} operations was drafted")
            }
            Self::Name(name) => write!(
                f,
                "`{}` is no name of a provider: use 1 to 64 letters, digits, `_`, `-` or `.`",
                crate::shape::short(name)
            ),
        }
    }
}

impl std::error::Error for NoDraft {}

/// The name that a draft would give its provider.
///
/// # Errors
///
/// Nothing gives it one, or the one that is wished is no name.
pub fn provider(description: &Description, wishes: &Wishes) -> Result<String, NoDraft> {
    names::provider(description, wishes, &head::base(description, wishes))
}

/// Drafts a contract.
///
/// # Errors
///
/// No provider or no operation could be named; with what became of the operations.
pub fn draft(description: &Description, wishes: &Wishes) -> Result<Draft, (NoDraft, Box<Survey>)> {
    let mut survey = Survey::of(description);
    let base = head::base(description, wishes);
    let provider = match names::provider(description, wishes, &base) {
        Ok(name) => name,
        Err(why) => return Err((why, Box::new(survey))),
    };
    let chosen = operations::choose(description, wishes, &base, &mut survey);
    if chosen.is_empty() {
        return Err((NoDraft::Nothing(description.operations.len()), Box::new(survey)));
    }
    let slots = credentials::Slots::of(description, wishes, &chosen, &base, &mut survey);
    let mut lines = Lines::default();
    head::write(&mut lines, (description, wishes), (&provider, &base), &slots, &chosen);
    let mut operations = Vec::new();
    for one in &chosen {
        let mut lines = Lines::default();
        operations::write(&mut lines, one, &slots, wishes);
        operations.push((one.name.clone(), lines.text()));
    }
    survey.limits(&chosen);
    Ok(Draft { provider, head: lines.text(), operations, survey })
}

impl Draft {
    /// All of it as one text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = self.head.clone();
        out.push_str("operations:\n");
        for (_, text) in &self.operations {
            out.push_str(text);
        }
        out
    }

    /// As files: one where that is enough, else a folder whose further files hold the operations.
    #[must_use]
    pub fn files(&self) -> Vec<File> {
        let whole = self.text();
        let provider = &self.provider;
        if whole.len() <= BYTES_MAX {
            return vec![File { name: format!("{provider}.yaml"), text: whole }];
        }
        let start = format!("outwright: 1\nprovider: {}\noperations:\n", lines::scalar(provider));
        let first = format!("{provider}/{provider}.yaml");
        let mut files = vec![File { name: first, text: self.head.clone() }];
        let mut text = start.clone();
        for (_, operation) in &self.operations {
            if text.len() + operation.len() > PART_BYTES_MAX {
                let full = std::mem::replace(&mut text, start.clone());
                files.push(part(provider, files.len(), full));
            }
            text.push_str(operation);
        }
        files.push(part(provider, files.len(), text));
        files
    }
}

fn part(provider: &str, number: usize, text: String) -> File {
    File { name: format!("{provider}/operations-{number}.yaml"), text }
}

/// Where the provider is, as far as that is known.
#[derive(Clone, Debug)]
struct Base {
    /// A base URL that a contract can have.
    url: Option<String>,
    /// Where that is said, or why it is open.
    why: String,
    /// What was looked at.
    server: Option<Server>,
}

impl Base {
    /// Its host, for credentials.
    fn host(&self) -> Option<String> {
        let base = crate::url::base(self.url.as_deref()?).ok()?;
        Some(base.host.to_string())
    }
}
