use std::time::Duration;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, EventEnvelope};
use domain::EventSourced;
use tokio::time::Instant;

use crate::event_store::envelopes;
use crate::{Append, CommandContext, EventStore, EventStoreError, IdempotencyRecord};

/// How often a command is decided anew because another one was faster.
const ATTEMPTS: u32 = 10;
/// How long Postgres may be away under a command before its caller is told.
const PATIENCE: Duration = Duration::from_secs(3);
/// The first wait after a conflict; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(4);

/// What the caller knows of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedVersion {
    Any,
    /// The id was made for this command: the stream is not read first.
    New,
    Exactly(u64),
}

/// A command that went through.
#[derive(Debug)]
pub struct Executed<A: EventSourced> {
    /// After the command.
    pub aggregate: A,
    pub version: u64,
    /// What the command added; empty where the aggregate was as wanted already.
    pub events: Vec<EventEnvelope<A>>,
}

/// What a command that went through is answered, to be kept under its key.
pub type MakeAnswer<'a, A> = dyn Fn(&Executed<A>) -> IdempotencyRecord + Sync + 'a;

/// Whether a caller may know of the aggregate at all.
pub type Admit<'a, A> = dyn Fn(&A) -> Result<(), <A as Aggregate>::Error> + Sync + 'a;

/// What goes with a command beside its content.
pub struct Terms<'a, A: EventSourced> {
    pub expected: ExpectedVersion,
    /// Asked of the aggregate as it was loaded for the decision, before anything is said about its
    /// version. A refusal is the aggregate's own.
    pub admit: Option<&'a Admit<'a, A>>,
    /// Kept under its key by the statement that appends the command's events. Where the key is taken
    /// nothing is written, and [`EventStoreError::IdempotencyKeyTaken`] says so; a command without
    /// events leaves no key ([`crate::IdempotencyKeys::keep`] does).
    pub answer: Option<&'a MakeAnswer<'a, A>>,
}

impl<A: EventSourced> Default for Terms<'_, A> {
    /// Any version, anybody, and nothing kept.
    fn default() -> Self {
        Self {
            expected: ExpectedVersion::Any,
            admit: None,
            answer: None,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ExecuteError<E: std::error::Error> {
    /// The aggregate's own refusal.
    #[error("{0}")]
    Refused(E),
    #[error("the stream is at version {current}, not at {expected}")]
    VersionMismatch { expected: u64, current: u64 },
    /// Other commands were faster each time. Nothing was written.
    #[error("{attempts} attempts met other commands; the stream is at version {version} now")]
    Contended { attempts: u32, version: u64 },
    #[error(transparent)]
    Store(#[from] EventStoreError),
}

/// Runs commands: load the stream, let the aggregate decide, append.
pub struct CommandExecutor<A: EventSourced> {
    store: EventStore<A>,
    services: A::Services,
}

/// A stream's state as it was read.
struct Loaded<A: EventSourced> {
    aggregate: A,
    version: u64,
    /// Where the command was found to have gone through before.
    already: Vec<EventEnvelope<A>>,
}

impl<A: EventSourced> Default for Loaded<A> {
    fn default() -> Self {
        Self {
            aggregate: A::default(),
            version: 0,
            already: Vec::new(),
        }
    }
}

impl<A: EventSourced> CommandExecutor<A> {
    pub fn new(store: EventStore<A>, services: A::Services) -> Self {
        Self { store, services }
    }

    /// A conflict decides again, up to ten times. A lost answer is neither success nor failure:
    /// the stream is read again, and an event with this command's id makes it a success; without
    /// one the same command is appended again at the version read, which a statement still under
    /// way would turn into a conflict. Only if Postgres stays away is the outcome left unknown.
    pub async fn execute(
        &self,
        id: &str,
        expected: ExpectedVersion,
        command: A::Command,
        context: &CommandContext,
    ) -> Result<Executed<A>, ExecuteError<A::Error>>
    where
        A::Command: Clone,
    {
        let terms = Terms {
            expected,
            ..Terms::default()
        };
        self.execute_on(id, &terms, command, context).await
    }

    /// The same, beginning with the stream as the caller has read it. It is read again where another
    /// command was faster; and before a refusal, or that there is nothing to do: that is said of the
    /// stream as it is now.
    pub async fn execute_from(
        &self,
        id: &str,
        (aggregate, version): (A, u64),
        command: A::Command,
        context: &CommandContext,
    ) -> Result<Executed<A>, ExecuteError<A::Error>>
    where
        A::Command: Clone,
    {
        let read = Loaded {
            aggregate,
            version,
            already: Vec::new(),
        };
        let terms = Terms::default();
        self.run(id, Some(read), &terms, command, context).await
    }

    /// The same, on these terms.
    pub async fn execute_on(
        &self,
        id: &str,
        terms: &Terms<'_, A>,
        command: A::Command,
        context: &CommandContext,
    ) -> Result<Executed<A>, ExecuteError<A::Error>>
    where
        A::Command: Clone,
    {
        let read = (terms.expected == ExpectedVersion::New).then(Loaded::default);
        self.run(id, read, terms, command, context).await
    }

    async fn run(
        &self,
        id: &str,
        mut read: Option<Loaded<A>>,
        terms: &Terms<'_, A>,
        command: A::Command,
        context: &CommandContext,
    ) -> Result<Executed<A>, ExecuteError<A::Error>>
    where
        A::Command: Clone,
    {
        let give_up = Instant::now() + PATIENCE;
        let mut in_doubt: Option<EventStoreError> = None;
        let mut conflicts = 0;
        // Whether the command may have gone through before.
        let mut tried = read.is_none() || terms.expected == ExpectedVersion::New;
        loop {
            let may_be_old = read.is_some() && !tried;
            let loaded = match read.take() {
                Some(read) => Ok(read),
                None if tried => self.load(id, context).await,
                None => self.current(id).await,
            };
            let loaded = match loaded {
                Ok(loaded) => loaded,
                Err(error) if error.is_transient() && Instant::now() < give_up => {
                    tokio::time::sleep(FIRST_WAIT * 8).await;
                    continue;
                }
                // An append in doubt is what the caller must know about.
                Err(error) => return Err(in_doubt.unwrap_or(error).into()),
            };
            if !loaded.already.is_empty() {
                return Ok(Executed {
                    aggregate: loaded.aggregate,
                    version: loaded.version,
                    events: loaded.already,
                });
            }
            let Loaded {
                mut aggregate,
                version,
                ..
            } = loaded;
            // The conflicts may have been with this very command's lost statement.
            if conflicts == ATTEMPTS {
                let contended = ExecuteError::Contended {
                    attempts: ATTEMPTS,
                    version,
                };
                return Err(in_doubt.map_or(contended, ExecuteError::Store));
            }
            if let Some(admit) = terms.admit {
                admit(&aggregate).map_err(ExecuteError::Refused)?;
            }
            if let ExpectedVersion::Exactly(expected) = terms.expected
                && expected != version
            {
                return Err(ExecuteError::VersionMismatch {
                    expected,
                    current: version,
                });
            }

            let sink = EventSink::default();
            let decided = aggregate
                .handle(command.clone(), &self.services, &sink)
                .await;
            let events = sink.collect().await;
            if may_be_old && (decided.is_err() || events.is_empty()) {
                continue;
            }
            decided.map_err(ExecuteError::Refused)?;
            if events.is_empty() {
                return Ok(Executed {
                    aggregate,
                    version,
                    events: Vec::new(),
                });
            }

            let metadata = context.metadata();
            let executed = Executed {
                aggregate,
                version: version + events.len() as u64,
                events: envelopes(id, version as usize, events.clone(), &metadata),
            };
            let idempotency = terms.answer.map(|answer| answer(&executed));
            let decision = Append {
                stream: id,
                expected_version: version,
                events: &events,
                state: &executed.aggregate,
                context,
                idempotency: idempotency.as_ref(),
            };
            tried = true;
            match self.store.append(&decision).await {
                Ok(_) => return Ok(executed),
                Err(EventStoreError::Conflict { .. }) => {
                    conflicts += 1;
                    tokio::time::sleep(wait_after_conflict(context, conflicts)).await;
                }
                Err(error) if error.is_transient() && Instant::now() < give_up => {
                    if matches!(error, EventStoreError::OutcomeUnknown(_)) {
                        in_doubt = Some(error);
                    }
                    tokio::time::sleep(FIRST_WAIT * 8).await;
                }
                Err(error) => return Err(in_doubt.unwrap_or(error).into()),
            }
        }
    }

    async fn current(&self, id: &str) -> Result<Loaded<A>, EventStoreError> {
        let current = self.store.current(id).await?;
        Ok(current.map_or_else(Loaded::default, |current| Loaded {
            aggregate: current.aggregate,
            version: current.version,
            already: Vec::new(),
        }))
    }

    async fn load(&self, id: &str, context: &CommandContext) -> Result<Loaded<A>, EventStoreError> {
        let mut loaded = Loaded::<A>::default();
        for event in self.store.stream(id).await? {
            loaded.version = event.sequence as u64;
            loaded.aggregate.apply(event.payload.clone());
            if context.caused(&event.metadata) {
                loaded.already.push(event);
            }
        }
        Ok(loaded)
    }
}

/// Doubling waits, spread over their second half by the command's id, so that the commands that
/// met once do not meet again.
fn wait_after_conflict(context: &CommandContext, conflicts: u32) -> Duration {
    let longest = FIRST_WAIT * 2_u32.pow(conflicts.min(5));
    let spread = (context.command_id.as_u128() >> (8 * (conflicts % 8))) as u8;
    longest / 2 + (longest / 2) * u32::from(spread) / 255
}
