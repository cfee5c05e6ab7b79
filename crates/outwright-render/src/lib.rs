//! What contracts say, published: dossiers as Markdown and as one page of HTML, with pictures drawn here.
//!
//! Profiles come in, text goes out: the same profiles give the same bytes, on every machine and day.
//!
//! ```
//! use outwright_contract::{Date, Options, Source, load};
//!
//! let source = Source::new("contracts/x.yaml", "outwright: 1\nprovider: x\n");
//! let options = Options::check(Date::from_unix(1_790_000_000));
//! let profiles = load(&[source], &options).profiles(&options);
//! let dossier = outwright_render::dossier(&profiles);
//! assert!(dossier.markdown().starts_with("# "));
//! ```

pub mod dossier;
pub mod paper;

pub use dossier::{Dossier, dossier};
