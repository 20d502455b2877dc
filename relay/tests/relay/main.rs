//! The relay between a real Postgres and a real Kafka.

mod fixture;
mod order;
mod refused;
