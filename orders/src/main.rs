//! `orders`: the one binary. Each subcommand wires rooms together.

mod cli;
mod dev;
mod load;
mod migrate;
mod process;
mod services;

use clap::Parser;

use cli::{Cli, Command};

fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| {
            let outcome = runtime.block_on(run(cli.command));
            // Blocking calls of the Kafka client may still be waiting for an answer.
            runtime.shutdown_background();
            outcome
        });
    match outcome {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("orders: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Migrate(args) => migrate::run(args).await,
        Command::CommandApi(args) => services::command_api::run(args).await,
        Command::QueryApi(args) => services::query_api::run(args).await,
        Command::Relay(args) => services::relay::run(args).await,
        Command::Projector(args) => services::projector::run(args).await,
        Command::Dev(args) => dev::run(args).await,
        Command::Load(args) => load::run(args).await,
    }
}
