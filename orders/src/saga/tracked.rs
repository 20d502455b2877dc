use std::time::Duration;

use anyhow::{anyhow, bail};
use bson::DateTime;
use jiff::Timestamp;
use mongodb::Collection;
use query_api::stuck_since;
use read_models::{SagaDocument, SagaEntry};
use runtime::config::MongoArgs;
use runtime::{Clock, SystemClock};

use crate::process::read_database;

/// Where the sagas are.
#[derive(clap::Args)]
pub struct TrackedArgs {
    /// After so many seconds in which nothing has moved, a saga that has not ended is stuck
    #[arg(
        long,
        env = "SAGA_STUCK_AFTER",
        default_value_t = 60,
        value_name = "SECONDS"
    )]
    stuck_after: u32,

    /// Print JSON
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    mongodb: MongoArgs,
}

impl TrackedArgs {
    /// The generation that answers queries.
    pub async fn sagas(&self) -> anyhow::Result<Collection<SagaDocument>> {
        let database = read_database(&self.mongodb).await?;
        let name = SagaEntry::PROJECTION;
        let live = database.live(name).await?;
        let live = live.ok_or_else(|| anyhow!("{name} is not there yet: no projector has run"))?;
        let (found, known) = (live.schema_version, SagaEntry::SCHEMA_VERSION);
        if found != known {
            bail!("{name} is of schema version {found}, and this program knows {known}");
        }
        Ok(database.database().collection(&live.collection))
    }

    pub fn stuck_since(&self) -> DateTime {
        let after = Duration::from_secs(self.stuck_after.into());
        stuck_since(SystemClock.now(), after)
    }
}

/// To the millisecond.
pub fn shown(at: DateTime) -> String {
    let at = Timestamp::from_millisecond(at.timestamp_millis());
    at.map_or_else(|_| "?".to_owned(), |at| format!("{at:.3}"))
}
