use cqrs_es::Aggregate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::contract::{
    Content, ContractError, Envelope, InventoryContent, NotificationContent, OrderContent,
    PaymentContent, Published, Stub,
};
use crate::inventory::{Reservation, Stock};
use crate::notification::{Notification, NotificationKind};
use crate::order::Order;
use crate::payment::Payment;
use crate::saga::{Participant, SagaFlow, Seen, Signal};
use crate::{CustomerId, FailureReason, OccurredOn};

/// One event, as far as it matters to who follows a saga. Its participant and version say which
/// one it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sighting {
    pub participant: Participant,
    pub version: u64,
    pub event_type: String,
    #[serde(with = "uuid::serde::hyphenated")]
    pub event_id: Uuid,
    pub at: OccurredOn,
    pub correlation_id: String,
    /// Not every event says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<SagaFlow>,
    /// Who ordered: the order's first event says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<CustomerId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<FailureReason>,
    /// What the customer was told, where the event is about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<NotificationKind>,
}

impl Sighting {
    /// Reads a record of one of the participants' topics. `None` where it is part of no saga: a
    /// manual order's own event, or one of an item's stock. Of whoever takes part in none at all
    /// there is nothing to read: [`Self::is_of`].
    pub fn read(envelope: &Envelope, json: &[u8]) -> Result<Option<Self>, ContractError> {
        match envelope.aggregate_type.as_str() {
            Order::TYPE => read(Participant::Order, json, Self::add_order),
            Reservation::TYPE => read(Participant::Inventory, json, Self::add_inventory),
            Payment::TYPE => read(Participant::Payment, json, Self::add_payment),
            Notification::TYPE => read(Participant::Notification, json, Self::add_notification),
            _ => Ok(None),
        }
    }

    /// Whether events of these aggregates are on the participants' topics.
    pub fn is_of(aggregate_type: &str) -> bool {
        let known = [
            Order::TYPE,
            Reservation::TYPE,
            Stock::TYPE,
            Payment::TYPE,
            Notification::TYPE,
        ];
        known.contains(&aggregate_type)
    }

    /// As others react to it.
    pub fn signal(&self) -> Option<Signal> {
        Signal::from_name(&self.event_type)
    }

    /// Without anything that only its content says.
    pub fn of(participant: Participant, envelope: &Envelope) -> Self {
        Self {
            participant,
            version: envelope.version,
            event_type: envelope.event_type.clone(),
            event_id: envelope.event_id,
            at: envelope.occurred_on,
            correlation_id: envelope.correlation_id.clone(),
            flow: None,
            customer_id: None,
            reason: None,
            told: None,
        }
    }

    /// `None` for a manual order.
    pub fn add_order(mut self, content: &OrderContent) -> Option<Self> {
        let seen = Seen::Order(content);
        self.flow = Some(seen.flow()?);
        self.reason = seen.reason();
        if let OrderContent::Created(order) = content {
            self.customer_id = Some(order.customer_id.clone());
        }
        Some(self)
    }

    /// `None` for an item's stock.
    pub fn add_inventory(mut self, content: &InventoryContent) -> Option<Self> {
        let seen = Seen::Inventory(content);
        self.flow = Some(seen.flow()?);
        self.reason = seen.reason();
        Some(self)
    }

    pub fn add_payment(mut self, content: &PaymentContent) -> Option<Self> {
        let seen = Seen::Payment(content);
        self.flow = seen.flow();
        self.reason = seen.reason();
        Some(self)
    }

    /// Customers of manual orders are told, too: whether it is part of a saga, others say.
    pub fn add_notification(mut self, content: &NotificationContent) -> Option<Self> {
        self.told = match content {
            NotificationContent::NotificationDue(due) => Some(due.kind),
            NotificationContent::NotificationSent(sent) => Some(sent.kind),
            NotificationContent::NotificationSkipped(skipped) => Some(skipped.kind),
            NotificationContent::RecipientNoted(_) => None,
        };
        Some(self)
    }
}

/// What stands for an event that could not be published is seen without its content.
fn read<C: Content>(
    participant: Participant,
    json: &[u8],
    add: impl Fn(Sighting, &C) -> Option<Sighting>,
) -> Result<Option<Sighting>, ContractError> {
    match Published::<C>::parse(json) {
        Ok(event) => Ok(add(
            Sighting::of(participant, &event.envelope),
            &event.content,
        )),
        Err(error) => {
            let Stub(envelope) = Stub::parse(json).ok_or(error)?;
            Ok(Some(Sighting::of(participant, &envelope)))
        }
    }
}
