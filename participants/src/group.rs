use messaging::{BatchConsumer, Kafka, MessagingError};

/// Joins the group by which `consumer` reads a topic. A group that has never read begins with the
/// topic's first record: what happened before a participant came is its business, too. `instance` is
/// a name that no other member has, and the next process in this one's place has again.
pub async fn join(
    kafka: &Kafka,
    consumer: &str,
    topic: &str,
    partitions: u16,
    instance: Option<&str>,
) -> Result<BatchConsumer, MessagingError> {
    let group = group(consumer, topic);
    let known = kafka.committed_offsets(&group, topic).await?;
    if known.is_empty() {
        // Where another process was faster the group has members by now, and refuses.
        let started = kafka.commit_start_offsets(&group, topic, partitions).await;
        if started.is_err() && kafka.committed_offsets(&group, topic).await?.is_empty() {
            started?;
        }
    }
    kafka.batch_consumer(&group, topic, instance)
}

/// A group reads one topic: how far it has come with one says nothing of another.
pub(crate) fn group(consumer: &str, topic: &str) -> String {
    format!("{consumer}.{topic}")
}
