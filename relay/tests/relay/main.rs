//! The relay between a real Postgres and a real Kafka.

#![cfg(test)]

mod fixture;
mod order;
mod refused;
mod replay;
mod sharing;
