//! The projector between a real Kafka, a real Postgres and a MongoDB-wire server.

#![cfg(test)]

mod documents;
mod faults;
mod fixture;
mod held;
mod history;
mod poison;
mod sharing;
