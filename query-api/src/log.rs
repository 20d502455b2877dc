use std::ops::Range;

use bson::{RawDocumentBuf, doc};
use domain::order::OrderEventType;
use futures::TryStreamExt;
use read_models::LoggedRecord;

use crate::live::Live;
use crate::query_error::QueryError;

/// Reading the event log by the places its records had on the topic. A page is a range of offsets,
/// which an index serves at the same cost wherever it is.
pub struct Log<'a> {
    pub live: &'a Live,
    pub topic: &'a str,
}

impl Log<'_> {
    /// The orders' topic, of all that are logged; `None` while there is no order.
    pub async fn topic(live: &Live) -> Result<Option<String>, QueryError> {
        let any = live.documents::<RawDocumentBuf>();
        let any = any
            .find_one(doc! { "eventType": OrderEventType::OrderCreated.as_str() })
            .projection(doc! { "topic": 1 })
            .await?;
        Ok(any.and_then(|any| any.get_str("topic").ok().map(str::to_owned)))
    }

    /// What is there of these ranges of partitions, by partition and offset.
    pub async fn read(
        &self,
        ranges: &[(i32, Range<i64>)],
    ) -> Result<Vec<LoggedRecord>, QueryError> {
        let ranges = ranges.iter().map(|(partition, offsets)| {
            let offset = doc! { "$gte": offsets.start, "$lt": offsets.end };
            doc! { "topic": self.topic, "partition": partition, "offset": offset }
        });
        let any: Vec<_> = ranges.collect();
        let records = self.live.documents::<LoggedRecord>();
        let mut found: Vec<LoggedRecord> = records
            .find(doc! { "$or": any })
            .await?
            .try_collect()
            .await?;
        found.sort_by_key(|record| (record.partition, record.offset));
        Ok(found)
    }

    /// The offsets that are there of a range, in order.
    pub async fn offsets(&self, partition: i32, range: Range<i64>) -> Result<Vec<i64>, QueryError> {
        let offset = doc! { "$gte": range.start, "$lt": range.end };
        let records = self.live.documents::<RawDocumentBuf>();
        let found = records
            .find(doc! { "topic": self.topic, "partition": partition, "offset": offset })
            .projection(doc! { "offset": 1 });
        let found: Vec<RawDocumentBuf> = found.await?.try_collect().await?;
        let offsets = found
            .iter()
            .filter_map(|record| record.get_i64("offset").ok());
        let mut offsets: Vec<i64> = offsets.collect();
        offsets.sort_unstable();
        Ok(offsets)
    }

    /// Behind the last record of a partition; 0 where there is none.
    pub async fn end(&self, partition: i32) -> Result<i64, QueryError> {
        let last = self.outermost(partition, 0, -1).await?;
        Ok(last.map_or(0, |last| last + 1))
    }

    /// The first record at or behind an offset.
    pub async fn first_from(&self, partition: i32, offset: i64) -> Result<Option<i64>, QueryError> {
        self.outermost(partition, offset, 1).await
    }

    async fn outermost(
        &self,
        partition: i32,
        from: i64,
        direction: i32,
    ) -> Result<Option<i64>, QueryError> {
        let records = self.live.documents::<RawDocumentBuf>();
        let from = doc! { "$gte": from };
        let found = records
            .find_one(doc! { "topic": self.topic, "partition": partition, "offset": from })
            .sort(doc! { "topic": direction, "partition": direction, "offset": direction })
            .projection(doc! { "offset": 1 });
        Ok(found
            .await?
            .and_then(|record| record.get_i64("offset").ok()))
    }
}
