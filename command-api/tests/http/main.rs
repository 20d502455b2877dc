//! The commands over HTTP, on a real Postgres: what is answered, and which rows are there then.
#![cfg(test)]

mod api;
mod bad_bodies;
mod bad_fields;
mod bad_requests;
mod bad_values;
mod concurrency;
mod create;
mod dead_letters;
mod if_match;
mod outage;
mod transitions;
