//! Contracts that change while the gateway runs: what is good takes over, what is not changes nothing and is told.

use std::time::Duration;

use outwright::files::{self, Watched};
use outwright::telemetry::Refused;
use outwright_contract::{Change, Loaded, Source, changes};
use outwright_gateway::{Handle, Look};

use super::read;
use crate::args::RunArgs;
use crate::load as contracts;

/// How often the files are looked at (chosen: a change is in force within two looks, and a look costs a few reads).
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Most changes that are told one by one.
const CHANGES_SHOWN: usize = 50;

/// The contracts in force, and what the files were when they were last looked at.
pub(super) struct Contracts<'a> {
    args: &'a RunArgs,
    handle: &'a Handle,
    /// What runs.
    standing: Loaded,
    watched: Watched,
}

impl<'a> Contracts<'a> {
    /// Of a gateway that was started with these.
    pub(super) fn new(
        args: &'a RunArgs,
        handle: &'a Handle,
        (sources, loaded): (Vec<Source>, Loaded),
    ) -> Self {
        Self { args, handle, standing: loaded, watched: Watched::new(sources) }
    }

    /// Looks at the files; where they changed, or somebody asked for it, tries to take them over.
    pub(super) fn look(&mut self, why: Look) {
        if why == Look::Due && self.watched.stand_still(&self.args.contracts) {
            return;
        }
        if why == Look::Asked
            && let Err(error) = self.handle.renew_tls()
        {
            eprintln!("warning: the last good certificate stays: {}", super::chain(&error));
        }
        let sources = match files::sources(std::slice::from_ref(&self.args.contracts)) {
            Ok(sources) => sources,
            // Between two states of a folder files may be gone for a moment: that is told when it was asked for.
            Err(error) => {
                self.watched.nothing_there();
                if why == Look::Asked {
                    self.stay(&error.to_string());
                }
                return;
            }
        };
        let due = match why {
            Look::Asked => {
                self.watched.judge(&sources);
                true
            }
            Look::Due => self.watched.look(&sources) == files::Look::Changed,
        };
        if due {
            self.take_over(&sources);
        }
    }

    fn take_over(&mut self, sources: &[Source]) {
        let loaded = read(self.args, sources);
        if loaded.report.errors() + loaded.report.warnings() > 0 {
            contracts::tell(&loaded);
        }
        if loaded.report.errors() > 0 {
            return self.stay("they have errors");
        }
        if loaded.providers.is_empty() {
            return self.stay("there is none");
        }
        let environment = &self.standing.deployment.environment;
        if self.args.environment.is_none() && loaded.deployment.environment != *environment {
            return self.stay("another `environment` takes a restart");
        }
        if loaded.deployment != self.standing.deployment {
            eprintln!("warning: what changed in outwright.yaml itself takes a restart");
        }
        if let Err(error) = self.handle.reload(loaded.providers.clone()) {
            return self.stay(&super::chain(&error));
        }
        self.handle.shared().telemetry().reloaded(Ok(()), self.handle.shared().now().wall);
        let changes = changes(&self.standing, &loaded);
        eprintln!("outwright: new contracts are in force; {}", count(changes.len()));
        changes.iter().take(CHANGES_SHOWN).for_each(|change: &Change| eprintln!("  {change}"));
        if let Some(more) = changes.len().checked_sub(CHANGES_SHOWN).filter(|more| *more > 0) {
            eprintln!("  and {more} more");
        }
        let deployment = self.standing.deployment.clone();
        self.standing = loaded;
        self.standing.deployment = deployment;
    }

    /// Says why the new contracts are not in force.
    fn stay(&self, why: &str) {
        self.handle.shared().telemetry().reloaded(Err(Refused), self.handle.shared().now().wall);
        eprintln!("error: the new contracts are not in force: {why}");
        eprintln!("outwright: the last good contracts stay in force");
    }
}

fn count(changes: usize) -> String {
    match changes {
        0 => "nothing in them changed".to_owned(),
        1 => "one value changed:".to_owned(),
        more => format!("{more} values changed:"),
    }
}
