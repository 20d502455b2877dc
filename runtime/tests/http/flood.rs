//! Ten thousand connections, from this process to one of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use runtime::http::ConnectionLimits;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpStream;

use crate::served::{Caller, GET, Served};

const CONNECTIONS: usize = 10_000;
const SERVER: &str = "flood::the_server_that_is_flooded";

struct Flooded {
    process: Child,
    addr: String,
}

impl Flooded {
    /// This test binary once more: two processes have file descriptors for both ends.
    fn start() -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", SERVER, "--ignored", "--nocapture"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut lines = lines.map(Result::unwrap);
        let addr = lines.find_map(|line| Some(line.strip_prefix("listening at ")?.to_owned()));
        let addr = addr.unwrap();
        Self { process, addr }
    }

    fn resident_kib(&self) -> u64 {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let figure = line.unwrap().split_whitespace().nth(1);
        figure.unwrap().parse().unwrap()
    }

    async fn connect(&self) -> Caller {
        Caller(TcpStream::connect(&self.addr).await.unwrap())
    }
}

impl Drop for Flooded {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// As many files as the hard limit allows. Returns how many connections that leaves room for.
fn raise_open_files() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).unwrap();
    let most = limit.maximum.map_or(usize::MAX, |most| most as usize);
    let room = CONNECTIONS.min(most.saturating_sub(500));
    assert!(room >= 1000, "too few open files are allowed: {limit:?}");
    room
}

#[tokio::test]
#[ignore = "the other process of the test below, which starts it"]
async fn the_server_that_is_flooded() {
    raise_open_files();
    let served = Served::with(ConnectionLimits::default()).await;
    println!("\nlistening at {}", served.addr);
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn ten_thousand_idle_connections_cost_little_and_stop_nobody() {
    // Fewer only where the system's hard limit is lower, and the line below says how many.
    let connections = raise_open_files();
    let flooded = Flooded::start();
    let mut before = flooded.connect().await;
    assert!(before.send(GET).await);
    before.answer().await;
    let at_first = flooded.resident_kib();

    let mut idle = Vec::with_capacity(connections);
    for number in 0..connections {
        let mut caller = flooded.connect().await;
        // A third has asked, a third has begun to ask, a third is silent.
        if number % 3 == 0 {
            assert!(caller.send(GET).await);
            assert!(caller.answer().await.starts_with("HTTP/1.1 200"));
        } else if number % 3 == 1 {
            caller.send(&GET[..10]).await;
        }
        idle.push(caller);
    }
    let mut after = flooded.connect().await;
    let started = Instant::now();
    assert!(after.send(GET).await);
    assert!(after.answer().await.starts_with("HTTP/1.1 200"));
    let took = started.elapsed();
    let flooded_kib = flooded.resident_kib();
    println!(
        "{connections} idle connections: {at_first} KiB before, {flooded_kib} KiB with them, \
         {} KiB each; the next request took {took:?}",
        (flooded_kib - at_first) as f64 / connections as f64
    );
    assert!(took < Duration::from_secs(2), "{took:?}");
    let each = (flooded_kib - at_first) / connections as u64;
    assert!(each < 40, "{each} KiB a connection");
}
