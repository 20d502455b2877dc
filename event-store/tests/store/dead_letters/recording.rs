use event_store::dead_letters::{
    Bytes, Header, NewDeadLetter, OriginalRecord, Source, State, Subject,
};
use serde_json::json;

use super::{Desk, junk};

#[tokio::test]
async fn a_failure_that_is_repeated_stays_one_item() {
    let desk = Desk::new().await;
    let first = desk.letters.record(&junk(7)).await.unwrap();
    assert!(first.new);
    desk.letters.requeue(first.id, "ann").await.unwrap();
    let again = desk.letters.record(&junk(7)).await.unwrap();
    assert_eq!((again.id, again.new), (first.id, false));
    assert_eq!(desk.state(first.id).await, State::Requeued);
    assert_eq!(desk.fixture.count("dead_letters").await, 1);
    assert!(desk.letters.record(&junk(8)).await.unwrap().new);
}

/// Texts lose their NULs, which Postgres cannot store; the record stays as it is.
#[tokio::test]
async fn a_record_is_kept_byte_for_byte() {
    let desk = Desk::new().await;
    let item = NewDeadLetter {
        error_message: "bad\0byte".to_owned(),
        original: OriginalRecord {
            topic: "order-events".to_owned(),
            key: Some(b"\xff\x00".to_vec()),
            value: None,
            headers: vec![
                ("twice".to_owned(), Some(b"\x00\x01".to_vec())),
                ("twice".to_owned(), None),
                ("n\0".to_owned(), Some(Vec::new())),
            ],
        },
        subject: Subject {
            event_type: Some("Order\0Melted".to_owned()),
            version: Some(u64::MAX),
            ..Subject::default()
        },
        metadata: json!({"wor\0ker": ["a\0"]}),
        ..junk(1)
    };
    let id = desk.put(&item).await;
    let kept = desk.letters.get(id).await.unwrap().unwrap();
    assert_eq!(kept.key, Some(Bytes(b"\xff\x00".to_vec())));
    assert_eq!(kept.value, None);
    let header = |name: &str, value: Option<&[u8]>| Header {
        name: name.to_owned(),
        value: value.map(|v| Bytes(v.to_vec())),
    };
    assert_eq!(
        kept.headers,
        [
            header("twice", Some(b"\x00\x01")),
            header("twice", None),
            header("n\u{fffd}", Some(b"")),
        ]
    );
    assert_eq!(kept.metadata, json!({"wor\u{fffd}ker": ["a\u{fffd}"]}));
    let summary = &kept.summary;
    assert_eq!(summary.error_message, "bad\u{fffd}byte");
    assert_eq!(summary.event_type.as_deref(), Some("Order\u{fffd}Melted"));
    assert_eq!((summary.version, summary.value_length), (None, None));
    assert_eq!((summary.partition, summary.offset), (Some(3), Some(1)));
    assert_eq!(
        (summary.source, summary.state),
        (Source::Projector, State::Open)
    );

    let shown = serde_json::to_value(&kept).unwrap();
    assert_eq!(shown["key"], json!({"base64": "/wA="}));
    assert_eq!(shown["headers"][2]["value"], json!({"text": ""}));
    assert_eq!(shown["failedAt"], summary.failed_at.to_string());
    assert!(shown.get("position").is_none(), "{shown}");
}
