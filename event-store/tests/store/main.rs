//! The store on a real Postgres: one server for the run, one database a test.

#![cfg(test)]

mod append;
mod cqrs_framework;
mod cut_proxy;
mod dead_letters;
mod executor;
mod fixture;
mod log;
mod lost_answer;
mod other_aggregate;
mod outbox;
mod unpublished;
