use std::fs::{self, File};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::DevstackError;
use crate::command::last_lines;
use crate::home;
use crate::kind::Kind;
use crate::launch::{Launch, Life};
use crate::ports;
use crate::process::{Process, kill_all, signal_all, stop_all};
use crate::process_table::{is_alive, signal};
use crate::state::ProcessStatus;

const READY_WITHIN: Duration = Duration::from_secs(60);
const PROBE_WITHIN: Duration = Duration::from_secs(5);
const STOPPED_WITHIN: Duration = Duration::from_secs(30);
const PORT_ATTEMPTS: usize = 5;

/// A running server: [`Postgres`](crate::Postgres), [`Kafka`](crate::Kafka),
/// [`MongoDb`](crate::MongoDb) or [`MailCatcher`](crate::MailCatcher).
///
/// Only a native one can be killed, stopped, started and paused; for others these give
/// [`DevstackError::NotOurs`]. A native one ends when this is dropped, unless detached.
#[derive(Debug)]
pub struct Server<K> {
    pub(crate) address: String,
    native: Option<Native>,
    kind: PhantomData<fn() -> K>,
}

#[derive(Debug)]
struct Native {
    home: PathBuf,
    life: Life,
    launch: Launch,
    process: Mutex<Process>,
    /// Dropped last, when nothing writes there any more.
    _temporary: Option<TempDir>,
}

/// Where a native server's files are and how long it lives.
pub(crate) struct Place {
    pub home: PathBuf,
    pub temporary: Option<TempDir>,
    pub life: Life,
    /// Without one, and where another process takes it first, the port is a random one.
    pub preferred_port: Option<u16>,
}

impl<K: Kind> Server<K> {
    /// A server that something else started.
    pub(crate) fn elsewhere(address: String) -> Self {
        Self {
            address,
            native: None,
            kind: PhantomData,
        }
    }

    /// The one that the environment names, if it names one.
    pub(crate) fn named() -> Option<Self> {
        let address = std::env::var(K::VARIABLE).ok()?;
        (!address.trim().is_empty()).then(|| Self::elsewhere(address))
    }

    /// A native one that a process before this left up.
    pub(crate) async fn adopt(home: PathBuf, found: &ProcessStatus) -> Result<Self, DevstackError> {
        let launch = K::prepare(&home, found.port).await?;
        Ok(Self {
            address: K::address(found.port),
            native: Some(Native {
                home,
                life: Life::Detached,
                launch,
                process: Mutex::new(Process::adopt(found.pid)),
                _temporary: None,
            }),
            kind: PhantomData,
        })
    }

    pub(crate) async fn native(place: Place) -> Result<Self, DevstackError> {
        let log = home::log(&place.home);
        for attempt in 1.. {
            let port = match place.preferred_port {
                Some(preferred) if attempt == 1 => ports::from(preferred),
                // Others look for the next free one too, and one of them was faster.
                _ => ports::random(),
            };
            let port = port.ok_or(DevstackError::NoPort { server: K::NAME })?;
            let launch = K::prepare(&place.home, port).await?;
            File::create(&log).map_err(DevstackError::io(&log))?;
            let process = Process::spawn(&launch, &place.home, &log, place.life, K::GRACEFUL.0)?;
            let address = K::address(port);
            match ready::<K>(process.pid(), &address, port, &log).await {
                Ok(()) => {
                    return Ok(Self {
                        address,
                        native: Some(Native {
                            home: place.home,
                            life: place.life,
                            launch,
                            process: Mutex::new(process),
                            _temporary: place.temporary,
                        }),
                        kind: PhantomData,
                    });
                }
                Err(DevstackError::Exited { tail, .. })
                    if tail.contains("ddress already in use") && attempt < PORT_ATTEMPTS =>
                {
                    process.dismiss();
                }
                Err(error) => {
                    kill_all(process.pid());
                    return Err(error);
                }
            }
        }
        Err(DevstackError::NoPort { server: K::NAME })
    }

    /// Kills the server and its children with SIGKILL and waits until they are gone.
    pub fn kill(&self) -> Result<(), DevstackError> {
        let pid = self.ours()?.process().pid();
        if kill_all(pid) {
            return Ok(());
        }
        Err(DevstackError::StillRunning {
            server: K::NAME,
            pid,
            seconds: 10,
        })
    }

    /// Asks the server to end and waits until it has.
    pub async fn stop(&self) -> Result<(), DevstackError> {
        let process = self.ours()?.process().pid();
        end::<K>(process).await
    }

    /// Starts the server again, with the same data at the same address, and waits until it
    /// answers. Only waits if it runs.
    pub async fn start(&self) -> Result<(), DevstackError> {
        let native = self.ours()?;
        let log = home::log(&native.home);
        let pid = {
            let mut process = native.process();
            if !process.is_alive() {
                process.await_reaped();
                let next = Process::spawn(
                    &native.launch,
                    &native.home,
                    &log,
                    native.life,
                    K::GRACEFUL.0,
                )?;
                std::mem::replace(&mut *process, next).dismiss();
                process.keep();
            }
            process.pid()
        };
        ready::<K>(pid, &self.address, native.launch.port, &log).await
    }

    /// Suspends the server: connections stay open and nothing answers.
    pub fn pause(&self) -> Result<(), DevstackError> {
        let pid = self.ours()?.process().pid();
        if stop_all(pid) {
            return Ok(());
        }
        Err(DevstackError::StillRunning {
            server: K::NAME,
            pid,
            seconds: 10,
        })
    }

    /// Ends a [`pause`](Self::pause).
    pub fn resume(&self) -> Result<(), DevstackError> {
        signal_all(self.ours()?.process().pid(), Signal::CONT);
        Ok(())
    }

    /// Leaves a detached one up when this is dropped.
    pub(crate) fn keep(&self) {
        if let Some(native) = &self.native {
            native.process().keep();
        }
    }

    /// How a native one can be found again by another process.
    pub(crate) fn process(&self) -> Option<ProcessStatus> {
        let native = self.native.as_ref()?;
        Some(ProcessStatus {
            pid: native.process().pid(),
            port: native.launch.port,
            folder: native.launch.data.clone(),
        })
    }

    fn ours(&self) -> Result<&Native, DevstackError> {
        self.native
            .as_ref()
            .ok_or(DevstackError::NotOurs { server: K::NAME })
    }
}

impl Native {
    fn process(&self) -> MutexGuard<'_, Process> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until the server answers; an error if it ends before or takes too long.
async fn ready<K: Kind>(
    pid: u32,
    address: &str,
    port: u16,
    log: &Path,
) -> Result<(), DevstackError> {
    let begun = Instant::now();
    let tail = || last_lines(&fs::read_to_string(log).unwrap_or_default(), 20);
    loop {
        let answer = tokio::time::timeout(PROBE_WITHIN, K::probe(address))
            .await
            .unwrap_or_else(|_| Err("no answer".to_owned()));
        // Asked before whether it is alive: of a dead process it cannot be known.
        let is_listener = ports::is_listener(pid, port);
        if !is_alive(pid) {
            return Err(DevstackError::Exited {
                server: K::NAME,
                log: log.to_owned(),
                tail: tail(),
            });
        }
        let cause = match answer {
            Ok(()) if is_listener => return Ok(()),
            Ok(()) => format!("another process listens on port {port}"),
            Err(cause) => cause,
        };
        if begun.elapsed() > READY_WITHIN {
            return Err(DevstackError::NotReady {
                server: K::NAME,
                address: address.to_owned(),
                seconds: READY_WITHIN.as_secs(),
                cause,
                tail: tail(),
            });
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

/// Asks this process to end and waits until it has.
pub(crate) async fn end<K: Kind>(pid: u32) -> Result<(), DevstackError> {
    let begun = Instant::now();
    signal(pid, K::GRACEFUL.1);
    signal_all(pid, Signal::CONT);
    while is_alive(pid) {
        if begun.elapsed() > STOPPED_WITHIN {
            return Err(DevstackError::StillRunning {
                server: K::NAME,
                pid,
                seconds: STOPPED_WITHIN.as_secs(),
            });
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}
