use bson::doc;
use messaging::Kafka;
use read_models::{Generation, ProjectionPointer, ReadDatabase};

use crate::collections::create_indexes;
use crate::{Projection, ProjectorError, Topic, Topics};

/// The generation of a projection to keep fresh. The first start makes it: indexes, the group's
/// start offsets, and last the pointer, so that whatever dies in between is done again. Two that
/// start together make the same one.
pub async fn live_generation(
    projection: &dyn Projection,
    database: &ReadDatabase,
    kafka: &Kafka,
    topics: &Topics,
) -> Result<Generation, ProjectorError> {
    let (name, known) = (projection.name(), projection.schema_version());
    if let Some(live) = database.live(name).await? {
        if live.schema_version != known {
            return Err(ProjectorError::OtherSchema {
                projection: name,
                number: live.number,
                found: live.schema_version,
                known,
            });
        }
        // Indexes this release added.
        create_indexes(projection, database, &live).await?;
        return Ok(live);
    }
    let first = Generation::new(database.database().name(), name, 1, known);
    create_indexes(projection, database, &first).await?;
    for source in projection.sources(&first, topics) {
        let Topic { name, partitions } = &source.topic;
        kafka
            .commit_start_offsets(&source.group, name, *partitions)
            .await?;
    }
    let pointer = ProjectionPointer {
        projection: name.to_owned(),
        live: first,
        previous: None,
    };
    // Whoever was first has written the same: it stays.
    let set = bson::serialize_to_document(&pointer)?;
    database
        .pointers()
        .update_one(
            doc! { "_id": name },
            doc! { "$setOnInsert": { "live": set.get("live") } },
        )
        .upsert(true)
        .await?;
    tracing::info!(
        projection = name,
        group = pointer.live.group,
        "generation made"
    );
    Ok(pointer.live)
}
