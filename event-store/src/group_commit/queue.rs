use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::Instant;

use super::command::Command;
use crate::EventStoreError;

/// A statement takes no more than this.
const COMMANDS: usize = 512;
/// A statement that has come to this takes no further command.
const BYTES: usize = 4 << 20;

/// A command whose caller waits for the outcome.
pub struct Waiting {
    pub command: Command,
    pub since: Instant,
    pub caller: oneshot::Sender<Result<(), EventStoreError>>,
    /// Its place among the commands not yet answered.
    pub _place: OwnedSemaphorePermit,
}

impl Waiting {
    pub fn answer(self, outcome: Result<(), EventStoreError>) {
        // A caller that is gone has no use for it.
        let _ = self.caller.send(outcome);
    }
}

/// The commands of one writer. It has a writer as long as it has commands.
#[derive(Default)]
pub struct Queue(Mutex<State>);

#[derive(Default)]
struct State {
    waiting: VecDeque<Waiting>,
    has_writer: bool,
}

impl Queue {
    /// Returns whether the caller has to start a writer.
    #[must_use]
    pub fn push(&self, waiting: Waiting) -> bool {
        let mut state = self.state();
        state.waiting.push_back(waiting);
        !std::mem::replace(&mut state.has_writer, true)
    }

    /// The commands of the next statement, sorted by stream; at most one a stream, and one an
    /// idempotency key. Those whose callers have gone are dropped. If none is left, the writer's
    /// work is done, and the next command gets another.
    pub fn next(&self) -> Option<Vec<Waiting>> {
        let mut state = self.state();
        let taken = take(&mut state.waiting);
        if taken.is_empty() {
            state.has_writer = false;
            return None;
        }
        Some(taken)
    }

    /// All that wait.
    pub fn clear(&self) -> Vec<Waiting> {
        self.state().waiting.drain(..).collect()
    }

    /// What a writer leaves behind that did not come to its end: nobody would take it up.
    pub fn abandon(&self) {
        let mut state = self.state();
        state.has_writer = false;
        state.waiting.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take(waiting: &mut VecDeque<Waiting>) -> Vec<Waiting> {
    let mut taken: Vec<Waiting> = Vec::new();
    let mut left = VecDeque::new();
    let mut bytes = 0;
    let mut streams = HashSet::new();
    let mut keys = HashSet::new();
    while let Some(next) = waiting.pop_front() {
        if next.caller.is_closed() {
            continue;
        }
        if taken.len() == COMMANDS || bytes >= BYTES {
            left.push_back(next);
            break;
        }
        let command = &next.command;
        let key = command
            .idempotency
            .as_ref()
            .map(|i| (i.caller.clone(), i.key.clone()));
        if streams.contains(&command.stream) || key.as_ref().is_some_and(|key| keys.contains(key)) {
            left.push_back(next);
            continue;
        }
        bytes += command.bytes();
        streams.insert(command.stream.clone());
        keys.extend(key);
        taken.push(next);
    }
    left.append(waiting);
    *waiting = left;
    taken.sort_unstable_by(|a, b| a.command.stream.cmp(&b.command.stream));
    taken
}
