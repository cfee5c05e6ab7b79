//! The control of the demo provider over HTTP: what [`Control`] offers, for curl and other languages.

use std::io;
use std::net::SocketAddr;

use outwright_sim::demo::{Head, Injection, Preset, Request, Seen, Settings};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::Control;
use super::line::Line;
use super::reader::{Reader, Unread};

/// Header fields whose values are told by length only.
const SECRET_FIELDS: [&str; 6] =
    ["authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "outwright-token"];
/// Requests of the wire log that one answer tells; chosen.
const TOLD_MAX: usize = 1_000;

/// Binds the control port.
pub(super) fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves the control port until the provider stops.
pub(super) async fn serve(listener: TcpListener, control: Control) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(stream, control.clone()));
                }
            }
            Some(_ended) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, control: Control) {
    let mut line = Line::Plain(stream);
    let mut reader = Reader::default();
    while let Ok(request) = request(&mut reader, &mut line).await {
        let (status, media, body) = answer(&control, &request).await;
        let head = format!(
            "HTTP/1.1 {status} {}\r\nContent-Type: {media}\r\nContent-Length: {}\r\n\r\n",
            if status < 400 { "OK" } else { "Not OK" },
            body.len(),
        );
        let sent = line.write(format!("{head}{body}").as_bytes()).await;
        if sent.is_err() || request.head.wants_close() {
            break;
        }
    }
    line.close().await;
}

async fn request(reader: &mut Reader, line: &mut Line) -> Result<Request, Unread> {
    reader.stir(line).await?;
    let (head, framing) = reader.head(line).await?;
    if head.expects_continue() {
        let go_on = line.write(b"HTTP/1.1 100 Continue\r\n\r\n").await;
        go_on.map_err(|_| Unread::Gone)?;
    }
    reader.body(line, head, framing).await
}

type Told = (u16, &'static str, String);

async fn answer(control: &Control, request: &Request) -> Told {
    let Head { method, .. } = &request.head;
    match (method.as_str(), request.head.path()) {
        ("GET", "/_demo/effects") => tell(200, &effects(control)),
        ("GET", "/_demo/wire") => tell(200, &wire(control)),
        ("GET", "/_demo/faults") => tell(200, &json!({"faults": control.faults()})),
        ("POST", "/_demo/faults") => order(control, &request.body),
        ("DELETE", "/_demo/faults") => {
            control.clear_faults();
            tell(200, &json!({"faults": []}))
        }
        ("GET", "/_demo/settings") => tell(200, &json!(control.settings())),
        ("PATCH" | "POST", "/_demo/settings") => change(control, &request.body).await,
        ("POST", "/_demo/presets") => preset(control, &request.body),
        ("POST", "/_demo/forget") => {
            control.forget();
            tell(200, &effects(control))
        }
        ("GET", "/_demo/connections") => {
            let (open, all) = (control.open_connections(), control.connections());
            tell(200, &json!({"open": open, "since_start": all}))
        }
        ("GET", "/_demo/ca.pem") => (200, "application/x-pem-file", control.ca_pem().to_owned()),
        (_, path) => {
            let help = "one of GET effects, wire, faults, settings, connections, ca.pem; \
                        POST faults, presets, forget; PATCH settings; DELETE faults";
            tell(404, &json!({"error": format!("no {method} {path} here"), "help": help}))
        }
    }
}

fn tell(status: u16, value: &Value) -> Told {
    (status, "application/json", format!("{value:#}\n"))
}

fn wrong(error: &serde_json::Error) -> Told {
    tell(400, &json!({"error": error.to_string(), "help": "docs/guides/demo-provider.md"}))
}

fn effects(control: &Control) -> Value {
    let effects = control.effects();
    let listed: Vec<_> = effects.iter().rev().take(TOLD_MAX).collect();
    json!({
        "count": effects.count(), "surplus": effects.surplus(),
        "duplicates": effects.duplicates(), "newest_first": listed,
    })
}

fn wire(control: &Control) -> Value {
    let log = control.wire_log();
    let listed: Vec<Value> = log.iter().rev().take(TOLD_MAX).map(seen).collect();
    json!({"arrived": control.arrived(), "newest_first": listed})
}

fn seen(seen: &Seen) -> Value {
    let shown = |(name, value): &(String, String)| {
        let secret = SECRET_FIELDS.iter().any(|secret| name.eq_ignore_ascii_case(secret));
        let value =
            if secret { format!("({} bytes, not shown)", value.len()) } else { value.clone() };
        json!([name, value])
    };
    let headers: Option<Vec<Value>> =
        seen.head.as_ref().map(|head| head.headers.iter().map(shown).collect());
    json!({
        "number": seen.number, "at_ns": seen.at.nanos(), "connection": seen.connection,
        "method": seen.head.as_ref().map(|head| &head.method),
        "target": seen.head.as_ref().map(|head| &head.target),
        "headers": headers, "key": seen.key(), "body_bytes": seen.body_bytes,
        "body_digest": format!("{:016x}", seen.body_digest), "arrived": seen.arrived.word(),
        "fault": seen.fault, "status": seen.status, "effects": seen.effects,
    })
}

/// One command or a list of them.
fn order(control: &Control, body: &[u8]) -> Told {
    let read = serde_json::from_slice::<Value>(body).and_then(|value| {
        if value.is_array() {
            serde_json::from_value::<Vec<Injection>>(value)
        } else {
            serde_json::from_value::<Injection>(value).map(|one| vec![one])
        }
    });
    match read {
        Ok(injections) => {
            injections.into_iter().for_each(|injection| control.fault(injection));
            tell(200, &json!({"faults": control.faults()}))
        }
        Err(error) => wrong(&error),
    }
}

/// Replaces the named keys of the settings.
async fn change(control: &Control, body: &[u8]) -> Told {
    let read = serde_json::from_slice::<serde_json::Map<String, Value>>(body).and_then(|changed| {
        let mut whole = serde_json::to_value(control.settings())?;
        if let Some(members) = whole.as_object_mut() {
            members.extend(changed);
        }
        serde_json::from_value::<Settings>(whole)
    });
    match read {
        Ok(settings) => {
            control.change(|now| *now = settings).await;
            tell(200, &json!(control.settings()))
        }
        Err(error) => wrong(&error),
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Rounds {
    preset: Preset,
    #[serde(default = "one")]
    rounds: u32,
}

const fn one() -> u32 {
    1
}

fn preset(control: &Control, body: &[u8]) -> Told {
    match serde_json::from_slice::<Rounds>(body) {
        Ok(Rounds { preset, rounds }) => {
            control.preset(preset, rounds.min(ROUNDS_MAX));
            tell(200, &json!({"faults": control.faults()}))
        }
        Err(error) => wrong(&error),
    }
}

/// Rounds of a preset that one command may order; chosen.
const ROUNDS_MAX: u32 = 10_000;
