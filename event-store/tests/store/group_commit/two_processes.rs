use std::collections::BTreeMap;
use std::process::Stdio;

use event_store::EventStoreError;
use futures::future::join_all;
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::{Sent, assert_whole, stored};
use crate::fixture::{Fixture, database, new_id, order_store};

const URL: &str = "STORE_TEST_URL";
const ROUNDS: usize = 40;
const IN_A_ROUND: usize = 16;

/// This program again, to do what an ignored test says. It ends with this one.
pub fn start(test: &str, url: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            test,
            "--exact",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(URL, url)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// Where a process that was started so finds its database.
pub fn url() -> String {
    std::env::var(URL).unwrap()
}

/// Both create the same orders, with the same keys, add to the same streams, several events at
/// once; neither waits for the other.
#[tokio::test]
#[ignore = "one of the processes of the test below"]
async fn contender() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let store = order_store(&database(&url(), None));
    let start = crate::fixture::psql(&url()).await;
    // Until the test lets go of it.
    let wait = "SELECT pg_advisory_lock_shared(1)";
    start.batch_execute(wait).await.unwrap();
    // The test harness leaves its line open.
    println!();
    let mut hot = [0_u64; 4];
    for round in 0..ROUNDS {
        let mut commands = Vec::new();
        for i in 0..IN_A_ROUND {
            commands.push(Sent::new(&format!("same-{round}-{i}"), 0, 1 + i % 3));
            let other = Sent::new(&new_id(), 0, 2);
            commands.push(other.keyed(&format!("key-{round}-{i}")));
        }
        for (i, version) in hot.iter().enumerate() {
            commands.push(Sent::new(&format!("hot-{i}"), *version, 3));
        }
        for (sent, outcome) in commands
            .iter()
            .zip(join_all(commands.iter().map(|c| c.to(&store))).await)
        {
            match outcome {
                Ok(_) => {
                    let key = sent.idempotency.as_ref().map_or("-", |i| &i.key);
                    println!("accepted {} {} {key}", sent.id(), sent.events);
                }
                Err(EventStoreError::Conflict { .. } | EventStoreError::IdempotencyKeyTaken) => {}
                Err(other) => panic!("{other}"),
            }
        }
        for (i, version) in hot.iter_mut().enumerate() {
            *version = store.stream(&format!("hot-{i}")).await.unwrap().len() as u64;
        }
    }
    let text = recorder.handle().render();
    let fallbacks = text
        .lines()
        .find_map(|line| line.strip_prefix("append_fallbacks_total "));
    println!("fallbacks {}", fallbacks.unwrap_or("0"));
}

#[tokio::test]
async fn two_processes_explain_every_stream_together() {
    let fixture = Fixture::new().await;
    let gate = fixture.psql().await;
    let close = "SELECT pg_advisory_lock(1)";
    gate.batch_execute(close).await.unwrap();
    let test = "group_commit::two_processes::contender";
    let contenders = [(); 2].map(|()| start(test, &fixture.url));
    let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    while gate.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) < 2 {
        tokio::task::yield_now().await;
    }
    let open = "SELECT pg_advisory_unlock(1)";
    gate.batch_execute(open).await.unwrap();

    let (mut accepted, mut keys, mut fallbacks) = (BTreeMap::new(), BTreeMap::new(), 0);
    for mut contender in contenders {
        let mut lines = BufReader::new(contender.stdout.take().unwrap()).lines();
        let mut through = 0;
        while let Some(line) = lines.next_line().await.unwrap() {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["accepted", id, events, key] => {
                    accepted.insert(id.parse().unwrap(), events.parse().unwrap());
                    *keys.entry(key.to_owned()).or_insert(0) += usize::from(key != "-");
                    through += 1;
                }
                ["fallbacks", count] => fallbacks += count.parse::<u64>().unwrap(),
                _ => {}
            }
        }
        assert!(contender.wait().await.unwrap().success());
        assert!(through > 0, "neither did everything");
    }
    println!("{} accepted, {fallbacks} fallbacks", accepted.len());
    let psql = fixture.psql().await;
    let stored = stored(&psql).await;
    assert!(stored == accepted, "{} are stored", stored.len());
    assert_whole(&psql).await;
    keys.remove("-");
    assert_eq!(keys.len(), ROUNDS * IN_A_ROUND, "each key went through");
    assert!(keys.values().all(|count| *count == 1), "{keys:?}");
    let sql = "SELECT count(*) FROM orders WHERE id LIKE 'same-%'";
    let created: i64 = psql.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(created as usize, ROUNDS * IN_A_ROUND);
}
