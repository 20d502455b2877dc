use std::fmt::Display;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use runtime::health::Check;
use tokio::time::Instant;

use super::NotNow;

/// Spares a provider that is away the calls, and callers the waiting: after so many failures in a
/// row nobody is let through until it is time to probe, and then one.
pub struct Breaker {
    check: Check,
    failures: NonZeroU32,
    probe_after: Duration,
    state: Mutex<State>,
}

#[derive(Clone, Copy)]
enum State {
    Up { failed: u32 },
    Away { probe_at: Instant },
    Probing,
}

/// One call. Where it ends without a word, it says nothing of the provider.
pub struct Passage<'a> {
    breaker: &'a Breaker,
    probes: bool,
}

impl Breaker {
    /// Taken to be up until it is found not to be: nobody may ever call it, and nothing is wrong
    /// then.
    pub fn new(check: Check, failures: NonZeroU32, probe_after: Duration) -> Self {
        check.up();
        Self {
            check,
            failures,
            probe_after,
            state: Mutex::new(State::Up { failed: 0 }),
        }
    }

    pub fn enter(&self) -> Result<Passage<'_>, NotNow> {
        let mut state = self.lock();
        let probes = match *state {
            State::Up { .. } => false,
            State::Away { probe_at } => {
                let wait = probe_at.saturating_duration_since(Instant::now());
                if !wait.is_zero() {
                    return Err(NotNow::Away(wait));
                }
                *state = State::Probing;
                self.check.probing();
                true
            }
            State::Probing => return Err(NotNow::Away(self.probe_after)),
        };
        Ok(Passage {
            breaker: self,
            probes,
        })
    }

    /// It is away, and somebody should probe it now.
    pub fn is_due(&self) -> bool {
        matches!(*self.lock(), State::Away { probe_at } if probe_at <= Instant::now())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Passage<'_> {
    /// Whatever the answer.
    pub fn answered(mut self) {
        let breaker = self.breaker;
        let mut state = breaker.lock();
        if self.probes {
            breaker.check.up();
        }
        // A call that was under way when the provider went away says nothing of now.
        if self.probes || matches!(*state, State::Up { .. }) {
            *state = State::Up { failed: 0 };
        }
        self.probes = false;
    }

    pub fn failed(mut self, why: impl Display) {
        let breaker = self.breaker;
        let mut state = breaker.lock();
        let is_away = match &mut *state {
            State::Up { failed } => {
                *failed += 1;
                *failed >= breaker.failures.get()
            }
            _ => self.probes,
        };
        if is_away {
            let probe_at = Instant::now() + breaker.probe_after;
            *state = State::Away { probe_at };
            breaker.check.away(why);
        }
        self.probes = false;
    }
}

impl Drop for Passage<'_> {
    /// A probe whose caller has gone is made up for by the next call.
    fn drop(&mut self) {
        if self.probes {
            let probe_at = Instant::now();
            *self.breaker.lock() = State::Away { probe_at };
            let why = "the call that was to find out was given up";
            self.breaker.check.away(why);
        }
    }
}

#[cfg(test)]
mod tests {
    use runtime::health::{self, Health};

    use super::*;

    const PROBE_AFTER: Duration = Duration::from_secs(2);

    fn breaker() -> (Breaker, Health) {
        let health = Health::default();
        let failures = NonZeroU32::new(3).unwrap();
        let breaker = Breaker::new(health.check("provider"), failures, PROBE_AFTER);
        (breaker, health)
    }

    fn state(health: &Health) -> health::State {
        health.report()["provider"].state
    }

    fn fail(breaker: &Breaker) {
        breaker.enter().unwrap().failed("no");
    }

    #[tokio::test(start_paused = true)]
    async fn opens_after_failures_in_a_row_and_closes_when_one_call_is_answered() {
        let (breaker, health) = breaker();
        assert_eq!(state(&health), health::State::Up);
        fail(&breaker);
        fail(&breaker);
        breaker.enter().unwrap().answered();
        fail(&breaker);
        fail(&breaker);
        assert_eq!(state(&health), health::State::Up, "not in a row");
        fail(&breaker);
        assert_eq!(state(&health), health::State::Away);
        tokio::time::advance(PROBE_AFTER - Duration::from_millis(1)).await;
        let away = breaker.enter().err().unwrap();
        assert_eq!(away.retry_after(), Some(Duration::from_millis(1)));
        assert!(!breaker.is_due());

        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(breaker.is_due());
        let probe = breaker.enter().unwrap();
        assert_eq!(state(&health), health::State::Probing);
        assert!(breaker.enter().is_err(), "one probes");
        probe.failed("still not");
        assert_eq!(state(&health), health::State::Away);
        assert!(breaker.enter().is_err());

        tokio::time::advance(PROBE_AFTER).await;
        breaker.enter().unwrap().answered();
        assert_eq!(state(&health), health::State::Up);
        fail(&breaker);
        fail(&breaker);
        assert!(breaker.enter().is_ok(), "counted anew");
    }

    /// As when the caller is shut down in the middle of a call.
    #[tokio::test(start_paused = true)]
    async fn a_probe_that_is_given_up_leaves_the_next_call_to_probe() {
        let (breaker, health) = breaker();
        (0..3).for_each(|_| fail(&breaker));
        tokio::time::advance(PROBE_AFTER).await;
        drop(breaker.enter().unwrap());
        assert_eq!(state(&health), health::State::Away);
        breaker.enter().unwrap().answered();
        assert_eq!(state(&health), health::State::Up);
    }

    #[tokio::test(start_paused = true)]
    async fn calls_from_before_neither_close_it_nor_keep_it_open() {
        let (breaker, health) = breaker();
        let before = [breaker.enter().unwrap(), breaker.enter().unwrap()];
        (0..3).for_each(|_| fail(&breaker));
        let [answered, failed] = before;
        answered.answered();
        assert!(breaker.enter().is_err());
        tokio::time::advance(PROBE_AFTER).await;
        failed.failed("late");
        breaker.enter().unwrap().answered();
        assert_eq!(state(&health), health::State::Up);
    }
}
