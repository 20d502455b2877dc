//! Servers in containers, which outlive the process that starts them.

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use tokio::process::Command;

use crate::DevstackError;
use crate::command::run;
use crate::kind::Kind;
use crate::ports;
use crate::progress::Progress;

const FILE: &str = "docker-compose.yml";
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
/// Of the application's own services, which are ended with the servers.
const PROFILE: &str = "services";

/// A compose project that can be started: the file is there and an engine answers.
#[derive(Debug)]
pub(crate) struct Compose {
    file: PathBuf,
    /// Without one the file's own name.
    project: Option<&'static str>,
}

/// A server as `docker-compose.yml` describes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    pub name: &'static str,
    port: u16,
    port_variable: &'static str,
    page_variable: Option<&'static str>,
}

impl Service {
    pub fn of<K: Kind>() -> Self {
        Self {
            name: K::SERVICE,
            port: K::PORT,
            port_variable: K::PORT_VARIABLE,
            page_variable: K::PAGE_VARIABLE,
        }
    }
}

impl Compose {
    pub async fn for_development() -> Option<Self> {
        Self::find(None).await
    }

    /// A project apart from the one for development: other data, random ports.
    pub async fn for_tests() -> Option<Self> {
        Self::find(Some("orders-tests")).await
    }

    async fn find(project: Option<&'static str>) -> Option<Self> {
        let folder = env::current_dir().ok()?;
        let mut files = folder.ancestors().map(|folder| folder.join(FILE));
        let file = files.find(|file| file.is_file())?;
        let answers = async |arguments: &[&str]| {
            let mut docker = Command::new("docker");
            let answer = run(docker.args(arguments));
            let answer = tokio::time::timeout(ANSWERS_WITHIN, answer).await;
            answer.is_ok_and(|answer| answer.is_ok())
        };
        let usable = answers(&["info"]).await && answers(&["compose", "version"]).await;
        usable.then_some(Self { file, project })
    }

    /// Starts those that do not run, waits until all are healthy, and returns their ports.
    pub async fn up(&self, services: &[Service]) -> Result<Vec<u16>, DevstackError> {
        let mut published = Vec::new();
        for service in services {
            let port = match self.published(service).await {
                Some(port) => Some(port),
                None if self.project.is_some() => ports::random(),
                None => ports::from(service.port),
            };
            published.push(port.ok_or(DevstackError::NoPort {
                server: service.name,
            })?);
        }
        let _progress = Progress::start("Docker: starting containers");
        let mut command = self.command();
        command.args(["up", "--detach", "--wait"]);
        for (service, port) in services.iter().zip(&published) {
            command.arg(service.name);
            command.env(service.port_variable, port.to_string());
            if let Some(variable) = service.page_variable {
                command.env(variable, (port + 1).to_string());
            }
        }
        run(&mut command).await?;
        Ok(published)
    }

    /// Whether any container ran.
    pub async fn stop(&self) -> Result<bool, DevstackError> {
        let all = ["--profile", PROFILE];
        let running = run(self.command().args(all).args(["ps", "--quiet"])).await?;
        run(self.command().args(all).arg("stop")).await?;
        Ok(!running.is_empty())
    }

    /// Removes containers and data.
    pub async fn remove(&self) -> Result<(), DevstackError> {
        let mut command = self.command();
        run(command.args(["--profile", PROFILE, "down", "--volumes"])).await?;
        Ok(())
    }

    /// The port of a service that runs. To publish another would recreate its container.
    async fn published(&self, service: &Service) -> Option<u16> {
        let port = service.port.to_string();
        let answer = run(self.command().args(["port", service.name, &port])).await;
        let answer = answer.ok()?;
        let (_, port) = answer.rsplit_once(':')?;
        port.parse().ok().filter(|port| *port != 0)
    }

    fn command(&self) -> Command {
        let mut command = Command::new("docker");
        command.arg("compose").arg("--file").arg(&self.file);
        if let Some(project) = self.project {
            command.args(["--project-name", project]);
        }
        command
    }
}
