//! `outwright run`: the gateway, until it is told to stop.

use std::error::Error;
use std::num::NonZeroUsize;
use std::sync::Arc;

use outwright::telemetry::LogTarget;
use outwright::{Settings, Shared};
use outwright_contract::{Loaded, Options, Source, load};
use outwright_core::provider::Mode;
use outwright_gateway::{Config, Handle, Server, Signals, StartError};

use crate::args::RunArgs;
use crate::exit::Exit;
use crate::{load as contracts, state};

use descriptors::Descriptors;
use reload::{Contracts, LOOK_EVERY};

mod descriptors;
mod reload;

/// Serves until SIGTERM or SIGINT, then finishes what is under way.
pub(crate) fn run(args: &RunArgs) -> Exit {
    let (sources, loaded) = match contract(args) {
        Ok(read) => read,
        Err(exit) => return exit,
    };
    // Before anything is opened that could be one too many.
    let descriptors = Descriptors::raise();
    let handle = match start(args, loaded.clone()) {
        Ok(handle) => handle,
        Err(exit) => return exit,
    };
    // Before anybody can know that there is a process to signal.
    let signals = match signals() {
        Ok(signals) => signals,
        Err(exit) => return exit,
    };
    let scheme = handle.scheme();
    eprintln!(
        "outwright: callers on {scheme}://{}, operators on {scheme}://{}",
        handle.data(),
        handle.admin()
    );
    for (_, provider) in handle.shared().roster().providers() {
        if provider.mode == Mode::Report {
            eprintln!(
                "outwright: {} only reports: its breaker, limits, queue and retries do not bind",
                provider.name
            );
        }
    }
    for (provider, door) in handle.doors() {
        eprintln!("outwright: {provider} on {scheme}://{door}");
    }
    if let Some(socket) = handle.socket() {
        eprintln!("outwright: callers on the socket {}", socket.display());
    }
    for (caller, fault) in handle.unknown_callers() {
        eprintln!("warning: nobody is known as {caller}: its token cannot be used: {fault}");
    }
    if let Some(file) = handle.admin_token_file() {
        eprintln!("outwright: the admin token is in {}", file.display());
    }
    descriptors.tell(handle.shared().holds().calls.most);
    let mut contracts = Contracts::new(args, &handle, (sources, loaded));
    signals.attend(LOOK_EVERY, |why| contracts.look(why));
    eprintln!("outwright: no new calls; those under way are finished");
    handle.drain();
    Exit::Fine
}

/// Signals to this process, from now on.
pub(crate) fn signals() -> Result<Signals, Exit> {
    Signals::watch().map_err(|error| {
        eprintln!("error: cannot wait for a signal: {error}");
        Exit::Environment
    })
}

/// What the contracts say today, to be run.
fn read(args: &RunArgs, sources: &[Source]) -> Loaded {
    let options = Options::run(contracts::today()).dev(args.dev);
    load(sources, &contracts::options(options, args.environment.as_deref()))
}

/// The contracts, refused as a whole when one of them is unsafe.
fn contract(args: &RunArgs) -> Result<(Vec<Source>, Loaded), Exit> {
    let sources = contracts::sources(std::slice::from_ref(&args.contracts))?;
    let loaded = read(args, &sources);
    if loaded.report.errors() > 0 {
        contracts::tell(&loaded);
        eprintln!("outwright does not run contracts with errors");
        return Err(Exit::Refused);
    }
    if loaded.report.warnings() > 0 {
        contracts::tell(&loaded);
    }
    if loaded.providers.is_empty() {
        eprintln!("error: no contract in {}", args.contracts.display());
        return Err(Exit::Nothing);
    }
    Ok((sources, loaded))
}

fn start(args: &RunArgs, loaded: Loaded) -> Result<Handle, Exit> {
    let state = state::folder(args.state.as_deref()).map_err(|cause| {
        eprintln!("error: {cause}");
        Exit::WrongUse
    })?;
    let log = match args.log.as_str() {
        "-" => LogTarget::Stdout,
        path => LogTarget::File(path.into()),
    };
    let mut config = Config::of(&loaded.deployment);
    config.state = Some(state);
    config.dev = args.dev;
    if let Some(address) = args.listen {
        config.data = address;
    }
    if let Some(address) = args.admin {
        config.admin = address;
    }
    if let Some(cores) = args.cores.and_then(NonZeroUsize::new) {
        config.cores = cores;
    }
    let mut settings = Settings::new(log).bounded_by(loaded.deployment.bounds);
    settings.dev = args.dev;
    if let Some(name) = loaded.deployment.name {
        settings.name = name.into();
    }
    let shared = Shared::start(loaded.providers, settings).map_err(|error| {
        eprintln!("error: cannot {}", chain(&error));
        Exit::Environment
    })?;
    for fault in shared.wallet().faults() {
        eprintln!("warning: {fault}; its calls are refused until it can be read");
    }
    serve(&config, shared)
}

/// Starts the gateway, or says why not.
pub(crate) fn serve(config: &Config, shared: Arc<Shared>) -> Result<Handle, Exit> {
    Server::start(config, shared).map_err(refused)
}

/// Says why the gateway does not start.
fn refused(error: StartError) -> Exit {
    eprintln!("error: {}", chain(&error));
    match error {
        StartError::OffLoopback(_) | StartError::Door(_) => Exit::Refused,
        StartError::Tls(error) if error.is_unsafe() => Exit::Refused,
        StartError::Tls(_)
        | StartError::Bind(..)
        | StartError::Socket(..)
        | StartError::Token(..)
        | StartError::Thread(_)
        | StartError::Setup(_) => Exit::Environment,
    }
}

/// An error with its causes, in one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
