use std::io;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Closes the connection in place of an answer.
pub const HANG_UP: &str = "hang up";
/// Does not answer, and keeps the connection.
pub const SILENCE: &str = "silence";

/// When a connection is made a safe one.
#[derive(Clone)]
pub enum Safety {
    None,
    StartTls(TlsAcceptor),
    FromTheStart(TlsAcceptor),
}

/// A mail server that goes by a script: the first rule for a verb is its answer. `CONNECT` stands
/// for the greeting, and `.` for the end of a message.
#[derive(Clone)]
pub struct Scripted {
    pub port: u16,
    rules: &'static [(&'static str, &'static str)],
    safety: Safety,
    heard: Arc<Mutex<Vec<String>>>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl Scripted {
    pub async fn start(rules: &'static [(&'static str, &'static str)], safety: Safety) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scripted = Self {
            port: listener.local_addr().unwrap().port(),
            rules,
            safety,
            heard: Arc::default(),
        };
        let served = scripted.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let served = served.clone();
                tokio::spawn(async move { served.converse(stream).await });
            }
        });
        scripted
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// All verbs, of all connections.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    fn hear(&self, line: &str) -> String {
        let verb = line.split([' ', '\r', ':']).next().unwrap_or_default();
        self.heard.lock().unwrap().push(line.trim_end().to_owned());
        verb.to_owned()
    }

    fn answer(&self, verb: &str) -> &'static str {
        let usual = match verb {
            "CONNECT" => "220 scripted",
            "EHLO" if matches!(self.safety, Safety::StartTls(_)) => "250-scripted\r\n250 STARTTLS",
            "DATA" => "354 go on",
            "STARTTLS" => "220 go on",
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        let rule = self.rules.iter().find(|(of, _)| *of == verb);
        rule.map_or(usual, |(_, answer)| answer)
    }

    async fn converse(&self, stream: TcpStream) -> io::Result<()> {
        self.hear("CONNECT");
        let mut stream: BufReader<Box<dyn Stream>> = BufReader::new(match &self.safety {
            Safety::FromTheStart(tls) => Box::new(tls.accept(stream).await?),
            Safety::None | Safety::StartTls(_) => Box::new(stream),
        });
        let mut verb = "CONNECT".to_owned();
        loop {
            let answer = self.answer(&verb);
            match answer {
                HANG_UP => return Ok(()),
                SILENCE => std::future::pending().await,
                _ => stream.write_all(format!("{answer}\r\n").as_bytes()).await?,
            }
            stream.flush().await?;
            match (verb.as_str(), &self.safety) {
                ("STARTTLS", Safety::StartTls(tls)) => {
                    let safe = tls.accept(stream.into_inner()).await?;
                    stream = BufReader::new(Box::new(safe));
                }
                ("DATA", _) if answer.starts_with("354") => {
                    while read_line(&mut stream).await? != ".\r\n" {}
                    verb = self.hear(".");
                    continue;
                }
                _ => {}
            }
            verb = self.hear(&read_line(&mut stream).await?);
        }
    }
}

async fn read_line(stream: &mut BufReader<Box<dyn Stream>>) -> io::Result<String> {
    let mut line = String::new();
    match stream.read_line(&mut line).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(line),
    }
}
