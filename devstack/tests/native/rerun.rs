//! This test program started again as another process with a role to play, in an empty folder,
//! where it finds no `docker-compose.yml`, and with an environment that names no servers.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use devstack::{DevOptions, Stack};
use tempfile::TempDir;

use crate::clients::Outcome;

const ROLE: &str = "DEVSTACK_TEST_ROLE";
const READY: &str = "the role is played";

/// A folder that the account of Postgres can reach.
pub fn open_folder() -> Outcome<TempDir> {
    let open = Permissions::from_mode(0o755);
    Ok(tempfile::Builder::new().permissions(open).tempdir()?)
}

/// The process that plays a role; killed when dropped.
pub struct Player(Child);

impl Player {
    /// With SIGKILL.
    pub fn kill(&mut self) -> Outcome<()> {
        self.0.kill()?;
        self.wait().map(|_| ())
    }

    pub fn wait(&mut self) -> Outcome<ExitStatus> {
        Ok(self.0.wait()?)
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// Starts the role and returns, once it is played, the process and what it printed.
pub fn play(role: &str, folder: &Path) -> Outcome<(Player, String)> {
    let child = Command::new(std::env::current_exe()?)
        .args(["--exact", "rerun::role", "--ignored", "--nocapture"])
        .env(ROLE, role)
        .env("TMPDIR", folder)
        .env_remove("DATABASE_URL")
        .env_remove("KAFKA_BROKERS")
        .env_remove("MONGODB_URI")
        .env_remove("SMTP_URL")
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut player = Player(child);
    let output = player.0.stdout.take().ok_or("no output")?;
    let mut printed = String::new();
    for line in BufReader::new(output).lines() {
        let line = line?;
        if line == READY {
            return Ok((player, printed));
        }
        printed.push_str(&line);
        printed.push('\n');
    }
    Err(format!("{role}: {}\n{printed}", player.wait()?).into())
}

/// The processes with the folder on their command line, this one's own helpers included.
pub fn processes_in(folder: &Path) -> Vec<String> {
    let folder = folder.to_string_lossy().into_owned();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(&folder))
        .collect()
}

pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(20), "not so: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!("{what}: after {:.2} s", begun.elapsed().as_secs_f64());
}

#[tokio::test]
#[ignore = "runs in another process, started by other tests"]
async fn role() -> Outcome<()> {
    let Ok(role) = std::env::var(ROLE) else {
        return Ok(());
    };
    let folder = std::env::current_dir()?.join("dev");
    let say = |line: &str| println!("say {line}");
    let up = async |detach| {
        Stack::up(
            &DevOptions {
                folder: folder.clone(),
                detach,
            },
            say,
        )
        .await
    };
    match role.as_str() {
        "share" => {
            devstack::shared_kafka().await;
            devstack::shared_mongodb().await;
            devstack::shared_postgres().await;
            wait_for_the_end();
        }
        "suspend" => {
            let postgres = devstack::private_postgres().await?;
            let client = crate::clients::postgres(postgres.url()).await?;
            client.simple_query("SELECT 1").await?;
            postgres.pause()?;
            wait_for_the_end();
        }
        "killed" => {
            let postgres = devstack::private_postgres().await?;
            postgres.kill()?;
            wait_for_the_end();
        }
        "attached" => {
            let stack = up(false).await?;
            print!("{}", stack.exports());
            wait_for_the_end();
        }
        "detached" => {
            print!("{}", up(true).await?.exports());
            end();
        }
        "reset" => {
            devstack::reset(&folder).await?;
            end();
        }
        other => panic!("no role {other}"),
    }
}

/// Before the test harness writes to the closed output.
fn end() -> ! {
    println!("{READY}");
    std::process::exit(0);
}

fn wait_for_the_end() -> ! {
    println!("{READY}");
    loop {
        std::thread::park();
    }
}
