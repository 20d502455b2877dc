use std::collections::BTreeMap;

use domain::contract::Stub;
use event_store::replay::{ReplayItem, ReplayLog, Replayable, Replays, Selection};
use event_store::{CommandContext, ExpectedVersion};

use crate::fixture::{Fixture, TOPIC, cancel, confirm, context, create};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// An order with three events a second apart, all published.
async fn published(fixture: &Fixture, id: &str) {
    for (second, command) in (1..).zip([create(), confirm("p-1"), cancel("late")]) {
        let context = CommandContext {
            traceparent: Some(TRACE.to_owned()),
            occurred_on: format!("2026-11-21T10:00:0{second}Z").parse().unwrap(),
            ..context()
        };
        fixture
            .executor()
            .execute(id, ExpectedVersion::Any, command, &context)
            .await
            .unwrap();
    }
    sql(
        fixture,
        "UPDATE outbox SET status = 'PUBLISHED', published_at = now() WHERE aggregate_id = $1",
        id,
        3,
    )
    .await;
}

async fn sql(fixture: &Fixture, statement: &str, id: &str, rows: u64) {
    let changed = fixture.psql().await.execute(statement, &[&id]).await;
    assert_eq!(changed.unwrap(), rows, "{statement}");
}

/// What the outbox says, with the mark of a replay.
async fn originals(fixture: &Fixture) -> Vec<(String, u64, String, BTreeMap<String, String>)> {
    let sql = "SELECT aggregate_id, version, payload::text, headers::text FROM outbox
         ORDER BY aggregate_id, version";
    let rows = fixture.psql().await.query(sql, &[]).await.unwrap();
    rows.iter()
        .map(|row| {
            let mut headers: BTreeMap<String, String> = serde_json::from_str(row.get(3)).unwrap();
            assert_eq!(headers["traceparent"], TRACE);
            headers.insert("replayed".to_owned(), "true".to_owned());
            let version = row.get::<_, i64>(1) as u64;
            (row.get(0), version, row.get(2), headers)
        })
        .collect()
}

async fn items(fixture: &Fixture, selection: &Selection, topic: &str) -> Vec<ReplayItem> {
    let log = ReplayLog::of(&fixture.store);
    let (mut after, mut items) = ((String::new(), 0), Vec::new());
    let mut read = 0;
    let expected = log.count(selection, ("", 0)).await.unwrap().unwrap();
    while let Some(page) = log
        .page(selection, topic, (&after.0, after.1))
        .await
        .unwrap()
    {
        read += page.read;
        items.extend(page.items);
        after = page.end;
    }
    assert_eq!(read, expected, "each row is read once");
    items
}

fn places(items: &[ReplayItem]) -> Vec<(&str, u64)> {
    items
        .iter()
        .map(|item| (item.aggregate_id.as_str(), item.version))
        .collect()
}

fn records(items: Vec<ReplayItem>) -> Vec<(String, u64, String, BTreeMap<String, String>)> {
    items
        .into_iter()
        .map(|item| match item.what {
            Replayable::Record(record) => {
                let (id, version) = (item.aggregate_id, item.version);
                (id, version, record.payload, record.headers)
            }
            other => panic!("{other:?}"),
        })
        .collect()
}

#[tokio::test]
async fn a_replay_is_what_was_published_also_after_its_row_is_gone() {
    let fixture = Fixture::new().await;
    for id in ["o-1", "o-2"] {
        published(&fixture, id).await;
    }
    let originals = originals(&fixture).await;
    assert_eq!(originals.len(), 6);
    let all = Selection::default();
    assert_eq!(records(items(&fixture, &all, TOPIC).await), originals);
    sql(
        &fixture,
        "DELETE FROM outbox WHERE aggregate_id = $1",
        "o-1",
        3,
    )
    .await;
    assert_eq!(records(items(&fixture, &all, TOPIC).await), originals);
}

#[tokio::test]
async fn what_is_given_up_is_replayed_as_the_stub_that_stands_for_it() {
    let fixture = Fixture::new().await;
    published(&fixture, "o-1").await;
    sql(
        &fixture,
        "INSERT INTO dead_letters (id, source, reason, error_message, topic, outbox_id,
             header_names, header_values, aggregate_type, aggregate_id, version, retry_count,
             metadata, state)
         SELECT gen_random_uuid(), 'relay', 'max_retries_exceeded', 'too large', topic, id,
             '{}', '{}', aggregate_type, aggregate_id, version, 3, '{}',
             CASE version WHEN 2 THEN 'discarded' ELSE 'resolved' END
         FROM outbox WHERE aggregate_id = $1",
        "o-1",
        3,
    )
    .await;
    let mut expected = originals(&fixture).await;
    let stub = Stub::of(expected[1].2.as_bytes()).unwrap();
    expected[1].2 = stub.to_json().unwrap();
    let all = Selection::default();
    assert_eq!(records(items(&fixture, &all, TOPIC).await), expected);
    sql(
        &fixture,
        "DELETE FROM outbox WHERE aggregate_id = $1",
        "o-1",
        3,
    )
    .await;
    assert_eq!(records(items(&fixture, &all, TOPIC).await), expected);
}

#[tokio::test]
async fn what_is_not_on_the_topic_yet_is_left_out_of_it() {
    let fixture = Fixture::new().await;
    for id in ["o-1", "o-2", "o-3"] {
        published(&fixture, id).await;
    }
    sql(
        &fixture,
        "UPDATE outbox SET status = 'PENDING', published_at = NULL
         WHERE aggregate_id = $1 AND version >= 2",
        "o-1",
        2,
    )
    .await;
    sql(
        &fixture,
        "UPDATE outbox SET status = 'FAILED', next_attempt_at = 'infinity'
         WHERE aggregate_id = $1 AND version = 1",
        "o-3",
        1,
    )
    .await;
    let all = Selection::default();
    let to_topic = items(&fixture, &all, TOPIC).await;
    let left_out = to_topic
        .iter()
        .filter(|i| i.what == Replayable::Unpublished);
    let left_out: Vec<ReplayItem> = left_out.cloned().collect();
    let expected = [("o-1", 2), ("o-1", 3), ("o-3", 1), ("o-3", 2), ("o-3", 3)];
    assert_eq!(places(&left_out), expected);
    // Elsewhere there is no order to be kept with what the relay sends.
    assert_eq!(records(items(&fixture, &all, "elsewhere").await).len(), 9);
}

#[tokio::test]
async fn a_record_that_cannot_be_made_again_is_named() {
    let fixture = Fixture::new().await;
    published(&fixture, "o-1").await;
    let broken = "UPDATE events SET event_version = '7' WHERE aggregate_id = $1 AND sequence = 2";
    sql(&fixture, broken, "o-1", 1).await;
    let all = Selection::default();
    assert_eq!(
        records(items(&fixture, &all, TOPIC).await).len(),
        3,
        "the outbox has it"
    );
    sql(
        &fixture,
        "DELETE FROM outbox WHERE aggregate_id = $1",
        "o-1",
        3,
    )
    .await;
    let read = items(&fixture, &all, TOPIC).await;
    let Replayable::Unreadable(reason) = &read[1].what else {
        panic!("{read:?}");
    };
    assert!(reason.contains("schema version"), "{reason}");
    assert!(matches!(read[2].what, Replayable::Record(_)));
}

#[tokio::test]
async fn a_selection_is_what_all_of_it_agrees_with() {
    let fixture = Fixture::new().await;
    for id in ["o-1", "o-10", "o-2"] {
        published(&fixture, id).await;
    }
    let time = |text: &str| Some(text.parse().unwrap());
    let of_one = Selection {
        aggregate_id: Some("o-1".to_owned()),
        ..Selection::default()
    };
    let confirmed = Selection {
        event_type: Some("OrderConfirmed".to_owned()),
        ..Selection::default()
    };
    let range = Selection {
        since: time("2026-11-21T10:00:02Z"),
        until: time("2026-11-21T10:00:03Z"),
        ..Selection::default()
    };
    let late = Selection {
        since: time("2026-11-21T10:00:01.000001Z"),
        ..of_one.clone()
    };
    let nobody = Selection {
        aggregate_id: Some("o".to_owned()),
        ..Selection::default()
    };
    for (selection, expected) in [
        (&of_one, vec![("o-1", 1), ("o-1", 2), ("o-1", 3)]),
        (&confirmed, vec![("o-1", 2), ("o-10", 2), ("o-2", 2)]),
        (&range, vec![("o-1", 2), ("o-10", 2), ("o-2", 2)]),
        (&late, vec![("o-1", 2), ("o-1", 3)]),
        (&nobody, vec![]),
    ] {
        let found = items(&fixture, selection, TOPIC).await;
        let mut found = places(&found);
        found.sort_unstable();
        assert_eq!(found, expected, "{selection}");
    }
    let names = [&of_one, &confirmed, &range, &late, &nobody].map(ToString::to_string);
    let distinct: std::collections::HashSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len());
}

#[tokio::test]
async fn a_replay_goes_on_where_it_was_and_in_one_process() {
    let fixture = Fixture::new().await;
    let replays = Replays::new(fixture.database.clone());
    let all = Selection::default();
    let mut first = replays.begin(&all, TOPIC).await.unwrap();
    first.after = ("o-1".to_owned(), 2);
    first.stuck = Some("o-1".to_owned());
    first.tally.published = 7;
    // The second time as if the answer had been lost.
    assert!(replays.advance(&first).await.unwrap());
    assert!(replays.advance(&first).await.unwrap());

    let elsewhere = replays.begin(&all, "elsewhere").await.unwrap();
    assert_eq!(elsewhere.after, (String::new(), 0));
    let second = replays.begin(&all, TOPIC).await.unwrap();
    assert_eq!((&second.after, &second.stuck), (&first.after, &first.stuck));
    assert_eq!(second.tally, first.tally);
    assert!(
        !replays.advance(&first).await.unwrap(),
        "taken up by another one"
    );
    replays.end(&first).await.unwrap();
    assert!(replays.advance(&second).await.unwrap());

    replays.forget(&all, TOPIC).await.unwrap();
    let anew = replays.begin(&all, TOPIC).await.unwrap();
    assert_eq!(anew.after, (String::new(), 0));
    assert!(!replays.advance(&second).await.unwrap());
    replays.end(&anew).await.unwrap();
    assert_eq!(
        fixture.count("replays WHERE topic = 'order-events'").await,
        0
    );
}
