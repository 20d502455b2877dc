use event_store::ExpectedVersion;

use crate::fixture::{Fixture, cancel, confirm, context, create};

#[tokio::test]
async fn a_stream_is_shown_as_it_is_stored() {
    let fixture = Fixture::new().await;
    for id in ["o-1", "o-2"] {
        for command in [create(), confirm("p-1"), cancel("late")] {
            fixture
                .executor()
                .execute(id, ExpectedVersion::Any, command, &context())
                .await
                .unwrap();
        }
    }
    let psql = fixture.psql().await;
    for broken in [
        r#"UPDATE events SET event_type = 'OrderFrozen', payload = '{"OrderFrozen": {"by":1}}'
           WHERE aggregate_id = 'o-1' AND sequence = 2"#,
        r#"UPDATE events SET metadata = '{"correlationId": 7}'
           WHERE aggregate_id = 'o-1' AND sequence = 3"#,
    ] {
        assert_eq!(psql.execute(broken, &[]).await.unwrap(), 1);
    }
    let history = fixture.store.history("o-1").await.unwrap();
    let [first, second, third] = history.as_slice() else {
        panic!("{history:?}");
    };
    assert_eq!((first.version, first.stored_version.as_str()), (1, "2"));
    assert!(first.payload.get().contains(r#""totalAmount":"45.99""#));
    let stored = first.read.as_ref().unwrap();
    assert_eq!(Some(stored.envelope.occurred_on), first.occurred_on);

    assert_eq!(
        (second.version, second.event_type.as_str()),
        (2, "OrderFrozen")
    );
    assert_eq!(second.payload.get(), r#"{"OrderFrozen": {"by":1}}"#);
    assert_eq!(second.occurred_on, first.occurred_on);
    assert!(
        second
            .read
            .as_ref()
            .unwrap_err()
            .reason
            .contains("OrderFrozen")
    );

    assert_eq!((third.version, third.occurred_on), (3, None));
    assert_eq!(third.metadata.get(), r#"{"correlationId": 7}"#);
    assert!(third.read.is_err());

    for nobody in ["o-3", "o", "", "o-1\0"] {
        assert!(fixture.store.history(nobody).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_long_stream_is_whole() {
    let fixture = Fixture::new().await;
    let psql = fixture.psql().await;
    let sql = r#"INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type,
                                     event_version, payload, metadata)
         SELECT 'Order', id, n, 'OrderConfirmed', '1', '{}', '{}'
         FROM generate_series(1, 401) AS n, unnest(ARRAY['o-1', 'o-2']) AS id"#;
    psql.execute(sql, &[]).await.unwrap();
    let history = fixture.store.history("o-1").await.unwrap();
    let versions: Vec<u64> = history.iter().map(|entry| entry.version).collect();
    assert_eq!(versions, (1..=401).collect::<Vec<_>>());
}
