//! Values that break a rule: each is named, by the rule's kind and the value's place.

use crate::api::{Api, EXAMPLE, example_with};

/// A field, the text it has instead of its value, and the one fault that makes.
const VALUES: &[(&str, &str, &str)] = &[
    ("customerId", "null", "wrong-type /customerId"),
    ("customerId", "7", "wrong-type /customerId"),
    ("customerId", "true", "wrong-type /customerId"),
    ("customerId", "[]", "wrong-type /customerId"),
    ("customerId", "{}", "wrong-type /customerId"),
    ("customerId", r#""""#, "blank /customerId"),
    ("customerId", r#""   ""#, "blank /customerId"),
    ("customerId", r#""\u00a0\u2003""#, "blank /customerId"),
    (
        "customerId",
        r#""a\u0000b""#,
        "control-character /customerId",
    ),
    ("customerId", r#""a\nb""#, "control-character /customerId"),
    ("customerId", r#""\u007f""#, "control-character /customerId"),
    ("customerId", r#""\ud800""#, "not-unicode /customerId"),
    ("restaurantId", "7", "wrong-type /restaurantId"),
    ("restaurantId", r#""\t""#, "control-character /restaurantId"),
    ("restaurantId", r#""""#, "blank /restaurantId"),
    ("menuItemId", "7", "wrong-type /items/0/menuItemId"),
    ("menuItemId", r#"" ""#, "blank /items/0/menuItemId"),
    (
        "menuItemId",
        r#""\u0000""#,
        "control-character /items/0/menuItemId",
    ),
    ("name", "null", "wrong-type /items/0/name"),
    ("name", r#""""#, "blank /items/0/name"),
    ("totalAmount", r#""45.99""#, "wrong-type /totalAmount"),
    ("totalAmount", "null", "wrong-type /totalAmount"),
    ("totalAmount", "false", "wrong-type /totalAmount"),
    ("totalAmount", "[45.99]", "wrong-type /totalAmount"),
    ("totalAmount", r#"{"amount":1}"#, "wrong-type /totalAmount"),
    (
        "totalAmount",
        "45.999",
        "too-many-decimal-places /totalAmount",
    ),
    (
        "totalAmount",
        "45.990",
        "too-many-decimal-places /totalAmount",
    ),
    (
        "totalAmount",
        "4599e-3",
        "too-many-decimal-places /totalAmount",
    ),
    (
        "totalAmount",
        "1e-400",
        "too-many-decimal-places /totalAmount",
    ),
    ("totalAmount", "-45.99", "negative-amount /totalAmount"),
    ("totalAmount", "-1e12", "negative-amount /totalAmount"),
    (
        "totalAmount",
        "1000000000000.01",
        "amount-too-large /totalAmount",
    ),
    ("totalAmount", "1e400", "amount-too-large /totalAmount"),
    (
        "totalAmount",
        "1e99999999999999999999",
        "amount-too-large /totalAmount",
    ),
    ("totalAmount", "25.97", "total-below-items /totalAmount"),
    ("totalAmount", "0", "total-below-items /totalAmount"),
    ("totalAmount", "-0", "total-below-items /totalAmount"),
    ("price", r#""12.99""#, "wrong-type /items/0/price"),
    (
        "price",
        "12.990000000000000001",
        "too-many-decimal-places /items/0/price",
    ),
    ("price", "-0.01", "negative-amount /items/0/price"),
    ("price", "1e400", "amount-too-large /items/0/price"),
    ("price", "1e12", "total-below-items /totalAmount"),
    ("quantity", "0", "quantity-out-of-range /items/0/quantity"),
    ("quantity", "-0", "quantity-out-of-range /items/0/quantity"),
    ("quantity", "-1", "quantity-out-of-range /items/0/quantity"),
    (
        "quantity",
        "10001",
        "quantity-out-of-range /items/0/quantity",
    ),
    (
        "quantity",
        "4294967297",
        "quantity-out-of-range /items/0/quantity",
    ),
    (
        "quantity",
        "18446744073709551616",
        "quantity-out-of-range /items/0/quantity",
    ),
    (
        "quantity",
        "-9223372036854775809",
        "quantity-out-of-range /items/0/quantity",
    ),
    ("quantity", "1.5", "wrong-type /items/0/quantity"),
    ("quantity", "2.0", "wrong-type /items/0/quantity"),
    ("quantity", "1e2", "wrong-type /items/0/quantity"),
    ("quantity", "1e400", "wrong-type /items/0/quantity"),
    ("quantity", r#""2""#, "wrong-type /items/0/quantity"),
    ("quantity", "null", "wrong-type /items/0/quantity"),
    ("quantity", "[2]", "wrong-type /items/0/quantity"),
    (
        "quantity",
        r#"{"$serde_json::private::Number":"2"}"#,
        "wrong-type /items/0/quantity",
    ),
    ("items", "null", "wrong-type /items"),
    ("items", "{}", "wrong-type /items"),
    ("items", r#""item-1""#, "wrong-type /items"),
    ("items", "[]", "no-items /items"),
    ("items", "[null]", "wrong-type /items/0"),
    ("items", "[[]]", "wrong-type /items/0"),
    ("items", r#"["item-1"]"#, "wrong-type /items/0"),
];

#[tokio::test]
async fn a_value_that_breaks_a_rule_is_named() {
    let api = Api::new().await;
    for (field, value, fault) in VALUES {
        let answer = api.post("/api/orders", example_with(field, value)).await;
        assert_eq!(answer.faults(), [*fault], "{field}: {value}");
    }
    assert_eq!(api.rows().await, (0, 0, 0));
}

#[tokio::test]
async fn a_currency_is_one_with_hundredths() {
    let api = Api::new().await;
    for (value, fault) in [
        ("null", "wrong-type /currency"),
        ("978", "wrong-type /currency"),
        (r#""\ud800""#, "not-unicode /currency"),
        (r#""""#, "no-currency-code /currency"),
        (r#""eur""#, "no-currency-code /currency"),
        (r#""EURO""#, "no-currency-code /currency"),
        (r#""ABC""#, "unknown-currency /currency"),
        (r#""JPY""#, "unknown-currency /currency"),
    ] {
        let body = EXAMPLE.replacen('{', &format!("{{\"currency\":{value},"), 1);
        let answer = api.post("/api/orders", body).await;
        assert_eq!(answer.faults(), [fault], "{value}");
    }
    assert_eq!(api.rows().await, (0, 0, 0));
}

#[tokio::test]
async fn texts_have_a_largest_length() {
    let api = Api::new().await;
    for (field, pointer, longest) in [
        ("customerId", "/customerId", 128),
        ("restaurantId", "/restaurantId", 128),
        ("menuItemId", "/items/0/menuItemId", 128),
        ("name", "/items/0/name", 256),
    ] {
        let value = format!("\"{}\"", "\u{fc}".repeat(longest + 1));
        let answer = api.post("/api/orders", example_with(field, &value)).await;
        assert_eq!(answer.faults(), [format!("too-long {pointer}")]);
    }
    assert_eq!(api.rows().await, (0, 0, 0));
}

#[tokio::test]
async fn an_order_has_at_most_200_items_however_many_of_them_are_wrong() {
    let api = Api::new().await;
    let good = r#"{"menuItemId":"m","name":"n","price":0,"quantity":1}"#;
    for items in [vec![good; 201], vec!["{}"; 50_000]] {
        let body = example_with("items", &format!("[{}]", items.join(",")));
        let answer = api.post("/api/orders", body).await;
        assert_eq!(answer.faults(), ["too-many-items /items"]);
    }
    assert_eq!(api.rows().await, (0, 0, 0));
}
