//! Books that add up, and each way in which they may not.

use domain::inventory::{
    ItemMoved, ItemStocked, Pieces, ReservationEvent, ReservedLine, Stock, StockEvent,
    StockReserved,
};
use domain::notification::{NotificationEvent, NotificationKind, NotificationSent};
use domain::order::{OrderCreated, OrderEvent, OrderLine, Quantity, SagaTerms};
use domain::payment::{PaymentCompleted, PaymentEvent, PaymentRefunded};
use domain::saga::SagaFlow;
use domain::{
    CancelReason, Currency, CustomerId, FailureReason, IntentId, ItemId, ItemName, MenuItemId,
    Money, PaymentId, PaymentMethod, RestaurantId, StoreId,
};

use super::ledger::Intent;
use super::{Books, Class, Ledger, Report};

const FLOW: SagaFlow = SagaFlow::StockFirst;

fn money(text: &str) -> Money {
    Money::from_json_number(text).unwrap()
}

fn item() -> ItemId {
    ItemId::new("item-1").unwrap()
}

fn created(by_saga: bool) -> OrderEvent {
    OrderEvent::OrderCreated(OrderCreated {
        customer_id: CustomerId::new("customer-1").unwrap(),
        restaurant_id: RestaurantId::new("store-1").unwrap(),
        total_amount: money("25.00"),
        currency: Currency::default(),
        items: vec![OrderLine {
            menu_item_id: MenuItemId::new("item-1").unwrap(),
            name: ItemName::new("Pizza").unwrap(),
            price: money("12.50"),
            quantity: Quantity::new(2).unwrap(),
        }],
        saga: by_saga.then(|| SagaTerms {
            flow: FLOW,
            payment_method: PaymentMethod::new("CreditCard").unwrap(),
            customer_email: None,
        }),
    })
}

fn confirmed() -> OrderEvent {
    OrderEvent::OrderConfirmed {
        payment_id: PaymentId::new("p-1").unwrap(),
        saga_flow: Some(FLOW),
    }
}

fn cancelled() -> OrderEvent {
    OrderEvent::OrderCancelled {
        reason: CancelReason::new("late").unwrap(),
        saga_flow: Some(FLOW),
    }
}

fn moved(order: &str, quantity: u32) -> ItemMoved {
    ItemMoved {
        store_id: StoreId::new("store-1").unwrap(),
        item_id: item(),
        order_id: order.to_owned(),
        quantity,
    }
}

fn captured(amount: &str) -> PaymentEvent {
    PaymentEvent::PaymentCompleted(PaymentCompleted {
        saga_flow: FLOW,
        intent_id: IntentId::new("i-1").unwrap(),
        amount: money(amount),
        currency: Currency::default(),
        stock: None,
    })
}

fn refunded(amount: &str) -> PaymentEvent {
    PaymentEvent::PaymentRefunded(PaymentRefunded {
        saga_flow: FLOW,
        amount: money(amount),
        currency: Currency::default(),
        reason: FailureReason::of("late"),
    })
}

fn sent(kind: NotificationKind) -> NotificationEvent {
    NotificationEvent::NotificationSent(NotificationSent {
        kind,
        message_id: "m".to_owned(),
    })
}

fn ledger(kept: &str) -> Ledger {
    Ledger {
        intents: vec![Intent {
            order_id: "a".to_owned(),
            status: "captured".to_owned(),
            amount: Some(money(kept)),
        }],
    }
}

fn level(events: &[StockEvent]) -> Stock {
    let mut stock = Stock::default();
    for event in events {
        stock.fold(event).unwrap();
    }
    stock
}

/// Ten pieces; `a` bought two of them, `b` gave its two and its money back.
struct Facts {
    orders: Vec<(&'static str, OrderEvent)>,
    stock: Vec<StockEvent>,
    row: Stock,
    reserved: Vec<(&'static str, u32)>,
    payments: Vec<(&'static str, PaymentEvent)>,
    told: Vec<(&'static str, NotificationEvent)>,
    ledger: Ledger,
}

impl Facts {
    fn new() -> Self {
        let stock = vec![
            StockEvent::ItemStocked(ItemStocked {
                store_id: StoreId::new("store-1").unwrap(),
                item_id: item(),
                quantity: Pieces::new(10).unwrap(),
            }),
            StockEvent::ItemReserved(moved("a", 2)),
            StockEvent::ItemReserved(moved("b", 2)),
            StockEvent::ItemSold(moved("a", 2)),
            StockEvent::ItemReleased(moved("b", 2)),
        ];
        Self {
            row: level(&stock),
            orders: vec![
                ("a", created(true)),
                ("a", OrderEvent::OrderStockReserved { saga_flow: FLOW }),
                ("a", confirmed()),
                ("b", created(true)),
                ("b", OrderEvent::OrderStockReserved { saga_flow: FLOW }),
                ("b", cancelled()),
                ("manual", created(false)),
            ],
            stock,
            reserved: vec![("a", 2), ("b", 2)],
            payments: vec![
                ("a", captured("25.00")),
                ("b", captured("25.00")),
                ("b", refunded("25.00")),
            ],
            told: vec![
                ("a", sent(NotificationKind::Confirmed)),
                ("b", sent(NotificationKind::Cancelled)),
            ],
            ledger: ledger("25.00"),
        }
    }

    fn keep_moves(&mut self, moves: usize) {
        self.stock.truncate(moves);
        self.row = level(&self.stock);
    }

    fn report(&self, settled: bool) -> Report {
        let mut books = Books::default();
        for event in &self.stock {
            books.stock(event);
        }
        for item in books.items.values_mut() {
            item.row = Some((self.stock.len() as u64, Ok(self.row.clone())));
        }
        for (id, quantity) in &self.reserved {
            let lines = vec![ReservedLine {
                item_id: item(),
                quantity: *quantity,
                counted: true,
            }];
            let reserved = StockReserved {
                saga_flow: FLOW,
                store_id: StoreId::new("store-1").unwrap(),
                lines,
                payment: None,
            };
            books.reservation(id, &ReservationEvent::StockReserved(reserved));
        }
        for (id, event) in &self.payments {
            books.payment(id, event);
        }
        for (id, event) in &self.told {
            books.notification(id, event);
        }
        books.ledger(&self.ledger);
        for (id, event) in &self.orders {
            books.order(id, event);
        }
        books.close(settled)
    }

    /// Where nothing may be on its way.
    fn found(&self) -> Vec<Class> {
        let report = self.report(true);
        let found = Class::ALL.into_iter().filter(|c| report.count(*c) > 0);
        found.collect()
    }
}

#[test]
fn whole_books_add_up() {
    let report = Facts::new().report(true);
    assert_eq!(report.faults, 0, "{:?}", report.findings);
    let ends = (report.ends.confirmed, report.ends.cancelled);
    assert_eq!(ends, (1, 1));
    let pieces = report.pieces;
    assert_eq!(
        (pieces.set, pieces.available, pieces.reserved, pieces.sold),
        (10, 8, 0, 2)
    );
    let sums = report.money["EUR"];
    assert_eq!((sums.captured, sums.refunded), (5000, 2500));
    assert_eq!((sums.confirmed, sums.kept_by_provider), (2500, Some(2500)));
    assert_eq!(report.mails.sent, 2);
}

#[test]
fn each_fault_is_found_and_named() {
    type Break = fn(&mut Facts);
    let cases: &[(&str, Break, &[Class])] = &[
        (
            "an order's beginning is gone",
            |f| drop(f.orders.remove(3)),
            &[Class::Unreadable, Class::UnknownOrder],
        ),
        (
            "nobody ordered it",
            |f| f.payments.push(("ghost", captured("1.00"))),
            &[Class::UnknownOrder],
        ),
        (
            "more is sold than was reserved",
            |f| f.stock.push(StockEvent::ItemSold(moved("a", 2))),
            &[Class::StockBroken, Class::StockMisplaced],
        ),
        (
            "the row says something else",
            |f| f.row = Stock::default(),
            &[Class::StockBroken],
        ),
        (
            "a cancelled order keeps its pieces",
            |f| f.keep_moves(4),
            &[Class::StockMisplaced],
        ),
        (
            "a confirmed order got too little",
            |f| f.reserved[0].1 = 1,
            &[Class::StockMisplaced],
        ),
        (
            "paid twice",
            |f| f.payments.push(("a", captured("25.00"))),
            &[Class::TooMuchMoved, Class::ProviderDiffers],
        ),
        (
            "given back twice",
            |f| f.payments.push(("b", refunded("25.00"))),
            &[Class::TooMuchMoved, Class::ProviderDiffers],
        ),
        (
            "not given back",
            |f| drop(f.payments.pop()),
            &[Class::MoneyMisplaced, Class::ProviderDiffers],
        ),
        (
            "not paid",
            |f| drop(f.payments.remove(0)),
            &[Class::MoneyMisplaced, Class::ProviderDiffers],
        ),
        (
            "a manual order was paid",
            |f| f.payments.push(("manual", captured("25.00"))),
            &[Class::TooMuchMoved, Class::ProviderDiffers],
        ),
        (
            "the provider knows nothing of it",
            |f| f.ledger.intents.clear(),
            &[Class::ProviderDiffers],
        ),
        (
            "told twice",
            |f| f.told.push(("a", sent(NotificationKind::Confirmed))),
            &[Class::ToldWrong],
        ),
        (
            "told what did not happen",
            |f| f.told.push(("b", sent(NotificationKind::Confirmed))),
            &[Class::ToldWrong],
        ),
        ("not told", |f| drop(f.told.pop()), &[Class::NotTold]),
        (
            "it never ends",
            |f| {
                f.orders.push(("c", created(true)));
            },
            &[Class::BetweenEnds],
        ),
    ];
    for (name, break_it, classes) in cases {
        let mut facts = Facts::new();
        break_it(&mut facts);
        assert_eq!(facts.found(), *classes, "{name}");
    }
}

#[test]
fn what_is_on_its_way_is_no_fault_at_work() {
    let mut facts = Facts::new();
    facts.keep_moves(3);
    facts.payments.clear();
    facts.told.clear();
    let at_work = facts.report(false);
    assert_eq!(at_work.faults, 0, "{:?}", at_work.findings);
    assert!(at_work.count(Class::MoneyMisplaced) > 0);
    assert!(facts.report(true).faults > 0);
    // Twice is twice, whoever is at work.
    facts.payments = vec![("a", captured("25.00")), ("a", captured("25.00"))];
    assert_eq!(facts.report(false).faults, 1);
}
