//! The store on a real Postgres: one server for the run, one database a test.

#![cfg(test)]

mod append;
mod cqrs_framework;
mod cut_proxy;
mod dead_letters;
mod executor;
mod fixture;
mod group_commit;
mod history;
mod inbox;
mod log;
mod lost_answer;
mod old_versions;
mod other_aggregate;
mod outbox;
mod plans;
mod replay;
mod unpublished;
