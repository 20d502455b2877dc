//! The participants' core on a real Postgres and a real Kafka: what the others publish is published
//! by the tests, and workers are stepped.
#![cfg(test)]

mod away;
mod blocked;
mod deadlines;
mod errands;
mod fixture;
mod home;
mod last_piece;
mod next_member;
mod noted;
mod once;
mod poison;
mod told;
mod wishes;
