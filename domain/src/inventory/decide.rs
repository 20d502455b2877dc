use std::collections::BTreeMap;

use crate::payment::PaymentTerms;
use crate::saga::SagaFlow;
use crate::{FailureReason, ItemId, StoreId};

use super::{
    ItemMoved, Reservation, ReservationEvent, ReservationState, ReservedLine, ShortLine, Stock,
    StockEvent, StockFault, StockLine, StockReleased, StockReservationFailed, StockReserved,
    StockSold, StockTerms,
};

/// What can be asked for an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReservationCommand {
    Reserve {
        saga_flow: SagaFlow,
        stock: StockTerms,
        /// Handed on with the outcome.
        payment: Option<PaymentTerms>,
    },
    /// The order is over: whatever it has, or would have had, is for others.
    Release {
        saga_flow: SagaFlow,
        reason: FailureReason,
    },
    /// The order is confirmed.
    Sell { saga_flow: SagaFlow },
}

/// What is said of items that nobody has stocked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownItems {
    /// None is there.
    #[default]
    Reject,
    /// There is always enough of them.
    Unlimited,
}

/// The events of all streams that a command leads to, to be appended together or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Of the order's reservation.
    pub outcome: ReservationEvent,
    /// One of each stock that is touched.
    pub items: Vec<(StoreId, ItemId, StockEvent)>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReservationError {
    /// Not a fault: the release was faster than what it takes back.
    #[error("the order is over")]
    OrderIsOver,
    #[error("nothing is reserved for the order")]
    NothingReserved,
    #[error("the stock of {0} was not handed in")]
    StockMissing(ItemId),
    #[error("the reservation's stream is damaged: {0} cannot stand where it does")]
    DamagedReservation(&'static str),
    #[error("a stock's stream is damaged: {0}")]
    DamagedStock(#[from] StockFault),
}

/// Decides for an order over all the stocks it touches, given as they are now
/// ([`Reservation::stocks_of`]). `None` when it is already as the command wants it.
pub fn decide(
    order_id: &str,
    reservation: &Reservation,
    stocks: &BTreeMap<ItemId, Stock>,
    command: ReservationCommand,
    unknown: UnknownItems,
) -> Result<Option<Decision>, ReservationError> {
    use ReservationState::*;
    if let Some(event) = reservation.damage() {
        return Err(ReservationError::DamagedReservation(event));
    }
    match (reservation.state(), command) {
        (
            None,
            ReservationCommand::Reserve {
                saga_flow,
                stock,
                payment,
            },
        ) => reserve(order_id, stocks, saga_flow, stock, payment, unknown).map(Some),
        (Some(Reserved { .. } | Failed | Sold { .. }), ReservationCommand::Reserve { .. }) => {
            Ok(None)
        }
        (Some(Released), ReservationCommand::Reserve { .. }) => Err(ReservationError::OrderIsOver),

        (None, ReservationCommand::Release { saga_flow, reason }) => {
            let outcome = released(saga_flow, &[], reason);
            Ok(Some(Decision {
                outcome,
                items: Vec::new(),
            }))
        }
        (Some(Reserved { store_id, lines }), ReservationCommand::Release { saga_flow, reason }) => {
            let items = moved(order_id, stocks, store_id, lines, StockEvent::ItemReleased)?;
            let outcome = released(saga_flow, lines, reason);
            Ok(Some(Decision { outcome, items }))
        }
        (Some(Sold { store_id, lines }), ReservationCommand::Release { saga_flow, reason }) => {
            let items = moved(order_id, stocks, store_id, lines, StockEvent::ItemReturned)?;
            let outcome = released(saga_flow, lines, reason);
            Ok(Some(Decision { outcome, items }))
        }
        (Some(Failed | Released), ReservationCommand::Release { .. }) => Ok(None),

        (Some(Reserved { store_id, lines }), ReservationCommand::Sell { saga_flow }) => {
            let items = moved(order_id, stocks, store_id, lines, StockEvent::ItemSold)?;
            let lines = lines.clone();
            let outcome = ReservationEvent::StockSold(StockSold { saga_flow, lines });
            Ok(Some(Decision { outcome, items }))
        }
        (Some(Sold { .. }), ReservationCommand::Sell { .. }) => Ok(None),
        (Some(Released), ReservationCommand::Sell { .. }) => Err(ReservationError::OrderIsOver),
        (None | Some(Failed), ReservationCommand::Sell { .. }) => {
            Err(ReservationError::NothingReserved)
        }
    }
}

fn reserve(
    order_id: &str,
    stocks: &BTreeMap<ItemId, Stock>,
    saga_flow: SagaFlow,
    StockTerms { store_id, lines }: StockTerms,
    payment: Option<PaymentTerms>,
    unknown: UnknownItems,
) -> Result<Decision, ReservationError> {
    let mut reserved = Vec::new();
    let mut short = Vec::new();
    for StockLine { item_id, quantity } in lines {
        let level = sound(stocks, &item_id)?.level();
        let available = level.map_or(0, |level| level.available);
        let unlimited = level.is_none() && unknown == UnknownItems::Unlimited;
        if unlimited || available >= u64::from(quantity) {
            reserved.push(ReservedLine {
                item_id,
                quantity,
                counted: !unlimited,
            });
        } else {
            short.push(ShortLine {
                item_id,
                requested: quantity,
                available,
            });
        }
    }
    if !short.is_empty() {
        let failed = StockReservationFailed {
            saga_flow,
            store_id,
            short,
        };
        return Ok(Decision {
            outcome: ReservationEvent::StockReservationFailed(failed),
            items: Vec::new(),
        });
    }
    Ok(Decision {
        items: moved(
            order_id,
            stocks,
            &store_id,
            &reserved,
            StockEvent::ItemReserved,
        )?,
        outcome: ReservationEvent::StockReserved(StockReserved {
            saga_flow,
            store_id,
            lines: reserved,
            payment,
        }),
    })
}

fn released(
    saga_flow: SagaFlow,
    lines: &[ReservedLine],
    reason: FailureReason,
) -> ReservationEvent {
    ReservationEvent::StockReleased(StockReleased {
        saga_flow,
        lines: lines.to_vec(),
        reason,
    })
}

/// One event for each counted line, each possible where its stock stands.
fn moved(
    order_id: &str,
    stocks: &BTreeMap<ItemId, Stock>,
    store_id: &StoreId,
    lines: &[ReservedLine],
    how: fn(ItemMoved) -> StockEvent,
) -> Result<Vec<(StoreId, ItemId, StockEvent)>, ReservationError> {
    let counted = lines.iter().filter(|line| line.counted);
    counted
        .map(|line| {
            let event = how(ItemMoved {
                store_id: store_id.clone(),
                item_id: line.item_id.clone(),
                order_id: order_id.to_owned(),
                quantity: line.quantity,
            });
            let level = sound(stocks, &line.item_id)?.level();
            level.unwrap_or_default().after(&event)?;
            Ok((store_id.clone(), line.item_id.clone(), event))
        })
        .collect()
}

fn sound<'a>(
    stocks: &'a BTreeMap<ItemId, Stock>,
    item: &ItemId,
) -> Result<&'a Stock, ReservationError> {
    let stock = stocks
        .get(item)
        .ok_or_else(|| ReservationError::StockMissing(item.clone()))?;
    match stock.damage() {
        Some(damage) => Err(damage.clone().into()),
        None => Ok(stock),
    }
}
