use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// Namespace of all dead letters' ids.
const NAMESPACE: Uuid = Uuid::from_u128(0x2b1d_7a3e_94c0_5f62_8e0d_51f7_c3a6_90bb);

/// Who could not go on with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Relay,
    Projector,
    Participant,
}

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Tried as often as it may be, and refused each time.
    MaxRetriesExceeded,
    CircuitBreakerOpen,
    /// What the record says cannot be read or applied.
    InvalidData,
    /// A service refused what was made of it.
    ServiceError,
    Timeout,
}

/// How far the desk has come with an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waits for somebody.
    Open,
    /// Its owner tries again on its next turn.
    Requeued,
    /// Given up.
    Discarded,
    /// Published or applied after all, or found to be no part of any stream.
    Resolved,
}

/// The record that failed, byte for byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OriginalRecord {
    pub topic: String,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

/// Where a record failed. The item's id depends on this and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On its way from the outbox: the row's id.
    Outbox(Uuid),
    /// In the original record's topic.
    Topic { partition: i32, offset: i64 },
    /// In the event store, read there past the topic: the event's id.
    Store(Uuid),
}

/// What could be read of a record; shown, and searched by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    pub aggregate_type: Option<String>,
    pub aggregate_id: Option<String>,
    pub version: Option<u64>,
    pub event_type: Option<String>,
}

/// An item to be put on the desk.
#[derive(Clone, Debug, PartialEq)]
pub struct NewDeadLetter {
    pub source: Source,
    pub reason: Reason,
    pub error_message: String,
    pub place: Place,
    pub original: OriginalRecord,
    pub subject: Subject,
    pub metadata: Value,
}

impl NewDeadLetter {
    pub fn id(&self) -> Uuid {
        dead_letter_id(self.source, &self.original.topic, self.place)
    }
}

/// The id of the item for a record that failed at `place`: a crash that repeats the failure
/// repeats the id.
pub fn dead_letter_id(source: Source, topic: &str, place: Place) -> Uuid {
    let name = match place {
        Place::Outbox(id) => format!("{source}/{id}"),
        Place::Topic { partition, offset } => format!("{source}/{topic}/{partition}/{offset}"),
        Place::Store(event_id) => format!("{source}/event/{event_id}"),
    };
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

macro_rules! names {
    ($type:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        impl $type {
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// As stored, shown, and used as a metric's label.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($name => Ok(Self::$variant),)+
                    _ => Err(format!("is none of {}", [$($name),+].join(", "))),
                }
            }
        }
    };
}

names!(Source {
    Relay = "relay",
    Projector = "projector",
    Participant = "participant",
});
names!(Reason {
    MaxRetriesExceeded = "max_retries_exceeded",
    CircuitBreakerOpen = "circuit_breaker_open",
    InvalidData = "invalid_data",
    ServiceError = "service_error",
    Timeout = "timeout",
});
names!(State {
    Open = "open",
    Requeued = "requeued",
    Discarded = "discarded",
    Resolved = "resolved",
});

#[cfg(test)]
mod tests {
    use super::*;

    /// Written into the read models' documents, and asked for by people: it may not change.
    #[test]
    fn ids_are_frozen() {
        let place = Place::Topic {
            partition: 3,
            offset: 7,
        };
        let id = dead_letter_id(Source::Projector, "order-events", place);
        assert_eq!(id, dead_letter_id(Source::Projector, "order-events", place));
        assert_ne!(id, dead_letter_id(Source::Projector, "other", place));
        assert_eq!(id.to_string(), "0fe69681-d291-5413-8f0f-d2edbce9f521");
    }

    #[test]
    fn names_come_back() {
        for reason in Reason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(*reason));
        }
        assert_eq!(
            "gone".parse::<State>().unwrap_err(),
            "is none of open, requeued, discarded, resolved"
        );
    }
}
