use std::collections::HashMap;

use bson::doc;
use futures::TryStreamExt;
use mongodb::options::ReadPreference;
use read_models::Generation;

use super::Verification;
use super::check::ORDERS;
use super::newest::Newest;
use crate::ProjectorError;

impl Verification {
    /// Orders that the store has no event of, and something else has.
    pub(super) async fn extras(
        &self,
        newest: &HashMap<String, Newest>,
        generation: Option<&Generation>,
    ) -> Result<Vec<String>, ProjectorError> {
        let mut extras = Vec::new();
        loop {
            let after = extras.last().map_or("", String::as_str);
            let page = self.store.states_without_events(after, ORDERS as i64);
            let page = page.await?;
            if page.is_empty() {
                break;
            }
            extras.extend(page);
        }
        let on_topic: Vec<String> = newest.keys().cloned().collect();
        for ids in on_topic.chunks(ORDERS) {
            extras.extend(self.unknown(ids).await?);
        }
        let Some(generation) = generation else {
            return Ok(extras);
        };
        let mut documents = self
            .collection(generation)
            .find(doc! {})
            .projection(doc! { "_id": 1 })
            .selection_criteria(ReadPreference::Primary.into())
            .await?;
        let mut ids = Vec::new();
        while let Some(document) = documents.try_next().await? {
            // An id that is no text was written by nobody here: it is named as it looks.
            ids.push(match document.get("_id") {
                Some(bson::Bson::String(id)) => id.clone(),
                other => other.map(ToString::to_string).unwrap_or_default(),
            });
            if ids.len() == ORDERS {
                extras.extend(self.unknown(&ids).await?);
                ids.clear();
            }
        }
        extras.extend(self.unknown(&ids).await?);
        Ok(extras)
    }

    async fn unknown(&self, ids: &[String]) -> Result<Vec<String>, ProjectorError> {
        let existing = self.store.existing(ids).await?;
        let unknown = ids.iter().filter(|id| !existing.contains(*id));
        Ok(unknown.cloned().collect())
    }
}
