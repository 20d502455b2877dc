//! What the documentation shows with curl.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::backend::World;

#[tokio::test]
async fn the_example_finds_every_answer_as_it_says() {
    let world = World::new().await;
    let _backend = world.start();
    world.wait_until_ready().await;
    let begun = Instant::now();
    for path in ["orders", "events?type=OrderCreated"] {
        let path = format!("{}/api/{path}", world.queries());
        while reqwest::get(&path).await.unwrap().status() != 200 {
            assert!(begun.elapsed() < Duration::from_secs(60), "{path}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/examples/http.sh");
    let (commands, queries) = (world.commands(), world.queries());
    let shown = tokio::task::spawn_blocking(move || {
        let mut script = Command::new(script);
        script.env("COMMANDS", commands).env("QUERIES", queries);
        script.output().unwrap()
    });
    let shown = shown.await.unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&shown.stdout),
        String::from_utf8_lossy(&shown.stderr),
    );
    assert!(shown.status.success(), "{out}{err}");
    for seen in [
        "< HTTP/1.1 422",
        "< HTTP/1.1 412",
        "preference-applied: wait=30",
        "OrderConfirmed",
        "Everything was answered as expected",
    ] {
        assert!(out.contains(seen), "{seen}: {out}");
    }
}
