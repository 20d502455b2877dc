use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use tokio::process::Command;
use tokio_postgres::{Client, Config, NoTls};

use crate::DevstackError;
use crate::cache;
use crate::command::{Program, run};
use crate::home;
use crate::kind::Kind;
use crate::launch::Launch;
use crate::server::Server;

mod account;

use account::Account;

const INITDB: Program = Program {
    name: "initdb",
    purpose: "to run Postgres natively",
    install: "install PostgreSQL 15 or later: apt-get install postgresql; \
              or set DATABASE_URL, or start Docker",
};

pub type Postgres = Server<PostgresKind>;

#[derive(Debug)]
pub enum PostgresKind {}

impl Postgres {
    pub fn url(&self) -> &str {
        &self.address
    }

    /// Creates an empty database and returns its address.
    pub async fn create_database(&self, name: &str) -> Result<String, DevstackError> {
        let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(letter) {
            return Err(DevstackError::DatabaseName {
                name: name.to_owned(),
            });
        }
        let url = with_database(&self.address, name)?;
        let client = connect(&self.address).await?;
        client
            .batch_execute(&format!("CREATE DATABASE \"{name}\""))
            .await?;
        Ok(url)
    }
}

impl Kind for PostgresKind {
    const NAME: &'static str = "Postgres";
    const VARIABLE: &'static str = "DATABASE_URL";
    const SERVICE: &'static str = "postgres";
    const PORT: u16 = 5432;
    const PORT_VARIABLE: &'static str = "POSTGRES_PORT";
    const GRACEFUL: (&'static str, Signal) = ("INT", Signal::INT);

    fn address(port: u16) -> String {
        format!("postgres://postgres@127.0.0.1:{port}/postgres")
    }

    async fn home(wanted: &Path) -> Result<PathBuf, DevstackError> {
        let account = Account::of_server().await?;
        let wanted = home::create(wanted)?;
        account.take(&wanted)?;
        if account.can_write(&wanted).await {
            return Ok(wanted);
        }
        let elsewhere = home::create(&home::fallback(&wanted))?;
        account.take(&elsewhere)?;
        Ok(elsewhere)
    }

    async fn prepare(home: &Path, port: u16) -> Result<Launch, DevstackError> {
        let programs = programs()?;
        let account = Account::of_server().await?;
        let data = home.join("data");
        if !data.exists() {
            // Under another name until complete: it may be interrupted.
            let partial = home.join("data.partial");
            cache::remove(&partial)?;
            let line = account.command(programs.join("initdb"));
            run(Command::new(&line[0])
                .args(&line[1..])
                .args(["--auth=trust", "--username=postgres", "--no-sync"])
                .args(["--encoding=UTF8", "--locale=C", "-D"])
                .arg(&partial)
                .current_dir(home))
            .await?;
            fs::rename(&partial, &data).map_err(DevstackError::io(&data))?;
        }
        let mut command = account.command(programs.join("postgres"));
        command.extend(["-D".into(), data.clone().into()]);
        // No Unix socket: its path is limited to 107 bytes, which a deep folder exceeds.
        for setting in [
            &format!("port={port}"),
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=300",
            // The default is 128 MB, less than a backlog of 200,000 events.
            "shared_buffers=512MB",
        ] {
            command.extend(["-c".into(), setting.into()]);
        }
        Ok(Launch {
            command,
            port,
            variables: Vec::new(),
            data,
        })
    }

    async fn probe(address: &str) -> Result<(), String> {
        let asked = async {
            let client = connect(address).await?;
            client.simple_query("SELECT 1").await?;
            Ok::<_, DevstackError>(())
        };
        asked.await.map_err(|error| error.to_string())
    }
}

async fn connect(url: &str) -> Result<Client, DevstackError> {
    let mut config: Config = url.parse()?;
    config.connect_timeout(Duration::from_secs(3));
    let (client, connection) = config.connect(NoTls).await?;
    // Ends when the client is dropped.
    tokio::spawn(connection);
    Ok(client)
}

/// The folder with the highest version's `initdb` and `postgres`, that on PATH first.
fn programs() -> Result<PathBuf, DevstackError> {
    let on_path = INITDB.on_path().and_then(|file| file.canonicalize().ok());
    let on_path = on_path.and_then(|file| Some(file.parent()?.to_owned()));
    let version = |folder: &PathBuf| {
        let name = folder.file_name()?.to_str()?;
        name.parse::<u32>().ok()
    };
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let installed = installed
        .flatten()
        .map(|entry| entry.path())
        .max_by_key(version)
        .map(|folder| folder.join("bin"));
    on_path
        .into_iter()
        .chain(installed)
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
        .ok_or_else(|| INITDB.missing())
}

fn with_database(url: &str, name: &str) -> Result<String, DevstackError> {
    let unusable = || DevstackError::DatabaseUrl;
    let (scheme, rest) = url.split_once("://").ok_or_else(unusable)?;
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) => (rest, format!("?{query}")),
        None => (rest, String::new()),
    };
    let server = rest.split_once('/').map_or(rest, |(server, _)| server);
    Ok(format!("{scheme}://{server}/{name}{query}"))
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn the_database_is_replaced_and_the_rest_is_kept() {
        let replaced = |url| with_database(url, "t1").ok();
        let of = |text: &str| Some(text.to_owned());
        assert_eq!(
            replaced("postgres://a:b@h:1/x"),
            of("postgres://a:b@h:1/t1")
        );
        assert_eq!(replaced("postgresql://h"), of("postgresql://h/t1"));
        assert_eq!(replaced("postgres://h/x?a=/b"), of("postgres://h/t1?a=/b"));
        assert_eq!(replaced("host=h dbname=x"), None);
    }
}
