//! `orders chaos`: everything is killed, paused, restarted and poisoned while orders come in, by
//! hand and as sagas, and afterwards store, topic and documents are compared, and stock, money and
//! mails added up.

mod books;
mod cast;
mod faults;
mod poison;
mod settle;
mod site;
mod workers;
mod writers;

use std::time::{Duration, Instant};

use runtime::config::duration;

use faults::Faults;
use site::Site;
use workers::Workers;
use writers::Writers;

#[derive(clap::Args)]
pub struct ChaosArgs {
    /// How long the faults go on
    #[arg(long, default_value_t = 10, value_name = "N")]
    minutes: u64,

    /// The same, for shorter runs
    #[arg(long, value_name = "TIME", value_parser = duration, conflicts_with = "minutes")]
    time: Option<Duration>,

    /// So many faults instead, however long they take
    #[arg(long, value_name = "N", conflicts_with_all = ["minutes", "time"])]
    faults: Option<u32>,

    /// The same seed chooses the same faults at the same times
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,

    /// Orders a second
    #[arg(long, default_value_t = 60, value_name = "N")]
    rate: u32,
}

/// Fails, after the figures are printed, if anything was lost or cannot be explained.
pub async fn run(args: ChaosArgs) -> anyhow::Result<()> {
    runtime::telemetry::logs("error")?;
    let time = args.time.unwrap_or(Duration::from_secs(args.minutes * 60));
    let length = match args.faults {
        Some(faults) => format!("{faults} faults"),
        None => format!("{} s", time.as_secs()),
    };
    println!(
        "chaos: seed {}, {length}, {} orders/s",
        args.seed, args.rate
    );
    let site = Site::open().await?;
    let _command_api = Workers::start(&site, "command-api", 1)?;
    let relays = Workers::start(&site, "relay", 2)?;
    let projectors = Workers::start(&site, "projector", 2)?;
    let provider = Workers::start(&site, "payment-simulator", 1)?;
    let participants = [
        Workers::start(&site, "inventory", 1)?,
        Workers::start(&site, "payment", 1)?,
        Workers::start(&site, "notification", 1)?,
        Workers::start(&site, "order-saga", 1)?,
    ];
    site.cast.stock().await?;
    let writers = Writers::start(&site.commands(), args.rate, args.seed)?;

    let mut faults = Faults::new(&site, relays, projectors, participants, provider, args.seed)?;
    let end = Instant::now() + time;
    let mut done = 0;
    while args.faults.map_or(Instant::now() < end, |all| done < all) {
        faults.next(&writers.promised()).await?;
        done += 1;
    }
    let done = faults.finish().await?;
    let promised = writers.leave().await;
    settle::settle(&site, &promised, &done).await
}
