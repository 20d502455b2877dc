use clap::{Parser, Subcommand};

use crate::{
    chaos, dead_letters, dev, load, migrate, order, projections, replay, saga, services, verify,
};

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
    /// Note in orders what the other participants of their sagas have done, and watch the time
    OrderSaga(services::saga::order_saga::OrderSagaArgs),
    /// Take part in sagas: reserve stock (port 8090 to count it)
    Inventory(services::saga::inventory::InventoryArgs),
    /// Take part in sagas: have orders paid (port 8086 for the provider's webhooks)
    Payment(services::saga::payment::PaymentArgs),
    /// Take part in sagas: tell customers how it ended
    Notification(services::saga::notification::NotificationArgs),
    /// A payment provider for development: port 8089, a ledger of its own, signed webhooks
    PaymentSimulator(services::saga::simulator::SimulatorArgs),
    /// Rebuild read models beside the living ones, compare, switch and go back
    Projections(projections::ProjectionsArgs),
    /// See what could not be published or applied, and requeue or discard it
    DeadLetters(dead_letters::DeadLettersArgs),
    /// Look at one order in the event store
    Order(order::OrderArgs),
    /// See how orders' sagas went
    Saga(saga::SagaArgs),
    /// Publish once more what was published, from the event store
    Replay(replay::ReplayArgs),
    /// Send realistic orders to a running backend and measure it
    Load(load::LoadArgs),
    /// Compare store, topic and read models: is anything lost?
    Verify(verify::VerifyArgs),
    /// Kill, pause and poison everything while orders come in, on servers of its own, and compare
    Chaos(chaos::ChaosArgs),
}
