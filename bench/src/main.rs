//! `bench`: what the backend reaches on this machine, beside the bars it is meant to reach.

mod the_relay;

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
    /// The relay beside a bare producer: backlog drained, latency, memory
    Relay(the_relay::RelayArgs),
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
                    Benchmark::Relay(args) => the_relay::run(args).await,
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
