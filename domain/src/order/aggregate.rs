use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use crate::contract::{Envelope, PublishedOrderEvent};
use crate::{CancelReason, CustomerId, EventSourced, Money, PaymentId, RestaurantId};

use super::{IllegalEvent, OrderCommand, OrderError, OrderEvent, OrderLine, OrderStatus};

/// An order, folded from its events. Serialises to its current state, `null` before it exists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Order {
    placed: Option<PlacedOrder>,
    /// The first event that broke the state machine. `apply` cannot fail, so the fault is kept
    /// and every later command is refused.
    #[serde(skip)]
    damaged: Option<IllegalEvent>,
}

/// The state of an order that exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlacedOrder {
    pub status: OrderStatus,
    pub customer_id: CustomerId,
    pub restaurant_id: RestaurantId,
    pub total_amount: Money,
    pub items: Vec<OrderLine>,
    /// Set since the confirmation, also after a later cancellation.
    pub payment_id: Option<PaymentId>,
    pub cancel_reason: Option<CancelReason>,
}

impl Order {
    /// `None` before the order exists.
    pub fn placed(&self) -> Option<&PlacedOrder> {
        self.placed.as_ref()
    }

    pub fn status(&self) -> Option<OrderStatus> {
        self.placed.as_ref().map(|order| order.status)
    }

    /// Folds one event, or says why it cannot stand here.
    pub fn fold(&mut self, event: OrderEvent) -> Result<(), IllegalEvent> {
        let status = OrderStatus::after(self.status(), event.kind())?;
        match (event, &mut self.placed) {
            (OrderEvent::OrderCreated(created), placed) => {
                *placed = Some(PlacedOrder {
                    status,
                    customer_id: created.customer_id,
                    restaurant_id: created.restaurant_id,
                    total_amount: created.total_amount,
                    items: created.items,
                    payment_id: None,
                    cancel_reason: None,
                });
            }
            (OrderEvent::OrderConfirmed { payment_id }, Some(placed)) => {
                placed.status = status;
                placed.payment_id = Some(payment_id);
            }
            (OrderEvent::OrderCancelled { reason }, Some(placed)) => {
                placed.status = status;
                placed.cancel_reason = Some(reason);
            }
            (event, None) => {
                return Err(IllegalEvent {
                    status: None,
                    event: event.kind(),
                });
            }
        }
        Ok(())
    }

    /// The event that `command` leads to; `None` when the order is already as the command wants it.
    fn decide(&self, command: OrderCommand) -> Result<Option<OrderEvent>, OrderError> {
        if let Some(damage) = &self.damaged {
            return Err(damage.clone().into());
        }
        let event = match command {
            OrderCommand::Create(new) => OrderEvent::OrderCreated(new.into_event()),
            OrderCommand::Confirm { payment_id } => OrderEvent::OrderConfirmed { payment_id },
            OrderCommand::Cancel { reason } => OrderEvent::OrderCancelled { reason },
        };
        match (
            OrderStatus::after(self.status(), event.kind()),
            &self.placed,
        ) {
            (Ok(_), _) => Ok(Some(event)),
            (Err(_), None) => Err(OrderError::NotFound),
            (Err(_), Some(order)) if order.is_result_of(&event) => Ok(None),
            (Err(_), Some(order)) => Err(OrderError::InvalidTransition {
                from: order.status,
                to: match event {
                    OrderEvent::OrderCreated(_) => OrderStatus::Pending,
                    OrderEvent::OrderConfirmed { .. } => OrderStatus::Confirmed,
                    OrderEvent::OrderCancelled { .. } => OrderStatus::Cancelled,
                },
            }),
        }
    }
}

impl PlacedOrder {
    /// Whether `event`, with this content, is what brought the order where it is now.
    fn is_result_of(&self, event: &OrderEvent) -> bool {
        match event {
            OrderEvent::OrderCreated(created) => {
                self.status == OrderStatus::Pending
                    && self.customer_id == created.customer_id
                    && self.restaurant_id == created.restaurant_id
                    && self.total_amount == created.total_amount
                    && self.items == created.items
            }
            OrderEvent::OrderConfirmed { payment_id } => {
                self.status == OrderStatus::Confirmed
                    && self.payment_id.as_ref() == Some(payment_id)
            }
            OrderEvent::OrderCancelled { reason } => {
                self.status == OrderStatus::Cancelled && self.cancel_reason.as_ref() == Some(reason)
            }
        }
    }
}

impl Aggregate for Order {
    const TYPE: &'static str = "Order";
    type Command = OrderCommand;
    type Event = OrderEvent;
    type Error = OrderError;
    type Services = ();

    async fn handle(
        &mut self,
        command: OrderCommand,
        _services: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), OrderError> {
        if let Some(event) = self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: OrderEvent) {
        if self.damaged.is_none() {
            self.damaged = self.fold(event).err();
        }
    }
}

impl EventSourced for Order {
    const STATE_TABLE: &'static str = "orders";
    const PUBLISHED_SCHEMA_VERSION: u32 = PublishedOrderEvent::SCHEMA_VERSION;

    fn publish(envelope: Envelope, event: OrderEvent) -> Result<String, serde_json::Error> {
        let content = event.into();
        PublishedOrderEvent { envelope, content }.to_json()
    }
}
