//! Bodies that are no JSON object, or too large to be read.

use http::StatusCode;

use crate::api::{Api, EXAMPLE, example_with};

const LARGEST: usize = 256 * 1024;

/// The example with spaces behind it.
fn padded(size: usize) -> String {
    EXAMPLE.to_owned() + &" ".repeat(size - EXAMPLE.len())
}

#[tokio::test]
async fn what_is_not_json_is_said_to_be_malformed() {
    let api = Api::new().await;
    let order = api.create().await;
    let nan = example_with("totalAmount", "NaN");
    let infinity = example_with("totalAmount", "-Infinity");
    let hex = example_with("quantity", "0x2");
    let zero = example_with("quantity", "02");
    let plus = example_with("quantity", "+2");
    let point = example_with("totalAmount", "45.");
    let raw_newline = example_with("customerId", "\"a\nb\"");
    let bad_escape = example_with("customerId", r#""\x""#);
    let single_quotes = EXAMPLE.replace('"', "'");
    let trailing = format!("{EXAMPLE}{EXAMPLE}");
    let comma = EXAMPLE.replace("}]}", "},]}");
    let comment = format!("// order\n{EXAMPLE}");
    let mark = format!("\u{feff}{EXAMPLE}");
    let nested = "[".repeat(100_000);
    let nested_objects = r#"{"a":"#.repeat(40_000);
    let not_utf8 = [br#"{"customerId":""#.as_slice(), b"\xff\"}"].concat();
    let mut bodies: Vec<Vec<u8>> = [
        "",
        " ",
        "{",
        "nonsense",
        "\0",
        &nan,
        &infinity,
        &hex,
        &zero,
        &plus,
        &point,
        &raw_newline,
        &bad_escape,
        &single_quotes,
        &trailing,
        &comma,
        &comment,
        &mark,
        &nested,
        &nested_objects,
        "customerId=customer-123",
    ]
    .map(|body| body.as_bytes().to_vec())
    .to_vec();
    bodies.push(not_utf8);
    // Cut off anywhere.
    bodies.extend((1..EXAMPLE.len()).map(|end| EXAMPLE.as_bytes()[..end].to_vec()));
    for body in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
        for path in [
            "/api/orders".to_owned(),
            format!("/api/orders/{order}/confirm"),
            format!("/api/orders/{order}/cancel"),
        ] {
            let answer = api.post(&path, body.clone()).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path} {shown}");
            assert_eq!(answer.problem(), "malformed-json", "{path} {shown}");
        }
    }
    assert_eq!(api.rows().await, (1, 1, 1));
}

#[tokio::test]
async fn json_of_another_type_than_object_is_said_to_be_that() {
    let api = Api::new().await;
    let array = format!("[{EXAMPLE}]");
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let bodies = [
        "null",
        "true",
        "7",
        "1e400",
        r#""order""#,
        "[]",
        &array,
        &nested,
    ];
    for body in bodies {
        let answer = api.post("/api/orders", body.to_owned()).await;
        assert_eq!(
            answer.faults(),
            ["wrong-type "],
            "{}",
            &body[..body.len().min(50)]
        );
    }
    let answer = api.post("/api/orders", r#"{"\udc00":1}"#).await;
    assert_eq!(answer.faults(), ["not-unicode "]);
    assert_eq!(api.rows().await, (0, 0, 0));
}

#[tokio::test]
async fn deep_nesting_is_a_wrong_type_like_any_other() {
    let api = Api::new().await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for (field, fault) in [
        ("customerId", "wrong-type /customerId"),
        ("totalAmount", "wrong-type /totalAmount"),
        ("quantity", "wrong-type /items/0/quantity"),
        ("items", "wrong-type /items/0"),
    ] {
        let answer = api.post("/api/orders", example_with(field, &deep)).await;
        assert_eq!(answer.faults(), [fault]);
    }
    assert_eq!(api.rows().await, (0, 0, 0));
}

#[tokio::test]
async fn a_body_has_at_most_256_kib() {
    let api = Api::new().await;
    for size in [LARGEST + 1, 2 << 20] {
        let body = padded(size);
        let answer = api.post("/api/orders", body).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{size}");
        assert_eq!(answer.problem(), "body-too-large");
    }
    assert_eq!(api.rows().await, (0, 0, 0));

    let answer = api.post("/api/orders", padded(LARGEST)).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
}
