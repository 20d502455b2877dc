/// Headers that a record on a dead-letter topic has beside those it came with, and what they say.
pub mod dead_letter_header {
    pub const ID: &str = "dead-letter-id";
    pub const SOURCE: &str = "dead-letter-source";
    pub const REASON: &str = "dead-letter-reason";
    pub const ERROR: &str = "dead-letter-error";
    pub const FAILED_AT: &str = "dead-letter-failed-at";
    pub const RETRY_COUNT: &str = "dead-letter-retry-count";
    pub const TOPIC: &str = "dead-letter-topic";
    pub const PARTITION: &str = "dead-letter-partition";
    pub const OFFSET: &str = "dead-letter-offset";
}
