use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use relay::{Cleaning, Relay, Settings, Turn};

use crate::fixture::{Fixture, SETTINGS};

/// Renews in turn until each relay holds what is expected of it.
async fn settle(relays: &[Relay], expected: &[usize]) {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let mut held = Vec::new();
        for relay in relays {
            held.push(relay.leases.renew().await.unwrap());
        }
        if held == expected {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "{held:?} instead of {expected:?}"
        );
    }
}

async fn holders(fixture: &Fixture) -> Vec<(i64, i64)> {
    let rows = fixture
        .psql()
        .await
        .query(
            "SELECT count(*), min(epoch) FROM relay_slots WHERE leased_until > now()
             GROUP BY relay ORDER BY 1",
            &[],
        )
        .await
        .unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn slots_are_shared_as_relays_come_and_go() {
    let fixture = Fixture::new().await;
    let relay = || fixture.relay_with(SETTINGS);
    let mut relays = vec![relay()];
    settle(&relays, &[64]).await;
    relays.push(relay());
    settle(&relays, &[32, 32]).await;
    relays.push(relay());
    settle(&relays, &[22, 22, 20]).await;
    let counts: Vec<i64> = holders(&fixture).await.iter().map(|(n, _)| *n).collect();
    assert_eq!(counts, [20, 22, 22], "every slot has one holder");

    let mut ids = BTreeSet::new();
    for _ in 0..40 {
        ids.insert(fixture.order("Pizza").await);
    }
    for relay in &mut relays {
        let turn = relay.publishing.turn().await.unwrap();
        assert!(matches!(turn, Turn::Sent { published, .. } if (1..120).contains(&published)));
    }
    for relay in &mut relays {
        fixture.drain(relay).await;
    }
    let seen = fixture.first_occurrences().await;
    assert!(ids.iter().all(|id| seen[id] == [1, 2, 3]));
    assert_eq!(
        fixture.records().await.len(),
        120,
        "nobody published another's slots"
    );

    // One leaves: its slots are free at once.
    let gone = relays.remove(0);
    let stop = tokio_util::sync::CancellationToken::new();
    stop.cancel();
    gone.run(SETTINGS, Default::default(), Default::default(), stop)
        .await;
    settle(&relays, &[32, 32]).await;
}

#[tokio::test]
async fn a_dead_relays_slots_are_taken_over_when_its_leases_end() {
    let fixture = Fixture::new().await;
    let short = Settings {
        lease: Duration::from_millis(400),
        ..SETTINGS
    };
    let dead = fixture.relay_with(short);
    assert_eq!(dead.leases.renew().await.unwrap(), 64);
    fixture.order("Pizza").await;
    let mut heir = fixture.relay_with(short);
    assert_eq!(heir.leases.renew().await.unwrap(), 0, "the leases stand");
    assert_eq!(heir.publishing.turn().await.unwrap(), Turn::Idle);
    let deadline = Instant::now() + Duration::from_secs(20);
    while heir.leases.renew().await.unwrap() < 64 {
        assert!(Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
    let (_, epoch) = holders(&fixture).await[0];
    assert_eq!(epoch, 2);
    let turn = heir.publishing.turn().await.unwrap();
    assert!(matches!(turn, Turn::Sent { published: 3, .. }), "{turn:?}");
}

#[tokio::test]
async fn published_rows_are_deleted_after_their_time() {
    let fixture = Fixture::new().await;
    let mut relay = fixture.relay().await;
    for _ in 0..4 {
        fixture.order("Pizza").await;
    }
    fixture.drain(&mut relay).await;
    fixture.order("Pending").await;
    let psql = fixture.psql().await;
    let sql = "UPDATE outbox SET published_at = published_at - interval '2 h',
             created_at = created_at - interval '3 h'
         WHERE position <= 9";
    psql.execute(sql, &[]).await.unwrap();
    let sql =
        "UPDATE outbox SET status = 'FAILED', next_attempt_at = 'infinity' WHERE position = 1";
    psql.execute(sql, &[]).await.unwrap();
    let cleaned = relay.retention.turn().await.unwrap();
    assert_eq!(cleaned, Cleaning::Done { deleted: 8 });
    let left = psql
        .query_one("SELECT count(*) FROM outbox", &[])
        .await
        .unwrap();
    assert_eq!(left.get::<_, i64>(0), 7);
    // Nobody else's duty.
    let mut other = fixture.relay_with(SETTINGS);
    other.leases.renew().await.unwrap();
    let cleaned = other.retention.turn().await.unwrap();
    assert_eq!(cleaned, Cleaning::Done { deleted: 0 });
}
