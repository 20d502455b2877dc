//! Loses answers: a proxy in front of Postgres that, once armed, lets the next statement through
//! and cuts the connection instead of passing on what the server answers. A real server loses an
//! answer only by chance; this one does on purpose.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Clone)]
pub struct CutProxy {
    /// How many answers are still to be lost.
    cuts: Arc<AtomicU32>,
    /// Connections older than this freeze have fallen silent, without being closed.
    freezes: watch::Sender<u32>,
    port: u16,
}

/// What an append sends, and nothing else does: a Bind message with this event type in it.
const MARK: &[u8] = b"OrderConfirmed";

impl CutProxy {
    pub async fn in_front_of(url: &str) -> Self {
        let server_port = port_of(url);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self {
            cuts: Arc::new(AtomicU32::new(0)),
            freezes: watch::Sender::new(0),
            port: listener.local_addr().unwrap().port(),
        };
        let (cuts, freezes) = (proxy.cuts.clone(), proxy.freezes.clone());
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = TcpStream::connect(("127.0.0.1", server_port))
                    .await
                    .unwrap();
                tokio::spawn(carry(client, server, cuts.clone(), freezes.subscribe()));
            }
        });
        proxy
    }

    /// The same database, by way of this proxy.
    pub fn url(&self, url: &str) -> String {
        let through = url.replace(&format!(":{}/", port_of(url)), &format!(":{}/", self.port));
        assert_ne!(through, url);
        through
    }

    pub fn lose_next_answer(&self) {
        self.cuts.store(1, Ordering::SeqCst);
    }

    /// All connections there are fall silent; new ones work.
    pub fn freeze(&self) {
        self.freezes.send_modify(|freezes| *freezes += 1);
    }

    pub fn has_lost_it(&self) -> bool {
        self.cuts.load(Ordering::SeqCst) == 0
    }
}

fn port_of(url: &str) -> u16 {
    let config: tokio_postgres::Config = url.parse().unwrap();
    config.get_ports()[0]
}

async fn carry(
    mut client: TcpStream,
    mut server: TcpStream,
    cuts: Arc<AtomicU32>,
    mut freezes: watch::Receiver<u32>,
) {
    let (mut up, mut down) = ([0; 16384], [0; 16384]);
    let mut cutting = false;
    loop {
        tokio::select! {
            _ = freezes.changed() => std::future::pending().await,
            sent = client.read(&mut up) => {
                let Ok(n @ 1..) = sent else { return };
                let append = up[..n].windows(MARK.len()).any(|part| part == MARK);
                let left = |n: u32| n.checked_sub(1);
                cutting |= append && cuts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left).is_ok();
                if server.write_all(&up[..n]).await.is_err() { return }
            }
            answered = server.read(&mut down) => {
                let Ok(n @ 1..) = answered else { return };
                // The server has run the statement, committed it, and said so.
                if cutting { return }
                if client.write_all(&down[..n]).await.is_err() { return }
            }
        }
    }
}
