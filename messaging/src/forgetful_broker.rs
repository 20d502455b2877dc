//! A mock: no real broker can be made to name none at will. It speaks as much of the protocol as
//! it takes for real clients to connect, and names itself in every second answer only. So they
//! lose the race that [`BrokersKnown`](crate::brokers_known::BrokersKnown) tells of.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rdkafka::consumer::Consumer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::asker::Asker;
use crate::{Delivery, Kafka, OutgoingRecord, Polled};

const TOPIC: &str = "t";
const METADATA: i16 = 3;
const FIND_COORDINATOR: i16 = 10;
const API_VERSIONS: i16 = 18;
const INIT_PRODUCER_ID: i16 = 22;
/// Key, and the oldest and newest version of each request that clients expect to be there. Most are
/// never answered.
const APIS: [(i16, i16, i16); 11] = [
    (0, 3, 7),
    (1, 4, 4),
    (2, 1, 1),
    (METADATA, 4, 4),
    (8, 2, 2),
    (9, 1, 1),
    (FIND_COORDINATOR, 0, 0),
    (11, 0, 2),
    (12, 0, 0),
    (API_VERSIONS, 0, 3),
    (INIT_PRODUCER_ID, 0, 0),
];
/// In an answer without a broker. The client cancels its new start when it has read them: late enough
/// for that to have been scheduled.
const TOPICS: usize = 5_000;
const LEADER_NOT_AVAILABLE: i16 = 5;
const COORDINATOR_NOT_AVAILABLE: i16 = 15;

async fn start() -> Kafka {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let answers = Arc::new(AtomicU32::new(0));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answers = answers.clone();
            // A client that hangs up is no fault.
            tokio::spawn(async move { serve(stream, port, &answers).await.ok() });
        }
    });
    Kafka::new(format!("127.0.0.1:{port}"))
}

async fn serve(mut stream: TcpStream, port: u16, answers: &AtomicU32) -> io::Result<()> {
    loop {
        // Whoever is content with an answer connects again, and asks again.
        let size = tokio::time::timeout(QUICKLY, stream.read_i32()).await??;
        let mut request = vec![0; size as usize];
        stream.read_exact(&mut request).await?;
        let key = i16::from_be_bytes([request[0], request[1]]);
        let mut answer = request[4..8].to_vec();
        match key {
            API_VERSIONS => api_versions(&mut answer),
            METADATA => {
                let names_itself = answers.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
                metadata(&mut answer, names_itself.then_some(port));
            }
            FIND_COORDINATOR => {
                answer.extend(COORDINATOR_NOT_AVAILABLE.to_be_bytes());
                answer.extend((-1_i32).to_be_bytes());
                text(&mut answer, "");
                answer.extend((-1_i32).to_be_bytes());
            }
            INIT_PRODUCER_ID => {
                // Not throttled, no error, id 1, epoch 0.
                answer.extend([0; 6]);
                answer.extend(1_i64.to_be_bytes());
                answer.extend([0; 2]);
            }
            _ => return Ok(()),
        }
        stream.write_i32(answer.len() as i32).await?;
        stream.write_all(&answer).await?;
    }
}

fn api_versions(answer: &mut Vec<u8>) {
    answer.extend([0; 2]);
    answer.push(APIS.len() as u8 + 1);
    for (key, oldest, newest) in APIS {
        for number in [key, oldest, newest] {
            answer.extend(number.to_be_bytes());
        }
        answer.push(0);
    }
    // Not throttled, and nothing else.
    answer.extend([0; 5]);
}

fn metadata(answer: &mut Vec<u8>, port: Option<u16>) {
    answer.extend([0; 4]);
    answer.extend(i32::from(port.is_some()).to_be_bytes());
    if let Some(port) = port {
        answer.extend(1_i32.to_be_bytes());
        text(answer, "127.0.0.1");
        answer.extend(i32::from(port).to_be_bytes());
        answer.extend((-1_i16).to_be_bytes());
    }
    text(answer, "cluster");
    answer.extend(1_i32.to_be_bytes());
    // Their leaders are not known yet, so that they are asked for again at once.
    let others = (0..if port.is_some() { 0 } else { TOPICS }).map(|n| format!("other-{n:0>100}"));
    let topics: Vec<String> = others.chain([TOPIC.to_owned()]).collect();
    answer.extend((topics.len() as i32).to_be_bytes());
    for topic in topics {
        answer.extend(LEADER_NOT_AVAILABLE.to_be_bytes());
        text(answer, &topic);
        answer.extend([0; 5]);
    }
}

fn text(answer: &mut Vec<u8>, text: &str) {
    answer.extend((text.len() as i16).to_be_bytes());
    answer.extend(text.as_bytes());
}

/// Two statistics, and time to lose the race.
const PATIENCE: Duration = Duration::from_secs(60);
const QUICKLY: Duration = Duration::from_millis(500);

#[tokio::test]
async fn a_producer_that_lost_all_its_brokers_ends() {
    let producer = start().await.ordered_producer().unwrap();
    let record = OutgoingRecord {
        topic: TOPIC,
        key: Some(b"o-1"),
        payload: None,
        headers: &[],
    };
    let records = [record];
    let publishing = tokio::time::timeout(PATIENCE, producer.publish(&records));
    let deliveries = publishing.await.expect("waits for ever");
    assert!(matches!(deliveries[..], [Delivery::Failed(_)]));
    assert!(producer.ended().is_some());
}

#[tokio::test]
async fn a_member_that_lost_all_its_brokers_is_dead_until_it_joins_anew() {
    let kafka = start().await;
    let mut consumer = kafka.batch_consumer("g", TOPIC, None).unwrap();
    let reading = async { while !matches!(consumer.poll(10, QUICKLY).await, Polled::Dead(_)) {} };
    tokio::time::timeout(PATIENCE, reading)
        .await
        .expect("reads nothing, and does not say so");
    consumer.rejoin().unwrap();
    assert!(matches!(
        consumer.poll(10, Duration::ZERO).await,
        Polled::Idle
    ));
}

#[tokio::test]
async fn a_client_that_only_asks_is_replaced() {
    let asker = Asker::new(&start().await, "g").unwrap();
    let first = asker.client().unwrap();
    let question = |client: &_| Consumer::fetch_metadata(client, Some(TOPIC), QUICKLY).map(|_| ());
    let asking = async {
        while Arc::ptr_eq(&first, &asker.client().unwrap()) {
            // What the answer is does not matter, nor whether there is one.
            asker.ask(question).await.ok();
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking)
        .await
        .expect("asks nobody for ever");
}

#[tokio::test]
async fn leaving_a_group_whose_brokers_are_away_ends() {
    let kafka = Kafka::new("127.0.0.1:1");
    let consumer = kafka.batch_consumer("g", TOPIC, None).unwrap();
    assert!(matches!(consumer.poll(10, QUICKLY).await, Polled::Idle));
    let leaving = tokio::time::timeout(PATIENCE, consumer.leave(QUICKLY));
    // Whatever it says of the commit.
    leaving.await.expect("waits for its brokers").ok();
}
