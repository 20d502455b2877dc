use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::DevstackError;
use crate::command::Program;
use crate::launch::{Launch, Life};
use crate::process_table::{children, is_alive, is_stopped, is_unreaped, signal};

const SUPERVISOR: &str = include_str!("supervise.sh");
const SECONDS_TO_END: &str = "10";

const SETSID: Program = Program {
    name: "setsid",
    purpose: "to run servers in sessions of their own",
    install: "apt-get install util-linux",
};

/// One run of a server, with the supervisor that ends it.
#[derive(Debug)]
pub(crate) struct Process {
    pid: u32,
    supervisor: Option<Child>,
    /// A detached server that no record names yet: nobody could find it to stop it.
    unrecorded: bool,
}

impl Process {
    pub fn spawn(
        launch: &Launch,
        home: &Path,
        log: &Path,
        life: Life,
        graceful: &'static str,
    ) -> Result<Self, DevstackError> {
        SETSID.require()?;
        let mut supervisor = Command::new("sh")
            .args(["-c", SUPERVISOR, "orders-devstack"])
            .args([life.word(), life.last_signal(graceful), SECONDS_TO_END])
            .arg(log)
            .arg(life.folder_to_remove(home))
            .args(&launch.command)
            .envs(launch.variables.iter().copied())
            .current_dir(home)
            // Keeps a Ctrl-C in the terminal from the supervisor.
            .process_group(0)
            .stdin(if life == Life::Detached {
                Stdio::null()
            } else {
                Stdio::piped()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(DevstackError::io(Path::new("sh")))?;
        let mut line = String::new();
        if let Some(output) = supervisor.stdout.take() {
            BufReader::new(output)
                .read_line(&mut line)
                .map_err(DevstackError::io(log))?;
        }
        let pid = line.trim().parse().map_err(|_| DevstackError::Command {
            command: "sh (supervisor)".to_owned(),
            output: format!("no process id but `{}`", line.trim()),
        })?;
        if life == Life::Detached {
            let _ = supervisor.wait();
            return Ok(Self {
                pid,
                supervisor: None,
                unrecorded: true,
            });
        }
        Ok(Self {
            pid,
            supervisor: Some(supervisor),
            unrecorded: false,
        })
    }

    /// A server that another process started and left up.
    pub fn adopt(pid: u32) -> Self {
        Self {
            pid,
            supervisor: None,
            unrecorded: false,
        }
    }

    /// Leaves a detached server up from now on: others can find it.
    pub fn keep(&mut self) {
        self.unrecorded = false;
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    pub fn is_alive(&self) -> bool {
        is_alive(self.pid)
    }

    /// Waits until the supervisor has reaped the server, which has ended. Until then Postgres finds
    /// it alive (`kill(pid, 0)`), and its data folder in use.
    pub fn await_reaped(&self) {
        let begun = Instant::now();
        while is_unreaped(self.pid) && begun.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Ends the supervisor without its clearing up: the server is dead and another run of it
    /// has a supervisor of its own.
    pub fn dismiss(mut self) {
        self.unrecorded = false;
        if let Some(mut supervisor) = self.supervisor.take() {
            let group = i32::try_from(supervisor.id()).ok().and_then(Pid::from_raw);
            if let Some(group) = group {
                let _ = kill_process_group(group, Signal::KILL);
            }
            let _ = supervisor.wait();
        }
    }
}

impl Drop for Process {
    /// Closes the supervisor's standard input and waits until it has cleared up; ends a detached
    /// server that was never recorded.
    fn drop(&mut self) {
        if self.unrecorded {
            kill_all(self.pid);
        }
        if let Some(mut supervisor) = self.supervisor.take() {
            drop(supervisor.stdin.take());
            let _ = supervisor.wait();
        }
    }
}

/// Sends the signal to the server and its children, the server first, so that it starts no more.
pub(crate) fn signal_all(pid: u32, what: Signal) {
    signal(pid, what);
    for child in children(pid) {
        signal(child, what);
    }
}

/// Stops the server and its children, and waits until all stand still: what is under way in another
/// thread may still be answered for a moment.
pub(crate) fn stop_all(pid: u32) -> bool {
    signal_all(pid, Signal::STOP);
    let begun = Instant::now();
    while !(is_stopped(pid) && children(pid).into_iter().all(is_stopped)) {
        if begun.elapsed() > Duration::from_secs(10) {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}

/// Kills the server and its children and waits until all are gone.
pub(crate) fn kill_all(pid: u32) -> bool {
    signal(pid, Signal::STOP);
    let mut all = children(pid);
    all.push(pid);
    for pid in &all {
        signal(*pid, Signal::KILL);
    }
    let begun = Instant::now();
    while all.iter().any(|pid| is_alive(*pid)) {
        if begun.elapsed() > Duration::from_secs(10) {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    true
}
