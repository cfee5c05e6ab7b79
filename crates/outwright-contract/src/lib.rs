//! Contract text to findings, or to a checked provider.
//!
//! ```text
//! text → masked text → tree with places → held against its shape → layers merged → held against the rules → Provider
//! secrets    parse          node               shape, document         effective          rules             compile
//! ```
//!
//! A contract can begin as a [`draft`] of what a provider's own [`description`] says, with `UNDECIDED` for the rest.
//!
//! Never back: a [`outwright_core::provider::Provider`] knows nothing of files.
//! Nothing here reads a file, a clock or the environment: callers hand in texts and the day.
//!
//! ```
//! use outwright_contract::{Date, Options, Source, load};
//!
//! let source = Source::new("contracts/x.yaml", "outwright: 1\nprovider: x\n");
//! let loaded = load(&[source], &Options::check(Date::from_unix(1_790_000_000)));
//! assert!(loaded.report.errors() > 0);
//! assert!(loaded.providers.is_empty());
//! ```

pub mod change;
pub mod deployment;
pub mod description;
pub mod diff;
pub mod draft;
pub mod edit;
pub mod explain;
pub mod finding;
pub mod load;
pub mod node;
pub mod options;
pub mod page;
pub mod profile;
pub mod render;
pub mod rules;
pub mod schema;
pub mod selection;
pub mod source;
pub mod url;

mod compile;
mod document;
mod effective;
mod parse;
mod secrets;
mod shape;
mod signals;
mod units;

pub use change::{Change, changes};
pub use deployment::Deployment;
pub use diff::{Diff, Effect, Part, Tendency};
pub use document::reference;
pub use edit::{Done, Edit, Fix, Grade, Repaired, apply, repair};
pub use explain::{Explanation, Line, Row, Timeline};
pub use finding::{Finding, Report, Rule, Severity, Waiver};
pub use load::{Loaded, load, load_telling, mentions, steps};
pub use options::{Date, Options, Purpose};
pub use profile::Profile;
pub use render::Colour;
pub use selection::{Selection, UnknownCode};
pub use source::{Place, Source};
