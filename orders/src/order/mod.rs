//! `orders order`: one order, as the event store has it.

mod show;

use clap::Subcommand;

#[derive(clap::Args)]
pub struct OrderArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Show an order's events, and its state after each
    Show(show::ShowArgs),
}

pub async fn run(args: OrderArgs) -> anyhow::Result<()> {
    runtime::telemetry::logs("warn")?;
    match args.action {
        Action::Show(args) => show::run(args).await,
    }
}
