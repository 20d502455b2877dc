use std::io::Write;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use messaging::Kafka;
use projector::{Generations, PROJECTIONS, Projection, Topics};
use read_models::ReadDatabase;
use runtime::config::{KafkaArgs, MongoArgs};
use runtime::{Ids, TimeOrderedIds};
use serde::Serialize;

use crate::out::out;
use crate::process::read_database;
use crate::topics::topics;

/// Where the generations are, and how they are shown.
#[derive(clap::Args)]
pub struct SiteArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub kafka: KafkaArgs,
    #[command(flatten)]
    pub mongodb: MongoArgs,
}

/// Which projection is meant.
#[derive(clap::Args)]
pub struct ProjectionArgs {
    #[arg(value_name = "PROJECTION", value_parser = projection_parser())]
    pub projection: &'static dyn Projection,
}

fn projection_parser() -> impl TypedValueParser<Value = &'static dyn Projection> {
    let names = PROJECTIONS.iter().map(|projection| projection.name());
    PossibleValuesParser::new(names).try_map(|name| {
        let known = PROJECTIONS.iter().copied();
        let mut named = known.filter(|projection| projection.name() == name);
        named.next().ok_or("is no projection")
    })
}

impl SiteArgs {
    pub async fn database(&self) -> anyhow::Result<ReadDatabase> {
        read_database(&self.mongodb).await
    }

    pub async fn generations(&self, of: &ProjectionArgs) -> anyhow::Result<Generations> {
        Ok(Generations::new(self.database().await?, of.projection))
    }

    /// Those of every projection.
    pub async fn all_generations(&self) -> anyhow::Result<Vec<Generations>> {
        let database = self.database().await?;
        let of = |&projection: &_| Generations::new(database.clone(), projection);
        Ok(PROJECTIONS.iter().map(of).collect())
    }

    pub fn kafka(&self) -> Kafka {
        Kafka::new(&self.kafka.kafka_brokers)
    }

    pub fn topics(&self) -> Topics {
        topics(&self.kafka)
    }

    /// The value as JSON, or the text.
    pub fn print(&self, value: &impl Serialize, text: &str) -> anyhow::Result<()> {
        let mut out = out();
        if self.json {
            serde_json::to_writer_pretty(&mut out, value)?;
            writeln!(out)?;
        } else {
            writeln!(out, "{text}")?;
        }
        Ok(())
    }
}

/// Who this is, for others to be told; no two are the same.
pub fn owner() -> String {
    let id = TimeOrderedIds.next();
    format!("process {} ({id})", std::process::id())
}
