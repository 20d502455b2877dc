use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use super::FolderArgs;

#[derive(clap::Args)]
pub struct ConsoleArgs {
    #[command(flatten)]
    folder: FolderArgs,

    /// The topic
    #[arg(long, default_value = "order-events", value_name = "TOPIC")]
    topic: String,

    /// More arguments for the console, such as `-- --max-messages 10`
    #[arg(last = true, value_name = "ARGS")]
    more: Vec<String>,
}

fn running(folder: &Path) -> anyhow::Result<devstack::Status> {
    devstack::status(folder).with_context(|| {
        format!(
            "nothing is up in {}: `orders dev` or `orders dev --detach` starts it",
            folder.display()
        )
    })
}

pub async fn stop(folder: &Path) -> anyhow::Result<()> {
    if devstack::stop(folder).await? {
        println!("stopped; the data stays in {}", folder.display());
    } else {
        println!("nothing was up");
    }
    Ok(())
}

pub fn status(folder: &Path) -> anyhow::Result<()> {
    let status = running(folder)?;
    for server in &status.servers {
        let address = &server.address;
        let place = match (server.running_process(), server.in_container) {
            (Some(process), _) => format!("{address} (pid {})", process.pid),
            (None, true) => format!("{address} (in a container)"),
            (None, false) if server.process.is_some() => format!("{address} (not running)"),
            // Not repeated: an address that somebody gave may hold a password.
            (None, false) => format!("named by {}", server.variable),
        };
        println!("{:<10} {place}", server.name);
    }
    let life = if status.detached {
        "until `orders dev stop`"
    } else {
        "as long as the `orders dev` that started them"
    };
    println!("up {life}");
    Ok(())
}

pub async fn reset(folder: &Path) -> anyhow::Result<()> {
    devstack::reset(folder).await?;
    println!("stopped, and the data is deleted");
    Ok(())
}

pub fn env(folder: &Path) -> anyhow::Result<()> {
    print!("{}", running(folder)?.exports());
    Ok(())
}

pub async fn consume(args: ConsoleArgs) -> anyhow::Result<()> {
    console(args, devstack::console_consumer).await
}

pub async fn produce(args: ConsoleArgs) -> anyhow::Result<()> {
    console(args, devstack::console_producer).await
}

type MakeConsole = fn(&str, &str, &Path) -> Result<Command, devstack::DevstackError>;

async fn console(args: ConsoleArgs, make: MakeConsole) -> anyhow::Result<()> {
    let status = running(&args.folder.folder)?;
    let brokers = status
        .servers
        .iter()
        .find(|server| server.variable == "KAFKA_BROKERS")
        .map(|server| server.address.clone())
        .context("the running stack has no broker")?;
    let lib = devstack::kafka_lib().await?;
    let mut console = make(&brokers, &args.topic, &lib)?;
    console.args(&args.more);
    let ended = tokio::process::Command::from(console)
        .status()
        .await
        .context("cannot run Kafka's console")?;
    // Ctrl-C is how it is meant to end.
    if ended.success() || ended.code().is_none() || ended.code() == Some(130) {
        Ok(())
    } else {
        bail!("Kafka's console ended with {ended}")
    }
}
