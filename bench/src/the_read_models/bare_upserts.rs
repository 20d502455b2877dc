use std::time::Instant;

use anyhow::ensure;
use bson::{Document, RawDocument, rawdoc};
use futures::{StreamExt, TryStreamExt};
use mongodb::Database;
use read_models::{Generation, OrderDocument, ReadDatabase};

/// Documents of a command: a projector's whole batch.
const AT_A_TIME: usize = 1000;
const BARE: &str = "bare";

/// Upserts documents into an empty collection with the indexes of `order_view`, in this order, as
/// bulk commands of which so many are under way at a time.
pub async fn documents_per_second(
    read: &ReadDatabase,
    documents: &[&RawDocument],
    at_once: usize,
) -> anyhow::Result<f64> {
    let bare = Generation {
        collection: BARE.to_owned(),
        ..Generation::new(BARE, BARE, 0, 0)
    };
    let orders = read.orders(&bare);
    orders.drop().await?;
    orders.create_indexes(OrderDocument::indexes()).await?;
    let database = read.database();
    let started = Instant::now();
    futures::stream::iter(
        documents
            .chunks(AT_A_TIME)
            .map(|some| upsert(database, some)),
    )
    .buffer_unordered(at_once)
    .try_collect::<()>()
    .await?;
    Ok(documents.len() as f64 / started.elapsed().as_secs_f64())
}

async fn upsert(database: &Database, documents: &[&RawDocument]) -> anyhow::Result<()> {
    let mut updates = bson::RawArrayBuf::new();
    for document in documents {
        let id = document.get_str("_id")?;
        updates.push(rawdoc! {
            "q": { "_id": id }, "u": (*document).to_owned(), "upsert": true
        });
    }
    let command = rawdoc! {
        "update": BARE, "updates": updates, "ordered": false,
        "writeConcern": { "w": "majority", "j": true },
    };
    let answer: Document = database.run_raw_command(command).await?;
    ensure!(!answer.contains_key("writeErrors"), "{answer}");
    Ok(())
}
