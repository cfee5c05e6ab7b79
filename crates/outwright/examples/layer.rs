//! A client behind the `tower` layer: only providers under a contract can be reached.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use outwright::{Elsewhere, Setup};
use outwright_gateway::demo::{Demo, Ports, Settings};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let demo = Demo::spawn_thread(Ports::default(), Settings::default())?;
    let contract = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/demo.yaml");
    let outwright = Setup::folder(contract).development().base_url("demo", demo.origin()).open()?;
    let other = service_fn(async |_| Ok::<_, std::io::Error>(Response::new(Empty::<Bytes>::new())));
    let mut client = ServiceBuilder::new().layer(outwright.layer(Elsewhere::Refuse)).service(other);
    let url = format!("{}/v1/charges", demo.origin());
    let request = Request::get(url).body(Empty::new())?;
    println!("{}", client.ready().await?.call(request).await?.status());
    outwright.close().await;
    Ok(())
}
