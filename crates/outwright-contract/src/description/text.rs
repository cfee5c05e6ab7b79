//! Bytes to an untyped tree: JSON or YAML, bounded, with what stands twice noted.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Budget;
use serde_saphyr::options::DuplicateKeyPolicy;

use super::{Note, escape, short};

/// Largest description: 32 MiB (product paper; the largest that is known, GitHub's, has 13 MB).
pub const BYTES_MAX: usize = 32 << 20;
/// Most values of one description (chosen: fifteen times GitHub's; each takes about 60 bytes).
const VALUES_MAX: usize = 4_000_000;
/// Deepest nesting (JSON's reader has the same bound of its own; deep schemas of descriptions need 40).
const DEPTH_MAX: usize = 127;
/// Most aliases of a YAML description (chosen: people use a handful).
const ALIASES_MAX: usize = 10_000;

/// Why nothing of a description can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Lowercase, in one line, fits behind "cannot read it: ".
    pub what: String,
    /// Line and column, both from 1.
    pub spot: Option<(usize, usize)>,
}

impl Unreadable {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), spot: None }
    }

    fn at(mut self, line: usize, column: usize) -> Self {
        self.spot = Some((line, column));
        self
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Unreadable {}

/// The tree, and notes about keys that stand twice.
pub(super) fn parse(bytes: &[u8]) -> Result<(Value, Vec<Note>), Unreadable> {
    if bytes.len() > BYTES_MAX {
        let what = format!("it has {} bytes; a description has at most {BYTES_MAX}", bytes.len());
        return Err(Unreadable::new(what));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let (line, column) = spot(bytes, error.valid_up_to());
        Unreadable::new("it is not UTF-8 text").at(line, column)
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let start = text.trim_start();
    if start.is_empty() {
        return Err(Unreadable::new("it is empty"));
    }
    if let Some(at) = text.bytes().position(|b| b < b' ' && !b"\n\r\t".contains(&b)) {
        let (line, column) = spot(text.as_bytes(), at);
        return Err(
            Unreadable::new("it is no text: a control character stands in it").at(line, column)
        );
    }
    if start.starts_with('<') {
        return Err(Unreadable::new(
            "it is HTML or XML, not a description: save the JSON or YAML that the page shows",
        ));
    }
    let reader = Reader { values: Cell::new(0), notes: RefCell::new(Vec::new()) };
    let tree = if start.starts_with('{') { json(text, &reader) } else { yaml(text, &reader) }?;
    Ok((tree, reader.notes.into_inner()))
}

fn spot(bytes: &[u8], at: usize) -> (usize, usize) {
    let before = bytes.get(..at).unwrap_or_default();
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let column = String::from_utf8_lossy(before.get(start..).unwrap_or_default()).chars().count();
    (line, column + 1)
}

fn json(text: &str, reader: &Reader) -> Result<Value, Unreadable> {
    let mut input = serde_json::Deserializer::from_str(text);
    let read = reader.tree(String::new()).deserialize(&mut input);
    read.and_then(|tree| input.end().map(|()| tree)).map_err(|error| {
        let message = error.to_string();
        let what = message.rsplit_once(" at line ").map_or(message.as_str(), |(what, _)| what);
        Unreadable::new(format!("it is no JSON: {}", one_line(what)))
            .at(error.line(), error.column())
    })
}

fn yaml(text: &str, reader: &Reader) -> Result<Value, Unreadable> {
    let mut budget = Budget::default();
    budget.max_events = VALUES_MAX * 2;
    budget.max_nodes = VALUES_MAX;
    budget.max_depth = DEPTH_MAX;
    budget.max_documents = 1;
    budget.max_aliases = ALIASES_MAX;
    budget.max_anchors = ALIASES_MAX;
    let mut options = serde_saphyr::Options::default();
    options.budget = Some(budget);
    // `yes`, `on` and `y` are names in descriptions, such as of countries and switches.
    options.strict_booleans = true;
    options.duplicate_keys = DuplicateKeyPolicy::LastWins;
    options.with_snippet = false;
    let read =
        |input: serde_saphyr::Deserializer<'_, '_>| reader.tree(String::new()).deserialize(input);
    serde_saphyr::with_deserializer_from_str_with_options(text, options, read).map_err(|error| {
        let place = error.location().map(|at| (at.line(), at.column()));
        let what = Unreadable::new(format!("it is no YAML: {}", one_line(&error.to_string())));
        match place {
            Some((line, column)) => what.at(
                usize::try_from(line).unwrap_or(usize::MAX),
                usize::try_from(column).unwrap_or(usize::MAX),
            ),
            None => what,
        }
    })
}

/// The first line of a message, without control characters and of bounded length.
fn one_line(message: &str) -> String {
    let line: String = message.lines().next().unwrap_or_default().chars().take(200).collect();
    line.chars().filter(|c| !c.is_control()).collect()
}

/// What is counted and noted while a tree is read.
struct Reader {
    values: Cell<usize>,
    notes: RefCell<Vec<Note>>,
}

impl Reader {
    const fn tree(&self, at: String) -> Tree<'_> {
        Tree { reader: self, at, depth: 0 }
    }
}

/// Reads one value and what is below it.
struct Tree<'a> {
    reader: &'a Reader,
    /// The pointer of the value.
    at: String,
    depth: usize,
}

impl<'a> Tree<'a> {
    fn below(&self, key: &str) -> Self {
        Tree {
            reader: self.reader,
            at: format!("{}/{}", self.at, escape(key)),
            depth: self.depth + 1,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, input: D) -> Result<Value, D::Error> {
        let values = self.reader.values.get() + 1;
        self.reader.values.set(values);
        if values > VALUES_MAX {
            return Err(D::Error::custom(format_args!("it holds more than {VALUES_MAX} values")));
        }
        if self.depth > DEPTH_MAX {
            return Err(D::Error::custom(format_args!(
                "it is nested deeper than {DEPTH_MAX} levels"
            )));
        }
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Value::String(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Value, E> {
        Ok(Value::String(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Value, E> {
        Ok(Value::String(String::from_utf8_lossy(value).into_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: serde::Deserializer<'de>>(self, input: D) -> Result<Value, D::Error> {
        self.deserialize(input)
    }

    fn visit_newtype_struct<D: serde::Deserializer<'de>>(
        self,
        input: D,
    ) -> Result<Value, D::Error> {
        self.deserialize(input)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut input: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = input.next_element_seed(self.below(&items.len().to_string()))? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut input: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = input.next_key::<String>()? {
            let below = self.below(&key);
            let at = below.at.clone();
            let value = input.next_value_seed(below)?;
            if map.insert(key, value).is_some() {
                let what = "this key stands twice: the last one is read".to_owned();
                self.reader.notes.borrow_mut().push(Note { at: short_pointer(&at), what });
            }
        }
        Ok(Value::Object(map))
    }
}

/// A pointer that a hostile key cannot make long.
fn short_pointer(at: &str) -> String {
    if at.len() <= 400 { at.to_owned() } else { short(at) }
}
