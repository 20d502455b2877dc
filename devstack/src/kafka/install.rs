use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::settings;
use crate::DevstackError;
use crate::cache;
use crate::command::{Program, run};

const POM: &str = include_str!("../../pom.xml");
const FORMATTED: &str = "formatted";
/// Any will do: the brokers started from one installation know nothing of each other.
const CLUSTER_ID: &str = "b3JkZXJzLWRldnN0YWNrMQ";

const JAVA: Program = Program {
    name: "java",
    purpose: "to run Kafka natively (version 17 or later)",
    install: "apt-get install openjdk-17-jre-headless; or set KAFKA_BROKERS, or start Docker",
};

const MAVEN: Program = Program {
    name: "mvn",
    purpose: "to fetch Kafka's jars once for this machine",
    install: "apt-get install maven; or set KAFKA_BROKERS, or start Docker",
};

/// The folder with the jars of the broker and its command-line tools; fetches them if need be.
pub async fn kafka_lib() -> Result<PathBuf, DevstackError> {
    Ok(folder().await?.join("lib"))
}

pub(super) fn java() -> Result<PathBuf, DevstackError> {
    let home = env::var_os("JAVA_HOME").map(|home| Path::new(&home).join("bin/java"));
    match home.filter(|java| java.is_file()) {
        Some(java) => Ok(java),
        None => JAVA.require(),
    }
}

pub(super) fn class_path(lib: &Path) -> OsString {
    lib.join("*").into()
}

/// The installation: the jars in `lib` and a freshly formatted data folder to copy, since
/// formatting takes a Java start of its own.
pub(super) async fn folder() -> Result<PathBuf, DevstackError> {
    let what = "Kafka: fetching its jars once for this machine (44 MB)";
    cache::folder("kafka-4.3.1", FORMATTED, what, async |folder| {
        let pom = folder.join("pom.xml");
        fs::write(&pom, POM).map_err(DevstackError::io(&pom))?;
        run(Command::new(MAVEN.require()?)
            .args(["-B", "-q", "dependency:copy-dependencies"])
            .arg("-DoutputDirectory=lib")
            .current_dir(folder))
        .await?;
        let properties = folder.join("format.properties");
        // The ports are not recorded.
        let settings = settings::server(9092, 9093, &folder.join(FORMATTED));
        fs::write(&properties, settings).map_err(DevstackError::io(&properties))?;
        run(Command::new(java()?)
            .arg("-cp")
            .arg(class_path(&folder.join("lib")))
            .args(["kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c"])
            .arg(&properties))
        .await?;
        Ok(())
    })
    .await
}

/// Gives a broker its data folder, unless it has one.
pub(super) fn format(installed: &Path, data: &Path) -> Result<(), DevstackError> {
    if data.exists() {
        return Ok(());
    }
    let partial = data.with_extension("partial");
    cache::remove(&partial)?;
    fs::create_dir(&partial).map_err(DevstackError::io(&partial))?;
    let formatted = installed.join(FORMATTED);
    for entry in fs::read_dir(&formatted).map_err(DevstackError::io(&formatted))? {
        let file = entry.map_err(DevstackError::io(&formatted))?;
        fs::copy(file.path(), partial.join(file.file_name()))
            .map_err(DevstackError::io(&file.path()))?;
    }
    fs::rename(&partial, data).map_err(DevstackError::io(data))
}
