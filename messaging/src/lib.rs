//! Kafka: how this system talks to it, and nothing about what it says.

mod answers;
mod asker;
mod brokers_known;
mod client;
mod committed;
mod consumer;
mod error;
#[cfg(test)]
mod forgetful_broker;
mod group;
mod group_progress;
mod lasting_producer;
mod prober;
mod producer;
mod reader;
mod record;
mod topic;
mod watermarks;

pub use client::Kafka;
pub use consumer::{BatchConsumer, Polled};
pub use error::MessagingError;
pub use group::GroupMember;
pub use group_progress::GroupProgress;
pub use lasting_producer::LastingProducer;
pub use prober::Prober;
pub use producer::{Delivery, OrderedProducer};
pub use rdkafka::error::KafkaError;
pub use reader::TopicReader;
pub use record::{IncomingRecord, OutgoingRecord};
pub use topic::TopicSpec;
