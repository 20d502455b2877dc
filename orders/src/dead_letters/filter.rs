use std::time::Duration;

use domain::OccurredOn;
use event_store::dead_letters::{Filter, Reason, Source};
use runtime::{Clock, SystemClock};

use super::age::age;

/// Which items are meant.
#[derive(clap::Args)]
#[group(id = "filters", multiple = true)]
pub struct FilterArgs {
    /// Only those of relay, projector or participant
    #[arg(long, value_name = "SOURCE")]
    source: Option<Source>,

    /// Only those that failed for this reason, such as invalid_data
    #[arg(long, value_name = "REASON")]
    reason: Option<Reason>,

    /// Only those of this event type
    #[arg(long = "type", value_name = "TYPE")]
    event_type: Option<String>,

    /// Only those of this order
    #[arg(long, value_name = "ID")]
    order: Option<String>,

    /// Only those that failed longer ago, such as 1h
    #[arg(long, value_parser = age, value_name = "AGE")]
    older_than: Option<Duration>,

    /// Only those that failed since, such as 10m
    #[arg(long, value_parser = age, value_name = "AGE")]
    newer_than: Option<Duration>,
}

impl FilterArgs {
    pub fn filter(&self) -> anyhow::Result<Filter> {
        let now = SystemClock.now();
        let before = |age: Option<Duration>| {
            age.map(|age| now.checked_sub(age).map(OccurredOn::new))
                .transpose()
        };
        Ok(Filter {
            source: self.source,
            reason: self.reason,
            event_type: self.event_type.clone(),
            aggregate_id: self.order.clone(),
            failed_before: before(self.older_than)?,
            failed_after: before(self.newer_than)?,
            ..Filter::default()
        })
    }
}
