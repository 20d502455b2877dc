use std::time::{Duration, Instant};

use runtime::http::ConnectionLimits;
use tokio::io::AsyncWriteExt;

use crate::served::{GET, Served, brief};

#[tokio::test]
async fn a_head_that_trickles_in_is_given_up() {
    let served = Served::with(brief()).await;
    for start in ["GET /hello HTTP/1.1\r\n", "P"] {
        let started = Instant::now();
        let mut slow = served.connect().await;
        assert!(slow.send(start).await);
        while slow.send("x").await {
            assert!(started.elapsed() < Duration::from_secs(10), "{start}");
            assert!(served.serves().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(started.elapsed() >= brief().head_within, "{start}");
    }
}

#[tokio::test]
async fn a_connection_may_be_idle_for_longer_than_a_head_may_take() {
    let served = Served::with(brief()).await;
    let mut caller = served.connect().await;
    for _ in 0..2 {
        assert!(caller.send(GET).await);
        let answer = caller.answer().await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        tokio::time::sleep(brief().head_within * 2).await;
    }
    let (mut never, started) = (served.connect().await, Instant::now());
    assert_eq!(caller.end().await, "");
    assert_eq!(never.end().await, "");
    let idle = brief().idle;
    assert!((idle / 2..idle * 4).contains(&started.elapsed()));
}

/// Time-outs are for callers that owe something; this one is owed an answer.
#[tokio::test]
async fn a_slow_answer_is_waited_for() {
    let served = Served::with(ConnectionLimits {
        idle: Duration::from_millis(100),
        ..brief()
    })
    .await;
    let mut caller = served.connect().await;
    assert!(caller.send(GET.replace("hello", "slow")).await);
    served.arrived.notified().await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    served.let_go.notify_one();
    assert!(caller.answer().await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_half_closed_connection_is_closed() {
    let served = Served::with(ConnectionLimits::default()).await;
    for start in ["", "GET /hello HTTP/1.1\r\nhost:"] {
        let mut caller = served.connect().await;
        assert!(caller.send(start).await);
        caller.0.shutdown().await.unwrap();
        caller.end().await;
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let served = Served::with(ConnectionLimits::default()).await;
    let many: String = (0..1000).map(|n| format!("x-{n}: y\r\n")).collect();
    let long = format!("x: {}\r\n", "y".repeat(70_000));
    for bomb in [many, long] {
        let mut caller = served.connect().await;
        caller
            .send(format!("GET /hello HTTP/1.1\r\n{bomb}\r\n"))
            .await;
        let answer = caller.end().await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
            "{answer}"
        );
    }
    // Without an end.
    let mut caller = served.connect().await;
    assert!(caller.send("GET /hello HTTP/1.1\r\nx: ").await);
    let mut sent = 0;
    while caller.send([b'y'; 8192]).await {
        sent += 8192;
        assert!(sent < 64 << 20, "all of it was taken");
    }
    assert!(served.serves().await);
}

#[tokio::test]
async fn a_body_that_is_never_sent_holds_nothing_up() {
    let served = Served::with(brief()).await;
    for path in ["/ignores-its-body", "/nowhere"] {
        let mut caller = served.connect().await;
        let head = format!("POST {path} HTTP/1.1\r\nhost: t\r\ncontent-length: 1000\r\n\r\n");
        assert!(caller.send(head).await);
        let answer = caller.end().await;
        assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
    }
}

#[tokio::test]
async fn one_connection_too_many_is_closed_at_once() {
    let served = Served::with(ConnectionLimits {
        connections: 2,
        ..ConnectionLimits::default()
    })
    .await;
    let (mut one, mut two) = (served.connect().await, served.connect().await);
    for caller in [&mut one, &mut two] {
        assert!(caller.send(GET).await);
        assert!(caller.answer().await.starts_with("HTTP/1.1 200"));
    }
    let mut three = served.connect().await;
    assert_eq!(three.end().await, "");
    drop(one);
    let started = Instant::now();
    while !served.serves().await {
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "no place is free"
        );
    }
}
