//! The contracts of the library: read, refused where they are unsafe, and taken over while calls go on.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use outwright_contract::deployment::Bounds;
use outwright_contract::{Change, Date, Loaded, Options, Report, Source, changes, load};
use outwright_core::provider::Provider;

use super::setup::{OpenError, Setup};
use crate::clock::Clock;
use crate::driver::Shared;
use crate::files::{self, Look, Watched};
use crate::telemetry::Refused;

/// Where contracts come from.
#[derive(Clone, Debug)]
pub(super) enum Whence {
    /// The folder, or the file.
    Folder(PathBuf),
    /// The program has them.
    Program(Vec<Source>),
}

/// The contracts that stand, and how to read them again.
pub(super) struct Contracts {
    from: Whence,
    options: Options,
    /// What was read at first, for who watches.
    first: Vec<Source>,
    standing: Mutex<Loaded>,
}

impl Contracts {
    /// Reads the contracts of a setup, for the first time.
    pub(super) fn read(setup: &Setup) -> Result<(Self, Vec<Provider>), OpenError> {
        let mut options = Options::run(today()).dev(setup.settings.dev);
        options.environment.clone_from(&setup.environment);
        options.base_urls.clone_from(&setup.base_urls);
        let first = setup.from.sources()?;
        let loaded = checked(&first, &options)?;
        let providers = loaded.providers.clone();
        let standing = Mutex::new(loaded);
        Ok((Self { from: setup.from.clone(), options, first, standing }, providers))
    }

    /// The deployment's name, where `outwright.yaml` gives it one.
    pub(super) fn name(&self) -> Option<String> {
        self.standing().deployment.name.clone()
    }

    /// What `outwright.yaml` lets the process hold.
    pub(super) fn bounds(&self) -> Bounds {
        self.standing().deployment.bounds
    }

    /// What was found in those that stand.
    pub(super) fn findings(&self) -> Report {
        self.standing().report.clone()
    }

    /// Reads them again, and lets them take over.
    pub(super) fn reload(&self, shared: &Shared) -> Result<Vec<Change>, OpenError> {
        match self.from.sources() {
            Ok(sources) => self.take_over(shared, &sources),
            Err(error) => {
                shared.telemetry().reloaded(Err(Refused), shared.now().wall);
                Err(error)
            }
        }
    }

    /// Lets these take over, and counts what came of it.
    pub(super) fn take_over(
        &self,
        shared: &Shared,
        sources: &[Source],
    ) -> Result<Vec<Change>, OpenError> {
        let changed = self.replace(shared, sources);
        let outcome = changed.as_ref().map(|_| ()).map_err(|_| Refused);
        shared.telemetry().reloaded(outcome, shared.now().wall);
        changed
    }

    fn replace(&self, shared: &Shared, sources: &[Source]) -> Result<Vec<Change>, OpenError> {
        let options = Options { today: today(), ..self.options.clone() };
        let loaded = checked(sources, &options)?;
        // Held until both are the new ones, so that two reloads leave what one of them read.
        let mut standing = self.standing();
        shared.reload(loaded.providers.clone(), |_| Ok::<_, OpenError>(()))?;
        let changed = changes(&standing, &loaded);
        *standing = loaded;
        Ok(changed)
    }

    fn standing(&self) -> MutexGuard<'_, Loaded> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Whence {
    fn sources(&self) -> Result<Vec<Source>, OpenError> {
        match self {
            Self::Folder(folder) => {
                files::sources(std::slice::from_ref(folder)).map_err(OpenError::Read)
            }
            Self::Program(sources) => Ok(sources.clone()),
        }
    }
}

/// Contracts without an error, of which there is at least one.
fn checked(sources: &[Source], options: &Options) -> Result<Loaded, OpenError> {
    let loaded = load(sources, options);
    if loaded.report.errors() > 0 {
        return Err(OpenError::Unsafe(Box::new(loaded.report)));
    }
    if loaded.providers.is_empty() {
        return Err(OpenError::Empty);
    }
    Ok(loaded)
}

/// The day on which contracts are looked at.
fn today() -> Date {
    Date::from_unix(Clock::start().now().wall.millis() / 1_000)
}

/// A thread that looks at the files; it ends with this value.
pub(super) struct Watch {
    _stop: mpsc::Sender<()>,
}

impl Watch {
    /// Looks that often.
    pub(super) fn start(
        every: Duration,
        (shared, contracts): (&Arc<Shared>, &Arc<Contracts>),
    ) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let (shared, contracts) = (Arc::clone(shared), Arc::clone(contracts));
        let thread = std::thread::Builder::new().name("outwright-watch".to_owned());
        // Nobody joins it: it ends by itself, at the latest after one look.
        drop(thread.spawn(move || {
            let mut watched = Watched::new(contracts.first.clone());
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(every) {
                contracts.look(&mut watched, &shared);
            }
        })?);
        Ok(Self { _stop: stop })
    }
}

impl Contracts {
    fn look(&self, watched: &mut Watched, shared: &Shared) {
        let Whence::Folder(folder) = &self.from else { return };
        if watched.stand_still(folder) {
            return;
        }
        match self.from.sources() {
            Ok(sources) => {
                if watched.look(&sources) == Look::Changed {
                    // What came of it is counted; whoever wants to know more asks for a reload.
                    let _counted = self.take_over(shared, &sources);
                }
            }
            Err(_) => watched.nothing_there(),
        }
    }
}
