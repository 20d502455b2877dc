use std::collections::HashMap;
use std::marker::PhantomData;
use std::time::{Duration, Instant};

use bson::{RawDocumentBuf, doc};
use read_models::Generation;

use super::check::Differences;
use super::newest::{Newest, NewestRecords};
use super::{Class, Difference, Place, Progress, Verification};
use crate::heal::{Healed, Healer};
use crate::history::Entry;
use crate::totals::recompute_one_order;
use crate::{OrderView, ProjectorError};

/// Between two looks at what differs.
pub(super) const AGAIN: Duration = Duration::from_millis(250);
/// Looked at again while there is patience left; the others once at its end.
const LOOKED_AT: usize = 1000;

impl Verification {
    /// Looks again at what differs until it agrees, or patience ends.
    pub(super) async fn settle(
        &self,
        topic: &mut NewestRecords,
        generation: Option<&Generation>,
        suspects: &mut Vec<String>,
        progress: &impl Fn(Progress),
    ) -> Result<(), ProjectorError> {
        let started = Instant::now();
        let mut held = Vec::new();
        while !suspects.is_empty() && started.elapsed() < self.patience {
            tokio::time::sleep(AGAIN).await;
            topic.catch_up().await?;
            let looked_at = suspects.len().min(LOOKED_AT);
            let mut left = suspects.split_off(looked_at);
            for order_id in suspects.drain(..) {
                let differences = self.look(&topic.newest, generation, &order_id).await?;
                if differences.iter().any(|(_, d)| d.class != Class::Held) {
                    left.push(order_id);
                } else if !differences.is_empty() {
                    held.push(order_id);
                }
            }
            *suspects = left;
            progress(Progress::Suspects {
                left: suspects.len(),
            });
        }
        suspects.append(&mut held);
        topic.catch_up().await
    }

    /// How one order differs now.
    pub(super) async fn look(
        &self,
        newest: &HashMap<String, Newest>,
        generation: Option<&Generation>,
        order_id: &str,
    ) -> Result<Differences, ProjectorError> {
        let history = self.store.history(order_id).await?;
        let stream: Vec<Entry> = history.into_iter().map(|entry| entry.read).collect();
        let id = order_id.to_owned();
        if !stream.is_empty() {
            let streams = vec![(id, stream)];
            let compared = self.compare(streams, newest, generation, None).await?;
            return Ok(compared.into_iter().flat_map(|(_, d)| d).collect());
        }
        let extra = || Difference::of(Class::Extra, "the store has no event of it");
        let mut differences = Vec::new();
        let ids = [id];
        if !order_id.contains('\0') && !self.store.states(&ids).await?.is_empty() {
            differences.push((Place::State, extra()));
        }
        if !self.documents(generation, &ids).await?.is_empty() {
            differences.push((Place::Document, extra()));
        }
        if let Some(record) = newest.get(order_id)
            && !self.is_refused(record).await?
        {
            differences.push((Place::Topic, extra()));
        }
        Ok(differences)
    }

    /// Whether the document is now what it should be.
    pub(super) async fn mend(
        &self,
        generation: Option<&Generation>,
        order_id: &str,
        difference: &Difference,
    ) -> Result<bool, ProjectorError> {
        let Some(generation) = generation else {
            return Ok(false);
        };
        match difference.class {
            Class::Extra => {
                let documents = self.collection(generation);
                let deleted = documents
                    .clone_with_type::<RawDocumentBuf>()
                    .find_one_and_delete(doc! { "_id": order_id })
                    .await?;
                let counted = [deleted.as_deref()];
                let database = &self.read_database;
                recompute_one_order::<OrderView>(database, generation, &counted).await?;
                Ok(deleted.is_some())
            }
            Class::Missing | Class::Behind | Class::Different => {
                let healer = Healer::<OrderView> {
                    database: self.read_database.clone(),
                    generation: generation.clone(),
                    store: self.store.clone(),
                    projection: PhantomData,
                };
                // An event that came since the comparison, and cannot be applied, is the workers'.
                let healed = healer.heal(order_id, None).await?;
                Ok(matches!(healed, Healed::Clean))
            }
            Class::Held | Class::Unreadable => Ok(false),
        }
    }
}
