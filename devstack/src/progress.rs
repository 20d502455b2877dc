use std::io::Write;
use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_secs(10);

/// Says on standard error what takes long and how long it has taken, until dropped.
pub(crate) struct Progress {
    ticker: tokio::task::JoinHandle<()>,
}

impl Progress {
    pub fn start(what: &str) -> Self {
        let what = what.to_owned();
        let begun = Instant::now();
        line(&format!("{what} …"));
        let ticker = tokio::spawn(async move {
            loop {
                tokio::time::sleep(EVERY).await;
                line(&format!("{what} … {} s", begun.elapsed().as_secs()));
            }
        });
        Self { ticker }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.ticker.abort();
    }
}

/// Not `eprintln!`: the test harness holds that back until the test has ended.
fn line(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
