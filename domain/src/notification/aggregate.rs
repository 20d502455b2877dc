use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use crate::contract::{Envelope, NotificationContent, Published};
use crate::{EventSourced, FailureReason};

use super::{
    NotificationCommand, NotificationDue, NotificationError, NotificationEvent, NotificationKind,
    NotificationSent, NotificationSkipped, NotificationState, Recipient, RecipientNoted, Telling,
};

/// What one order's customer is told; its id is the order's. Serialises to its state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Notification {
    state: NotificationState,
    /// The first event that cannot stand where it does. `apply` cannot fail, so the fault is kept
    /// and every later command is refused.
    #[serde(skip)]
    damaged: Option<&'static str>,
}

impl Notification {
    pub fn state(&self) -> &NotificationState {
        &self.state
    }

    /// The mails that are still to be sent.
    pub fn due(&self) -> Vec<(NotificationKind, &Recipient, Option<&FailureReason>)> {
        let Some(recipient) = self
            .state
            .recipient
            .as_ref()
            .filter(|_| self.damaged.is_none())
        else {
            return Vec::new();
        };
        let told = self.state.told.iter();
        told.filter_map(|(kind, telling)| match telling {
            Telling::Due { reason } => Some((*kind, recipient, reason.as_ref())),
            Telling::Sent { .. } | Telling::Skipped => None,
        })
        .collect()
    }

    /// Folds one event, or gives its name where it cannot stand here.
    pub fn fold(&mut self, event: &NotificationEvent) -> Result<(), &'static str> {
        self.state.fold(event)
    }

    /// The event that `command` leads to; `None` when it has been noted, or told, before.
    pub fn decide(
        &self,
        command: NotificationCommand,
    ) -> Result<Option<NotificationEvent>, NotificationError> {
        if let Some(event) = self.damaged {
            return Err(NotificationError::DamagedStream(event));
        }
        let state = &self.state;
        Ok(match command {
            NotificationCommand::Note(_) if state.recipient.is_some() => None,
            NotificationCommand::Note(recipient) => {
                Some(NotificationEvent::RecipientNoted(RecipientNoted {
                    recipient,
                }))
            }
            NotificationCommand::Tell { kind, .. } if state.told.contains_key(&kind) => None,
            NotificationCommand::Tell { kind, .. } if state.recipient.is_none() => Some(
                NotificationEvent::NotificationSkipped(NotificationSkipped { kind }),
            ),
            NotificationCommand::Tell { kind, reason } => {
                Some(NotificationEvent::NotificationDue(NotificationDue {
                    kind,
                    reason,
                }))
            }
            NotificationCommand::Sent { kind, message_id } => match state.told.get(&kind) {
                Some(Telling::Due { .. }) => {
                    Some(NotificationEvent::NotificationSent(NotificationSent {
                        kind,
                        message_id,
                    }))
                }
                Some(Telling::Sent { .. }) => None,
                Some(Telling::Skipped) | None => return Err(NotificationError::NotDue(kind)),
            },
        })
    }
}

impl Aggregate for Notification {
    const TYPE: &'static str = "Notification";
    type Command = NotificationCommand;
    type Event = NotificationEvent;
    type Error = NotificationError;
    type Services = ();

    async fn handle(
        &mut self,
        command: NotificationCommand,
        _services: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), NotificationError> {
        if let Some(event) = self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: NotificationEvent) {
        if self.damaged.is_none() {
            self.damaged = self.fold(&event).err();
        }
    }
}

impl EventSourced for Notification {
    const STATE_TABLE: &'static str = "notifications";

    fn published_schema_version(_: &NotificationEvent) -> u32 {
        1
    }

    fn publish(envelope: Envelope, event: NotificationEvent) -> Result<String, serde_json::Error> {
        let content = NotificationContent::from(event);
        Published { envelope, content }.to_json()
    }
}
