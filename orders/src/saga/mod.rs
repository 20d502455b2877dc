//! `orders saga`: how orders' sagas went, as the tracker's read model has it.

mod list;
mod show;
mod tracked;

use clap::Subcommand;

#[derive(clap::Args)]
pub struct SagaArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List sagas, the latest first
    List(list::ListArgs),
    /// Show one saga: its steps, or as a diagram what actually happened
    Show(show::ShowArgs),
}

pub async fn run(args: SagaArgs) -> anyhow::Result<()> {
    runtime::telemetry::logs("warn")?;
    match args.action {
        Action::List(args) => list::run(args).await,
        Action::Show(args) => show::run(args).await,
    }
}
