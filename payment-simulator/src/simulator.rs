use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use runtime::{Clock, Ids};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::api;
use crate::config::SimulatorConfig;
use crate::journal::{Journal, JournalError};
use crate::ledger::Ledger;
use crate::progress::advance;
use crate::record::Record;
use crate::webhooks::{Signer, SigningError, tell};

/// Webhooks under way at once.
const AT_ONCE: usize = 32;

/// A webhook's receiver that takes longer has not taken it.
const RECEIVER_WITHIN: Duration = Duration::from_secs(10);

/// A payment provider: what it has promised, and the work that follows from it.
pub struct Simulator {
    provider: Arc<Provider>,
    work: mpsc::UnboundedReceiver<Work>,
}

#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Signing(#[from] SigningError),
    #[error("{0:?} is no address to send webhooks to: write http://host:port/path")]
    WebhookUrl(String),
    #[error("webhooks cannot be sent: {0}")]
    Client(#[from] reqwest::Error),
}

/// What is to be done about an intent.
#[derive(Debug)]
pub enum Work {
    /// Wait until it is time for its next change, and make it.
    Advance(String),
    /// Send its webhooks.
    Tell(String),
}

/// What the API, the clock and the webhooks work on.
pub struct Provider {
    pub config: SimulatorConfig,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
    pub journal: Journal,
    pub signer: Signer,
    pub http: reqwest::Client,
    pub sending: Semaphore,
    ledger: Mutex<Ledger>,
    work: mpsc::UnboundedSender<Work>,
}

impl Simulator {
    /// Reads the journal; what it leaves to be done is done by [`Self::run`].
    pub fn open(
        config: SimulatorConfig,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Result<Self, SimulatorError> {
        let url = reqwest::Url::parse(&config.webhook_url);
        if !url.is_ok_and(|url| url.scheme() == "http") {
            return Err(SimulatorError::WebhookUrl(config.webhook_url));
        }
        let signer = Signer::new(&config.webhook_secrets)?;
        let mut ledger = Ledger::default();
        let journal = Journal::open(&config.journal, |records| {
            records.into_iter().for_each(|record| ledger.apply(record));
        })?;
        let (sender, work) = mpsc::unbounded_channel();
        let http = reqwest::Client::builder()
            .timeout(RECEIVER_WITHIN)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let provider = Provider {
            config,
            clock,
            ids,
            journal,
            signer,
            http,
            sending: Semaphore::new(AT_ONCE),
            ledger: Mutex::new(ledger),
            work: sender,
        };
        provider.resume();
        Ok(Self {
            provider: Arc::new(provider),
            work,
        })
    }

    /// Its API. It asks for the key itself: see [`crate::ACCESS`].
    pub fn router(&self) -> Router {
        api::router(self.provider.clone())
    }

    /// Captures payments and sends webhooks, until `stop`. What is not done then, the next run does.
    pub async fn run(self, stop: CancellationToken) -> Result<(), SimulatorError> {
        let Self { provider, mut work } = self;
        let mut tasks = JoinSet::new();
        let outcome = loop {
            tokio::select! {
                () = stop.cancelled() => break Ok(()),
                broken = provider.journal.broken() => break Err(broken.into()),
                Some(work) = work.recv() => {
                    let provider = provider.clone();
                    match work {
                        Work::Advance(id) => tasks.spawn(advance(provider, id)),
                        Work::Tell(id) => tasks.spawn(tell(provider, id)),
                    };
                }
                Some(ended) = tasks.join_next() => {
                    if let Err(fault) = ended && let Ok(panic) = fault.try_into_panic() {
                        std::panic::resume_unwind(panic);
                    }
                }
            }
        };
        tasks.shutdown().await;
        outcome
    }
}

impl Provider {
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what was decided on this ledger, and sets off what follows. Nobody may be told of it
    /// before the journal is synced: neither who has asked, nor who sees what has become of it.
    pub fn note(&self, ledger: &mut Ledger, records: Vec<Record>) -> Result<(), JournalError> {
        if records.is_empty() {
            return Ok(());
        }
        self.journal.append(&records)?;
        for record in records {
            let follows = follows(&record);
            ledger.apply(record);
            for work in follows {
                self.set_off(ledger, work);
            }
        }
        Ok(())
    }

    pub fn new_intent_id(&self) -> String {
        format!("pi_{}", self.ids.next().simple())
    }

    /// One at a time sends an intent's webhooks.
    fn set_off(&self, ledger: &mut Ledger, work: Work) {
        if let Work::Tell(id) = &work {
            let Some(intent) = ledger.intent_mut(id) else {
                return;
            };
            if intent.telling || intent.to_tell().is_none() {
                return;
            }
            intent.telling = true;
        }
        // Without a receiver nothing runs any more, and the journal knows what is left.
        let _ = self.work.send(work);
    }

    /// What an earlier run has left.
    fn resume(&self) {
        let mut ledger = self.ledger();
        let ids: Vec<_> = ledger.intents().map(|intent| intent.id.clone()).collect();
        for id in ids {
            if ledger.intent(&id).is_some_and(|i| !i.status().is_settled()) {
                self.set_off(&mut ledger, Work::Advance(id.clone()));
            }
            self.set_off(&mut ledger, Work::Tell(id));
        }
    }
}

fn follows(record: &Record) -> Vec<Work> {
    match record {
        Record::Opened { intent_id, .. } => vec![
            Work::Advance(intent_id.clone()),
            Work::Tell(intent_id.clone()),
        ],
        Record::Changed { intent_id, .. } => vec![Work::Tell(intent_id.clone())],
        Record::Asked { .. } | Record::Stopped { .. } | Record::Told { .. } => Vec::new(),
    }
}
