//! The rules of a stock alone, one a test.

use cqrs_es::Aggregate;
use cqrs_es::test::TestFramework;

use super::given_when_then::{carry_out, item, reserve, stocked, stocks, store};
use super::{
    Pieces, Reservation, ReservationError, Stock, StockCommand, StockError, StockEvent,
    UnknownItems,
};

fn count(name: &str, quantity: u64) -> StockCommand {
    StockCommand::Count {
        store_id: store(),
        item_id: item(name),
        quantity: Pieces::new(quantity).unwrap(),
    }
}

#[test]
fn what_is_counted_includes_what_is_reserved() {
    let given = |events: &[StockEvent]| TestFramework::<Stock>::with(()).given(events.to_vec());
    given(&[])
        .when(count("a", 3))
        .then_expect_events(vec![stocked("a", 3)]);
    given(&[stocked("a", 3)])
        .when(count("a", 3))
        .then_expect_events(vec![]);
    let mut of = stocks(&[("a", Some(3))]);
    let mut reservation = Reservation::default();
    let decided = carry_out(
        "o",
        &mut reservation,
        &mut of,
        reserve(&[("a", 2)]),
        UnknownItems::Reject,
    );
    let reserved = decided.unwrap().unwrap().items[0].2.clone();
    let events = [stocked("a", 3), reserved];
    given(&events)
        .when(count("a", 2))
        .then_expect_events(vec![stocked("a", 2)]);
    given(&events)
        .when(count("a", 1))
        .then_expect_error(StockError::BelowReserved { reserved: 2 });
    assert!(Pieces::new(Pieces::MAX + 1).is_err());
}

#[test]
fn a_damaged_stream_refuses_everything() {
    let mut of = stocks(&[("a", Some(3))]);
    let mut reservation = Reservation::default();
    let wanted = reserve(&[("a", 2)]);
    let decided = carry_out("o", &mut reservation, &mut of, wanted, UnknownItems::Reject);
    let reserved = decided.unwrap().unwrap().items[0].2.clone();
    let mut stock = Stock::default();
    stock.apply(stocked("a", 1));
    stock.apply(reserved.clone());
    assert!(matches!(
        stock.decide(count("a", 9)),
        Err(StockError::DamagedStream(_))
    ));
    assert_eq!(stock.level().unwrap().available, 1);
    of.insert(item("a"), stock);
    let next = carry_out(
        "p",
        &mut Reservation::default(),
        &mut of,
        reserve(&[("a", 1)]),
        UnknownItems::Reject,
    );
    assert!(matches!(next, Err(ReservationError::DamagedStock(_))));
}
