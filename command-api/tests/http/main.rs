//! The commands over HTTP, on a real Postgres: what is answered, and which rows are there then.
#![cfg(test)]

mod api;
mod bad_bodies;
mod bad_fields;
mod bad_requests;
mod bad_values;
mod concurrency;
mod create;
mod customers;
mod dead_letters;
mod dead_letters_of;
mod dead_letters_once;
mod idempotency;
mod idempotency_races;
mod if_match;
mod openapi;
mod outage;
mod sagas;
mod time_out;
mod transitions;
