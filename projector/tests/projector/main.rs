//! The projector between a real Kafka, a real Postgres and a MongoDB-wire server.

mod documents;
mod faults;
mod fixture;
mod sharing;
