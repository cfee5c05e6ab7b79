//! What a caller of this crate decides: for which day, for what purpose, in which environment.

use std::path::PathBuf;

pub use crate::units::Date;

/// What the result is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To look at: what this version cannot execute is a warning.
    Check,
    /// To run: what this version cannot execute is an error.
    Run,
}

/// How sources are checked and compiled.
#[derive(Clone, Debug)]
pub struct Options {
    /// Today, for waivers and reviews.
    pub today: Date,
    /// What the result is for.
    pub purpose: Purpose,
    /// Development: plain http to loopback and secrets in the environment are accepted.
    pub dev: bool,
    /// The environment; none: what the contract says without one.
    pub environment: Option<String>,
    /// Other base URLs by provider, such as the port that a test peer was given.
    pub base_urls: Vec<(String, String)>,
    /// Where relative paths of secrets and certificates start; none: they stay as they are written.
    pub files_dir: Option<PathBuf>,
}

impl Options {
    /// To look at the contracts as of a day.
    #[must_use]
    pub const fn check(today: Date) -> Self {
        Self {
            today,
            purpose: Purpose::Check,
            dev: false,
            environment: None,
            base_urls: Vec::new(),
            files_dir: None,
        }
    }

    /// To run the contracts as of a day.
    #[must_use]
    pub const fn run(today: Date) -> Self {
        let mut options = Self::check(today);
        options.purpose = Purpose::Run;
        options
    }

    /// For development: plain http to loopback and secrets in the environment are accepted.
    #[must_use]
    pub const fn dev(mut self, dev: bool) -> Self {
        self.dev = dev;
        self
    }

    /// In this environment.
    #[must_use]
    pub fn environment(mut self, name: impl Into<String>) -> Self {
        self.environment = Some(name.into());
        self
    }

    /// With another base URL for a provider; its credentials must name the new host too, else it is an error.
    #[must_use]
    pub fn base_url(mut self, provider: impl Into<String>, url: impl Into<String>) -> Self {
        self.base_urls.push((provider.into(), url.into()));
        self
    }
}
