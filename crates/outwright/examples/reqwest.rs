//! Code that speaks `reqwest`, through a contract: `cargo run -p outwright --features reqwest --example reqwest`.

use outwright::{Account, Setup};
use outwright_gateway::demo::{Demo, Ports, Settings};

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let demo = Demo::spawn_thread(Ports::default(), Settings::default())?;
    let contract = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/demo.yaml");
    let outwright = Setup::folder(contract).development().base_url("demo", demo.origin()).open()?;
    let url = format!("{}/v1/charges", demo.origin());
    let request = reqwest::Client::new().get(url).build()?;
    let response = outwright.execute(request).await?;
    println!("{} {:?}", response.status(), response.extensions().get::<Account>());
    println!("{:?}", response.bytes().await?);
    outwright.close().await;
    Ok(())
}
