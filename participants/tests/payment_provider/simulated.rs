use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use payment_simulator::{Simulator, SimulatorConfig};
use runtime::config::Secret;
use runtime::http::{ConnectionLimits, bind, serve};
use runtime::{SystemClock, TimeOrderedIds};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub const KEY: &str = "sk_test";
pub const OLD_SECRET: &str = "whsec_b2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xk";
pub const SECRET: &str = "whsec_bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3";

/// The simulator as a process would run it.
pub struct Simulated {
    pub addr: SocketAddr,
    stop: CancellationToken,
    ended: JoinHandle<()>,
}

impl Simulated {
    pub fn config(journal: PathBuf, webhook_url: String) -> SimulatorConfig {
        let secrets = vec![Secret::new(SECRET)];
        SimulatorConfig::new(journal, Secret::new(KEY), webhook_url, secrets)
    }

    pub async fn run(config: SimulatorConfig, addr: SocketAddr) -> Self {
        let listener = bind(addr).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let simulator =
            Simulator::open(config, Arc::new(SystemClock), Arc::new(TimeOrderedIds)).unwrap();
        let stop = CancellationToken::new();
        let (serving, running) = (stop.clone(), stop.clone());
        let ended = tokio::spawn(async move {
            let limits = ConnectionLimits::default();
            let served = serve(listener, simulator.router(), limits, None, serving);
            let (_, ran) = tokio::join!(served, simulator.run(running));
            ran.unwrap();
        });
        Self { addr, stop, ended }
    }

    pub async fn end(self) {
        self.stop.cancel();
        self.ended.await.unwrap();
    }
}
