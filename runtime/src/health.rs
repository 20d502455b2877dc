//! Readiness: what this process depends on, and the state of each.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::Backoff;

/// The state of one thing this process needs: the circuit breaker's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Up,
    Away,
    /// Away, and being asked again right now.
    Probing,
}

/// What `/readyz` shows of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    pub state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// All checks of a process. It is ready when every one is up.
#[derive(Clone, Default)]
pub struct Health {
    checks: Arc<Mutex<BTreeMap<String, CheckReport>>>,
    /// Whose the checks are that are made by this one.
    owner: Option<&'static str>,
}

/// One check, to be set by whoever knows.
#[derive(Clone)]
pub struct Check {
    name: String,
    health: Health,
}

impl Health {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, CheckReport>> {
        self.checks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A check that starts as probing: not ready until something is known. Asking for the same
    /// name again gives the same check.
    pub fn check(&self, name: impl Into<String>) -> Check {
        let name = name.into();
        let name = match self.owner {
            Some(owner) => format!("{owner}: {name}"),
            None => name,
        };
        self.lock().entry(name.clone()).or_insert(CheckReport {
            state: State::Probing,
            error: None,
        });
        Check {
            name,
            health: self.clone(),
        }
    }

    /// The same checks; those made by what is returned carry the owner's name, so that two parts of
    /// a process that are alike have checks of their own.
    pub fn of(&self, owner: &'static str) -> Self {
        Self {
            checks: self.checks.clone(),
            owner: Some(owner),
        }
    }

    pub fn report(&self) -> BTreeMap<String, CheckReport> {
        self.lock().clone()
    }

    pub fn is_ready(&self) -> bool {
        self.lock().values().all(|check| check.state == State::Up)
    }
}

impl Check {
    pub fn up(&self) {
        self.set(State::Up, None);
    }

    pub fn away(&self, error: impl Display) {
        self.set(State::Away, Some(error.to_string()));
    }

    /// What was checked is not needed any more.
    pub fn retire(&self) {
        self.health.lock().remove(&self.name);
    }

    pub fn probing(&self) {
        self.set(State::Probing, None);
    }

    /// Changes are logged and counted once, not every time they are found again.
    fn set(&self, state: State, error: Option<String>) {
        let mut checks = self.health.lock();
        let Some(check) = checks.get_mut(&self.name) else {
            return;
        };
        let known_away = check.error.is_some();
        match state {
            State::Away if !known_away => {
                tracing::warn!(check = self.name, error, "away");
            }
            State::Up if known_away => tracing::info!(check = self.name, "back"),
            _ => {}
        }
        check.state = state;
        if state != State::Probing {
            check.error = error;
        }
        for (each, label) in [
            (State::Up, "up"),
            (State::Away, "away"),
            (State::Probing, "probing"),
        ] {
            metrics::gauge!("dependency_state", "dependency" => self.name.clone(), "state" => label)
                .set(if each == state { 1.0 } else { 0.0 });
        }
    }
}

/// Waits for a piece of work, and shows the check as away while the work takes longer than 5 s: a
/// worker that hangs must not look healthy.
pub async fn watched<T>(check: &Check, work: impl Future<Output = T>) -> T {
    const PATIENCE: Duration = Duration::from_secs(5);
    tokio::pin!(work);
    tokio::select! {
        done = &mut work => return done,
        () = tokio::time::sleep(PATIENCE) => check.away("busy with the same work for more than 5 s"),
    }
    work.await
}

/// Asks a dependency every second while it is up, less and less often (to every 5 s) while it is
/// away, until `stop`. An answer that takes longer than 2 s counts as none.
pub async fn watch<F, E>(check: Check, stop: CancellationToken, ask: impl Fn() -> F)
where
    F: Future<Output = Result<(), E>>,
    E: Display,
{
    const EVERY: Duration = Duration::from_secs(1);
    const PATIENCE: Duration = Duration::from_secs(2);
    let mut backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(5));
    loop {
        let answered = match tokio::time::timeout(PATIENCE, ask()).await {
            Ok(Ok(())) => {
                check.up();
                true
            }
            Ok(Err(error)) => {
                check.away(error);
                false
            }
            Err(_) => {
                check.away("no answer within 2 s");
                false
            }
        };
        let wait = if answered {
            backoff.reset();
            EVERY
        } else {
            backoff.wait()
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        if !answered {
            check.probing();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_ready_when_everything_is_up() {
        let health = Health::default();
        assert!(health.is_ready(), "nothing to wait for");
        let postgres = health.check("postgres");
        let kafka = health.check("kafka");
        assert!(!health.is_ready(), "nothing is known yet");
        postgres.up();
        kafka.up();
        assert!(health.is_ready());
        kafka.away("connection refused");
        assert!(!health.is_ready());
        assert_eq!(
            health.report()["kafka"].error.as_deref(),
            Some("connection refused")
        );
        kafka.probing();
        assert!(!health.is_ready());
        kafka.up();
        assert!(health.is_ready());
        assert_eq!(health.report()["kafka"].error, None);
    }
}
