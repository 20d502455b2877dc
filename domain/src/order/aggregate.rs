use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use crate::contract::{Envelope, PublishedOrderEvent};
use crate::{
    CancelReason, Currency, CustomerId, EventSourced, Money, PaymentId, RestaurantId, Upcaster,
};

use super::upcasters::UPCASTERS;
use super::{
    IllegalEvent, OrderCommand, OrderError, OrderEvent, OrderLine, OrderSaga, OrderStatus,
};

/// An order, folded from its events. Serialises to its current state, `null` before it exists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Order {
    placed: Option<PlacedOrder>,
    /// The first event that broke the state machine. `apply` cannot fail, so the fault is kept
    /// and every later command is refused.
    #[serde(skip)]
    damaged: Option<IllegalEvent>,
}

/// The state of an order that exists.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlacedOrder {
    pub status: OrderStatus,
    pub customer_id: CustomerId,
    pub restaurant_id: RestaurantId,
    pub total_amount: Money,
    /// States stored before there were currencies have none.
    #[serde(default)]
    pub currency: Currency,
    pub items: Vec<OrderLine>,
    /// Set since the confirmation, also after a later cancellation.
    pub payment_id: Option<PaymentId>,
    pub cancel_reason: Option<CancelReason>,
    /// `None` for a manual order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saga: Option<OrderSaga>,
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
                    currency: created.currency,
                    items: created.items,
                    payment_id: None,
                    cancel_reason: None,
                    saga: created.saga.map(OrderSaga::new),
                });
            }
            (event, Some(placed)) => placed.fold(event, status)?,
            (event, None) => {
                return Err(IllegalEvent {
                    status: None,
                    event: event.kind(),
                });
            }
        }
        Ok(())
    }

    /// The events that `command` leads to; none when the order is already as the command wants it.
    pub fn decide(&self, command: OrderCommand) -> Result<Vec<OrderEvent>, OrderError> {
        if let Some(damage) = &self.damaged {
            return Err(damage.clone().into());
        }
        let placed = self.placed.as_ref();
        let flow = placed.and_then(|order| order.saga.as_ref().map(|saga| saga.terms.flow));
        let (event, to) = match command {
            OrderCommand::Create(new) => {
                let created = OrderEvent::OrderCreated(new.into_event());
                (created, OrderStatus::Pending)
            }
            OrderCommand::Confirm { payment_id } => {
                let confirmed = OrderEvent::OrderConfirmed {
                    payment_id,
                    saga_flow: flow,
                };
                (confirmed, OrderStatus::Confirmed)
            }
            OrderCommand::Cancel { reason } => {
                let cancelled = OrderEvent::OrderCancelled {
                    reason,
                    saga_flow: flow,
                };
                (cancelled, OrderStatus::Cancelled)
            }
            OrderCommand::Note(progress) => {
                let order = placed.ok_or(OrderError::NotFound)?;
                return Ok(order.progress(progress));
            }
        };
        // What a saga carries out, nobody confirms by hand: it would be neither paid nor reserved.
        let by_hand = flow.is_none() || to != OrderStatus::Confirmed;
        match (OrderStatus::after(self.status(), event.kind()), placed) {
            (Ok(_), _) if by_hand => Ok(vec![event]),
            (_, None) => Err(OrderError::NotFound),
            (_, Some(order)) if order.is_result_of(&event) => Ok(Vec::new()),
            (_, Some(order)) => Err(OrderError::InvalidTransition {
                from: order.status,
                to,
            }),
        }
    }
}

impl PlacedOrder {
    /// Folds what follows the creation.
    fn fold(&mut self, event: OrderEvent, status: OrderStatus) -> Result<(), IllegalEvent> {
        let illegal = IllegalEvent {
            status: Some(self.status),
            event: event.kind(),
        };
        self.status = status;
        match (event, &mut self.saga) {
            (OrderEvent::OrderCreated(_), _) => return Err(illegal),
            (OrderEvent::OrderConfirmed { payment_id, .. }, _) => {
                self.payment_id = Some(payment_id);
            }
            (OrderEvent::OrderCancelled { reason, .. }, _) => self.cancel_reason = Some(reason),
            (_, None) => return Err(illegal),
            (OrderEvent::OrderStockReserved { .. }, Some(saga)) => saga.stock_reserved = true,
            (OrderEvent::OrderPaid { payment_id, .. }, Some(saga)) => saga.paid = Some(payment_id),
            (
                OrderEvent::OrderPaymentFailed { reason, .. }
                | OrderEvent::OrderFailed { reason, .. },
                Some(saga),
            ) => saga.failure = Some(reason),
            (
                OrderEvent::OrderPaymentPending { .. } | OrderEvent::OrderPaymentAuthorized { .. },
                Some(_),
            ) => {}
        }
        Ok(())
    }

    /// Whether `event`, with this content, is what brought the order where it is now.
    fn is_result_of(&self, event: &OrderEvent) -> bool {
        match event {
            OrderEvent::OrderCreated(created) => {
                self.status == OrderStatus::Pending
                    && self.customer_id == created.customer_id
                    && self.restaurant_id == created.restaurant_id
                    && self.total_amount == created.total_amount
                    && self.currency == created.currency
                    && self.items == created.items
                    && self.saga.as_ref().map(|saga| &saga.terms) == created.saga.as_ref()
            }
            OrderEvent::OrderConfirmed { payment_id, .. } => {
                self.status == OrderStatus::Confirmed
                    && self.payment_id.as_ref() == Some(payment_id)
            }
            OrderEvent::OrderCancelled { reason, .. } => {
                self.status == OrderStatus::Cancelled && self.cancel_reason.as_ref() == Some(reason)
            }
            // Not asked for by a command of their own.
            _ => false,
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
        for event in self.decide(command)? {
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
    const UPCASTERS: &'static [Upcaster] = UPCASTERS;

    fn published_schema_version(event: &OrderEvent) -> u32 {
        PublishedOrderEvent::schema_version(event.kind())
    }

    fn publish(envelope: Envelope, event: OrderEvent) -> Result<String, serde_json::Error> {
        let content = event.into();
        PublishedOrderEvent { envelope, content }.to_json()
    }
}
