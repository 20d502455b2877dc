use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Duration;

use bson::{Bson, Document, doc};
use futures::TryStreamExt;
use messaging::Kafka;
use mongodb::options::ReadPreference;
use mongodb::{Collection, Cursor};
use read_models::{Generation, ReadDatabase};

use super::compared::{Compared, Comparison, Kind};
use super::level::wait_until_level;
use crate::{Content, Projection, ProjectorError, Topics};

/// Documents that are looked at again together.
const AGAIN: usize = 500;
/// How long a group may take to come level before another look.
const PATIENCE: Duration = Duration::from_secs(15);
/// Once so many are found nothing is looked at twice any more: it is not the orders in flight.
const MANY: u64 = 1000;

/// Compares the documents of two generations while they are written. What differs is looked at
/// again after both have taken in what was on the topics meanwhile: an order in flight is not
/// reported.
pub struct Compare<'a> {
    pub projection: &'static dyn Projection,
    pub database: &'a ReadDatabase,
    pub kafka: &'a Kafka,
    pub topics: &'a Topics,
    /// What it should be like.
    pub left: &'a Generation,
    pub right: &'a Generation,
}

type Pair = (Option<Document>, Option<Document>);

impl Compare<'_> {
    /// `say` hears how many documents have been compared.
    pub async fn run(&self, say: impl Fn(u64)) -> Result<Comparison, ProjectorError> {
        let contents = self.contents();
        let mut collections = Vec::new();
        let mut before = 0;
        for content in self.projection.contents() {
            // A total is nothing but its content.
            if contents || !matches!(content, Content::Total(_)) {
                let compared = self.collection(content, |documents| say(before + documents));
                let compared = compared.await?;
                before += compared.documents;
                collections.push(compared);
            }
        }
        Ok(Comparison {
            left: self.left.number,
            right: self.right.number,
            contents,
            collections,
        })
    }

    fn contents(&self) -> bool {
        self.left.schema_version == self.right.schema_version
    }

    async fn collection(
        &self,
        content: Content,
        say: impl Fn(u64),
    ) -> Result<Compared, ProjectorError> {
        let mut compared = Compared::new(content.name());
        let (mut lefts, mut rights) = (
            self.all(content, self.left).await?,
            self.all(content, self.right).await?,
        );
        let (mut left, mut right) = (lefts.try_next().await?, rights.try_next().await?);
        let mut doubtful: BTreeMap<String, Pair> = BTreeMap::new();
        while left.is_some() || right.is_some() {
            let order = match (&left, &right) {
                (Some(left), Some(right)) => id(left).cmp(id(right)),
                (Some(_), None) => Ordering::Less,
                _ => Ordering::Greater,
            };
            let mut pair: Pair = (None, None);
            if order.is_le() {
                pair.0 = std::mem::replace(&mut left, lefts.try_next().await?);
            }
            if order.is_ge() {
                pair.1 = std::mem::replace(&mut right, rights.try_next().await?);
            }
            compared.documents += 1;
            if compared.documents.is_multiple_of(1000) {
                say(compared.documents);
            }
            if self.difference(content, &pair).is_some() {
                let id = pair.0.as_ref().or(pair.1.as_ref()).map(shown);
                doubtful.insert(id.unwrap_or_default(), pair);
            }
            if doubtful.len() >= AGAIN {
                self.look_again(content, &mut doubtful, &mut compared)
                    .await?;
            }
        }
        self.look_again(content, &mut doubtful, &mut compared)
            .await?;
        say(compared.documents);
        Ok(compared)
    }

    /// Empties `doubtful`.
    async fn look_again(
        &self,
        content: Content,
        doubtful: &mut BTreeMap<String, Pair>,
        compared: &mut Compared,
    ) -> Result<(), ProjectorError> {
        let looks = content.looks();
        for look in 1..=looks {
            if doubtful.is_empty() || compared.found() >= MANY {
                break;
            }
            self.wait().await?;
            let ids: Vec<&String> = doubtful.keys().collect();
            let mut lefts = self.some(content, self.left, &ids).await?;
            let mut rights = self.some(content, self.right, &ids).await?;
            for (id, before) in std::mem::take(doubtful) {
                let now = (lefts.remove(&id), rights.remove(&id));
                let Some((kind, detail)) = self.difference(content, &now) else {
                    continue;
                };
                if guards(content, &now) == guards(content, &before) {
                    compared.add(kind, id, detail);
                } else if look == looks {
                    compared.in_flight += 1;
                } else {
                    doubtful.insert(id, now);
                }
            }
        }
        for (id, pair) in std::mem::take(doubtful) {
            if let Some((kind, detail)) = self.difference(content, &pair) {
                compared.add(kind, id, detail);
            }
        }
        Ok(())
    }

    /// Until both have taken in what is on the topics now.
    async fn wait(&self) -> Result<(), ProjectorError> {
        for generation in [self.left, self.right] {
            for source in self.projection.sources(generation, self.topics) {
                let members = self.kafka.group_members(&source.group, &source.topic.name);
                // Without followers it is not going to move.
                if !members.await?.is_empty() {
                    wait_until_level(self.kafka, &[source], Some(PATIENCE), |_| {}).await?;
                }
            }
        }
        Ok(())
    }

    fn difference(&self, content: Content, pair: &Pair) -> Option<(Kind, Option<String>)> {
        let comparable = |document: &Option<Document>| match self.contents() {
            true => content.comparable(document.clone()?),
            false => {
                let fields = document.iter().flatten();
                let only = fields.filter(|(k, _)| *k == "_id" || *k == content.guard());
                let only: Document = only.map(|(k, v)| (k.clone(), v.clone())).collect();
                document.is_some().then_some(only)
            }
        };
        let (left, right) = match (comparable(&pair.0), comparable(&pair.1)) {
            (Some(left), Some(right)) => (left, right),
            (Some(_), None) => return Some((Kind::Missing, None)),
            (None, Some(_)) => return Some((Kind::Extra, None)),
            (None, None) => return None,
        };
        let mut fields: Vec<&str> = left
            .keys()
            .chain(right.keys())
            .filter(|field| left.get(field) != right.get(field))
            .map(String::as_str)
            .collect();
        fields.sort_unstable();
        fields.dedup();
        let differs = || format!("differs in {}", fields.join(", "));
        (!fields.is_empty()).then(|| (Kind::Different, Some(differs())))
    }

    async fn all(
        &self,
        content: Content,
        generation: &Generation,
    ) -> Result<Cursor<Document>, ProjectorError> {
        let documents = self.documents(content, generation);
        Ok(documents
            .find(doc! {})
            .sort(doc! { "_id": 1 })
            .selection_criteria(ReadPreference::Primary.into())
            .await?)
    }

    async fn some(
        &self,
        content: Content,
        generation: &Generation,
        ids: &[&String],
    ) -> Result<BTreeMap<String, Document>, ProjectorError> {
        let found: Vec<Document> = self
            .documents(content, generation)
            .find(doc! { "_id": { "$in": ids } })
            .selection_criteria(ReadPreference::Primary.into())
            .await?
            .try_collect()
            .await?;
        Ok(found.into_iter().map(|d| (shown(&d), d)).collect())
    }

    fn documents(&self, content: Content, generation: &Generation) -> Collection<Document> {
        let collection = content.collection(generation);
        self.database.database().collection(&collection)
    }
}

/// Ids are texts, and sorted by their bytes.
fn id(document: &Document) -> &str {
    document.get_str("_id").unwrap_or_default()
}

fn shown(document: &Document) -> String {
    match document.get("_id") {
        Some(Bson::String(id)) => id.clone(),
        other => other.map(ToString::to_string).unwrap_or_default(),
    }
}

fn guards(content: Content, pair: &Pair) -> (Option<Bson>, Option<Bson>) {
    let guard = |d: &Option<Document>| d.as_ref().and_then(|d| d.get(content.guard()).cloned());
    (guard(&pair.0), guard(&pair.1))
}
