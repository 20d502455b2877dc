//! `orders`: the one binary. Each subcommand wires rooms together.

mod chaos;
mod cli;
mod dead_letters;
mod dev;
mod load;
mod migrate;
mod open_files;
mod order;
mod out;
mod process;
mod projections;
mod replay;
mod saga;
mod services;
mod topics;
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
            eprintln!("orders: {}", with_causes(&error));
            std::process::ExitCode::FAILURE
        }
    }
}

/// The error and what caused it; a cause that an error's own words end with is not said again.
fn with_causes(error: &anyhow::Error) -> String {
    error
        .chain()
        .map(ToString::to_string)
        .fold(String::new(), |said, cause| match said.as_str() {
            "" => cause,
            said if said.ends_with(&cause) => said.to_owned(),
            said => format!("{said}: {cause}"),
        })
}

async fn run(action: Action) -> anyhow::Result<()> {
    match action {
        Action::Migrate(args) => migrate::run(args).await,
        Action::All(args) => services::all::run(args).await,
        Action::CommandApi(args) => services::command_api::run(args).await,
        Action::QueryApi(args) => services::query_api::run(args).await,
        Action::Relay(args) => services::relay::run(args).await,
        Action::Projector(args) => services::projector::run(args).await,
        Action::OrderSaga(args) => services::saga::order_saga::run(args).await,
        Action::Inventory(args) => services::saga::inventory::run(args).await,
        Action::Payment(args) => services::saga::payment::run(args).await,
        Action::Notification(args) => services::saga::notification::run(args).await,
        Action::PaymentSimulator(args) => services::saga::simulator::run(args).await,
        Action::DeadLetters(args) => dead_letters::run(args).await,
        Action::Projections(args) => projections::run(args).await,
        Action::Replay(args) => replay::run(args).await,
        Action::Order(args) => order::run(args).await,
        Action::Saga(args) => saga::run(args).await,
        Action::Dev(args) => dev::run(args).await,
        Action::Load(args) => load::run(args).await,
        Action::Chaos(args) => chaos::run(args).await,
        Action::Verify(args) => verify::run(args).await,
    }
}
