//! The projector between a real Kafka, a real Postgres and a MongoDB-wire server.

#![cfg(test)]

mod cancellations;
mod documents;
mod event_log;
mod event_log_anew;
mod faults;
mod fixture;
mod following;
mod freshness;
mod held;
mod history;
mod interleaved;
mod killed;
mod old_versions;
mod own_projection;
mod poison;
mod rebuild;
mod refolded;
mod replayed;
mod saga_tracker;
mod sagas;
mod sharing;
mod steps;
mod totals;
mod verify;
