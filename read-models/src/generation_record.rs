use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Generation;

/// What is known of a generation beside whether it is the one that answers: one document each, in
/// the collection `generations`. The record of a dropped one stays, so that no number, and with it
/// no consumer group, is used twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GenerationRecord {
    #[serde(rename = "_id")]
    pub id: String,
    pub projection: String,
    pub generation: Generation,
    /// Everything that is made, filled and dropped with it.
    pub collections: Vec<String>,
    pub state: BuildState,
    /// Whoever is at work on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub builder: Option<Builder>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filling: Option<Filling>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BuildState {
    /// Being filled from the event store. Nobody reads the topic for it yet.
    Building,
    /// Holds all that was on the topic when its filling began: the group's members read on.
    Filled,
    /// Its collections are about to go. Nobody follows it any more.
    Dropping,
    Dropped,
}

/// Who is at work on a generation. The beat is raised every second: one that stands still has been
/// left, which a reader finds out by its own clock, whatever others' clocks say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Builder {
    pub owner: String,
    pub beat: i64,
}

/// How far a generation's filling has come: whoever takes it up goes on from there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filling {
    /// The topic's ends before anything was read from the store, by partition: the group starts
    /// there.
    pub ends: BTreeMap<String, i64>,
    /// The ids that cut the store's streams into ranges.
    pub cuts: Vec<String>,
    /// The ranges that are written whole.
    pub done: Vec<u32>,
    /// Events read so far, by all who filled.
    pub events: i64,
    /// Orders that cannot be folded, and are held back.
    pub held: i64,
}

impl GenerationRecord {
    pub const COLLECTION: &str = "generations";

    pub fn new(
        projection: &str,
        generation: Generation,
        collections: Vec<String>,
        state: BuildState,
    ) -> Self {
        Self {
            id: Self::id(projection, generation.number),
            projection: projection.to_owned(),
            collections,
            generation,
            state,
            builder: None,
            filling: None,
        }
    }

    pub fn id(projection: &str, number: u32) -> String {
        format!("{projection}.{number}")
    }
}
