use std::collections::BTreeMap;

use domain::inventory::{ItemStocked, Pieces, Stock, StockEvent};
use domain::order::{NewOrder, OrderLine, Quantity, SagaTerms};
use domain::payment::PaymentTerms;
use domain::saga::SagaFlow;
use domain::{
    Currency, CustomerId, EmailAddress, IntentId, ItemId, ItemName, MenuItemId, Money,
    PaymentMethod, RestaurantId, StoreId,
};

use crate::circumstances::Stocked;

pub const ORDER: &str = "o-1";
/// Wanted of each of two items, of which the second one may be short.
pub const WANTED: u32 = 2;
pub const PLENTY: u64 = 5;

pub fn terms() -> PaymentTerms {
    PaymentTerms {
        amount: Money::from_json_number("299.99").unwrap(),
        currency: Currency::default(),
        method: PaymentMethod::new("CreditCard").unwrap(),
    }
}

pub fn intent_id() -> IntentId {
    IntentId::new("pi-1").unwrap()
}

fn items() -> [ItemId; 2] {
    ["product-1", "product-2"].map(|item| ItemId::new(item).unwrap())
}

pub fn stocks(stocked: Stocked) -> BTreeMap<ItemId, Stock> {
    let of = |(at, item_id): (usize, ItemId)| {
        let short = at == 1 && stocked == Stocked::Short;
        let mut stock = Stock::default();
        let counted = StockEvent::ItemStocked(ItemStocked {
            store_id: StoreId::new("store-1").unwrap(),
            item_id: item_id.clone(),
            quantity: Pieces::new(if short { 1 } else { PLENTY }).unwrap(),
        });
        stock.fold(&counted).unwrap();
        (item_id, stock)
    };
    items().into_iter().enumerate().map(of).collect()
}

pub fn new_order(flow: SagaFlow) -> NewOrder {
    let line = |item: ItemId| OrderLine {
        menu_item_id: MenuItemId::new(item.as_str()).unwrap(),
        name: ItemName::new(item.as_str()).unwrap(),
        price: Money::from_json_number("70").unwrap(),
        quantity: Quantity::new(WANTED).unwrap(),
    };
    let order = NewOrder::new(
        CustomerId::new("customer-123").unwrap(),
        RestaurantId::new("store-1").unwrap(),
        terms().amount,
        items().map(line).into(),
    );
    order.unwrap().by_saga(SagaTerms {
        flow,
        payment_method: terms().method,
        customer_email: Some(EmailAddress::new("ada@example.org").unwrap()),
    })
}
