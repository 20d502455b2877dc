//! `orders`: the one binary. Each subcommand wires rooms together.

mod chaos;
mod cli;
mod dead_letters;
mod dev;
mod load;
mod migrate;
mod process;
mod services;
mod verify;

use clap::Parser;

use cli::{Action, Cli};

fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| {
            let outcome = runtime.block_on(run(cli.action));
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

async fn run(action: Action) -> anyhow::Result<()> {
    match action {
        Action::Migrate(args) => migrate::run(args).await,
        Action::All(args) => services::all::run(args).await,
        Action::CommandApi(args) => services::command_api::run(args).await,
        Action::QueryApi(args) => services::query_api::run(args).await,
        Action::Relay(args) => services::relay::run(args).await,
        Action::Projector(args) => services::projector::run(args).await,
        Action::DeadLetters(args) => dead_letters::run(args).await,
        Action::Dev(args) => dev::run(args).await,
        Action::Load(args) => load::run(args).await,
        Action::Chaos(args) => chaos::run(args).await,
        Action::Verify(args) => verify::run(args).await,
    }
}
