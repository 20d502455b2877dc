use std::collections::HashMap;

use bson::{Document, doc};
use futures::TryStreamExt;
use mongodb::options::ReadPreference;
use read_models::{Generation, OrderDocument};

use super::Verification;
use crate::ProjectorError;

impl Verification {
    pub(super) async fn documents(
        &self,
        generation: Option<&Generation>,
        ids: &[String],
    ) -> Result<HashMap<String, Document>, ProjectorError> {
        let Some(generation) = generation else {
            return Ok(HashMap::new());
        };
        let found: Vec<Document> = self
            .collection(generation)
            .find(doc! { "_id": { "$in": ids } })
            .selection_criteria(ReadPreference::Primary.into())
            .await?
            .try_collect()
            .await?;
        let by_id = found.into_iter().map(|document| {
            let id = document.get_str("_id").unwrap_or_default().to_owned();
            (id, document)
        });
        Ok(by_id.collect())
    }

    pub(super) fn collection(&self, generation: &Generation) -> mongodb::Collection<Document> {
        self.read_database.orders(generation).clone_with_type()
    }

    /// The generation that answers queries.
    pub(super) async fn generation(&self) -> Result<Option<Generation>, ProjectorError> {
        let projection = OrderDocument::PROJECTION;
        let known = OrderDocument::SCHEMA_VERSION;
        match self.read_database.live(projection).await? {
            Some(live) if live.schema_version != known => Err(ProjectorError::OtherSchema {
                projection,
                number: live.number,
                found: live.schema_version,
                known,
            }),
            live => Ok(live),
        }
    }
}
