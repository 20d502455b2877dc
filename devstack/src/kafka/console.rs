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
    let mut command = Command::new(install::java()?);
    command
        .args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"])
        .arg(install::class_path(kafka_lib))
        .arg("org.apache.kafka.tools.consumer.ConsoleConsumer")
        .args(["--bootstrap-server", brokers, "--topic", topic])
        .args(["--from-beginning", "--formatter-property", "print.key=true"]);
    Ok(command)
}
