use std::time::Duration;

use mongodb::options::{Acknowledgment, ClientOptions, ReadConcern, WriteConcern};
use mongodb::{Client, Collection, Database};

use crate::{Generation, GenerationRecord, OrderDocument, ProjectionPointer};

#[derive(Debug, thiserror::Error)]
pub enum ReadModelError {
    /// The driver's own error may repeat the URI, and with it a password.
    #[error("the MongoDB URI is not valid")]
    Uri,
    #[error(transparent)]
    MongoDb(#[from] mongodb::error::Error),
}

/// The database of the read models. Clones share one pool of connections.
#[derive(Clone)]
pub struct ReadDatabase {
    database: Database,
}

/// Of a client that was set up otherwise.
impl From<Database> for ReadDatabase {
    fn from(database: Database) -> Self {
        Self { database }
    }
}

impl ReadDatabase {
    /// Connects when first used: a server that is away now may be there then.
    pub async fn new(uri: &str, database: &str) -> Result<Self, ReadModelError> {
        let mut options = ClientOptions::parse(uri)
            .await
            .map_err(|_| ReadModelError::Uri)?;
        options.app_name = Some("orders".to_owned());
        // A read model that a failover takes back would be behind offsets already committed.
        options.write_concern = Some(
            WriteConcern::builder()
                .w(Acknowledgment::Majority)
                .journal(true)
                .build(),
        );
        options.read_concern = Some(ReadConcern::majority());
        // Workers retry by themselves, and queries would rather say 503 than hang.
        options.server_selection_timeout = Some(Duration::from_secs(3));
        options.connect_timeout = Some(Duration::from_secs(3));
        Ok(Self {
            database: Client::with_options(options)?.database(database),
        })
    }

    pub async fn ping(&self) -> Result<(), ReadModelError> {
        self.database.run_command(bson::doc! { "ping": 1 }).await?;
        Ok(())
    }

    pub fn database(&self) -> &Database {
        &self.database
    }

    pub fn pointers(&self) -> Collection<ProjectionPointer> {
        self.database.collection(ProjectionPointer::COLLECTION)
    }

    pub fn generations(&self) -> Collection<GenerationRecord> {
        self.database.collection(GenerationRecord::COLLECTION)
    }

    pub fn orders(&self, generation: &Generation) -> Collection<OrderDocument> {
        self.database.collection(&generation.collection)
    }

    /// The generation that answers queries; `None` before the projection was ever started.
    pub async fn live(&self, projection: &str) -> Result<Option<Generation>, ReadModelError> {
        let pointer = self.pointer(projection).await?;
        Ok(pointer.map(|pointer| pointer.live))
    }

    pub async fn pointer(
        &self,
        projection: &str,
    ) -> Result<Option<ProjectionPointer>, ReadModelError> {
        let this = bson::doc! { "_id": projection };
        Ok(self.pointers().find_one(this).await?)
    }
}
