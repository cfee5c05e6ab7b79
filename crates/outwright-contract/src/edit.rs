//! Repairs: exact edits of the text that take a finding away, its comments and layout kept.
//!
//! A rule says what it wishes for in terms of keys; where that stands in the text is found out here.
//! What only tightens or keeps the meaning is safe and applied on request; everything else is shown, and its author decides.

mod apply;
mod resolve;
mod text;

pub use apply::{Done, Repaired, apply, repair};
pub(crate) use resolve::Trees;

use crate::source::Place;

/// How sure a repair is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    /// It keeps the meaning, or only tightens: `check --fix` applies it.
    Safe,
    /// Its values are decisions: it is shown, and the author applies it.
    Suggested,
}

/// A range of one file and what stands there afterwards; an empty range is an insertion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced.
    pub place: Place,
    /// By what.
    pub text: String,
}

/// Edits that belong together: all of them or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What they do, as an order to the author.
    pub title: String,
    /// How sure they are.
    pub grade: Grade,
    /// The edits, by place; they never overlap.
    pub edits: Vec<Edit>,
}

/// What a rule wishes for, before its place in the text is known.
#[derive(Clone, Debug)]
pub(crate) struct Repair {
    title: String,
    grade: Grade,
    wishes: Vec<Wish>,
}

#[derive(Clone, Debug)]
enum Wish {
    /// A key with its value, below a map that may not be there yet; a key that is there gets the value.
    Add { within: Within, path: Vec<String>, value: String },
    /// Other text in a place.
    Put { at: Place, text: String },
    /// The key or item at a place goes, with its value.
    Remove { at: Place },
}

/// Where the path of an added key begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Within {
    /// At the top of a file.
    File(u32),
    /// In the map under the key at a place.
    Key(Place),
    /// In the map that begins at a place.
    Map(Place),
}

impl Repair {
    /// Edits whose values are decisions.
    pub(crate) fn suggest(title: impl Into<String>) -> Self {
        Self { title: title.into(), grade: Grade::Suggested, wishes: Vec::new() }
    }

    /// Edits that keep the meaning or only tighten.
    pub(crate) fn safe(title: impl Into<String>) -> Self {
        Self { title: title.into(), grade: Grade::Safe, wishes: Vec::new() }
    }

    pub(crate) fn add(mut self, within: Within, path: &[&str], value: impl Into<String>) -> Self {
        let path = path.iter().map(|key| (*key).to_owned()).collect();
        self.wishes.push(Wish::Add { within, path, value: value.into() });
        self
    }

    pub(crate) fn put(mut self, at: Place, text: impl Into<String>) -> Self {
        self.wishes.push(Wish::Put { at, text: text.into() });
        self
    }

    pub(crate) fn remove(mut self, at: Place) -> Self {
        self.wishes.push(Wish::Remove { at });
        self
    }
}

/// A list in one line; what is no plain word in YAML is quoted.
pub(crate) fn list(items: &[&str]) -> String {
    let plain = |item: &str| {
        item.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
            && item.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_.-".contains(&b))
    };
    let item = |item: &&str| {
        if plain(item) { (*item).to_owned() } else { serde_json::Value::from(*item).to_string() }
    };
    format!("[{}]", items.iter().map(item).collect::<Vec<_>>().join(", "))
}
