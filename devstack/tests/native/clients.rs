//! One thing written to and read from each server.

use std::time::{Duration, Instant};

use mongodb::bson::{Document, doc};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use tokio_postgres::NoTls;

pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

pub const WITHIN: Duration = Duration::from_secs(10);
pub const TOPIC: &str = "notes";

pub async fn postgres(url: &str) -> Outcome<tokio_postgres::Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

pub async fn write_row(url: &str) -> Outcome<()> {
    let sql = "CREATE TABLE notes (text text); INSERT INTO notes VALUES ('kept')";
    Ok(postgres(url).await?.batch_execute(sql).await?)
}

pub async fn read_row(url: &str) -> Outcome<String> {
    let client = postgres(url).await?;
    let row = client.query_one("SELECT text FROM notes", &[]).await?;
    Ok(row.get(0))
}

pub async fn write_record(brokers: &str) -> Outcome<()> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers);
    let admin: AdminClient<DefaultClientContext> = config.create()?;
    let topic = NewTopic::new(TOPIC, 1, TopicReplication::Fixed(1));
    for created in admin.create_topics([&topic], &AdminOptions::new()).await? {
        created.map_err(|(topic, code)| format!("{topic}: {code}"))?;
    }
    let producer: FutureProducer = config.set("acks", "all").create()?;
    let record = FutureRecord::to(TOPIC).key("1").payload("kept");
    let sent = producer.send(record, WITHIN).await;
    sent.map_err(|(error, _)| error)?;
    Ok(())
}

pub async fn read_record(brokers: &str) -> Outcome<String> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers);
    config.set("group.id", "none");
    let consumer: BaseConsumer = config.create()?;
    let mut partitions = TopicPartitionList::new();
    partitions.add_partition_offset(TOPIC, 0, Offset::Beginning)?;
    consumer.assign(&partitions)?;
    first(consumer).await
}

/// Reads as the first member of a new group.
pub async fn read_in_a_group(brokers: &str) -> Outcome<String> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers);
    config.set("group.id", "readers");
    config.set("auto.offset.reset", "earliest");
    let consumer: BaseConsumer = config.create()?;
    consumer.subscribe(&[TOPIC])?;
    first(consumer).await
}

async fn first(consumer: BaseConsumer) -> Outcome<String> {
    let read = tokio::task::spawn_blocking(move || {
        let begun = Instant::now();
        while begun.elapsed() < WITHIN {
            // An error tells of a lost connection, which the client then makes again.
            if let Some(Ok(record)) = consumer.poll(Duration::from_millis(500)) {
                let text = record.payload_view::<str>().ok_or("no payload")??;
                return Ok(text.to_owned());
            }
        }
        Err("no record".into())
    });
    read.await?
}

/// Answers only if the broker does.
pub async fn kafka_answers(brokers: &str) -> bool {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers);
    let asked = tokio::task::spawn_blocking(move || {
        let consumer: BaseConsumer = config.create().ok()?;
        consumer.fetch_metadata(None, Duration::from_secs(1)).ok()
    });
    asked.await.is_ok_and(|metadata| metadata.is_some())
}

pub async fn notes(uri: &str) -> Outcome<mongodb::Collection<Document>> {
    let mut options = mongodb::options::ClientOptions::parse(uri).await?;
    options.server_selection_timeout = Some(Duration::from_secs(2));
    let client = mongodb::Client::with_options(options)?;
    Ok(client.database("devstack").collection("notes"))
}

pub async fn write_document(uri: &str) -> Outcome<()> {
    let document = doc! { "_id": 1, "text": "kept" };
    notes(uri).await?.insert_one(document).await?;
    Ok(())
}

pub async fn read_document(uri: &str) -> Outcome<String> {
    let found = notes(uri).await?.find_one(doc! { "_id": 1 }).await?;
    Ok(found.ok_or("no document")?.get_str("text")?.to_owned())
}
