use serde::{Deserialize, Serialize};

use super::{Content, PublishedOrder, PublishedOrderEvent, PublishedOrderV1};
use crate::order::{OrderEvent, OrderEventType};
use crate::saga::SagaFlow;
use crate::{CancelReason, FailureReason, PaymentId};

/// What is particular to a type of an order's events. Those of an order that a saga carries out
/// say in which flow.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum OrderContent {
    Created(PublishedOrder),
    Confirmed {
        payment_id: PaymentId,
        saga_flow: Option<SagaFlow>,
    },
    Cancelled {
        reason: CancelReason,
        saga_flow: Option<SagaFlow>,
    },
    StockReserved {
        saga_flow: SagaFlow,
    },
    PaymentPending {
        saga_flow: SagaFlow,
    },
    PaymentAuthorized {
        saga_flow: SagaFlow,
    },
    Paid {
        payment_id: PaymentId,
        saga_flow: SagaFlow,
    },
    PaymentFailed {
        reason: FailureReason,
        saga_flow: SagaFlow,
    },
    Failed {
        reason: FailureReason,
        saga_flow: SagaFlow,
    },
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct Confirmed {
    payment_id: PaymentId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "SagaFlow"))]
    saga_flow: Option<SagaFlow>,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct Cancelled {
    reason: CancelReason,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "SagaFlow"))]
    saga_flow: Option<SagaFlow>,
}

/// Something the order has seen of its saga.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct Seen {
    saga_flow: SagaFlow,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct Paid {
    payment_id: PaymentId,
    saga_flow: SagaFlow,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct Failed {
    reason: FailureReason,
    saga_flow: SagaFlow,
}

impl OrderContent {
    pub fn kind(&self) -> OrderEventType {
        match self {
            Self::Created(_) => OrderEventType::OrderCreated,
            Self::Confirmed { .. } => OrderEventType::OrderConfirmed,
            Self::Cancelled { .. } => OrderEventType::OrderCancelled,
            Self::StockReserved { .. } => OrderEventType::OrderStockReserved,
            Self::PaymentPending { .. } => OrderEventType::OrderPaymentPending,
            Self::PaymentAuthorized { .. } => OrderEventType::OrderPaymentAuthorized,
            Self::Paid { .. } => OrderEventType::OrderPaid,
            Self::PaymentFailed { .. } => OrderEventType::OrderPaymentFailed,
            Self::Failed { .. } => OrderEventType::OrderFailed,
        }
    }
}

impl Content for OrderContent {
    fn known(event_type: &str) -> Option<(&'static str, u32)> {
        let kind = OrderEventType::from_name(event_type)?;
        Some((kind.as_str(), PublishedOrderEvent::schema_version(kind)))
    }

    fn read(event_type: &str, schema_version: u32, json: &[u8]) -> serde_json::Result<Self> {
        use serde_json::from_slice as read;
        let Some(kind) = OrderEventType::from_name(event_type) else {
            let unknown = format!("unknown type {event_type:?}");
            return Err(serde::de::Error::custom(unknown));
        };
        Ok(match kind {
            OrderEventType::OrderCreated if schema_version == 1 => {
                Self::Created(read::<PublishedOrderV1>(json)?.into())
            }
            OrderEventType::OrderCreated => Self::Created(read(json)?),
            OrderEventType::OrderConfirmed => {
                let Confirmed {
                    payment_id,
                    saga_flow,
                } = read(json)?;
                Self::Confirmed {
                    payment_id,
                    saga_flow,
                }
            }
            OrderEventType::OrderCancelled => {
                let Cancelled { reason, saga_flow } = read(json)?;
                Self::Cancelled { reason, saga_flow }
            }
            OrderEventType::OrderStockReserved => {
                let Seen { saga_flow } = read(json)?;
                Self::StockReserved { saga_flow }
            }
            OrderEventType::OrderPaymentPending => {
                let Seen { saga_flow } = read(json)?;
                Self::PaymentPending { saga_flow }
            }
            OrderEventType::OrderPaymentAuthorized => {
                let Seen { saga_flow } = read(json)?;
                Self::PaymentAuthorized { saga_flow }
            }
            OrderEventType::OrderPaid => {
                let Paid {
                    payment_id,
                    saga_flow,
                } = read(json)?;
                Self::Paid {
                    payment_id,
                    saga_flow,
                }
            }
            OrderEventType::OrderPaymentFailed => {
                let Failed { reason, saga_flow } = read(json)?;
                Self::PaymentFailed { reason, saga_flow }
            }
            OrderEventType::OrderFailed => {
                let Failed { reason, saga_flow } = read(json)?;
                Self::Failed { reason, saga_flow }
            }
        })
    }

    fn write(&self) -> serde_json::Result<String> {
        use serde_json::to_string as write;
        match self.clone() {
            Self::Created(order) => write(&order),
            Self::Confirmed {
                payment_id,
                saga_flow,
            } => write(&Confirmed {
                payment_id,
                saga_flow,
            }),
            Self::Cancelled { reason, saga_flow } => write(&Cancelled { reason, saga_flow }),
            Self::StockReserved { saga_flow }
            | Self::PaymentPending { saga_flow }
            | Self::PaymentAuthorized { saga_flow } => write(&Seen { saga_flow }),
            Self::Paid {
                payment_id,
                saga_flow,
            } => write(&Paid {
                payment_id,
                saga_flow,
            }),
            Self::PaymentFailed { reason, saga_flow } | Self::Failed { reason, saga_flow } => {
                write(&Failed { reason, saga_flow })
            }
        }
    }
}

impl From<OrderEvent> for OrderContent {
    fn from(stored: OrderEvent) -> Self {
        match stored {
            OrderEvent::OrderCreated(order) => Self::Created(order.into()),
            OrderEvent::OrderConfirmed {
                payment_id,
                saga_flow,
            } => Self::Confirmed {
                payment_id,
                saga_flow,
            },
            OrderEvent::OrderCancelled { reason, saga_flow } => {
                Self::Cancelled { reason, saga_flow }
            }
            OrderEvent::OrderStockReserved { saga_flow } => Self::StockReserved { saga_flow },
            OrderEvent::OrderPaymentPending { saga_flow } => Self::PaymentPending { saga_flow },
            OrderEvent::OrderPaymentAuthorized { saga_flow } => {
                Self::PaymentAuthorized { saga_flow }
            }
            OrderEvent::OrderPaid {
                payment_id,
                saga_flow,
            } => Self::Paid {
                payment_id,
                saga_flow,
            },
            OrderEvent::OrderPaymentFailed { reason, saga_flow } => {
                Self::PaymentFailed { reason, saga_flow }
            }
            OrderEvent::OrderFailed { reason, saga_flow } => Self::Failed { reason, saga_flow },
        }
    }
}
