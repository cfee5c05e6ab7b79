//! One call in process, to the demo provider: `cargo run -p outwright --example call`.

use http_body_util::{BodyExt, Empty};
use outwright::{Account, Setup};
use outwright_gateway::demo::{Demo, Ports, Settings};

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let demo = Demo::spawn_thread(Ports::default(), Settings::default())?;
    let contract = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/demo.yaml");
    let outwright = Setup::folder(contract).development().base_url("demo", demo.origin()).open()?;
    let request = http::Request::get("/v1/charges").body(Empty::new())?;
    let response = outwright.call("demo", request).await?;
    println!("{} {:?}", response.status(), response.extensions().get::<Account>());
    println!("{:?}", response.into_body().collect().await?.to_bytes());
    outwright.close().await;
    Ok(())
}
