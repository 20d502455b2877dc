//! The commands that a participant's reactions lead to. The table is handed in: the model takes
//! rows out of it to see that they are missed.

use crate::contract::{InventoryContent, OrderContent, PaymentContent, PublishedOrder};
use crate::inventory::{ReservationCommand, StockTerms};
use crate::notification::{NotificationCommand, NotificationKind, Recipient};
use crate::order::{OrderCommand, OrderLine, Progress, Quantity};
use crate::payment::{PaymentCommand, PaymentTerms};
use crate::{ItemId, StoreId};

use super::{Does, Reaction, Seen};

/// What is done about it by anybody, in the table's order.
fn done<'a>(table: &'a [Reaction], seen: &Seen) -> impl Iterator<Item = Does> + use<'a> {
    let (signal, flow) = (seen.signal(), seen.flow());
    let rows = table
        .iter()
        .filter(move |row| Some(row.seen) == signal && row.flows.contain(flow));
    rows.map(|row| row.does)
}

/// For the order itself.
pub fn order(table: &[Reaction], seen: &Seen) -> Vec<(Does, OrderCommand)> {
    let command = |does| {
        let progress = match does {
            Does::NoteStockReserved => Progress::StockReserved,
            Does::NotePaymentPending => Progress::PaymentPending,
            Does::NotePaymentAuthorized => Progress::PaymentAuthorized,
            Does::NotePaid => match seen {
                Seen::Payment(PaymentContent::PaymentCompleted(paid)) => Progress::Paid {
                    payment_id: paid.intent_id.clone().into(),
                },
                _ => return None,
            },
            Does::NotePaymentFailed => Progress::PaymentFailed {
                reason: seen.reason()?,
            },
            Does::CancelOrder => Progress::GivenUp {
                reason: seen.reason()?.into(),
            },
            Does::FailOrder => Progress::Failed {
                reason: seen.reason()?,
            },
            _ => return None,
        };
        Some((does, OrderCommand::Note(progress)))
    };
    done(table, seen).filter_map(command).collect()
}

/// For the order's [`Reservation`](crate::inventory::Reservation).
pub fn inventory(table: &[Reaction], seen: &Seen) -> Vec<(Does, ReservationCommand)> {
    let Some(saga_flow) = seen.flow() else {
        return Vec::new();
    };
    let command = |does| {
        let command = match does {
            Does::ReserveStock => {
                let (stock, payment) = match seen {
                    Seen::Order(OrderContent::Created(order)) => {
                        (stock_of(order), Some(payment_of(order)?))
                    }
                    Seen::Payment(PaymentContent::PaymentCompleted(paid)) => {
                        (paid.stock.clone()?, None)
                    }
                    _ => return None,
                };
                ReservationCommand::Reserve {
                    saga_flow,
                    stock,
                    payment,
                }
            }
            Does::ReleaseStock => ReservationCommand::Release {
                saga_flow,
                reason: seen.reason()?,
            },
            Does::SellStock => ReservationCommand::Sell { saga_flow },
            _ => return None,
        };
        Some((does, command))
    };
    done(table, seen).filter_map(command).collect()
}

/// For the order's [`Payment`](crate::payment::Payment).
pub fn payment(table: &[Reaction], seen: &Seen) -> Vec<(Does, PaymentCommand)> {
    let Some(saga_flow) = seen.flow() else {
        return Vec::new();
    };
    let command = |does| {
        let command = match does {
            Does::RequestPayment => {
                let (payment, stock) = match seen {
                    Seen::Order(OrderContent::Created(order)) => {
                        (payment_of(order)?, Some(stock_of(order)))
                    }
                    Seen::Inventory(InventoryContent::StockReserved(reserved)) => {
                        (reserved.payment.clone()?.into(), None)
                    }
                    _ => return None,
                };
                PaymentCommand::Request {
                    saga_flow,
                    payment,
                    stock,
                }
            }
            Does::ClosePayment => PaymentCommand::Close {
                saga_flow,
                reason: seen.reason()?,
            },
            _ => return None,
        };
        Some((does, command))
    };
    done(table, seen).filter_map(command).collect()
}

/// For the order's [`Notification`](crate::notification::Notification), manual orders included.
pub fn notification(table: &[Reaction], seen: &Seen) -> Vec<(Does, NotificationCommand)> {
    let command = |does| {
        let kind = match does {
            Does::NoteRecipient => {
                let Seen::Order(OrderContent::Created(order)) = seen else {
                    return None;
                };
                return Some((does, NotificationCommand::Note(recipient_of(order)?)));
            }
            Does::TellConfirmed => NotificationKind::Confirmed,
            Does::TellCancelled => NotificationKind::Cancelled,
            Does::TellFailed => NotificationKind::Failed,
            _ => return None,
        };
        let reason = seen.reason();
        Some((does, NotificationCommand::Tell { kind, reason }))
    };
    done(table, seen).filter_map(command).collect()
}

fn stock_of(order: &PublishedOrder) -> StockTerms {
    let lines = order.items.iter();
    StockTerms::of(
        StoreId::from(&order.restaurant_id),
        lines.map(|line| (ItemId::from(&line.menu_item_id), line.quantity)),
    )
}

/// `None` for a manual order.
fn payment_of(order: &PublishedOrder) -> Option<PaymentTerms> {
    Some(PaymentTerms {
        amount: order.total_amount,
        currency: order.currency.clone(),
        method: order.saga.as_ref()?.payment_method.clone(),
    })
}

/// `None` where the customer left no address.
fn recipient_of(order: &PublishedOrder) -> Option<Recipient> {
    let email = order.saga.as_ref()?.customer_email.clone()?;
    let line = |item: &crate::contract::PublishedItem| {
        Some(OrderLine {
            menu_item_id: item.menu_item_id.clone(),
            name: item.name.clone(),
            price: item.price,
            quantity: Quantity::new(item.quantity).ok()?,
        })
    };
    Some(Recipient {
        email,
        customer_id: order.customer_id.clone(),
        total_amount: order.total_amount,
        currency: order.currency.clone(),
        items: order.items.iter().filter_map(line).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::OrderCreated;
    use crate::saga::{REACTIONS, SagaFlow};
    use crate::{
        CancelReason, Currency, CustomerId, ItemName, MenuItemId, Money, PaymentId, RestaurantId,
    };

    fn created() -> OrderContent {
        let line = |item: &str, quantity| OrderLine {
            menu_item_id: MenuItemId::new(item).unwrap(),
            name: ItemName::new(item).unwrap(),
            price: Money::ZERO,
            quantity: Quantity::new(quantity).unwrap(),
        };
        let order = OrderCreated {
            customer_id: CustomerId::new("customer-123").unwrap(),
            restaurant_id: RestaurantId::new("store-1").unwrap(),
            total_amount: Money::ZERO,
            currency: Currency::default(),
            items: vec![line("b", 2), line("a", 1), line("b", 3)],
            saga: None,
        };
        OrderContent::Created(order.into())
    }

    /// A manual order is confirmed and cancelled by hand, and its customer is told.
    #[test]
    fn nobody_reacts_to_manual_orders_but_notification() {
        let confirmed = OrderContent::Confirmed {
            payment_id: PaymentId::new("p-1").unwrap(),
            saga_flow: None,
        };
        let cancelled = OrderContent::Cancelled {
            reason: CancelReason::new("late").unwrap(),
            saga_flow: None,
        };
        for (content, told) in [
            (created(), None),
            (confirmed, Some(Does::TellConfirmed)),
            (cancelled, Some(Does::TellCancelled)),
        ] {
            let seen = Seen::Order(&content);
            assert_eq!(order(REACTIONS, &seen), []);
            assert_eq!(inventory(REACTIONS, &seen), []);
            assert_eq!(payment(REACTIONS, &seen), []);
            let tells = notification(REACTIONS, &seen);
            assert_eq!(tells.first().map(|(does, _)| *does), told);
        }
    }

    #[test]
    fn an_order_of_dishes_is_one_of_items() {
        let mut content = created();
        let OrderContent::Created(placed) = &mut content else {
            panic!("it is created");
        };
        placed.saga = Some(crate::order::SagaTerms {
            flow: SagaFlow::StockFirst,
            payment_method: crate::PaymentMethod::new("CreditCard").unwrap(),
            customer_email: None,
        });
        let commands = inventory(REACTIONS, &Seen::Order(&content));
        let [(Does::ReserveStock, ReservationCommand::Reserve { stock, payment, .. })] =
            &commands[..]
        else {
            panic!("{commands:?}");
        };
        assert_eq!(stock.store_id.as_str(), "store-1");
        let lines: Vec<_> = stock
            .lines
            .iter()
            .map(|l| (l.item_id.as_str(), l.quantity))
            .collect();
        assert_eq!(lines, [("a", 1), ("b", 5)]);
        assert_eq!(payment.as_ref().unwrap().method.as_str(), "CreditCard");
        assert_eq!(notification(REACTIONS, &Seen::Order(&content)), []);
    }
}
