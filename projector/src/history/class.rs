use serde::Serialize;

/// What can be said of an event, a record or a document, beyond that it is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Class {
    /// Stored, no longer in the outbox to be published, and not on the topic.
    Lost,
    /// Its first occurrence comes after that of a later version.
    OutOfOrder,
    /// A later version is on the topic, and this one nowhere. A stored one is lost as well.
    Gap,
    /// The record says something else than the stored event.
    Different,
    /// On the topic, and neither in the store nor refused.
    Phantom,
    /// A stored event that this code cannot read, or that cannot follow the one before it.
    Unreadable,
    /// No document, although the projector has committed the order's records.
    DocumentMissing,
    /// The document is older than what the projector has committed.
    DocumentStale,
    /// The document is not the fold of the stored events up to its version.
    DocumentDifferent,
    /// A document of an order that is not in the store.
    DocumentUnknown,
    /// Waits in the outbox.
    Pending,
    /// The document is older than the topic: the projector is on its way.
    DocumentBehind,
    /// Waits in the outbox for somebody, or behind an event that does.
    Held,
    /// The document waits for somebody.
    DocumentHeld,
    /// A record that could not be applied, with a dead letter that says so.
    Refused,
    /// A record that stands for an event whose content could not be published.
    Stub,
    /// An occurrence after the first.
    Repeated,
}

impl Class {
    pub const ALL: [Self; 17] = [
        Self::Lost,
        Self::OutOfOrder,
        Self::Gap,
        Self::Different,
        Self::Phantom,
        Self::Unreadable,
        Self::DocumentMissing,
        Self::DocumentStale,
        Self::DocumentDifferent,
        Self::DocumentUnknown,
        Self::Pending,
        Self::DocumentBehind,
        Self::Held,
        Self::DocumentHeld,
        Self::Refused,
        Self::Stub,
        Self::Repeated,
    ];

    /// On a settled system nothing is on its way any more.
    pub fn is_fault(self, settled: bool) -> bool {
        match self {
            Self::Lost
            | Self::OutOfOrder
            | Self::Gap
            | Self::Different
            | Self::Phantom
            | Self::Unreadable
            | Self::DocumentMissing
            | Self::DocumentStale
            | Self::DocumentDifferent
            | Self::DocumentUnknown => true,
            Self::Pending | Self::DocumentBehind => settled,
            Self::Held | Self::DocumentHeld | Self::Refused | Self::Stub | Self::Repeated => false,
        }
    }

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Lost => "events lost",
            Self::OutOfOrder => "events out of order",
            Self::Gap => "gaps on the topic",
            Self::Different => "records with different content",
            Self::Phantom => "phantom records",
            Self::Unreadable => "unreadable stored events",
            Self::DocumentMissing => "documents missing",
            Self::DocumentStale => "documents stale",
            Self::DocumentDifferent => "documents with different content",
            Self::DocumentUnknown => "documents of unknown orders",
            Self::Pending => "events pending",
            Self::DocumentBehind => "documents behind",
            Self::Held => "events held",
            Self::DocumentHeld => "documents held",
            Self::Refused => "records refused",
            Self::Stub => "stubs",
            Self::Repeated => "records repeated",
        }
    }
}
