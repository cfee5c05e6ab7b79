//! What a change of contracts does: per operation, tightening, neutral or loosening, in sentences.
//!
//! Keys are compared after all layers are merged, so that a value that moves from one layer to another is no change.
//! What follows from several keys together is said too: the longest call, the most attempts, what is sent again.

mod figures;
mod print;
mod sense;

use std::collections::BTreeMap;

use crate::change::{Change, everywhere};
use crate::load::Loaded;

/// Which way a change goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tendency {
    /// Less may happen than before.
    Tightening,
    /// Neither more nor less.
    Neutral,
    /// More may happen than before: somebody should approve it.
    Loosening,
}

impl Tendency {
    /// Its word in reports; stable.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tightening => "tightening",
            Self::Neutral => "neutral",
            Self::Loosening => "loosening",
        }
    }
}

/// One thing that is otherwise than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The key, or the figure that follows from several.
    pub key: String,
    /// Its value before; none where there was none.
    pub before: Option<String>,
    /// Its value after; none where there is none.
    pub after: Option<String>,
    /// Which way it goes.
    pub tendency: Tendency,
    /// What it means.
    pub sentence: String,
}

/// Everything that is otherwise for one operation, or for a contract as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The provider, with its environment where it is one of its own.
    pub provider: String,
    /// The operation; none: all of them.
    pub operation: Option<String>,
    /// What is otherwise.
    pub effects: Vec<Effect>,
}

impl Part {
    /// The loosest of its effects: what is tighter in one respect does not make up for another.
    #[must_use]
    pub fn tendency(&self) -> Tendency {
        self.effects.iter().map(|effect| effect.tendency).max().unwrap_or(Tendency::Neutral)
    }
}

/// The difference of two states of contracts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diff {
    /// By provider; what concerns all operations first, then operation by operation.
    pub parts: Vec<Part>,
}

impl Diff {
    /// Compares two states; both without an error, else what is broken is compared as far as it can be read.
    #[must_use]
    pub fn of(before: &Loaded, after: &Loaded) -> Self {
        let mut parts: BTreeMap<(String, Option<String>), Vec<Effect>> = BTreeMap::new();
        for change in everywhere(before, after) {
            let (operation, effect) = effect(&change);
            parts.entry((change.provider, operation)).or_default().push(effect);
        }
        for (provider, operation, effects) in figures::effects(before, after) {
            parts.entry((provider, Some(operation))).or_default().extend(effects);
        }
        let parts = parts
            .into_iter()
            .map(|((provider, operation), effects)| Part { provider, operation, effects })
            .collect();
        Self { parts }
    }

    /// The loosest of all parts; neutral where nothing changed.
    #[must_use]
    pub fn tendency(&self) -> Tendency {
        self.parts.iter().map(Part::tendency).max().unwrap_or(Tendency::Neutral)
    }

    fn count(&self, tendency: Tendency) -> usize {
        let effects = self.parts.iter().flat_map(|part| &part.effects);
        effects.filter(|effect| effect.tendency == tendency).count()
    }
}

/// One changed key, with the operation that it belongs to.
fn effect(change: &Change) -> (Option<String>, Effect) {
    let (operation, key) = match change.key.strip_prefix("operations.") {
        Some(rest) => match rest.split_once('.') {
            Some((name, key)) => (Some(name.to_owned()), key.to_owned()),
            None => (Some(rest.to_owned()), String::new()),
        },
        None => (None, change.key.clone()),
    };
    let (before, after) = (change.before.as_deref(), change.after.as_deref());
    let (tendency, sentence) = sense::judge(&key, operation.is_some(), before, after);
    let effect = Effect {
        key,
        before: change.before.clone(),
        after: change.after.clone(),
        tendency,
        sentence,
    };
    (operation, effect)
}
