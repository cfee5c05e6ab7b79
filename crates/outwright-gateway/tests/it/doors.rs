//! A door of its own for a provider: for clients that take a host and a port, and no path.

use std::net::{SocketAddr, TcpListener, TcpStream};

use outwright::Shared;
use outwright::telemetry::LogTarget;
use outwright_contract::{Date, Options, Source, load};
use outwright_gateway::{Config, Server, StartError};

use crate::peer::{Peer, Says};
use crate::stage::{CONTRACT, LONG, Stage, ask};

fn stage(listen: &str) -> (Peer, Stage) {
    let peer = Peer::start(vec![Says::ok("", "fine")]);
    let stage = Stage::before(&peer, |contract| {
        contract.replace("\negress:", &format!("\nlisten: {listen}\negress:"))
    });
    (peer, stage)
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// `product.md` 3: the path is the provider's own, and the provider's name still leads there on the data port.
#[test]
fn a_provider_has_a_port_of_its_own() {
    let port = free_port();
    let (peer, stage) = stage(&format!("{{ port: {port} }}"));
    let door = SocketAddr::from(([127, 0, 0, 1], port));
    let answer = ask(door, &door.to_string(), "GET /v1/charges?limit=1", &[], "");
    assert_eq!((answer.status, answer.body.as_str()), (200, "fine"), "{answer:?}");
    let answer = ask(door, &door.to_string(), "GET /demo/v1/charges", &[], "");
    assert_eq!((answer.status, answer.problem().as_str()), (403, "operation-unknown"));
    let answer = ask(door, &stage.data().to_string(), "GET /v1/charges", &[], "");
    assert_eq!((answer.status, answer.problem().as_str()), (421, "host-foreign"));
    let answer = ask(door, &door.to_string(), "TRACE /v1/charges", &[], "");
    assert_eq!(answer.field("allow"), Some("GET, POST, HEAD, OPTIONS"));
    assert_eq!(stage.ask("GET /demo/v1/charges", &[], "").status, 200);
    let lines: Vec<_> = peer.seen().iter().map(|seen| seen.line().to_owned()).collect();
    assert_eq!(lines, ["GET /v1/charges?limit=1 HTTP/1.1", "GET /v1/charges HTTP/1.1"]);
}

#[test]
fn a_provider_has_a_name_of_its_own() {
    let (peer, stage) = stage("{ host: demo.localhost }");
    let port = stage.data().port();
    let host = format!("Demo.localhost:{port}");
    let answer = ask(stage.data(), &host, "GET /v1/charges", &[], "");
    assert_eq!((answer.status, answer.body.as_str()), (200, "fine"), "{answer:?}");
    for host in ["demo.localhost", "other.localhost:80", "demo.localhost.evil.example:80"] {
        let answer = ask(stage.data(), host, "GET /v1/charges", &[], "");
        assert_eq!((answer.status, answer.problem().as_str()), (421, "host-foreign"), "{host}");
    }
    let answer = ask(stage.data(), &host, "GET /v1/charges", &["Origin: http://localhost"], "");
    assert_eq!((answer.status, answer.problem().as_str()), (403, "browser-refused"));
    assert_eq!(stage.ask("GET /demo/v1/charges", &[], "").status, 200);
    assert_eq!(peer.seen().len(), 2);
}

/// R-543: the door of a provider is a port of ours too.
#[test]
fn a_door_does_not_lead_into_another() {
    let port = free_port();
    let peer = Peer::start(vec![Says::ok("", "fine")]);
    let there = format!("http://127.0.0.1:{}", peer.port());
    let stage = Stage::before(&peer, |contract| {
        let contract = contract.replace(&there, &format!("http://127.0.0.1:{port}"));
        contract.replace("\negress:", &format!("\nlisten: {{ port: {port} }}\negress:"))
    });
    let answer = stage.ask("GET /demo/v1/charges", &[], "");
    assert_eq!((answer.status, answer.problem().as_str()), (502, "address-prohibited"));
}

/// What becomes of a gateway whose providers have these doors.
fn started(doors: &[(&str, &str)]) -> Result<(), StartError> {
    let contract = |&(name, host): &(&str, &str)| {
        let text = CONTRACT
            .replace("provider: demo", &format!("provider: {name}\nlisten: {{ host: {host} }}"))
            .replace("{port}", "4182")
            .replace("{folder}", "/run/secrets");
        Source::new(format!("contracts/{name}.yaml"), text)
    };
    let options = Options::run(Date::from_unix(1_795_000_000)).dev(true);
    let contracts: Vec<_> = doors.iter().map(contract).collect();
    let loaded = load(&contracts, &options);
    assert_eq!(loaded.report.errors(), 0, "{:?}", loaded.report);
    let settings = outwright::Settings::new(LogTarget::Off);
    let shared = Shared::start(loaded.providers, settings).unwrap();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let config = Config { data: any, admin: any, ..Config::default() };
    Server::start(&config, shared).map(drop)
}

#[test]
fn two_providers_do_not_share_a_name() {
    let both = started(&[("one", "api.localhost"), ("two", "api.localhost")]);
    assert!(matches!(&both, Err(StartError::Door(name)) if **name == *"api.localhost"), "{both:?}");
    started(&[("one", "one.localhost"), ("two", "two.localhost")]).unwrap();
}

/// A door that nobody could reach is no door.
#[test]
fn a_provider_does_not_take_a_name_of_the_gateway() {
    let taken = started(&[("one", "one.localhost"), ("two", "localhost")]);
    assert!(matches!(&taken, Err(StartError::Door(name)) if **name == *"localhost"), "{taken:?}");
}

#[test]
fn a_door_opens_moves_and_closes() {
    let peer = Peer::start(vec![Says::ok("", "fine")]);
    let mut stage = Stage::before(&peer, |contract| contract);
    let (port, next) = (free_port(), free_port());
    let door = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let through = |port| {
        let answer = ask(door(port), &door(port).to_string(), "GET /v1/charges", &[], "");
        (answer.status, answer.body)
    };
    let listen = |port: u16| format!("\nlisten: {{ port: {port} }}\negress:");
    assert!(TcpStream::connect(door(port)).is_err());
    stage.reload(|contract| contract.replace("\negress:", &listen(port)), &[]).unwrap();
    assert_eq!(through(port), (200, "fine".to_owned()));
    stage.reload(|contract| contract.replace(&port.to_string(), &next.to_string()), &[]).unwrap();
    assert_eq!(through(next), (200, "fine".to_owned()));
    // The listener ends on its own core, a moment after the reload.
    let began = std::time::Instant::now();
    while TcpStream::connect(door(port)).is_ok() {
        assert!(began.elapsed() < LONG, "the old door stays open");
        std::thread::yield_now();
    }
    // Another provider takes the door over: one port, never closed.
    let other = stage.other("other").replace("provider: demo", "provider: other");
    stage.replace(&[&other]).unwrap();
    assert_eq!(through(next), (200, "fine".to_owned()));
    let log = stage.log();
    assert_eq!(log.last().unwrap()["provider"], "other", "{log:?}");
}

#[test]
fn what_cannot_take_over_changes_nothing() {
    let peer = Peer::start(vec![Says::ok("", "fine")]);
    let mut stage = Stage::before(&peer, |contract| contract);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let _taken = TcpListener::bind(taken).unwrap();
    let door = format!("\nlisten: {{ port: {} }}\negress:", taken.port());
    let error = stage
        .reload(|contract| contract.replace("\negress:", &door).replace("max: 20", "max: 1"), &[]);
    assert!(matches!(error, Err(StartError::Bind(address, _)) if address == taken), "{error:?}");
    let missing = stage.reload(
        |contract| {
            contract
                .replace("http://127", "https://127")
                .replace("plain_http: loopback", "ca: /nowhere/ca.pem")
        },
        &[],
    );
    assert!(matches!(missing, Err(StartError::Setup(_))), "{missing:?}");
    assert_eq!(
        stage.metric(r#"outwright_concurrency_limit{provider="demo"}"#).as_deref(),
        Some("20")
    );
    assert_eq!(stage.ask("GET /demo/v1/charges", &[], "").status, 200);
}
