use event_store::dead_letters::{
    DeadLetters, NewDeadLetter, OriginalRecord, Place, Reason, Source, Subject, dead_letter_id,
};
use event_store::{ExpectedVersion, Unpublished, UnpublishedPages};
use serde_json::json;

use crate::fixture::{Fixture, confirm, context, create, new_id};

async fn unpublished(fixture: &Fixture, limit: u32) -> Vec<Unpublished> {
    let mut pages = UnpublishedPages::new(fixture.database.clone(), "Order");
    let mut all = Vec::new();
    while let Some(page) = pages.next(limit).await.unwrap() {
        assert!(page.len() <= limit as usize);
        all.extend(page);
    }
    all.sort_by(|a, b| (&a.aggregate_id, a.version).cmp(&(&b.aggregate_id, b.version)));
    all
}

#[tokio::test]
async fn every_row_that_is_not_published_is_on_a_page() {
    let fixture = Fixture::new().await;
    let mut ids: Vec<String> = (0..12).map(|_| new_id()).collect();
    ids.sort();
    for id in &ids {
        for command in [create(), confirm("p-1")] {
            fixture
                .executor()
                .execute(id, ExpectedVersion::Any, command, &context())
                .await
                .unwrap();
        }
    }
    let psql = fixture.psql().await;
    for (id, version, change) in [
        (&ids[3], 1_i64, "status = 'PUBLISHED'"),
        (
            &ids[4],
            1,
            "status = 'FAILED', next_attempt_at = 'infinity'",
        ),
        (&ids[5], 1, "status = 'FAILED', next_attempt_at = now()"),
        (&ids[6], 1, "next_attempt_at = now()"),
        (&ids[7], 2, "aggregate_type = 'Payment'"),
    ] {
        let sql = format!("UPDATE outbox SET {change} WHERE aggregate_id = $1 AND version = $2");
        psql.execute(&sql, &[id, &version]).await.unwrap();
    }
    for limit in [1, 5, 100] {
        let mut found = unpublished(&fixture, limit).await;
        // A pending row that is tried again later is read along both indexes.
        found.dedup();
        let expected: Vec<Unpublished> = ids
            .iter()
            .flat_map(|id| [(id, 1), (id, 2)])
            .filter(|place| *place != (&ids[3], 1) && *place != (&ids[7], 2))
            .map(|(id, version)| Unpublished {
                aggregate_id: id.clone(),
                version,
                failed: version == 1 && (*id == ids[4] || *id == ids[5]),
            })
            .collect();
        assert_eq!(found, expected, "pages of {limit}");
    }
}

#[tokio::test]
async fn known_dead_letters_are_told_from_others() {
    let fixture = Fixture::new().await;
    let letters = DeadLetters::new(fixture.database.clone());
    let place = |offset| Place::Topic {
        partition: 0,
        offset,
    };
    let item = NewDeadLetter {
        source: Source::Projector,
        reason: Reason::InvalidData,
        error_message: "junk".to_owned(),
        place: place(7),
        original: OriginalRecord {
            topic: "t".to_owned(),
            ..OriginalRecord::default()
        },
        subject: Subject::default(),
        metadata: json!({}),
    };
    letters.record(&item).await.unwrap();
    let other = dead_letter_id(Source::Projector, "t", place(8));
    let known = letters.known(&[item.id(), other]).await.unwrap();
    assert_eq!(known.into_iter().collect::<Vec<_>>(), [item.id()]);
}
