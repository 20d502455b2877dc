//! `orders dead-letters`: what could not be published or applied, and what to do about it.

mod age;
mod desk;
mod discard;
mod filter;
mod list;
mod purge;
mod requeue;
mod show;
mod stats;
mod table;

use clap::Subcommand;

pub use desk::schema;
pub use table::{Table, printable, shortened};

#[derive(clap::Args)]
pub struct DeadLettersArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List items, the newest first: without `--state` the open and the requeued ones
    List(list::ListArgs),
    /// Show one item whole, with the record that failed
    Show(show::ShowArgs),
    /// Count the items by source, reason and state
    Stats(stats::StatsArgs),
    /// Let the owner of an item, or of all that are meant, try again
    Requeue(requeue::RequeueArgs),
    /// Give a record up
    Discard(discard::DiscardArgs),
    /// Delete items that nothing is left to be done about
    Purge(purge::PurgeArgs),
}

pub async fn run(args: DeadLettersArgs) -> anyhow::Result<()> {
    runtime::telemetry::logs("warn")?;
    match args.action {
        Action::List(args) => list::run(args).await,
        Action::Show(args) => show::run(args).await,
        Action::Stats(args) => stats::run(args).await,
        Action::Requeue(args) => requeue::run(args).await,
        Action::Discard(args) => discard::run(args).await,
        Action::Purge(args) => purge::run(args).await,
    }
}
