//! The rules of reservations, one a test.

use std::collections::BTreeMap;

use super::{
    Decision, ItemStocked, Pieces, Reservation, ReservationCommand, ReservationError,
    ReservationEvent, Stock, StockEvent, StockLevel, StockTerms, UnknownItems, decide,
};
use crate::saga::SagaFlow;
use crate::{FailureReason, ItemId, StoreId};

pub(super) fn item(name: &str) -> ItemId {
    ItemId::new(name).unwrap()
}

pub(super) fn store() -> StoreId {
    StoreId::new("store-1").unwrap()
}

pub(super) fn stocked(name: &str, quantity: u64) -> StockEvent {
    StockEvent::ItemStocked(ItemStocked {
        store_id: store(),
        item_id: item(name),
        quantity: Pieces::new(quantity).unwrap(),
    })
}

/// Stocks of these items; `None` for one that nobody has stocked.
pub(super) fn stocks(levels: &[(&str, Option<u64>)]) -> BTreeMap<ItemId, Stock> {
    let stock = |(name, level): &(&str, Option<u64>)| {
        let mut stock = Stock::default();
        if let Some(quantity) = level {
            stock.fold(&stocked(name, *quantity)).unwrap();
        }
        (item(name), stock)
    };
    levels.iter().map(stock).collect()
}

pub(super) fn reserve(lines: &[(&str, u32)]) -> ReservationCommand {
    let lines = lines.iter().map(|(name, quantity)| (item(name), *quantity));
    ReservationCommand::Reserve {
        saga_flow: SagaFlow::PaymentFirst,
        stock: StockTerms::of(store(), lines),
        payment: None,
    }
}

pub(super) fn release() -> ReservationCommand {
    ReservationCommand::Release {
        saga_flow: SagaFlow::PaymentFirst,
        reason: FailureReason::of("late"),
    }
}

pub(super) fn sell() -> ReservationCommand {
    ReservationCommand::Sell {
        saga_flow: SagaFlow::PaymentFirst,
    }
}

/// Decides and folds, as a store would append.
pub(super) fn carry_out(
    order: &str,
    reservation: &mut Reservation,
    stocks: &mut BTreeMap<ItemId, Stock>,
    command: ReservationCommand,
    unknown: UnknownItems,
) -> Result<Option<Decision>, ReservationError> {
    let needed = reservation.stocks_of(&command);
    let decision = decide(order, reservation, stocks, command, unknown)?;
    if let Some(decision) = &decision {
        reservation.fold(&decision.outcome).unwrap();
        for (store, item, event) in &decision.items {
            assert!(
                needed.contains(&(store.clone(), item.clone())),
                "{item} was not asked for"
            );
            stocks.get_mut(item).unwrap().fold(event).unwrap();
        }
    }
    Ok(decision)
}

fn level(stocks: &BTreeMap<ItemId, Stock>, name: &str) -> (u64, u64, u64) {
    let StockLevel {
        available,
        reserved,
        sold,
    } = stocks[&item(name)].level().unwrap();
    (available, reserved, sold)
}

fn outcome(decision: &Option<Decision>) -> &'static str {
    decision
        .as_ref()
        .map_or("nothing", |decision| decision.outcome.name())
}

#[test]
fn an_order_gets_all_its_lines_or_none() {
    let mut of = stocks(&[("a", Some(5)), ("b", Some(1)), ("c", None)]);
    let mut reservation = Reservation::default();
    let wanted = [("a", 2), ("b", 2), ("c", 1)];
    let decided = carry_out(
        "o",
        &mut reservation,
        &mut of,
        reserve(&wanted),
        UnknownItems::Reject,
    );
    let Some(Decision {
        outcome: ReservationEvent::StockReservationFailed(failed),
        items,
    }) = decided.unwrap()
    else {
        panic!("it was reserved");
    };
    let short: Vec<_> = failed
        .short
        .iter()
        .map(|l| (l.item_id.as_str(), l.available))
        .collect();
    assert_eq!(short, [("b", 1), ("c", 0)]);
    assert_eq!(failed.reason().as_str(), "not enough in stock: b, c");
    assert!(items.is_empty());

    let mut reservation = Reservation::default();
    let wanted = reserve(&[("a", 2), ("b", 1), ("a", 3)]);
    carry_out("o", &mut reservation, &mut of, wanted, UnknownItems::Reject).unwrap();
    assert_eq!((level(&of, "a"), level(&of, "b")), ((0, 5, 0), (0, 1, 0)));
}

#[test]
fn again_is_nothing_and_over_is_over() {
    let mut of = stocks(&[("a", Some(5))]);
    let mut reservation = Reservation::default();
    let mut ask = |command| {
        let decided = carry_out(
            "o",
            &mut reservation,
            &mut of,
            command,
            UnknownItems::Reject,
        );
        (decided.map(|decision| outcome(&decision)), level(&of, "a"))
    };
    let wanted = || reserve(&[("a", 2)]);
    assert_eq!(
        ask(sell()),
        (Err(ReservationError::NothingReserved), (5, 0, 0))
    );
    assert_eq!(ask(wanted()), (Ok("StockReserved"), (3, 2, 0)));
    assert_eq!(ask(wanted()), (Ok("nothing"), (3, 2, 0)));
    assert_eq!(ask(sell()), (Ok("StockSold"), (3, 0, 2)));
    assert_eq!(ask(sell()), (Ok("nothing"), (3, 0, 2)));
    assert_eq!(ask(wanted()), (Ok("nothing"), (3, 0, 2)));
    // Cancelled after it was confirmed.
    assert_eq!(ask(release()), (Ok("StockReleased"), (5, 0, 0)));
    assert_eq!(ask(release()), (Ok("nothing"), (5, 0, 0)));
    for late in [wanted(), sell()] {
        assert_eq!(ask(late), (Err(ReservationError::OrderIsOver), (5, 0, 0)));
    }
}

#[test]
fn a_release_may_be_faster_than_its_reservation() {
    let mut of = stocks(&[("a", Some(5))]);
    let mut reservation = Reservation::default();
    let mut ask = |command| {
        let decided = carry_out(
            "o",
            &mut reservation,
            &mut of,
            command,
            UnknownItems::Reject,
        );
        (decided.map(|decision| outcome(&decision)), level(&of, "a"))
    };
    assert_eq!(ask(release()), (Ok("StockReleased"), (5, 0, 0)));
    let late = reserve(&[("a", 2)]);
    assert_eq!(ask(late), (Err(ReservationError::OrderIsOver), (5, 0, 0)));
}

#[test]
fn the_last_piece_goes_to_one_order() {
    let mut of = stocks(&[("a", Some(1))]);
    let mut ask = |order| {
        let mut reservation = Reservation::default();
        let wanted = reserve(&[("a", 1)]);
        let decided = carry_out(
            order,
            &mut reservation,
            &mut of,
            wanted,
            UnknownItems::Reject,
        );
        outcome(&decided.unwrap())
    };
    assert_eq!(
        [ask("o-1"), ask("o-2")],
        ["StockReserved", "StockReservationFailed"]
    );
    assert_eq!(level(&of, "a"), (0, 1, 0));
}

#[test]
fn items_that_nobody_stocked_may_be_taken_to_be_there() {
    let mut of = stocks(&[("a", None)]);
    let mut reservation = Reservation::default();
    let wanted = reserve(&[("a", 2)]);
    carry_out(
        "o",
        &mut reservation,
        &mut of,
        wanted,
        UnknownItems::Unlimited,
    )
    .unwrap();
    // Stocked by now: what was never taken from it is not given back to it.
    of.get_mut(&item("a"))
        .unwrap()
        .fold(&stocked("a", 4))
        .unwrap();
    assert!(reservation.stocks_of(&release()).is_empty());
    let released = carry_out(
        "o",
        &mut reservation,
        &mut of,
        release(),
        UnknownItems::Unlimited,
    );
    assert_eq!(outcome(&released.unwrap()), "StockReleased");
    assert_eq!(level(&of, "a"), (4, 0, 0));
    // Unlimited is said of what nobody stocked only.
    let mut reservation = Reservation::default();
    let wanted = reserve(&[("a", 5)]);
    let decided = carry_out(
        "p",
        &mut reservation,
        &mut of,
        wanted,
        UnknownItems::Unlimited,
    );
    assert_eq!(outcome(&decided.unwrap()), "StockReservationFailed");
}

#[test]
fn a_stock_that_is_not_handed_in_is_no_empty_one() {
    let decided = decide(
        "o",
        &Reservation::default(),
        &BTreeMap::new(),
        reserve(&[("a", 1)]),
        UnknownItems::Unlimited,
    );
    assert_eq!(decided, Err(ReservationError::StockMissing(item("a"))));
}

#[test]
fn states_are_flat_json() {
    let mut of = stocks(&[("a", Some(5))]);
    let mut reservation = Reservation::default();
    assert_eq!(serde_json::to_string(&reservation).unwrap(), "null");
    carry_out(
        "o",
        &mut reservation,
        &mut of,
        reserve(&[("a", 2)]),
        UnknownItems::Reject,
    )
    .unwrap();
    let stock = serde_json::to_string(&of[&item("a")]).unwrap();
    assert_eq!(stock, r#"{"available":3,"reserved":2,"sold":0}"#);
    let json = serde_json::to_string(&reservation).unwrap();
    assert_eq!(
        json,
        r#"{"status":"RESERVED","storeId":"store-1","lines":[{"itemId":"a","quantity":2,"counted":true}]}"#
    );
    assert_eq!(
        serde_json::from_str::<Reservation>(&json).unwrap(),
        reservation
    );
}
