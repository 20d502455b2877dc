use std::path::{Path, PathBuf};
use std::time::Duration;

use mongodb::bson::{Document, doc};
use mongodb::options::ClientOptions;
use mongodb::{Client, Database};
use rustix::process::Signal;
use tokio::net::TcpStream;

use crate::DevstackError;
use crate::command::Program;
use crate::home;
use crate::kind::Kind;
use crate::launch::Launch;
use crate::server::Server;

mod stand_in;

const MONGOD: Program = Program {
    name: "mongod",
    purpose: "to run MongoDB natively",
    install: "install MongoDB Community Server",
};

const REPLICA_SET: &str = "rs0";
const ALREADY_INITIALIZED: i32 = 23;

pub type MongoDb = Server<MongoDbKind>;

#[derive(Debug)]
pub enum MongoDbKind {}

impl MongoDb {
    pub fn uri(&self) -> &str {
        &self.address
    }
}

impl Kind for MongoDbKind {
    const NAME: &'static str = "MongoDB";
    const VARIABLE: &'static str = "MONGODB_URI";
    const SERVICE: &'static str = "mongodb";
    const PORT: u16 = 27017;
    const PORT_VARIABLE: &'static str = "MONGODB_PORT";
    const GRACEFUL: (&'static str, Signal) = ("TERM", Signal::TERM);

    fn address(port: u16) -> String {
        format!("mongodb://127.0.0.1:{port}/?directConnection=true")
    }

    async fn home(wanted: &Path) -> Result<PathBuf, DevstackError> {
        home::create(wanted)
    }

    /// The two servers' files differ, so each has a data folder of its own.
    async fn prepare(home: &Path, port: u16) -> Result<Launch, DevstackError> {
        let Some(mongod) = MONGOD.on_path() else {
            return stand_in::launch(home, port).await;
        };
        let data = home::create(&home.join("mongod"))?;
        let mut command = vec![mongod.into(), "--dbpath".into(), data.clone().into()];
        let port_text = port.to_string();
        command.extend(
            [
                "--replSet",
                REPLICA_SET,
                "--bind_ip",
                "127.0.0.1",
                "--port",
                &port_text,
                "--wiredTigerCacheSizeGB",
                "0.5",
                "--nounixsocket",
            ]
            .map(Into::into),
        );
        Ok(Launch {
            command,
            port,
            variables: Vec::new(),
            data,
        })
    }

    async fn probe(address: &str) -> Result<(), String> {
        let asked = async {
            let mut options = ClientOptions::parse(address).await?;
            options.server_selection_timeout = Some(Duration::from_secs(2));
            let host = options.hosts.first().map(ToString::to_string);
            // The driver takes half a second until it tries a closed port again.
            TcpStream::connect(host.as_deref().unwrap_or_default()).await?;
            let client = Client::with_options(options)?;
            let admin = client.database("admin");
            let hello = admin.run_command(doc! { "hello": 1 }).await?;
            if !hello.contains_key("setName") && hello.get_bool("isreplicaset").unwrap_or(false) {
                initiate(&admin, host.as_deref().unwrap_or_default()).await?;
            }
            let answer = admin.run_command(doc! { "ping": 1 }).await;
            client.shutdown().immediate(true).await;
            answer.map(|_| hello)
        };
        let hello: Document = asked
            .await
            .map_err(|error: mongodb::error::Error| error.to_string())?;
        match hello.get_bool("isWritablePrimary") {
            Ok(true) => Ok(()),
            _ => Err("it is not the primary yet".to_owned()),
        }
    }
}

/// Makes a `mongod` the only member of its replica set: a new one, or one whose data was
/// last used on another port and which therefore does not find itself in its own set.
async fn initiate(admin: &Database, host: &str) -> Result<(), mongodb::error::Error> {
    let config = doc! { "_id": REPLICA_SET, "members": [{ "_id": 0, "host": host }] };
    let initiated = admin
        .run_command(doc! { "replSetInitiate": config.clone() })
        .await;
    let Err(error) = initiated else {
        return Ok(());
    };
    let code = match error.kind.as_ref() {
        mongodb::error::ErrorKind::Command(command) => command.code,
        _ => 0,
    };
    if code != ALREADY_INITIALIZED {
        return Err(error);
    }
    let mut config = config;
    config.insert("version", 1);
    let reconfigure = doc! { "replSetReconfig": config, "force": true };
    admin.run_command(reconfigure).await.map(|_| ())
}
