use event_store::dead_letters::{Filter, NewDeadLetter, Reason, Source, State, States, Subject};
use uuid::Uuid;

use super::{Desk, junk};

async fn ids(desk: &Desk, filter: Filter) -> Vec<Uuid> {
    let found = desk.letters.list(&filter, None, 200).await.unwrap();
    found.into_iter().map(|item| item.id).collect()
}

#[tokio::test]
async fn pages_show_every_item_once_the_newest_first() {
    let desk = Desk::new().await;
    let mut put = Vec::new();
    for offset in 0..5 {
        put.push(desk.put(&junk(offset)).await);
    }
    put.reverse();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = desk
            .letters
            .list(&Filter::default(), after, 2)
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.position);
        seen.extend(page.iter().map(|item| item.id));
        // What arrives meanwhile comes before the first page.
        desk.put(&junk(100 + seen.len() as i64)).await;
    }
    assert_eq!(seen, put);
}

#[tokio::test]
async fn each_filter_leaves_the_others_out() {
    let desk = Desk::new().await;
    let melted = NewDeadLetter {
        reason: Reason::ServiceError,
        subject: Subject {
            aggregate_id: Some("o-\0".to_owned()),
            event_type: Some("Order\0Melted".to_owned()),
            ..Subject::default()
        },
        ..junk(2)
    };
    let relays = desk.failed_at_the_relay().await;
    let relay = desk.put(&relays).await;
    let plain = desk.put(&junk(1)).await;
    let melted = desk.put(&melted).await;
    let failed_at = |at: &'static str, id: Uuid| {
        let sql = format!("UPDATE dead_letters SET failed_at = '{at}' WHERE id = '{id}'");
        let psql = &desk.psql;
        async move { psql.batch_execute(&sql).await.unwrap() }
    };
    failed_at("2026-11-21T10:00:00Z", relay).await;
    failed_at("2026-11-21T11:00:00Z", plain).await;
    failed_at("2026-11-21T12:00:00Z", melted).await;
    let eleven = Some("2026-11-21T11:00:00Z".parse().unwrap());
    let all = Filter::default;

    assert_eq!(ids(&desk, all()).await, [melted, plain, relay]);
    for (filter, expected) in [
        (
            Filter {
                source: Some(Source::Relay),
                ..all()
            },
            vec![relay],
        ),
        (
            Filter {
                reason: Some(Reason::InvalidData),
                ..all()
            },
            vec![plain],
        ),
        // A NUL is looked for as it was stored.
        (
            Filter {
                event_type: Some("Order\0Melted".to_owned()),
                ..all()
            },
            vec![melted],
        ),
        (
            Filter {
                aggregate_id: Some("o-\0".to_owned()),
                ..all()
            },
            vec![melted],
        ),
        (
            Filter {
                failed_before: eleven,
                ..all()
            },
            vec![relay],
        ),
        (
            Filter {
                failed_after: eleven,
                ..all()
            },
            vec![melted, plain],
        ),
    ] {
        assert_eq!(ids(&desk, filter.clone()).await, expected, "{filter:?}");
    }
}

#[tokio::test]
async fn states_are_chosen_and_counted() {
    let desk = Desk::new().await;
    let open = desk.put(&junk(1)).await;
    let requeued = desk.put(&junk(2)).await;
    let discarded = desk.put(&junk(3)).await;
    desk.letters.requeue(requeued, "ann").await.unwrap();
    desk.letters
        .discard(discarded, "ann", "junk")
        .await
        .unwrap();
    let in_states = |states| {
        ids(
            &desk,
            Filter {
                states,
                ..Filter::default()
            },
        )
    };
    assert_eq!(in_states(States::Unresolved).await, [requeued, open]);
    assert_eq!(in_states(States::Only(State::Open)).await, [open]);
    assert_eq!(in_states(States::Only(State::Discarded)).await, [discarded]);
    assert_eq!(in_states(States::All).await, [discarded, requeued, open]);
    let unresolved = Filter::default();
    assert_eq!(desk.letters.count_open(&unresolved).await.unwrap(), 1);

    let stats = desk.letters.stats().await.unwrap();
    let counts = stats.counts.iter().map(|c| (c.state, c.count));
    assert_eq!(
        counts.collect::<Vec<_>>(),
        [
            (State::Open, 1),
            (State::Requeued, 1),
            (State::Discarded, 1)
        ]
    );
    let oldest = desk.letters.get(open).await.unwrap().unwrap();
    assert_eq!(stats.oldest_open, Some(oldest.summary.failed_at));

    let gauges = desk.letters.open_counts().await.unwrap();
    assert_eq!(gauges.len(), Source::ALL.len() * Reason::ALL.len());
    for gauge in gauges {
        let junk = (gauge.source, gauge.reason) == (Source::Projector, Reason::InvalidData);
        assert_eq!(gauge.count, u64::from(junk), "{gauge:?}");
    }
}
