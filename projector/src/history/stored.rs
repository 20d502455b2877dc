use domain::contract::PublishedOrderEvent;
use event_store::Unpublished;

use super::digest::Digest;
use super::documents::digest_of;
use super::fold::{Fold, Folding};
use super::report::Example;
use super::stream::{Stored, Waiting};
use super::{Class, Entry, History};

impl History {
    /// The next event of the log, which comes stream by stream and in order.
    pub fn stored(&mut self, entry: Entry) {
        let (id, version) = place(&entry);
        if self.folding.as_ref().is_none_or(|f| f.order_id != id) {
            self.end_of_store();
            self.folding = Some(Folding {
                order_id: id.to_owned(),
                fold: Some(Fold::default()),
            });
        }
        self.events += 1;
        let example = Example::of(id, version);
        match self.know(entry, Stored::Before) {
            Ok(event) => {
                let folding = self.folding.as_mut();
                if let Some(fold) = folding.and_then(|f| f.fold.as_mut())
                    && let Err(reason) = fold.apply(&event)
                {
                    self.unreadable(example.with_detail(reason));
                }
            }
            Err(reason) => self.unreadable(example.with_detail(reason)),
        }
    }

    /// An event that may have been appended after the log was read. Those that are known already
    /// stay as they are.
    pub fn appended(&mut self, entry: Entry) {
        let (id, version) = place(&entry);
        let known = self.streams.get(id).and_then(|s| s.stored(version));
        if known.is_some() {
            return;
        }
        self.events += 1;
        let example = Example::of(id, version);
        if let Err(reason) = self.know(entry, Stored::Since) {
            self.findings
                .add(Class::Unreadable, example.with_detail(reason));
        }
    }

    /// After the last event of the log.
    pub fn end_of_store(&mut self) {
        let Some(folding) = self.folding.take() else {
            return;
        };
        let document = folding.fold.and_then(|fold| fold.document);
        if let Some(document) = document
            && let Some(stream) = self.streams.get_mut(folding.order_id.as_str())
            && let Ok(expected) = bson::serialize_to_document(&document)
        {
            stream.folded = digest_of(expected).map(|digest| (document.version, digest));
        }
    }

    /// A row of the outbox that is not published. Read after the log and before the topic's ends.
    pub fn unpublished(&mut self, row: &Unpublished) {
        let Some(stream) = self.streams.get_mut(row.aggregate_id.as_str()) else {
            return;
        };
        if stream.stored(row.version).is_some() {
            stream.entry(row.version).waiting = if row.failed {
                Waiting::Failed
            } else {
                Waiting::Pending
            };
        }
    }

    /// Takes an event into its stream; says why where its content cannot be known.
    fn know(&mut self, entry: Entry, stored: Stored) -> Result<PublishedOrderEvent, String> {
        let (id, version) = place(&entry);
        let stream = match self.streams.get_mut(id) {
            Some(stream) => stream,
            None => self.streams.entry(id.into()).or_default(),
        };
        let known = stream.entry(version);
        known.stored = stored;
        let stored = entry.map_err(|unreadable| unreadable.reason)?;
        let event = PublishedOrderEvent {
            envelope: stored.envelope,
            content: stored.event.into(),
        };
        let json = event.to_json().map_err(|e| e.to_string())?;
        known.content = Some(Digest::of(json.as_bytes()));
        Ok(event)
    }

    fn unreadable(&mut self, example: Example) {
        if let Some(folding) = &mut self.folding {
            folding.fold = None;
        }
        self.findings.add(Class::Unreadable, example);
    }
}

pub(crate) fn place(entry: &Entry) -> (&str, u64) {
    match entry {
        Ok(stored) => (&stored.envelope.aggregate_id, stored.envelope.version),
        Err(unreadable) => (&unreadable.aggregate_id, unreadable.version),
    }
}
