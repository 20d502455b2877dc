use bson::doc;
use messaging::Kafka;
use read_models::{Generation, OrderDocument, ProjectionPointer, ReadDatabase};

use crate::ProjectorError;

/// The generation of `order_view` to keep fresh. The first start makes it: indexes, the group's
/// start offsets, and last the pointer, so that whatever dies in between is done again. Two that
/// start together make the same one.
pub async fn live_generation(
    database: &ReadDatabase,
    kafka: &Kafka,
    topic: &str,
    partitions: u16,
) -> Result<Generation, ProjectorError> {
    let projection = OrderDocument::PROJECTION;
    let known = OrderDocument::SCHEMA_VERSION;
    if let Some(live) = database.live(projection).await? {
        if live.schema_version != known {
            return Err(ProjectorError::OtherSchema {
                projection,
                number: live.number,
                found: live.schema_version,
                known,
            });
        }
        // Indexes this release added.
        let orders = database.orders(&live);
        orders.create_indexes(OrderDocument::indexes()).await?;
        return Ok(live);
    }
    let first = Generation::new(database.database().name(), projection, 1, known);
    database
        .orders(&first)
        .create_indexes(OrderDocument::indexes())
        .await?;
    kafka
        .commit_start_offsets(&first.group, topic, partitions)
        .await?;
    let pointer = ProjectionPointer {
        projection: projection.to_owned(),
        live: first,
    };
    // Whoever was first has written the same: it stays.
    let set = bson::serialize_to_document(&pointer)?;
    database
        .pointers()
        .update_one(
            doc! { "_id": projection },
            doc! { "$setOnInsert": { "live": set.get("live") } },
        )
        .upsert(true)
        .await?;
    tracing::info!(projection, group = pointer.live.group, "generation made");
    Ok(pointer.live)
}
