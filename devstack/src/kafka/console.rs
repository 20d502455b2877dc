use std::path::Path;
use std::process::Command;

use super::install;
use crate::DevstackError;

/// Kafka's own console consumer over the jars of [`kafka_lib`](crate::kafka_lib): prints key
/// and value of every record of the topic from its beginning until it is ended.
pub fn console_consumer(
    brokers: &str,
    topic: &str,
    kafka_lib: &Path,
) -> Result<Command, DevstackError> {
    let mut command = console("org.apache.kafka.tools.consumer.ConsoleConsumer", kafka_lib)?;
    command
        .args(["--bootstrap-server", brokers, "--topic", topic])
        .args(["--from-beginning", "--formatter-property", "print.key=true"]);
    Ok(command)
}

/// Kafka's own console producer: sends each line of its input, key and value with a tab between.
pub fn console_producer(
    brokers: &str,
    topic: &str,
    kafka_lib: &Path,
) -> Result<Command, DevstackError> {
    let mut command = console("org.apache.kafka.tools.ConsoleProducer", kafka_lib)?;
    command
        .args(["--bootstrap-server", brokers, "--topic", topic])
        .args(["--reader-property", "parse.key=true"]);
    Ok(command)
}

fn console(class: &str, kafka_lib: &Path) -> Result<Command, DevstackError> {
    let mut command = Command::new(install::java()?);
    command
        .args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"])
        .arg(install::class_path(kafka_lib))
        .arg(class);
    Ok(command)
}
