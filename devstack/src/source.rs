use std::path::Path;

use crate::DevstackError;
use crate::compose::{Compose, Service};
use crate::kafka::KafkaKind;
use crate::kind::Kind;
use crate::launch::Life;
use crate::mail_catcher::MailCatcherKind;
use crate::mongodb::MongoDbKind;
use crate::postgres::PostgresKind;
use crate::server::{Place, Server};
use crate::state::{ProcessStatus, ServerStatus, Status};

/// Where the servers of one development stack come from.
pub(crate) struct Source<'a> {
    folder: &'a Path,
    /// What a detached stack left up.
    recorded: Option<Status>,
    containers: Vec<(Service, u16)>,
    life: Life,
}

/// A server and whether this process started it.
pub(crate) struct Obtained<K> {
    pub server: Server<K>,
    in_container: bool,
    started: bool,
}

impl<'a> Source<'a> {
    pub async fn new(
        folder: &'a Path,
        recorded: Option<Status>,
        life: Life,
    ) -> Result<Self, DevstackError> {
        let mut source = Self {
            folder,
            recorded,
            containers: Vec::new(),
            life,
        };
        let wanted: Vec<Service> = [
            source.open::<PostgresKind>(),
            source.open::<KafkaKind>(),
            source.open::<MongoDbKind>(),
            source.open::<MailCatcherKind>(),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !wanted.is_empty()
            && let Some(compose) = Compose::for_development().await
        {
            let ports = compose.up(&wanted).await?;
            source.containers = wanted.into_iter().zip(ports).collect();
        }
        Ok(source)
    }

    /// The service, if nothing that runs already gives it.
    fn open<K: Kind>(&self) -> Option<Service> {
        let given = Server::<K>::named().is_some() || self.left_up::<K>().is_some();
        (!given).then(Service::of::<K>)
    }

    pub async fn obtain<K: Kind>(&self) -> Result<Obtained<K>, DevstackError> {
        if let Some(named) = Server::named() {
            return Ok(Obtained::existing(named, false));
        }
        let home = self.folder.join(K::SERVICE);
        if let Some(process) = self.left_up::<K>() {
            let home = K::home(&home).await?;
            let server = Server::adopt(home, process).await?;
            server.start().await?;
            return Ok(Obtained::existing(server, false));
        }
        let mut containers = self.containers.iter();
        if let Some((_, port)) = containers.find(|(service, _)| service.name == K::SERVICE) {
            let server = Server::elsewhere(K::address(*port));
            return Ok(Obtained::existing(server, true));
        }
        let server = Server::native(Place {
            home: K::home(&home).await?,
            temporary: None,
            life: self.life,
            preferred_port: Some(K::PORT),
        });
        Ok(Obtained {
            server: server.await?,
            in_container: false,
            started: true,
        })
    }

    fn left_up<K: Kind>(&self) -> Option<&ProcessStatus> {
        self.recorded.as_ref()?.server::<K>()?.running_process()
    }
}

impl<K: Kind> Obtained<K> {
    fn existing(server: Server<K>, in_container: bool) -> Self {
        Self {
            server,
            in_container,
            started: false,
        }
    }

    pub fn status(&self) -> ServerStatus {
        ServerStatus::of(&self.server, self.in_container)
    }

    /// One line for who waits for it.
    pub fn announcement(&self) -> String {
        let address = &self.server.address;
        let (name, usual) = (K::NAME, K::PORT);
        let line = match self.server.process() {
            Some(process) if self.started && process.port != usual => {
                format!("{name}: {address} (port {usual} is taken)")
            }
            Some(_) if !self.started => format!("{name}: {address} (was left up)"),
            None if self.in_container => format!("{name}: {address} (in a container)"),
            // Not repeated: an address that somebody gave may hold a password.
            None => format!("{name}: named by {}", K::VARIABLE),
            Some(_) => format!("{name}: {address}"),
        };
        match K::page(address) {
            Some(page) if self.started || self.in_container => {
                format!("{line}, to be read at {page}")
            }
            _ => line,
        }
    }
}
