use std::time::{Duration, Instant};

use runtime::http::ConnectionLimits;
use tokio::net::TcpStream;

use crate::served::{GET, PATIENCE, Served};

#[tokio::test]
async fn what_is_in_hand_is_finished_and_what_is_idle_is_closed() {
    let served = Served::with(ConnectionLimits::default()).await;
    let (mut idle, mut silent) = (served.connect().await, served.connect().await);
    assert!(idle.send(GET).await);
    idle.answer().await;
    let mut busy = served.connect().await;
    assert!(busy.send(GET.replace("hello", "slow")).await);
    served.arrived.notified().await;

    served.stop.cancel();
    idle.end().await;
    silent.end().await;
    assert!(TcpStream::connect(served.addr).await.is_err());
    served.let_go.notify_one();
    let answer = busy.end().await;
    assert!(answer.ends_with("at last"), "{answer}");
    tokio::time::timeout(PATIENCE, served.ended)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_request_that_never_ends_is_dropped() {
    let served = Served::with(ConnectionLimits::default()).await;
    let mut busy = served.connect().await;
    assert!(busy.send(GET.replace("hello", "slow")).await);
    served.arrived.notified().await;
    let started = Instant::now();
    served.stop.cancel();
    assert_eq!(busy.end().await, "");
    served.ended.await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(9));
}
