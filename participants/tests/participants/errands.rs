//! Errands: each until it is done, whatever was said about it in between.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use domain::payment::{Payment, ProviderSays};
use domain::saga::SagaFlow;
use event_store::EventStore;
use participants::errands::{Errand, Errands, Tell, Undone, errands_queue};
use participants::payment::provider::Said;
use participants::payment::{Asking, PaymentRules, Payments};
use participants::{OneStream, Source};
use runtime::health::Health;
use tokio_util::sync::CancellationToken;

use crate::fixture::{World, new_id};
use crate::home::{Home, counts};
use crate::told::{created, intent};

const PATIENCE: Duration = Duration::from_secs(60);
const TOPIC: &str = "payment-events";

/// What whoever is asked says, now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Yes,
    No,
    NotNow,
    /// Nobody is there to be asked.
    Nothing,
}

/// A provider in one word.
struct Scripted {
    store: EventStore<Payment>,
    payments: Payments,
    said: Arc<Mutex<Says>>,
    asked: Arc<AtomicUsize>,
}

impl Errand for Scripted {
    const NAME: &'static str = "scripted";
    const WISHES: &'static str = Asking::WISHES;
    type Aggregate = Payment;

    async fn attempt(&self, id: &str) -> Result<bool, Undone> {
        let rows = self.store.states(&[id.to_owned()]).await?;
        if rows[0].state.as_ref().unwrap().wish().is_none() {
            return Ok(false);
        }
        self.asked.fetch_add(1, Ordering::SeqCst);
        let said = *self.said.lock().unwrap();
        match said {
            Says::Yes => {
                note(&self.payments, id).await;
                Ok(true)
            }
            Says::No => Err(Undone::Refused("no".to_owned())),
            Says::NotNow => Err(Undone::Later("not now".to_owned())),
            Says::Nothing => Err(Undone::Away(Duration::from_millis(10))),
        }
    }
}

/// Nothing is wished for any more then.
async fn note(payments: &Payments, id: &str) {
    let said = Said {
        intent_id: intent(),
        says: ProviderSays::Pending,
    };
    payments.note(id, said).await.unwrap();
}

struct Asked {
    world: World,
    home: Home<OneStream<PaymentRules>>,
    said: Arc<Mutex<Says>>,
    asked: Arc<AtomicUsize>,
    id: String,
}

impl Asked {
    /// One payment is wished for.
    async fn new(says: Says) -> Self {
        let world = World::new().await;
        let home = world.payment().await;
        let id = new_id();
        let order = created(&id, SagaFlow::PaymentFirst, "product-1", 1);
        world.publish(Source::Orders, &[order]).await;
        assert_eq!(home.again(Source::Orders, 1).await, counts(1, 0, 0, 0));
        Self {
            world,
            home,
            said: Arc::new(Mutex::new(says)),
            asked: Arc::default(),
            id,
        }
    }

    fn errands(&self) -> (Errands<Scripted>, Tell) {
        let scripted = Scripted {
            store: self.home.store(),
            payments: self.home.payments(),
            said: self.said.clone(),
            asked: self.asked.clone(),
        };
        let (tell, told) = errands_queue();
        let database = &self.home.database;
        (
            Errands::new(scripted, self.home.store(), database, TOPIC, told),
            tell,
        )
    }

    /// Runs them, as a process does, until the handle is dropped.
    fn run(&self) -> Running {
        let (errands, tell) = self.errands();
        let (health, stop) = (Health::default(), CancellationToken::new());
        tokio::spawn(errands.run(2, health.check("errands"), stop.clone()));
        Running { stop, tell }
    }

    fn says(&self, says: Says) {
        *self.said.lock().unwrap() = says;
    }

    async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        let started = Instant::now();
        while !holds().await {
            let letters = self.home.letters().await;
            assert!(started.elapsed() < PATIENCE, "not {what}: {letters:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn until_on_desk(&self, state: &str, count: i32) {
        let letter = [("errand_refused".to_owned(), state.to_owned(), count)];
        let is_there = async || self.home.letters().await == letter;
        self.until(state, is_there).await;
    }

    async fn until_asked(&self, times: usize) {
        let asked = async || self.asked.load(Ordering::SeqCst) >= times;
        self.until("asked often enough", asked).await;
    }

    async fn until_done(&self) {
        let pending = async || self.home.count("events").await == 2;
        self.until("done", pending).await;
    }

    async fn requeue(&self) {
        let id = self.home.letter_ids().await[0];
        self.home.desk().requeue(id, "anna").await.unwrap();
    }
}

struct Running {
    stop: CancellationToken,
    tell: Tell,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[tokio::test]
async fn what_is_refused_is_one_dead_letter_until_it_is_done() {
    let asked = Asked::new(Says::No).await;
    let _running = asked.run();
    asked.until_asked(3).await;
    asked.until_on_desk("open", 0).await;
    asked.requeue().await;
    asked.until_on_desk("open", 1).await;
    asked.says(Says::Yes);
    asked.requeue().await;
    asked.until_done().await;
    asked.until_on_desk("resolved", 2).await;
}

#[tokio::test]
async fn what_is_not_done_now_is_done_later() {
    let asked = Asked::new(Says::NotNow).await;
    let running = asked.run();
    running.tell.of(&asked.id);
    asked.until_asked(2).await;
    assert_eq!(asked.home.letters().await, []);
    asked.says(Says::Yes);
    asked.until_done().await;
    assert_eq!(asked.home.letters().await, []);
    assert_eq!(asked.home.waiting().await, []);
}

/// The process that was refused is gone; the next one settles what it left on the desk.
#[tokio::test]
async fn the_next_process_settles_what_one_has_left() {
    let asked = Asked::new(Says::No).await;
    assert_eq!(asked.errands().0.turn().await.unwrap(), 0);
    asked.until_on_desk("open", 0).await;
    asked.says(Says::Yes);
    let _running = asked.run();
    asked.until_done().await;
    asked.until_on_desk("resolved", 1).await;
}

/// What was refused came about all the same: the provider's webhook was there first.
#[tokio::test]
async fn what_nobody_wishes_any_more_is_settled() {
    let asked = Asked::new(Says::No).await;
    let running = asked.run();
    asked.until_on_desk("open", 0).await;
    note(&asked.home.payments(), &asked.id).await;
    asked.until_on_desk("resolved", 1).await;
    drop(running);

    // Also where nobody runs who was refused, and somebody asks for it.
    let asked = Asked::new(Says::No).await;
    asked.errands().0.turn().await.unwrap();
    note(&asked.home.payments(), &asked.id).await;
    asked.requeue().await;
    let _running = asked.run();
    asked.until_on_desk("resolved", 1).await;
    assert_eq!(asked.asked.load(Ordering::SeqCst), 1);
}

/// One of which this code can read neither the state nor the stream is on the desk, and the others
/// are done.
#[tokio::test]
async fn what_cannot_be_read_keeps_no_other_waiting() {
    let asked = Asked::new(Says::Yes).await;
    let other = new_id();
    let order = created(&other, SagaFlow::PaymentFirst, "product-1", 1);
    asked.world.publish(Source::Orders, &[order]).await;
    assert_eq!(
        asked.home.again(Source::Orders, 2).await,
        counts(1, 1, 0, 0)
    );
    let sql = "UPDATE payment.events SET payload = '{\"Unheard\": {}}' WHERE aggregate_id = $1";
    let psql = asked.world.psql().await;
    psql.execute(sql, &[&asked.id]).await.unwrap();
    let sql = "UPDATE payment.payments SET state =
         (state::jsonb || '{\"requested\": \"unheard\"}')::json WHERE id = $1";
    psql.execute(sql, &[&asked.id]).await.unwrap();

    let reading = Reading(asked.home.payments());
    let (_, told) = errands_queue();
    let mut errands = Errands::new(
        reading,
        asked.home.store(),
        &asked.home.database,
        TOPIC,
        told,
    );
    assert_eq!(errands.turn().await.unwrap(), 1);
    asked.until_on_desk("open", 0).await;
    assert_eq!(asked.home.count("events").await, 3);
}

/// As the real ones do it: on the payment as it stands.
struct Reading(Payments);

impl Errand for Reading {
    const NAME: &'static str = "reading";
    const WISHES: &'static str = Asking::WISHES;
    type Aggregate = Payment;

    async fn attempt(&self, id: &str) -> Result<bool, Undone> {
        let said = Said {
            intent_id: intent(),
            says: ProviderSays::Pending,
        };
        match self.0.note(id, said).await {
            Ok(_) => Ok(true),
            Err(participants::payment::NotNoted::Store(error)) => Err(error.into()),
            Err(error) => panic!("{error}"),
        }
    }
}

/// While it is known that nobody is there nobody's patience grows: whoever comes back is asked by
/// all of them, soon.
#[tokio::test]
async fn nobody_who_is_not_asked_waits_longer_each_time() {
    let asked = Asked::new(Says::Nothing).await;
    let _running = asked.run();
    // With waits that double from half a second on these would take more than a minute.
    asked.until_asked(8).await;
    assert!(asked.home.letters().await.is_empty());
    asked.says(Says::Yes);
    asked.until_done().await;
}
