//! Sagas: how many end in a second, and how long each takes, with everybody who takes part at work
//! on this machine, the simulated provider and the mail catcher among them.

mod behind;
mod cast;
mod ended;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use reqwest::{Client, StatusCode};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

use crate::backend::Backend;
use behind::behind;
use cast::Cast;
use ended::Ended;

#[derive(clap::Args)]
pub struct SagasArgs {
    /// Sagas begun in a second, one run after the other
    #[arg(long, default_values_t = [100, 200], value_delimiter = ',', value_name = "N")]
    rates: Vec<u32>,

    /// How long each run begins sagas
    #[arg(long, default_value_t = 20, value_name = "SECONDS")]
    seconds: u32,
}

/// How long what was begun may take to end after that.
const PATIENCE: Duration = Duration::from_secs(120);

pub async fn run(args: SagasArgs) -> anyhow::Result<()> {
    let backend = Backend::prepare().await?;
    let cast = Cast::start(&backend).await?;
    let ended = Ended::new(&backend).await?;
    println!(
        "Sagas with everybody at work on this machine ({} s each):\n",
        args.seconds
    );
    println!(
        "  begun/s  confirmed/s: second half   to the last      p50        p99   when the last was begun: left  views behind"
    );
    for rate in args.rates {
        let since = ended.confirmed().await?;
        let started = Instant::now();
        let half = Duration::from_secs(args.seconds.into()) / 2;
        // Those that are begun take their time: they count where they keep coming, and not at the
        // beginning or the end of a run.
        let halfway = async {
            tokio::time::sleep(half).await;
            let confirmed = ended.confirmed().await?;
            Ok::<_, anyhow::Error>((Instant::now(), confirmed))
        };
        let (begun, (halfway, before)) =
            tokio::try_join!(begin(&cast, rate, args.seconds), halfway)?;
        let by_then = ended.confirmed().await?;
        let sustained = (by_then - before) as f64 / halfway.elapsed().as_secs_f64();
        let behind = behind(backend.commands).await?;
        let left = begun - (by_then - since);
        while ended.confirmed().await? - since < begun {
            ensure!(
                started.elapsed() < PATIENCE + Duration::from_secs(args.seconds.into()),
                "{} of {begun} sagas have ended",
                ended.confirmed().await? - since
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let confirmed = begun as f64 / started.elapsed().as_secs_f64();
        let [p50, p99] = ended.took(begun).await?;
        println!(
            "  {rate:>7}  {sustained:>24.0}  {confirmed:>12.0}  {p50:>6.0} ms  {p99:>6.0} ms  {left:>29}  {behind:>10.1} s"
        );
    }
    println!(
        "\n  Bars: 200 a second sustained; p99 under 1500 ms at 100 a second.\n  \
         Times are from OrderCreated to OrderConfirmed, as the events say themselves."
    );
    Ok(())
}

/// Begins so many sagas a second, however many are under way.
async fn begin(cast: &Cast, rate: u32, seconds: u32) -> anyhow::Result<i64> {
    let client = Client::new();
    let url = Arc::new(format!("{}/api/orders/choreographed-saga", cast.commands));
    let mut tick = tokio::time::interval(Duration::from_secs(1) / rate);
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut asking = JoinSet::new();
    for number in 0..rate * seconds {
        tick.tick().await;
        let (client, url) = (client.clone(), url.clone());
        asking.spawn(async move {
            let body = format!(
                r#"{{"customerId":"customer-{number}","storeId":"store-1",
                    "customerEmail":"customer-{number}@example.org","paymentMethod":"CreditCard",
                    "totalAmount":299.99,"items":[{{"productId":"product-{}","quantity":1,
                    "unitPrice":149.99,"totalPrice":149.99}}]}}"#,
                number % cast::ITEMS
            );
            let asked = client
                .post(&*url)
                .header("content-type", "application/json");
            let answer = asked.body(body).send().await.context("command API")?;
            let status = answer.status();
            ensure!(status == StatusCode::CREATED, "command API: {status}");
            Ok::<_, anyhow::Error>(())
        });
    }
    let mut begun = 0;
    while let Some(asked) = asking.join_next().await {
        asked??;
        begun += 1;
    }
    Ok(begun)
}
