use std::future::Future;
use std::path::{Path, PathBuf};

use rustix::process::Signal;

use crate::DevstackError;
use crate::launch::Launch;

/// What sets Postgres, Kafka, MongoDB and the mail catcher apart from each other.
pub trait Kind: Send + Sync + 'static {
    const NAME: &'static str;
    /// The environment variable that names a running one.
    const VARIABLE: &'static str;
    /// The name of its folder, and of its service in `docker-compose.yml`.
    const SERVICE: &'static str;
    /// The usual port, and the one in its container.
    const PORT: u16;
    /// The variable by which `docker-compose.yml` takes the published port.
    const PORT_VARIABLE: &'static str;
    /// The same of the page that people can look at, which listens on the next port.
    const PAGE_VARIABLE: Option<&'static str> = None;
    /// Asks it to end in good order.
    const GRACEFUL: (&'static str, Signal);

    fn address(port: u16) -> String;

    /// Where people look at what is in it.
    fn page(_address: &str) -> Option<String> {
        None
    }

    /// The folder to use in place of the wanted one. Creates it.
    fn home(wanted: &Path) -> impl Future<Output = Result<PathBuf, DevstackError>> + Send;

    /// Installs what is missing and initialises the data folder if that was not done before.
    fn prepare(
        home: &Path,
        port: u16,
    ) -> impl Future<Output = Result<Launch, DevstackError>> + Send;

    /// Whether the server answers a real request, or why not.
    fn probe(address: &str) -> impl Future<Output = Result<(), String>> + Send;
}
