use std::time::Duration;

use super::duration;

/// How the outbox is relayed.
#[derive(Clone, Copy, Debug, clap::Args)]
#[command(next_help_heading = "Relay")]
pub struct OutboxArgs {
    /// How long a slot stays with a relay that says nothing any more, before another takes it over
    #[arg(long, env = "RELAY_LEASE", default_value = "6s", value_name = "TIME", value_parser = duration)]
    pub relay_lease: Duration,

    /// How often a record is tried again that Kafka has refused four times; 0: only when somebody
    /// requeues its dead letter
    #[arg(long, env = "OUTBOX_FAILED_RETRY", default_value = "30s", value_name = "TIME", value_parser = duration)]
    pub outbox_failed_retry: Duration,

    /// How long published rows are kept
    #[arg(long, env = "OUTBOX_RETENTION", default_value = "7d", value_name = "TIME", value_parser = duration)]
    pub outbox_retention: Duration,
}
