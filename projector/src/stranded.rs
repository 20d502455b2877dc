use bson::{Document, doc};
use event_store::dead_letters::DeadLetters;
use futures::TryStreamExt;
use mongodb::options::ReadPreference;
use read_models::HeldBack;
use uuid::Uuid;

use crate::heal::{Healed, Healer};
use crate::{OrderProjection, ProjectorError};

/// Held orders looked at in a turn.
const AT_ONCE: i64 = 50;

/// Takes up orders that are held back by a dead letter that nobody has to act on any more: another
/// generation's worker resolved it, or it was the item of junk, and discarded.
#[derive(Default)]
pub(crate) struct Stranded {
    /// The order the last turn ended at.
    after: String,
}

impl Stranded {
    /// Looks at the next held orders, from the beginning after the last. What is still held back
    /// opens its dead letter again: a hold without one would wait for ever.
    pub async fn turn<P: OrderProjection>(
        &mut self,
        healer: &Healer<P>,
        dead_letters: &DeadLetters,
    ) -> Result<(), ProjectorError> {
        let held = self.page(healer).await?;
        self.after = match held.last() {
            Some((order_id, _)) if held.len() as i64 == AT_ONCE => order_id.clone(),
            _ => String::new(),
        };
        let ids: Vec<Uuid> = held.iter().map(|(_, id)| *id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let settled = dead_letters.settled(&ids).await?;
        for (order_id, id) in held.iter().filter(|(_, id)| settled.contains(id)) {
            match healer.heal(order_id, Some(*id)).await? {
                Healed::Clean => tracing::info!(order_id, dead_letter_id = %id, "healed"),
                Healed::NoStream => {}
                Healed::Held(fault) => {
                    let error = fault.to_string();
                    if dead_letters.reopen(*id, &error).await? {
                        tracing::warn!(order_id, dead_letter_id = %id, error, "still held back");
                    } else {
                        tracing::error!(
                            order_id, dead_letter_id = %id, error,
                            "held back, and its dead letter was purged"
                        );
                    }
                }
            }
        }
        Ok(())
    }

    async fn page<P: OrderProjection>(
        &self,
        healer: &Healer<P>,
    ) -> Result<Vec<(String, Uuid)>, ProjectorError> {
        let mut filter = HeldBack::filter();
        filter.insert("_id", doc! { "$gt": &self.after });
        let found: Vec<Document> = healer
            .database
            .orders(&healer.generation)
            .clone_with_type()
            .find(filter)
            .sort(doc! { "_id": 1 })
            .limit(AT_ONCE)
            .projection(doc! { "heldBack.deadLetterId": 1 })
            .selection_criteria(ReadPreference::Primary.into())
            .await?
            .try_collect()
            .await?;
        Ok(found.iter().filter_map(held).collect())
    }
}

fn held(document: &Document) -> Option<(String, Uuid)> {
    let held_back = document.get_document("heldBack").ok()?;
    let id = held_back.get_str("deadLetterId").ok()?;
    Some((document.get_str("_id").ok()?.to_owned(), id.parse().ok()?))
}
