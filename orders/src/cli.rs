use clap::{Parser, Subcommand};

use crate::{chaos, dead_letters, dev, load, migrate, services, verify};

/// The order backend: commands in, events through, answers out.
#[derive(Parser)]
#[command(name = "orders", version)]
pub struct Cli {
    #[command(subcommand)]
    pub action: Action,
}

#[derive(Subcommand)]
pub enum Action {
    /// Start everything for development and show an order going through it
    Dev(dev::DevArgs),
    /// Bring the database up to date and make the topics
    Migrate(migrate::MigrateArgs),
    /// Run all services in one process
    All(services::all::AllArgs),
    /// Serve the commands (port 8084)
    CommandApi(services::command_api::CommandApiArgs),
    /// Serve the queries (port 8085)
    QueryApi(services::query_api::QueryApiArgs),
    /// Publish the outbox to Kafka
    Relay(services::relay::RelayArgs),
    /// Keep the read models fresh
    Projector(services::projector::ProjectorArgs),
    /// See what could not be published or applied, and requeue or discard it
    DeadLetters(dead_letters::DeadLettersArgs),
    /// Send realistic orders to a running backend and measure it
    Load(load::LoadArgs),
    /// Compare store, topic and read models: is anything lost?
    Verify(verify::VerifyArgs),
    /// Kill, pause and poison everything while orders come in, on servers of its own, and compare
    Chaos(chaos::ChaosArgs),
}
