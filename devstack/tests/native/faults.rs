//! A server comes back from a kill and from a stop with its data, at the same address, and
//! does not answer while it is down or suspended.

use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::timeout;

use crate::clients::{
    Outcome, kafka_answers, read_document, read_in_a_group, read_record, read_row, write_document,
    write_record, write_row,
};

const SHORT: Duration = Duration::from_millis(500);

fn took(what: &str, begun: Instant) {
    println!("{what}: {:.2} s", begun.elapsed().as_secs_f64());
}

#[tokio::test]
async fn postgres() -> Outcome<()> {
    let begun = Instant::now();
    let server = devstack::private_postgres().await?;
    took("Postgres, first start", begun);
    write_row(server.url()).await?;

    server.kill()?;
    assert!(read_row(server.url()).await.is_err());
    let begun = Instant::now();
    server.start().await?;
    took("Postgres, start after a kill", begun);
    assert_eq!(read_row(server.url()).await?, "kept");

    server.pause()?;
    assert!(timeout(SHORT, read_row(server.url())).await.is_err());
    server.resume()?;
    assert_eq!(read_row(server.url()).await?, "kept");

    let begun = Instant::now();
    server.stop().await?;
    took("Postgres, stop", begun);
    assert!(read_row(server.url()).await.is_err());
    server.start().await?;
    assert_eq!(read_row(server.url()).await?, "kept");

    let database = server.create_database("another").await?;
    assert!(read_row(&database).await.is_err());
    Ok(())
}

/// Postgres takes a process that nobody has waited for yet for one that uses its data.
#[tokio::test]
async fn postgres_starts_again_though_its_supervisor_was_slow() -> Outcome<()> {
    let server = devstack::private_postgres().await?;
    let client = crate::clients::postgres(server.url()).await?;
    let sql = "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)";
    let postmaster: String = client.query_one(sql, &[]).await?.get(0);
    let stat = std::fs::read_to_string(format!("/proc/{postmaster}/stat"))?;
    let parent = stat.rsplit(')').next().and_then(|of| of.split(' ').nth(2));
    let supervisor = Pid::from_raw(parent.unwrap().parse()?).unwrap();

    kill_process(supervisor, Signal::STOP)?;
    server.kill()?;
    let late = std::thread::spawn(move || {
        std::thread::sleep(SHORT);
        kill_process(supervisor, Signal::CONT)
    });
    server.start().await?;
    late.join().unwrap()?;
    Ok(())
}

/// The postmaster's own children hold the connections.
#[tokio::test]
async fn a_pause_of_postgres_holds_open_connections_too() -> Outcome<()> {
    let server = devstack::private_postgres().await?;
    let client = crate::clients::postgres(server.url()).await?;
    client.simple_query("SELECT 1").await?;
    server.pause()?;
    let held = client.simple_query("SELECT 1");
    assert!(timeout(SHORT, held).await.is_err());
    server.resume()?;
    client.simple_query("SELECT 1").await?;

    server.pause()?;
    server.kill()?;
    server.start().await?;
    assert!(crate::clients::postgres(server.url()).await.is_ok());
    Ok(())
}

#[tokio::test]
async fn kafka() -> Outcome<()> {
    let begun = Instant::now();
    let server = devstack::private_kafka().await?;
    took("Kafka, first start", begun);
    write_record(server.brokers()).await?;
    let begun = Instant::now();
    assert_eq!(read_in_a_group(server.brokers()).await?, "kept");
    took("Kafka, first record in the first group", begun);

    server.kill()?;
    assert!(!kafka_answers(server.brokers()).await);
    let begun = Instant::now();
    server.start().await?;
    took("Kafka, start after a kill", begun);
    assert_eq!(read_record(server.brokers()).await?, "kept");

    server.pause()?;
    assert!(!kafka_answers(server.brokers()).await);
    server.resume()?;
    assert_eq!(read_record(server.brokers()).await?, "kept");

    let begun = Instant::now();
    server.stop().await?;
    took("Kafka, stop", begun);
    server.start().await?;
    assert_eq!(read_record(server.brokers()).await?, "kept");

    let lib = devstack::kafka_lib().await?;
    let (brokers, topic) = (server.brokers(), crate::clients::TOPIC);
    let mut console = devstack::console_producer(brokers, topic, &lib)?;
    let mut typing = console.stdin(Stdio::piped()).spawn()?;
    typing.stdin.take().unwrap().write_all(b"2\ttyped\n")?;
    let typed = tokio::task::spawn_blocking(move || typing.wait()).await??;
    assert!(typed.success(), "{typed}");
    let mut console = devstack::console_consumer(brokers, topic, &lib)?;
    console.args(["--max-messages", "2", "--timeout-ms", "10000"]);
    let printed = tokio::task::spawn_blocking(move || console.output()).await??;
    let printed = String::from_utf8(printed.stdout)?;
    let mut printed: Vec<_> = printed.lines().collect();
    printed.sort();
    assert_eq!(printed, ["1\tkept", "2\ttyped"]);
    Ok(())
}

#[tokio::test]
async fn mongodb() -> Outcome<()> {
    let begun = Instant::now();
    let server = devstack::private_mongodb().await?;
    took("MongoDB, first start", begun);
    write_document(server.uri()).await?;

    server.kill()?;
    assert!(timeout(SHORT, read_document(server.uri())).await.is_err());
    let begun = Instant::now();
    server.start().await?;
    took("MongoDB, start after a kill", begun);
    assert_eq!(read_document(server.uri()).await?, "kept");

    server.pause()?;
    assert!(timeout(SHORT, read_document(server.uri())).await.is_err());
    server.resume()?;
    assert_eq!(read_document(server.uri()).await?, "kept");

    let begun = Instant::now();
    server.stop().await?;
    took("MongoDB, stop", begun);
    server.start().await?;
    assert_eq!(read_document(server.uri()).await?, "kept");
    Ok(())
}
