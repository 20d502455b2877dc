//! `orders projections`: the read models' generations.

mod compare;
mod drop;
mod list;
mod rebuild;
mod rollback;
mod site;
mod status;
mod switch;

use clap::Subcommand;

#[derive(clap::Args)]
pub struct ProjectionsArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List the generations that there are
    List(list::ListArgs),
    /// Who follows which generation, and how far
    Status(status::StatusArgs),
    /// Make a generation anew from the event store, and switch to it
    Rebuild(rebuild::RebuildArgs),
    /// Compare the documents of two generations, also while they are written
    Compare(compare::CompareArgs),
    /// Let a generation answer queries
    Switch(switch::SwitchArgs),
    /// Let the generation answer that did before the last switch
    Rollback(rollback::RollbackArgs),
    /// Delete a generation that does not answer
    Drop(drop::DropArgs),
}

pub async fn run(args: ProjectionsArgs) -> anyhow::Result<()> {
    // What becomes of a single order is said by the dead letter that is made of it.
    runtime::telemetry::logs("warn")?;
    match args.action {
        Action::List(args) => list::run(args).await,
        Action::Status(args) => status::run(args).await,
        Action::Rebuild(args) => rebuild::run(args).await,
        Action::Compare(args) => compare::run(args).await,
        Action::Switch(args) => switch::run(args).await,
        Action::Rollback(args) => rollback::run(args).await,
        Action::Drop(args) => drop::run(args).await,
    }
}
