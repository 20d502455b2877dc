use std::collections::BTreeMap;

use bson::Document;
use messaging::{GroupMember, Kafka};
use read_models::HeldBack;
use serde::Serialize;

use super::{Generations, KnownGeneration, Role};
use crate::{Content, ProjectorError, Topics};

/// A generation, who follows it, and how far: one of these for each topic that it reads.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    pub projection: String,
    pub number: u32,
    pub role: Role,
    pub schema_version: u32,
    /// Whether this code can follow it.
    pub known_schema: bool,
    pub collections: Vec<String>,
    pub topic: String,
    pub group: String,
    /// Who is at work on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub builder: Option<String>,
    /// Read from the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filled_events: Option<i64>,
    pub documents: u64,
    pub held: u64,
    pub follows: Vec<Follows>,
    /// Records on the topic that the group has not taken in yet, by partition.
    pub lag: BTreeMap<i32, i64>,
    pub behind: i64,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Follows {
    pub member: String,
    pub host: String,
    pub partitions: Vec<i32>,
}

impl From<GroupMember> for Follows {
    fn from(member: GroupMember) -> Self {
        Self {
            member: member.id,
            host: member.host,
            partitions: member.partitions,
        }
    }
}

impl Generations {
    pub async fn status(
        &self,
        kafka: &Kafka,
        topics: &Topics,
    ) -> Result<Vec<Status>, ProjectorError> {
        let known_schema = self.projection.schema_version();
        let orders = |content: &Content| matches!(content, Content::Orders(_));
        let may_hold = self.projection.contents().iter().any(orders);
        let mut all = Vec::new();
        for KnownGeneration { record, role } in self.known().await? {
            let generation = record.generation;
            let documents = self.database.database();
            let documents = documents.collection::<Document>(&generation.collection);
            let held = match may_hold {
                true => documents.count_documents(HeldBack::filter()).await?,
                false => 0,
            };
            for source in self.projection.sources(&generation, topics) {
                let (group, topic) = (&source.group, &source.topic.name);
                let ends = kafka.ends(topic).await?;
                let committed = kafka.committed_offsets(group, topic).await?;
                let lag = |(&partition, &end): (&i32, &i64)| {
                    let done = committed.get(&partition).copied().unwrap_or_default();
                    (partition, (end - done).max(0))
                };
                let lag: BTreeMap<i32, i64> = ends.iter().map(lag).collect();
                let members = kafka.group_members(group, topic).await?;
                let builder = record.builder.as_ref().map(|builder| builder.owner.clone());
                all.push(Status {
                    projection: record.projection.clone(),
                    number: generation.number,
                    role,
                    schema_version: generation.schema_version,
                    known_schema: generation.schema_version == known_schema,
                    collections: record.collections.clone(),
                    builder,
                    filled_events: record.filling.as_ref().map(|filling| filling.events),
                    documents: documents.estimated_document_count().await?,
                    held,
                    follows: members.into_iter().map(Follows::from).collect(),
                    behind: lag.values().sum(),
                    lag,
                    topic: source.topic.name,
                    group: source.group,
                });
            }
        }
        Ok(all)
    }
}
