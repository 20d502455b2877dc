use std::path::{Path, PathBuf};

use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::DevstackError;
use crate::home;
use crate::kind::Kind;
use crate::launch::Launch;
use crate::server::Server;

mod caught;
mod install;

pub use caught::CaughtMail;

/// Takes every mail and delivers none. In a container it is Mailpit; the native one is a program
/// of our own, of which a test can also ask that mail goes wrong: it turns away `refused@…` for
/// good and `later@…` once, also with something after a `+`.
pub type MailCatcher = Server<MailCatcherKind>;

#[derive(Debug)]
pub enum MailCatcherKind {}

impl MailCatcher {
    /// For `SMTP_URL`.
    pub fn url(&self) -> &str {
        &self.address
    }

    /// Where the mails can be read, if it is a catcher that `SMTP_URL` names.
    pub fn page(&self) -> Option<String> {
        MailCatcherKind::page(&self.address)
    }
}

impl Kind for MailCatcherKind {
    const NAME: &'static str = "Mail catcher";
    const VARIABLE: &'static str = "SMTP_URL";
    const SERVICE: &'static str = "mail-catcher";
    const PORT: u16 = 1025;
    const PORT_VARIABLE: &'static str = "SMTP_PORT";
    const PAGE_VARIABLE: Option<&'static str> = Some("MAIL_PAGE_PORT");
    const GRACEFUL: (&'static str, Signal) = ("TERM", Signal::TERM);

    fn address(port: u16) -> String {
        format!("smtp://127.0.0.1:{port}")
    }

    fn page(address: &str) -> Option<String> {
        let (host, port) = address.strip_prefix("smtp://")?.rsplit_once(':')?;
        let port: u16 = port.parse().ok()?;
        (!host.contains('@')).then_some(())?;
        Some(format!("http://{host}:{}", port.checked_add(1)?))
    }

    async fn home(wanted: &Path) -> Result<PathBuf, DevstackError> {
        home::create(wanted)
    }

    async fn prepare(home: &Path, port: u16) -> Result<Launch, DevstackError> {
        let program = install::program().await?;
        let data = home::create(&home.join("mails"))?;
        let local = |port| format!("127.0.0.1:{port}").into();
        Ok(Launch {
            command: vec![
                program.into(),
                data.clone().into(),
                local(port),
                local(port + 1),
            ],
            port,
            variables: Vec::new(),
            data,
        })
    }

    async fn probe(address: &str) -> Result<(), String> {
        let asked = async {
            let server = address.trim_start_matches("smtp://");
            let mut stream = BufReader::new(TcpStream::connect(server).await?);
            let mut greeting = String::new();
            stream.read_line(&mut greeting).await?;
            stream.get_mut().write_all(b"QUIT\r\n").await?;
            Ok(greeting)
        };
        match asked.await {
            Ok(greeting) if greeting.starts_with("220 ") => Ok(()),
            Ok(greeting) => Err(format!("it greets with `{}`", greeting.trim())),
            Err(error) => Err(std::io::Error::to_string(&error)),
        }
    }
}
