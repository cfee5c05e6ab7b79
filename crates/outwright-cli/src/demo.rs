//! `outwright demo`: the gateway in front of a provider that fails on command.

use std::net::{Ipv4Addr, SocketAddr};

use outwright::telemetry::LogTarget;
use outwright::{Settings, Shared};
use outwright_contract::{Options, Source, load};
use outwright_gateway::demo::{self, Demo, Ports};
use outwright_gateway::story::{self, Stage};
use outwright_gateway::{Config, Handle};

use crate::args::{DemoArgs, Format};
use crate::exit::Exit;
use crate::run::{serve, signals};
use crate::{load as contracts, state};

/// The contract of the demo provider, the same bytes as in the repository.
const CONTRACT: &str = include_str!("../../../contracts/demo.yaml");

/// Serves until stopped, or plays the story once.
pub(crate) fn demo(args: &DemoArgs) -> Exit {
    let settings = demo::Settings { seed: args.seed, ..demo::Settings::default() };
    let provider = match Demo::spawn_thread(Ports::default(), settings.clone()) {
        Ok(provider) => provider,
        Err(error) => {
            eprintln!("error: cannot start the demo provider: {error}");
            return Exit::Environment;
        }
    };
    let gateway = match gateway(args, provider.plain()) {
        Ok(gateway) => gateway,
        Err(exit) => return exit,
    };
    if args.once { once(args, provider, settings, &gateway) } else { serving(&provider, &gateway) }
}

/// The gateway in front of the demo provider; in the story on free ports and without a log.
fn gateway(args: &DemoArgs, provider: SocketAddr) -> Result<Handle, Exit> {
    let source = Source::new("contracts/demo.yaml", CONTRACT);
    let options =
        Options::run(contracts::today()).dev(true).base_url("demo", format!("http://{provider}"));
    let loaded = load(&[source], &options);
    if loaded.report.errors() > 0 {
        contracts::tell(&loaded);
        return Err(Exit::Bug);
    }
    let log = if args.once { LogTarget::Off } else { LogTarget::Stdout };
    let mut settings = Settings::new(log);
    settings.dev = true;
    let shared = Shared::start(loaded.providers, settings).map_err(|error| {
        eprintln!("error: cannot {error}");
        Exit::Environment
    })?;
    let mut config = Config::default();
    if args.once {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        (config.data, config.admin) = (free, free);
    } else {
        // So that `outwright status` finds the token; without a home there is none to find.
        config.state = state::folder(None).ok();
    }
    serve(&config, shared)
}

fn serving(provider: &Demo, gateway: &Handle) -> Exit {
    let signals = match signals() {
        Ok(signals) => signals,
        Err(exit) => return exit,
    };
    let (data, control) = (gateway.data(), provider.control_port());
    eprintln!("outwright: callers on http://{data}, operators on http://{}", gateway.admin());
    eprintln!("A charge, safe to repeat:");
    eprintln!("  curl -i http://{data}/demo/v1/charges -d amount=1200 -d currency=eur");
    eprintln!(
        "Let the provider lose its next reply after the effect, then charge again: still one effect each."
    );
    eprintln!(
        "  curl -s http://{control}/_demo/faults -d '{{\"fault\":{{\"kind\":\"silent\"}},\"times\":1}}'"
    );
    eprintln!("What the provider really did:");
    eprintln!("  curl -s http://{control}/_demo/effects");
    eprintln!("Ctrl-C ends it.");
    signals.wait();
    Exit::Fine
}

fn once(args: &DemoArgs, provider: Demo, settings: demo::Settings, gateway: &Handle) -> Exit {
    let twin = match Demo::spawn_thread(Ports::default(), settings) {
        Ok(twin) => twin,
        Err(error) => {
            eprintln!("error: cannot start the second demo provider: {error}");
            return Exit::Environment;
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start a runtime: {error}");
            return Exit::Environment;
        }
    };
    eprintln!(
        "outwright demo: four bad days of a provider, about half a minute, seed {}",
        args.seed
    );
    let stage = Stage { provider, twin, gateway: gateway.data() };
    let played = runtime.block_on(story::play(&stage, |number, act| {
        eprintln!("  {}. {}: over", number + 1, act.title);
    }));
    let story = match played {
        Ok(story) => story,
        Err(error) => {
            eprintln!("error: the story broke off: {error}");
            return Exit::NotFine;
        }
    };
    match args.format {
        Format::Text => print!("\n{story}"),
        Format::Json => match serde_json::to_string(&story) {
            Ok(text) => println!("{text}"),
            Err(_) => return Exit::Bug,
        },
    }
    if story.kept() { Exit::Fine } else { Exit::NotFine }
}
