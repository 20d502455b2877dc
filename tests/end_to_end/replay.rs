//! Everything once more, from the command line, and killed on the way.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use event_store::Outbox;
use messaging::Kafka;
use serde_json::{Value, json};

use crate::backend::{World, unique};

const PATIENCE: Duration = Duration::from_secs(60);

fn command(world: &World, arguments: &str) -> Command {
    let mut command = world.orders("replay");
    command.args(arguments.split(' '));
    command
}

fn replay(world: &World, arguments: &str) -> Value {
    let output = command(world, arguments).arg("--json").output().unwrap();
    let failure = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments}: {failure}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn complaint(world: &World, arguments: &str) -> String {
    let output = command(world, arguments).output().unwrap();
    assert!(!output.status.success(), "{arguments}");
    String::from_utf8(output.stderr).unwrap()
}

async fn replayed_so_far(client: &tokio_postgres::Client) -> i64 {
    let rows = client.query("SELECT published FROM replays", &[]).await;
    rows.unwrap().first().map_or(0, |row| row.get(0))
}

#[tokio::test]
async fn a_replay_that_is_killed_goes_on_and_leaves_everything_as_it_was() {
    let world = World::new().await;
    let first = unique().to_string();
    world.append_order(&first, 3).await;
    for _ in 0..39 {
        world.append_order(&unique().to_string(), 3).await;
    }
    let left_out = json!({
        "topic": world.topic, "dryRun": false, "published": 0, "unpublished": 120, "faulty": 0,
        "behind": 0,
    });
    assert_eq!(replay(&world, "--all"), left_out, "no relay has run");

    let _backend = world.start();
    let outbox = Outbox::new(world.database());
    let started = Instant::now();
    while outbox.backlog().await.unwrap().pending > 0 {
        assert!(started.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let dry = replay(&world, "--all --dry-run");
    assert_eq!(
        (&dry["published"], &dry["unpublished"]),
        (&json!(120), &json!(0))
    );

    let mut slow = command(&world, "--all --rate 100")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (client, connection) = tokio_postgres::connect(&world.database_url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    let started = Instant::now();
    while replayed_so_far(&client).await < 50 {
        assert!(started.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    slow.kill().unwrap();
    slow.wait().unwrap();
    let before = replayed_so_far(&client).await;
    assert!((50..120).contains(&before), "not on the way: {before}");
    assert_eq!(replay(&world, "--all")["published"], 120);
    assert_eq!(replayed_so_far(&client).await, 0, "it has ended");

    let one = replay(&world, &format!("--order {first} --type OrderConfirmed"));
    assert_eq!(one["published"], 1);
    let none = replay(&world, "--until 2026-11-21T10:00:01Z");
    assert_eq!(none["published"], 0);

    let dry = replay(&world, "--all --projection order_view --dry-run");
    let folded = replay(&world, "--all --projection order_view");
    assert_eq!(
        (&dry["orders"], &folded["orders"]),
        (&json!(40), &json!(40))
    );
    assert_eq!(folded["faulty"], 0);

    // What a kill repeats is at most what had not been noted down: a quarter of a second's worth.
    let kafka = Kafka::new(&world.brokers);
    let reader = kafka.read_topic(&world.topic, true).await.unwrap();
    let records = reader.rest().await.unwrap();
    let marked = records.iter().filter(|record| {
        let mut headers = record.headers.iter();
        headers.any(|(name, value)| name == "replayed" && value.as_deref() == Some(b"true"))
    });
    let marked = marked.count();
    assert!((121..=121 + 25).contains(&marked), "{marked}");
    assert_eq!(records.len(), 120 + marked);
    let verified = world
        .orders("verify")
        .args(["--history", "--json"])
        .output();
    let verified = verified.unwrap();
    let report: Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert!(verified.status.success(), "{report:#}");
    assert_eq!(report["findings"]["repeated"]["count"], marked);
    assert_eq!(report["findings"]["documentDifferent"]["count"], 0);
}

#[tokio::test]
async fn what_is_meant_has_to_be_said() {
    let world = World::new().await;
    for (arguments, says) in [
        ("--dry-run", "--all"),
        ("--all --type OrderCreated", "cannot be used with"),
        ("--type OrderMelted", "is none of OrderCreated"),
        ("--since yesterday", "--since"),
        ("--all --rate 0", "--rate"),
        ("--all --topic no-such-topic", "does not exist"),
        ("--all --projection event_log", "order_view"),
        (
            "--all --projection order_view --topic t",
            "cannot be used with",
        ),
        ("--all --projection order_view", "no projector has run yet"),
    ] {
        let complaint = complaint(&world, arguments);
        assert!(complaint.contains(says), "{arguments}: {complaint}");
    }
}
