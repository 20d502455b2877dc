//! What is counted and measured over all sagas. Each is a question that an index answers.

use bson::{Bson, Document, doc};
use domain::saga::track::Milestone;
use futures::TryStreamExt;
use read_models::SagaDocument;

use crate::live::Live;
use crate::query_error::QueryError;

pub async fn count(live: &Live, filter: Document) -> Result<u64, QueryError> {
    let sagas = live.documents::<Document>();
    Ok(sagas.count_documents(filter).await?)
}

/// How many sagas have ever come so far.
pub async fn reached(live: &Live, milestone: Milestone) -> Result<u64, QueryError> {
    count(live, doc! { "told": milestone.as_str() }).await
}

pub fn ended() -> Document {
    doc! { "durationMillis": { "$gte": 0 } }
}

/// In milliseconds, of those sagas that have ended; `None` where none has. The nearest rank.
pub async fn percentile(live: &Live, ended: u64, percent: u64) -> Result<Option<i64>, QueryError> {
    let rank = (ended * percent).div_ceil(100).max(1);
    let sagas = live.documents::<Document>();
    let found = sagas
        .find_one(self::ended())
        .sort(doc! { "durationMillis": 1 })
        .skip(rank - 1)
        .projection(doc! { "durationMillis": 1 })
        .await?;
    Ok(found.and_then(|saga| saga.get_i64("durationMillis").ok()))
}

/// The sum, in milliseconds.
pub async fn durations(live: &Live) -> Result<i64, QueryError> {
    let stages = [
        doc! { "$match": ended() },
        doc! { "$group": { "_id": null, "sum": { "$sum": "$durationMillis" } } },
    ];
    let mut rows = live.documents::<Document>().aggregate(stages).await?;
    let sum = rows.try_next().await?;
    Ok(sum.map_or(0, |row| whole(&row, "sum")))
}

/// Why sagas were compensated, the most frequent reasons first.
pub async fn compensations(
    live: &Live,
    most: i32,
) -> Result<Vec<(Option<String>, u64)>, QueryError> {
    let compensated = doc! { "told": Milestone::SagaCompensationStarted.as_str() };
    let stages = [
        doc! { "$match": compensated },
        doc! { "$group": { "_id": "$failureReason", "count": { "$sum": 1_i64 } } },
        doc! { "$sort": { "count": -1, "_id": 1 } },
        doc! { "$limit": most },
    ];
    let rows = live.documents::<Document>().aggregate(stages).await?;
    let rows: Vec<Document> = rows.try_collect().await?;
    let reason = |row: Document| {
        let reason = row.get_str("_id").ok().map(str::to_owned);
        (reason, whole(&row, "count").unsigned_abs())
    };
    Ok(rows.into_iter().map(reason).collect())
}

/// Servers answer sums in whichever type holds them.
fn whole(row: &Document, name: &str) -> i64 {
    match row.get(name) {
        Some(Bson::Int32(number)) => i64::from(*number),
        Some(Bson::Int64(number)) => *number,
        Some(Bson::Double(number)) => *number as i64,
        _ => 0,
    }
}

/// By their status, of those known to be sagas.
pub fn with_status(status: &str) -> Document {
    let mut filter = SagaDocument::known();
    filter.insert("status", status);
    filter
}
