use event_store::OutboxRecord;
use messaging::{Delivery, LastingProducer, MessagingError, OutgoingRecord};

/// Names and values.
pub(crate) type Headers<'a> = Vec<(&'a str, Option<&'a [u8]>)>;

pub(crate) async fn publish(
    producer: &mut LastingProducer,
    records: &[OutboxRecord],
) -> Result<Vec<Delivery>, MessagingError> {
    let headers: Vec<Headers<'_>> = records.iter().map(headers).collect();
    let outgoing: Vec<OutgoingRecord<'_>> = records
        .iter()
        .zip(&headers)
        .map(|(record, headers)| outgoing(record, &record.payload, headers))
        .collect();
    producer.publish(&outgoing).await
}

/// Sends one record alone, whatever its payload is to be: a refusal is meant for it.
pub(crate) async fn publish_one(
    producer: &mut LastingProducer,
    record: &OutboxRecord,
    payload: &str,
) -> Result<Delivery, MessagingError> {
    let headers = headers(record);
    let outgoing = outgoing(record, payload, &headers);
    let mut deliveries = producer.publish(&[outgoing]).await?;
    Ok(deliveries.pop().unwrap_or(Delivery::NotSent))
}

fn headers(record: &OutboxRecord) -> Headers<'_> {
    let headers = record.headers.iter();
    headers
        .map(|(name, value)| (name, Some(value.as_bytes())))
        .collect()
}

fn outgoing<'a>(
    record: &'a OutboxRecord,
    payload: &'a str,
    headers: &'a Headers<'a>,
) -> OutgoingRecord<'a> {
    OutgoingRecord {
        topic: &record.topic,
        key: Some(record.key.as_bytes()),
        payload: Some(payload.as_bytes()),
        headers,
    }
}
