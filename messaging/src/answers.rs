use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::producer::{DeliveryResult, ProducerContext};
use rdkafka::{ClientContext, Statistics};
use tokio::sync::Notify;

use crate::client::Context;

/// Where a record landed, or why it did not.
pub(crate) type Answer = Result<(i32, i64), KafkaError>;

/// What the broker says of the records of one call, gathered as it comes: one wake-up for all of
/// them instead of one each.
pub(crate) struct Answers {
    state: Mutex<State>,
    complete: Notify,
}

struct State {
    answers: Vec<Option<Answer>>,
    /// Records on the way, and one for whoever still adds some.
    awaited: usize,
}

/// Goes with a record, and comes back with its answer.
pub(crate) struct OnTheWay {
    answers: Arc<Answers>,
    index: usize,
}

impl Answers {
    pub fn new(records: usize) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                answers: vec![None; records],
                awaited: 1,
            }),
            complete: Notify::new(),
        })
    }

    /// Before the record is sent: its answer may come at once.
    pub fn expect(self: &Arc<Self>, index: usize) -> Box<OnTheWay> {
        self.state().awaited += 1;
        Box::new(OnTheWay {
            answers: self.clone(),
            index,
        })
    }

    /// The record was not sent after all.
    pub fn forget(&self) {
        self.arrived(self.state());
    }

    /// All answers, in the records' order; `None` of what was not sent.
    pub async fn all(&self) -> Vec<Option<Answer>> {
        self.forget();
        self.complete.notified().await;
        self.so_far()
    }

    /// What there is without waiting for the rest.
    pub fn so_far(&self) -> Vec<Option<Answer>> {
        std::mem::take(&mut self.state().answers)
    }

    fn arrived(&self, mut state: MutexGuard<'_, State>) {
        state.awaited -= 1;
        if state.awaited == 0 {
            self.complete.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The context of a producer whose records carry [`OnTheWay`].
pub(crate) struct Answering(pub Context);

impl ProducerContext for Answering {
    type DeliveryOpaque = Box<OnTheWay>;

    fn delivery(&self, result: &DeliveryResult<'_>, on_the_way: Self::DeliveryOpaque) {
        let OnTheWay { answers, index } = *on_the_way;
        let answer = match result {
            Ok(message) => Ok((message.partition(), message.offset())),
            Err((error, _)) => Err(error.clone()),
        };
        let mut state = answers.state();
        if let Some(waiting) = state.answers.get_mut(index) {
            *waiting = Some(answer);
        }
        answers.arrived(state);
    }
}

impl ClientContext for Answering {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.0.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.0.error(error, reason);
    }

    fn stats(&self, statistics: Statistics) {
        self.0.stats(statistics);
    }
}
