use event_store::{CommandContext, Effects, EventStoreError};

use crate::{RecordFault, SeenEvent};

/// What a participant does about the events of others, a batch at a time: read what the batch is
/// about, decide in memory, write everything at once.
pub trait Reactor: Send + Sync {
    /// In the inbox, in the consumer groups' names and in metrics. Changing it takes everything in
    /// again.
    const CONSUMER: &'static str;

    type Streams: Send + Sync;

    /// Whether anything may come of it: whatever else is passed over unread.
    fn concerns(&self, event: &SeenEvent) -> bool;

    /// Reads the streams that deciding about these events takes.
    fn read(
        &self,
        events: &[SeenEvent],
    ) -> impl Future<Output = Result<Self::Streams, EventStoreError>> + Send;

    /// Decides about one event. False where nothing is to be done about it, for it is none of this
    /// participant's, or has been done.
    fn decide(
        &self,
        streams: &mut Self::Streams,
        event: &SeenEvent,
        context: &CommandContext,
    ) -> Result<bool, RecordFault>;

    fn effects(
        &self,
        streams: &Self::Streams,
        effects: &mut Effects,
    ) -> Result<(), EventStoreError>;

    /// What was decided is written.
    fn written(&self, streams: &Self::Streams);
}
