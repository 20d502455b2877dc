use bson::RawDocumentBuf;
use domain::contract::PublishedOrderEvent;
use domain::order::OrderEvent;
use domain::{CancelReason, PaymentId};
use projector::project;
use runtime::{Ids, TimeOrderedIds};

use crate::the_relay::rows::{Row, created};

/// Orders of a wave: so far apart are the events of one order that no batch holds two of them.
const WAVE: usize = 40_000;

/// What was on the topic, and the document that each record makes.
pub struct Record {
    pub row: Row,
    pub document: RawDocumentBuf,
}

/// Waves of orders: all of a wave are created, then 7 of 8 confirmed, then 5 of 8 cancelled.
pub fn records(number: usize) -> anyhow::Result<Vec<Record>> {
    let mut records = Vec::with_capacity(number);
    let mut first = 0;
    while records.len() < number {
        let mut wave = Vec::with_capacity(WAVE);
        for order in first..first + WAVE {
            wave.push((order, TimeOrderedIds.next().to_string(), None));
        }
        for version in 1..=3 {
            for (order, key, document) in &mut wave {
                let event = match version {
                    1 => created(*order)?,
                    2 if *order % 8 < 7 => OrderEvent::OrderConfirmed {
                        payment_id: PaymentId::new(format!("payment-{order}"))?,
                        saga_flow: None,
                    },
                    3 if *order % 8 < 5 => OrderEvent::OrderCancelled {
                        reason: CancelReason::new("changed my mind")?,
                        saga_flow: None,
                    },
                    _ => continue,
                };
                let row = Row::new(key.clone(), version, event)?;
                let event = PublishedOrderEvent::parse(row.payload.as_bytes())?;
                let after = project(document.take(), &event)?;
                records.push(Record {
                    row,
                    document: bson::serialize_to_raw_document_buf(&after)?,
                });
                *document = Some(after);
            }
        }
        first += WAVE;
    }
    records.truncate(number);
    Ok(records)
}
