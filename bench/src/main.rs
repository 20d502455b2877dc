//! `bench`: what the backend reaches on this machine, beside the bars it is meant to reach.

mod backend;
mod group_commit;
mod the_http_apis;
mod the_read_models;
mod the_relay;
mod the_sagas;

use clap::{Parser, Subcommand};

/// Measures on real servers, which it starts itself.
#[derive(Parser)]
#[command(name = "bench", version)]
struct Cli {
    #[command(subcommand)]
    benchmark: Benchmark,
}

#[derive(Subcommand)]
enum Benchmark {
    /// Appending: group commit beside one statement a command, and beside pgbench
    GroupCommit(group_commit::GroupCommitArgs),
    /// The HTTP APIs: creates beside pgbench's inserts, confirms, and reads beside the bare driver
    Http(the_http_apis::HttpArgs),
    /// The read models beside bare bulk upserts of the same documents: projectors catching up, a
    /// rebuild, and how soon an order can be read
    ReadModels(the_read_models::ReadModelsArgs),
    /// One projector, until its standard input ends
    #[command(hide = true)]
    ProjectorProcess(the_read_models::ProjectorProcessArgs),
    /// One rebuild
    #[command(hide = true)]
    RebuildProcess(the_read_models::RebuildProcessArgs),
    /// The relay beside a bare producer: backlog drained, latency, memory
    Relay(the_relay::RelayArgs),
    /// Sagas: how many end in a second, and how long one takes
    Sagas(the_sagas::SagasArgs),
    /// One relay, until its standard input ends
    #[command(hide = true)]
    RelayProcess(the_relay::RelayProcessArgs),
}

fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| {
            let outcome = runtime.block_on(async {
                match cli.benchmark {
                    Benchmark::GroupCommit(args) => group_commit::run(args).await,
                    Benchmark::Http(args) => the_http_apis::run(args).await,
                    Benchmark::ReadModels(args) => the_read_models::run(args).await,
                    Benchmark::ProjectorProcess(args) => the_read_models::run_projector(args).await,
                    Benchmark::RebuildProcess(args) => the_read_models::run_rebuild(args).await,
                    Benchmark::Relay(args) => the_relay::run(args).await,
                    Benchmark::Sagas(args) => the_sagas::run(args).await,
                    Benchmark::RelayProcess(args) => the_relay::run_process(args).await,
                }
            });
            // Blocking calls of the Kafka client may still be waiting for an answer.
            runtime.shutdown_background();
            outcome
        });
    match outcome {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
