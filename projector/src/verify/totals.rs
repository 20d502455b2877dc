use std::collections::{BTreeMap, BTreeSet};

use bson::{Bson, Document, doc};
use futures::TryStreamExt;
use mongodb::Collection;
use mongodb::options::ReadPreference;
use read_models::Generation;

use super::compare::fields;
use super::folded_totals::{FoldedTotals, totals};
use super::{Class, Difference, Verification};
use crate::ProjectorError;
use crate::totals::{Tally, Total};

/// A total as it was looked at.
pub(super) struct Seen {
    /// Of the total that is stored.
    pub revision: Option<Bson>,
    pub difference: Option<Difference>,
}

/// Totals by their kind's place, and their ids.
pub(super) type Keys = BTreeSet<(usize, String)>;

impl Verification {
    /// How many totals there are, and which of them are not what the store's events come to. Of a
    /// sample of orders, all that these count in: they are yet to be looked at.
    pub(super) async fn doubtful_totals(
        &self,
        generation: &Generation,
        mut folded: FoldedTotals,
    ) -> Result<(u64, Keys), ProjectorError> {
        let (mut compared, mut doubtful) = (0, Keys::new());
        for (place, total) in totals() {
            let mut of_kind = folded.take(place);
            if self.sample.is_all() {
                let mut stored = self
                    .totals_of(generation, total)
                    .find(doc! {})
                    .selection_criteria(ReadPreference::Primary.into())
                    .await?;
                while let Some(found) = stored.try_next().await? {
                    compared += 1;
                    let key = id(&found);
                    let tally = of_kind.remove(&key).unwrap_or_default();
                    if difference(total, &key, &tally, Some(&found)).is_some() {
                        doubtful.insert((place, key));
                    }
                }
            }
            compared += of_kind.len() as u64;
            doubtful.extend(of_kind.into_keys().map(|key| (place, key)));
        }
        Ok((compared, doubtful))
    }

    /// How these totals of one kind differ from the order documents.
    pub(super) async fn look_at_totals(
        &self,
        generation: &Generation,
        total: &dyn Total,
        keys: &[String],
    ) -> Result<BTreeMap<String, Seen>, ProjectorError> {
        let stored: Vec<Document> = self
            .totals_of(generation, total)
            .find(doc! { "_id": { "$in": keys } })
            .selection_criteria(ReadPreference::Primary.into())
            .await?
            .try_collect()
            .await?;
        let mut stored: BTreeMap<String, Document> = stored
            .into_iter()
            .map(|found| (id(&found), found))
            .collect();
        let mut folded = self.fold_documents(generation, total, keys).await?;
        let seen = keys.iter().map(|key| {
            let tally = folded.remove(key).unwrap_or_default();
            let found = stored.remove(key);
            let seen = Seen {
                difference: difference(total, key, &tally, found.as_ref()),
                revision: found.and_then(|mut found| found.remove("revision")),
            };
            (key.clone(), seen)
        });
        Ok(seen.collect())
    }

    /// One document after the other: not by the question that totals are computed with.
    async fn fold_documents(
        &self,
        generation: &Generation,
        total: &dyn Total,
        keys: &[String],
    ) -> Result<BTreeMap<String, Tally>, ProjectorError> {
        let fields = total.key_fields().iter().chain(&Tally::FIELDS);
        let fields: Document = fields.map(|&field| (field.to_owned(), 1.into())).collect();
        let mut folded: BTreeMap<String, Tally> = BTreeMap::new();
        for selection in total.selections(keys) {
            let mut orders = self
                .read_database
                .orders(generation)
                .clone_with_type::<bson::RawDocumentBuf>()
                .find(selection.filter)
                .projection(fields.clone())
                .selection_criteria(ReadPreference::Primary.into())
                .await?;
            while let Some(order) = orders.try_next().await? {
                if let (Some(key), Some(tally)) = (total.key(&order), Tally::of(&order)) {
                    folded.entry(key).or_default().add(tally);
                }
            }
        }
        Ok(folded)
    }

    pub(super) fn totals_of(
        &self,
        generation: &Generation,
        total: &dyn Total,
    ) -> Collection<Document> {
        let collection = total.collection(generation);
        self.read_database.database().collection(&collection)
    }
}

fn difference(
    total: &dyn Total,
    key: &str,
    tally: &Tally,
    found: Option<&Document>,
) -> Option<Difference> {
    let Some(found) = found else {
        return (!tally.parts.is_empty()).then(|| Difference::of(Class::Missing, "no total"));
    };
    // Where no order is left there is an empty total.
    let class = match tally.parts[..] {
        [] => Class::Extra,
        _ => Class::Different,
    };
    let revision = found.get_i64("revision").unwrap_or_default();
    match total.document(key, revision, tally) {
        Ok(expected) => {
            let fields = fields(&expected, found);
            (!fields.is_empty()).then(|| Difference::of(class, fields.join("; ")))
        }
        Err(error) => Some(Difference::of(class, error)),
    }
}

fn id(total: &Document) -> String {
    match total.get("_id") {
        Some(Bson::String(id)) => id.clone(),
        other => other.map(ToString::to_string).unwrap_or_default(),
    }
}
