//! An order whose answer is lost: what the code that made it is told. `cargo run -p outwright --example unknown`.

use http_body_util::Full;
use outwright::{Setup, Terms, Why};
use outwright_gateway::demo::{Demo, Ending, Fault, Ports, Settings, Strikes};

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let demo = Demo::spawn_thread(Ports::default(), Settings::default())?;
    let contract = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/demo.yaml");
    let outwright = Setup::folder(contract).development().base_url("demo", demo.origin()).open()?;
    demo.control()
        .fault(Fault::Unanswered { ending: Ending::Close, strikes: Strikes::AfterEffect });
    let order = http::Request::post("/v1/orders").extension(Terms::new().caller("checkout"));
    match outwright.call("demo", order.body(Full::from("amount=500"))?).await {
        Ok(response) => println!("{}", response.status()),
        Err(error) if matches!(error.why(), Why::Unknown(_)) => println!("look it up: {error}"),
        Err(error) => println!("{error}"),
    }
    outwright.close().await;
    Ok(())
}
