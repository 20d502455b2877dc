use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use crate::EventSourced;
use crate::contract::{Envelope, PaymentContent, Published};

use super::{PaymentCommand, PaymentError, PaymentEvent, PaymentState, Wish};

/// One order's payment; its id is the order's. Serialises to its state, `null` before there was
/// anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Payment {
    state: Option<PaymentState>,
    /// The first event that cannot stand where it does. `apply` cannot fail, so the fault is kept
    /// and every later command is refused.
    #[serde(skip)]
    damaged: Option<&'static str>,
}

impl Payment {
    /// `None` before there was anything.
    pub fn state(&self) -> Option<&PaymentState> {
        self.state.as_ref()
    }

    /// What is to be asked of the provider now.
    pub fn wish(&self) -> Option<Wish> {
        if self.damaged.is_some() {
            return None;
        }
        self.state.as_ref().and_then(PaymentState::wish)
    }

    /// Folds one event, or gives its name where it cannot stand here.
    pub fn fold(&mut self, event: &PaymentEvent) -> Result<(), &'static str> {
        self.state = Some(PaymentState::after(self.state.clone(), event)?);
        Ok(())
    }

    /// The event that `command` leads to; `None` when the payment is already as it says.
    pub fn decide(&self, command: PaymentCommand) -> Result<Option<PaymentEvent>, PaymentError> {
        match self.damaged {
            Some(event) => Err(PaymentError::DamagedStream(event)),
            None => super::decide::decide(self.state.as_ref(), command),
        }
    }
}

impl Aggregate for Payment {
    const TYPE: &'static str = "Payment";
    type Command = PaymentCommand;
    type Event = PaymentEvent;
    type Error = PaymentError;
    type Services = ();

    async fn handle(
        &mut self,
        command: PaymentCommand,
        _services: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), PaymentError> {
        if let Some(event) = self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: PaymentEvent) {
        if self.damaged.is_none() {
            self.damaged = self.fold(&event).err();
        }
    }
}

impl EventSourced for Payment {
    const STATE_TABLE: &'static str = "payments";

    fn published_schema_version(_: &PaymentEvent) -> u32 {
        1
    }

    fn publish(envelope: Envelope, event: PaymentEvent) -> Result<String, serde_json::Error> {
        let content = PaymentContent::from(event);
        Published { envelope, content }.to_json()
    }
}
