use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::Signal;

use crate::DevstackError;
use crate::home;
use crate::kind::Kind;
use crate::launch::Launch;
use crate::ports;
use crate::server::Server;

mod client;
mod console;
mod install;
mod settings;

pub use console::{console_consumer, console_producer};
pub use install::kafka_lib;

pub type Kafka = Server<KafkaKind>;

#[derive(Debug)]
pub enum KafkaKind {}

impl Kafka {
    pub fn brokers(&self) -> &str {
        &self.address
    }
}

impl Kind for KafkaKind {
    const NAME: &'static str = "Kafka";
    const VARIABLE: &'static str = "KAFKA_BROKERS";
    const SERVICE: &'static str = "kafka";
    const PORT: u16 = 9092;
    const PORT_VARIABLE: &'static str = "KAFKA_PORT";
    const GRACEFUL: (&'static str, Signal) = ("TERM", Signal::TERM);

    fn address(port: u16) -> String {
        format!("127.0.0.1:{port}")
    }

    async fn home(wanted: &Path) -> Result<PathBuf, DevstackError> {
        home::create(wanted)
    }

    async fn prepare(home: &Path, port: u16) -> Result<Launch, DevstackError> {
        let java = install::java()?;
        let installed = install::folder().await?;
        let data = home.join("data");
        install::format(&installed, &data)?;
        let controller_port = ports::random().ok_or(DevstackError::NoPort {
            server: "the Kafka controller",
        })?;
        let properties = home.join("server.properties");
        fs::write(&properties, settings::server(port, controller_port, &data))
            .map_err(DevstackError::io(&properties))?;
        let mut command = vec![java.into()];
        command.extend(
            [
                // A collection of the young generation stops everything, every three seconds at 2,000
                // records a second: for some 4 ms, and for 20 ms where one thread does it.
                "-XX:+UseParallelGC",
                // Where there is little room left it shall go on slowly, as the serial one does.
                "-XX:-UseGCOverheadLimit",
                "-Xmn160m",
                "-Xms256m",
                // A run of all tests leaves a thousand partitions and their producers: near its
                // limit a broker collects garbage for seconds at a time, and everybody waits.
                "-Xmx512m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
            ]
            .map(Into::into),
        );
        command.extend([
            install::class_path(&installed.join("lib")),
            "kafka.Kafka".into(),
            properties.into(),
        ]);
        Ok(Launch {
            command,
            port,
            variables: Vec::new(),
            data: home.to_owned(),
        })
    }

    async fn probe(address: &str) -> Result<(), String> {
        client::probe(address).await
    }
}
